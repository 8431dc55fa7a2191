"""The facts that safety rules need. Each has three states: known to be so, known not to be so, unknown.

Unknown never counts as absent: a blank is read as `Answer.UNKNOWN`, and what cannot be read is an error.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from types import MappingProxyType
from typing import Literal

from data_contracts.errors import Problem


class Answer(StrEnum):
    """A yes, a no, or the plain statement that nobody knows."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fact:
    """One declared fact.

    Attributes:
        name: the key under which a patient's record gives it.
        kind: a number, a whole number, or an answer (yes, no, unknown).
        meaning: what it says, in words a clinician reads.
        minimum, maximum: range of a number, both ends included.
    """

    name: str
    kind: Literal["number", "integer", "answer"]
    meaning: str
    minimum: float = -math.inf
    maximum: float = math.inf

    @property
    def expected(self) -> str:
        """What a value has to be, for a message."""
        if self.kind == "answer":
            return "yes, no or unknown"
        return f"a {'whole ' if self.kind == 'integer' else ''}number from {self.minimum:g} to {self.maximum:g}"


_DECLARED = (
    Fact("age", "number", "age in years at time zero", 0, 120),
    Fact("phq9_item9", "integer", "PHQ-9 item 9, thoughts of being better off dead or of self-harm", 0, 3),
    Fact("cssrs_q4", "answer", "C-SSRS screener 4, suicidal thoughts with some intent to act, past month"),
    Fact("cssrs_q5", "answer", "C-SSRS screener 5, suicidal thoughts with a plan and intent, past month"),
    Fact("cssrs_q6_past_3_months", "answer", "C-SSRS screener 6, suicidal behaviour in the past 3 months"),
)

FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _DECLARED})
"""Every fact that a rule may ask for, by name."""

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


def read_fact(name: str, raw: object) -> float | Answer:
    """Read one fact: a float for numbers, an `Answer` for answers, `Answer.UNKNOWN` for a blank of any kind.

    Blank is None, NaN, pandas' NA and NaT, empty text, and the text "unknown" or "nan" in any case.

    Raises:
        UnreadableFact: no such fact, or a value of another type or out of range.
    """
    fact = FACTS.get(name)
    if fact is None:
        near = difflib.get_close_matches(name, FACTS, n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(FACTS)}."
        raise UnreadableFact(Problem("safety facts", "a declared fact", "an undeclared name", step))
    raw = _plain(raw)
    if raw is None:
        return Answer.UNKNOWN
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


def _number(fact: Fact, raw: object) -> float:
    readable = isinstance(raw, (Real, Decimal)) and not isinstance(raw, bool)
    if not readable and not (isinstance(raw, str) and _NUMBER.fullmatch(raw)):
        raise _unreadable(fact, raw)
    try:
        number = float(raw)  # type: ignore[arg-type]
    except OverflowError as error:
        raise _unreadable(fact, raw) from error
    if not fact.minimum <= number <= fact.maximum or (fact.kind == "integer" and not number.is_integer()):
        raise _unreadable(fact, raw)
    return number


def _unreadable(fact: Fact, raw: object) -> UnreadableFact:
    found = f"{type(raw).__name__} that is not"
    step = "Correct it, or leave it out if it is not known."
    return UnreadableFact(Problem(fact.name, fact.expected, found, step))
