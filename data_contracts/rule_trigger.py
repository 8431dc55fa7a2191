"""When a rule fires: comparisons of declared facts, joined by "and" within a case and by "or" between cases."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data_contracts.fact import Fact, load_facts

COMPARE = {"lt": operator.lt, "le": operator.le, "ge": operator.ge, "gt": operator.gt, "eq": operator.eq}
OF_KIND = {"answer": ("is_yes", "is_no"), "names": ("any",), "number": tuple(COMPARE), "integer": tuple(COMPARE)}


class Condition(BaseModel):
    """One comparison of a declared fact.

    Attributes:
        fact: its name in `rules/facts.yaml`.
        op: lower than, at most, at least, greater than, equal to `value`; the answer is yes or no; any name is given.
        value: what a number is compared with; none for the others.
        if_given: a further source of what other conditions ask; judged where it is given, never asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fact: str
    op: Literal["lt", "le", "ge", "gt", "eq", "is_yes", "is_no", "any"]
    value: float | None = None
    if_given: bool = False

    @field_validator("fact")
    @classmethod
    def _declared(cls, fact: str) -> str:
        if fact not in load_facts():
            raise ValueError("a fact of facts.yaml")
        return fact

    @model_validator(mode="after")
    def _fits_its_fact(self) -> Condition:
        fact = load_facts()[self.fact]
        if self.op not in OF_KIND[fact.kind]:
            raise ValueError(f"{' or '.join(OF_KIND[fact.kind])} for {self.fact}, which is of kind {fact.kind}")
        if (self.value is not None) != (self.op in COMPARE):
            raise ValueError(f"a value for a comparison and none otherwise; see the condition on {self.fact}")
        return self

    def holds(self, reading: Any) -> bool:
        """Whether it holds for a known reading of its fact."""
        if self.op == "any":
            return bool(reading)
        if self.value is not None:
            return bool(COMPARE[self.op](reading, self.value))
        return bool(reading == self.op.removeprefix("is_"))


class Case(BaseModel):
    """Conditions that have to hold together; a rule that names just one may leave out `all_of`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    all_of: tuple[Condition, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, content: Any) -> Any:
        return {"all_of": [content]} if isinstance(content, dict) and "fact" in content else content

    @model_validator(mode="after")
    def _can_and_need_not_occur(self) -> Case:
        together = {fact: [part for part in self.all_of if part.fact == fact] for fact in self.facts}
        holding = {fact: [_all(parts, value) for value in _values(fact, parts)] for fact, parts in together.items()}
        if never := [fact for fact, found in holding.items() if not any(found)]:
            raise ValueError(f"a trigger that can occur; no value of {', '.join(never)} fulfils it")
        if all(all(found) for found in holding.values()):
            raise ValueError("a trigger that some value does not fulfil; always: true says that a rule always fires")
        return self

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of its facts, each once."""
        return tuple(dict.fromkeys(condition.fact for condition in self.all_of))


def _all(conditions: Iterable[Condition], reading: object) -> bool:
    return all(condition.holds(reading) for condition in conditions)


def _values(name: str, conditions: Iterable[Condition]) -> list[object]:
    """Values of a fact on every side of every threshold."""
    fact = load_facts()[name]
    if fact.kind == "answer":
        return ["yes", "no"]
    if fact.kind == "names":
        return [frozenset(), frozenset({"a name"})]
    return list(_numbers(fact, [condition.value or 0.0 for condition in conditions]))


def _numbers(fact: Fact, thresholds: list[float]) -> list[float]:
    if fact.kind == "integer":
        return [float(value) for value in range(int(fact.minimum), int(fact.maximum) + 1)]
    near = [end for at in thresholds for end in (math.nextafter(at, -math.inf), at, math.nextafter(at, math.inf))]
    ends = sorted({fact.minimum, fact.maximum, *(at for at in near if fact.minimum <= at <= fact.maximum)})
    return [*ends, *((one + other) / 2 for one, other in itertools.pairwise(ends))]
