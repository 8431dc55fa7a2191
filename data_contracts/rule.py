"""Safety rules as data: they only refuse or put an assessment first; no model can override them.

A rule fires if any of its conditions is known to hold. If none is, but one of them is unknown, the rule is
undecided, and `on_unknown` says what then: unknown never counts as absent. How rules are judged is the engine's.
"""

from __future__ import annotations

from datetime import date
from functools import cache, cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.fact import FACTS, Answer
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped

__all__ = ["Answer", "Condition", "Rule", "RuleSet", "load_rules"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Part):
    """One comparison of a declared fact.

    Attributes:
        fact: its name in `data_contracts.fact.FACTS`.
        op: lower than, at most, at least, greater than, equal to `value`; or the answer is yes.
        value: what a number is compared with; none for an answer.
    """

    fact: str
    op: Literal["lt", "le", "ge", "gt", "eq", "is_yes"]
    value: float | None = None

    @model_validator(mode="after")
    def _fits_its_fact(self) -> Condition:
        if self.fact not in FACTS:
            raise ValueError(f"a declared fact: {', '.join(FACTS)}")
        if (FACTS[self.fact].kind == "answer") != (self.op == "is_yes"):
            raise ValueError(f"is_yes for an answer, a comparison for a number; {self.fact} is the other kind")
        if (self.value is None) != (self.op == "is_yes"):
            raise ValueError(f"a value for a comparison and none for is_yes; see the condition on {self.fact}")
        return self


class Rule(_Part):
    """One safety rule.

    Attributes:
        id: its name in the safety case, for example "SI-01".
        version: raised whenever what it does changes.
        any_of: it fires if one of these is known to hold.
        effect: no ranking at all, or an assessment of safety before it.
        await_acknowledgement: whether nothing is ranked before a named clinician has confirmed the assessment;
            this concerns a rule that fired, never one left undecided by an unknown fact.
        on_unknown: what follows if it is undecided.
        sentence: what the clinician reads when it fires.
        ask: what the clinician is asked for when it is undecided.
        reason: the reason code that goes with it.
        citation: where the rule comes from.
        owner: who answers for it.
        review_by: the day by which its sources have to be read again.
        verified: whether the citation was read.
    """

    id: str = Field(pattern=r"^[A-Z]{2,10}-[0-9]{2}$")
    version: int = Field(ge=1)
    any_of: tuple[Condition, ...] = Field(min_length=1)
    effect: Literal["refuse", "assess_first"]
    await_acknowledgement: bool = False
    on_unknown: Literal["nothing", "assess_first"]
    sentence: str = Field(min_length=1)
    ask: str | None = None
    reason: Literal["SAFETY"] = "SAFETY"
    citation: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    review_by: date
    verified: bool

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of the facts it needs, each once."""
        return tuple(dict.fromkeys(condition.fact for condition in self.any_of))

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        if self.await_acknowledgement and self.effect != "assess_first":
            raise ValueError("await_acknowledgement goes with assess_first: a refusal waits for nothing")
        if (self.on_unknown == "assess_first") != (self.ask is not None):
            raise ValueError("ask says what to ask if on_unknown is assess_first, and is left out otherwise")
        return self


class RuleSet(_Part):
    """The rules that are judged together; every one is judged, whatever another says.

    Attributes:
        version: raised whenever a rule comes, goes or changes.
        rules: in the order in which they are told.
    """

    version: int = Field(ge=1)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """Names of all facts that the rules need, each once."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.facts))

    def overdue(self, today: date) -> tuple[Rule, ...]:
        """The rules whose sources should have been read again before this day."""
        return tuple(rule for rule in self.rules if rule.review_by < today)

    @model_validator(mode="after")
    def _ids_once(self) -> RuleSet:
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) < len(ids):
            raise ValueError("each rule's id stands once")
        return self


@cache
def load_rules(name: str = "safety_minimum") -> RuleSet:
    """A rule set that is part of this package, by the name of its file in `rules/`; read once."""
    return parse_document(RuleSet, read_shipped("rules", f"{name}.yaml"), where=f"{name}.yaml")
