"""Safety rules as data: they only remove, flag, ask for an acknowledgement or refuse; no model can override them.

A rule fires if one of its cases is known to hold. If none is, but one of them is unknown, the rule is undecided, and
`on_unknown` says what then: unknown never counts as absent. How rules are judged is the engine's.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data_contracts.arm_words import ArmWords
from data_contracts.fact import UnreadableFact, load_facts, read_fact
from data_contracts.profile import Value
from data_contracts.rule_group import Group
from data_contracts.rule_trigger import Case

Effect = Literal["refuse", "acknowledge", "remove", "flag"]
Undecided = Literal["assess_first", "hold", "check", "ask", "nothing"]
Code = Literal["SAFETY", "CONSENT"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(_Part):
    """One situation and what the rule says of it; every example is run by the tests and by `equipoise check`.

    Attributes:
        given: what is known of the patient; everything else is unknown.
        arm: the arm that is looked at, by its name in a protocol; none for a rule about the patient.
        expect: what follows for the patient or the arm.
    """

    given: dict[str, Value]
    arm: str | None = None
    expect: Effect | Undecided

    @property
    def fires(self) -> bool:
        """Whether the rule is to fire."""
        return self.expect in ("refuse", "acknowledge", "remove", "flag")

    @field_validator("given")
    @classmethod
    def _declared(cls, given: dict[str, Value]) -> dict[str, Value]:
        if strange := sorted(set(given) - set(load_facts())):
            raise ValueError(f"facts of facts.yaml and not {', '.join(strange)}")
        if unreadable := [name for name, value in given.items() if not _is_readable(name, value)]:
            raise ValueError(f"values that their facts can have; see {', '.join(unreadable)}")
        return given


def _is_readable(fact: str, value: Value) -> bool:
    try:
        read_fact(fact, value)
    except UnreadableFact:
        return False
    return True


class Rule(_Part):
    """One safety rule.

    Attributes:
        id: its name in the safety case, for example "SI-01".
        version: raised whenever what it does changes.
        any_of: it fires if one of these cases is known to hold.
        always: it fires for every patient; in place of ``any_of``.
        effect: refuse any ranking; hold it back until a named clinician acknowledges; remove arms; flag arms or,
            without arms, the patient.
        arms: groups of the arms that it removes or flags.
        named_in: a fact with names; of those groups only the arms named there are meant.
        code: the reason that is given for the arms that it leaves without a rank.
        needs_records: whether the arms that it flags are ranked only where the policy's records hold enough such
            patients, as the patients that it fires for are known to be few.
        on_unknown: if undecided: assess first, without waiting; hold all ranks back until the answer is known, and
            ask; flag its arms (all arms, if it has none) to be checked before offering, and ask; just ask; or nothing,
            as another rule asks.
        asked_by: that other rule.
        sentence: what the clinician reads when it fires.
        anyway: what is read in its place where another rule refuses any ranking; of rules that wait for a clinician.
        ask: what the clinician is asked first.
        citation: where the rule comes from.
        owner: who answers for it.
        review_by: the day by which its sources have to be read again.
        verified: whether the citation was read.
        examples: situations in which it fires and does not.
    """

    id: str = Field(pattern=r"^[A-Z]{2,10}-[0-9]{2}$")
    version: int = Field(ge=1)
    any_of: tuple[Case, ...] = ()
    always: bool = False
    effect: Effect
    arms: tuple[str, ...] = ()
    named_in: str | None = None
    code: Code = "SAFETY"
    needs_records: bool = False
    on_unknown: Undecided = "nothing"
    asked_by: str | None = None
    sentence: str = Field(min_length=1)
    anyway: str | None = Field(default=None, min_length=1)
    ask: str | None = None
    citation: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    review_by: date
    verified: bool
    examples: tuple[Example, ...] = Field(min_length=2)

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of the facts it needs, each once."""
        return tuple(dict.fromkeys(fact for case in self.any_of for fact in case.facts))

    @property
    def needed(self) -> frozenset[str]:
        """Names of those of its facts that it asks for if they were never given."""
        return frozenset(part.fact for case in self.any_of for part in case.all_of if not part.if_given)

    @field_validator("examples")
    @classmethod
    def _both_kinds(cls, examples: tuple[Example, ...]) -> tuple[Example, ...]:
        if {example.fires for example in examples} != {True, False}:
            raise ValueError("an example in which the rule fires and one in which it does not")
        return examples

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        if bool(self.any_of) == self.always:
            raise ValueError("either any_of with a case or always: true")
        if (self.on_unknown in ("assess_first", "hold")) != (self.ask is not None):
            raise ValueError("ask says what to ask if on_unknown is assess_first or hold, and is left out otherwise")
        if (self.effect == "acknowledge") != (self.anyway is not None):
            raise ValueError(
                "anyway says what is read without a ranking if effect is acknowledge, and is left out otherwise"
            )
        if (self.on_unknown == "nothing") != (self.always or self.asked_by is not None):
            raise ValueError("on_unknown says what follows from an unknown fact, or asked_by which other rule asks")
        if self.arms and self.effect in ("refuse", "acknowledge"):
            raise ValueError(f"no arms with {self.effect}, which concerns the patient")
        if not self.arms and (self.effect == "remove" or self.named_in):
            raise ValueError("arms says which arms are meant")
        if self.code == "CONSENT" and self.effect != "refuse":
            raise ValueError("code: CONSENT goes with effect: refuse")
        if self.on_unknown == "hold" and self.code != "CONSENT":
            raise ValueError("on_unknown: hold goes with code: CONSENT")
        if self.needs_records and (self.effect != "flag" or not self.arms or self._not_yes()):
            raise ValueError("needs_records goes with effect: flag, arms, and conditions that an answer is yes")
        if self.named_in and self.named_in not in self.facts:
            raise ValueError("named_in is one of the facts of any_of")
        return self

    def _not_yes(self) -> bool:
        return any(condition.op != "is_yes" for case in self.any_of for condition in case.all_of)


class RuleSet(ArmWords):
    """The rules that are judged together, with the words of arms; every one is judged, whatever another says.

    Attributes:
        version: raised whenever a rule comes, goes or changes.
        groups: the groups of arms that rules speak of, by name.
        rules: in the order in which they are told.
    """

    version: int = Field(ge=1)
    groups: dict[str, Group] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)

    def __hash__(self) -> int:
        """A cheap hash: a rule set is the key of what is compiled from it."""
        return hash((self.version, len(self.rules)))

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """Names of all facts that the rules need, each once."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.facts))

    @cached_property
    def names_read(self) -> frozenset[str]:
        """The same, to look names up in."""
        return frozenset(self.facts)

    @cached_property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the rules that wait for an acknowledgement."""
        return tuple(rule.id for rule in self.rules if rule.effect == "acknowledge")

    @cached_property
    def consent(self) -> tuple[str, ...]:
        """Names of the facts that say whether the patient agreed to decision support."""
        return tuple(dict.fromkeys(name for rule in self.rules if rule.code == "CONSENT" for name in rule.facts))

    def overdue(self, today: date) -> tuple[Rule, ...]:
        """The rules whose sources should have been read again before this day."""
        return tuple(rule for rule in self.rules if rule.review_by < today)

    def due_within(self, days: int, today: date) -> tuple[Rule, ...]:
        """The rules to be reviewed today or within so many days; not those overdue."""
        return tuple(rule for rule in self.rules if 0 <= (rule.review_by - today).days <= days)
