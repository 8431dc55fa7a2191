"""Guesses the primary outcome and its baseline: totals of one instrument at different times, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from data_contracts.instrument import Instrument
from data_contracts.instrument_name import instrument_for, time_of
from experiments.first_protocol.look import Look

STARTS = re.compile(r"pre|baseline|base|bl|start|intake|screening|first|referral|assessment|anfang|beginn|aufnahme")
ENDS = re.compile(r"post|end|final|last|discharge|exit|followup|follow|ende|abschluss|entlassung|katamnese")
DAYS = {"d": 1, "day": 1, "w": 7, "wk": 7, "week": 7, "m": 30, "mo": 30, "mon": 30, "month": 30, "y": 365, "year": 365}


@dataclass(frozen=True)
class Score:
    """A column with an instrument's total.

    Attributes:
        look: of the column.
        instrument: whose total.
        days: after the start: 0 at it and where the name has no word for a time, infinite at the end; None where its
            words are not understood.
    """

    look: Look
    instrument: Instrument
    days: float | None


@dataclass(frozen=True)
class Measured:
    """The primary outcome as guessed.

    Attributes:
        column, baseline: the last and the first total of the instrument.
        instrument: None where the outcome was told and is of no known one.
        why: why these.
        between: totals of the instrument between them.
    """

    column: str
    baseline: str | None
    instrument: Instrument | None
    why: str
    between: tuple[str, ...] = ()


def scores_of(looks: Sequence[Look]) -> list[Score]:
    """The columns of numbers that hold an instrument's total."""
    pairs = [(look, instrument_for(look.name)) for look in looks if look.kind == "number" and look.filled]
    return [Score(look, found, _days(look.name)) for look, found in pairs if found is not None]


def measured(scores: Sequence[Score], told: str | None = None) -> Measured | None:
    """The primary outcome: the last total of the instrument that is measured at the start and later.

    Instruments of depression go first, then those with more totals filled in.

    Args:
        scores: totals of instruments.
        told: the outcome's column, where it is known already.
    """
    if told is not None:
        same = next((one.instrument for one in scores if one.look.name == told), None)
        others = _course([one for one in scores if one.instrument is same and one.look.name != told]) if same else []
        return Measured(told, others[0].look.name if others else None, same, "as told")
    courses = [_course([one for one in scores if one.instrument is each]) for each in _instruments(scores)]
    courses = [course for course in courses if course and course[0].days != course[-1].days]
    if not courses:
        return None
    best = max(courses, key=lambda one: (one[0].instrument.measures == "depression", one[-1].look.filled))
    names = [one.look.name for one in best]
    why = f"the last total of the {best[0].instrument.id} by the names of its columns"
    return Measured(names[-1], names[0], best[0].instrument, why, tuple(names[1:-1]))


def _instruments(scores: Sequence[Score]) -> list[Instrument]:
    return list({one.instrument.id: one.instrument for one in scores}.values())


def _course(scores: Sequence[Score]) -> list[Score]:
    """Totals of one instrument in the order of their times, as far as these are understood."""
    placed = [(one.days, one) for one in scores if one.days is not None]
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def _days(name: str) -> float | None:
    words = re.findall(r"[a-z]+|\d+", time_of(name))
    if any(STARTS.fullmatch(word) for word in words):
        return 0.0
    if any(ENDS.fullmatch(word) for word in words):
        return inf
    numbers = [float(word) for word in words if word.isdigit()]
    if not numbers:
        return None if words else 0.0
    return numbers[0] * next((DAYS[word.removesuffix("s")] for word in words if word.removesuffix("s") in DAYS), 1)
