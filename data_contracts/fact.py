"""The facts that safety rules need. Each has three states: known to be so, known not to be so, unknown.

Unknown never counts as absent: a blank is read as `Answer.UNKNOWN`, and what cannot be read is an error. The facts
themselves stand in `rules/facts.yaml`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from numbers import Real
from types import MappingProxyType
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.errors import Problem
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped


class Answer(StrEnum):
    """A yes, a no, or the plain statement that nobody knows."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


Reading: TypeAlias = float | Answer | frozenset[str]
"""A number, an answer (also in place of an unknown number or list), or names in lower case."""


AHEAD = timedelta(days=1)
"""By how much a calendar may be ahead of UTC's: east of Greenwich a day begins before it does there."""


def has_come(day: date, today: date) -> bool:
    """Whether a day has begun somewhere, if it is this day by UTC."""
    return day - today <= AHEAD


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Part):
    """One declared fact.

    Attributes:
        name: the key under which a patient's record gives it.
        kind: a number, a whole number, an answer (yes, no, unknown), or names parted by semicolons ("none" for none).
        meaning: what it says, in words a clinician reads.
        minimum, maximum: range of a number, both ends included.
        valid_days: for how long an answer holds; older ones are unknown.
        lasting: whether a yes holds for life.
        queried: whether a number out of its range is a query about the record, and unknown, and not an error.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["number", "integer", "answer", "names"]
    meaning: str = Field(min_length=1)
    minimum: float = -math.inf
    maximum: float = math.inf
    valid_days: int = Field(ge=1)
    lasting: bool = False
    queried: bool = False

    @property
    def expected(self) -> str:
        """What a value has to be, for a message."""
        if self.kind == "answer":
            return "yes, no or unknown"
        if self.kind == "names":
            return "names parted by semicolons, or none"
        return f"a {'whole ' if self.kind == 'integer' else ''}number from {self.minimum:g} to {self.maximum:g}"

    @model_validator(mode="after")
    def _consistent(self) -> Fact:
        if self.lasting and self.kind != "answer":
            raise ValueError("lasting goes with an answer")
        if self.queried and self.kind not in ("number", "integer"):
            raise ValueError("queried goes with a number")
        return self


class _Validity(_Part):
    source: str = Field(min_length=1)
    verified: bool


class _Facts(_Part):
    version: int = Field(ge=1)
    validity: _Validity
    facts: tuple[Fact, ...] = Field(min_length=1)


@cache
def load_facts() -> Mapping[str, Fact]:
    """Every fact that a rule may ask for, by name; read once from the package."""
    found = parse_document(_Facts, read_shipped("rules", "facts.yaml"), where="facts.yaml").facts
    return MappingProxyType({fact.name: fact for fact in found})


_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")
_ANSWERS = {
    "yes": Answer.YES, "true": Answer.YES, "1": Answer.YES,
    "no": Answer.NO, "false": Answer.NO, "0": Answer.NO,
}  # fmt: skip


class UnreadableFact(ValueError):
    """A fact was given, but not in a form that can be read; its problem names the fact and never the value."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def read_fact(name: str, raw: object) -> Reading:
    """Read one fact: a float for numbers, an `Answer` for answers, `Answer.UNKNOWN` for a blank of any kind.

    Blank is None, NaN, pandas' NA and NaT, empty text, and the text "unknown" or "nan" in any case.

    Raises:
        UnreadableFact: no such fact, or a value of another type or out of range (but for a fact that is ``queried``).
    """
    facts = load_facts()
    fact = facts.get(name)
    if fact is None:
        near = difflib.get_close_matches(name, facts, n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(facts)}."
        raise UnreadableFact(Problem("safety facts", "a declared fact", "an undeclared name", step))
    raw = _plain(raw)
    if raw is None:
        return Answer.UNKNOWN
    if fact.kind == "names":
        return _names(fact, raw)
    return _answer(fact, raw) if fact.kind == "answer" else _number(fact, raw)


def _plain(raw: object) -> object:
    """Scalars of numpy as Python's own, every blank as None, text trimmed and in lower case."""
    if getattr(raw, "ndim", None) == 0:
        raw = raw.item()  # type: ignore[attr-defined]
    if isinstance(raw, str):
        text = raw.strip().lower()
        return None if text in ("", "unknown", "nan") else text
    if raw is None or type(raw).__name__ in ("NAType", "NaTType"):
        return None
    blank = raw.is_nan() if isinstance(raw, Decimal) else isinstance(raw, float) and math.isnan(raw)
    return None if blank else raw


def _answer(fact: Fact, raw: object) -> Answer:
    if isinstance(raw, (Real, Decimal)) and raw in (0, 1):
        return Answer.YES if raw == 1 else Answer.NO
    if isinstance(raw, str) and raw in _ANSWERS:
        return _ANSWERS[raw]
    raise _unreadable(fact, raw)


def _names(fact: Fact, raw: object) -> frozenset[str]:
    names = {name.strip() for name in raw.split(";")} - {""} if isinstance(raw, str) else set()
    if not names or ("none" in names and len(names) > 1):
        raise _unreadable(fact, raw)
    return frozenset(names - {"none"})


def _number(fact: Fact, raw: object) -> float | Answer:
    readable = isinstance(raw, (Real, Decimal)) and not isinstance(raw, bool)
    if not readable and not (isinstance(raw, str) and _NUMBER.fullmatch(raw)):
        raise _unreadable(fact, raw)
    try:
        number = float(raw)  # type: ignore[arg-type]
    except OverflowError as error:
        raise _unreadable(fact, raw) from error
    if fact.queried and math.isfinite(number) and not fact.minimum <= number <= fact.maximum:
        return Answer.UNKNOWN
    if not fact.minimum <= number <= fact.maximum or (fact.kind == "integer" and not number.is_integer()):
        raise _unreadable(fact, raw)
    return number


def _unreadable(fact: Fact, raw: object) -> UnreadableFact:
    found = "text of another form" if isinstance(raw, str) else "another value"
    step = "Correct it, or leave it out if it is not known."
    return UnreadableFact(Problem(fact.name, fact.expected, found, step))
