"""PHQ-9 and GAD-7 of one patient over time, with what changed by more than measurement error, and caseness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_name import instrument_for
from service.history_keeper import Kept

SHOWN = ("PHQ-9", "GAD-7")
Change = Literal["first", "improved", "worse", "within"]


@dataclass(frozen=True)
class Score:
    """One total on one day.

    Attributes:
        day: on which it was recorded; that of the question where nobody said.
        value: the total.
        band: its severity's name.
        case: whether it is at or above caseness; None where no figure says.
        change: against the first score shown: by more than measurement error, or within it.
        points: how far it moved from the first; below 0 is better.
    """

    day: date
    value: float
    band: str
    case: bool | None
    change: Change
    points: float


@dataclass(frozen=True)
class Course:
    """One instrument's scores, oldest first.

    Attributes:
        instrument: whose they are.
        scores: one a day, the last that was told.
    """

    instrument: Instrument
    scores: tuple[Score, ...]


def courses_of(answers: Iterable[Kept]) -> tuple[Course, ...]:
    """The courses that a patient's answers tell, oldest answer first; instruments without a score are left out."""
    told: dict[str, dict[date, float]] = {}
    for kept in answers:
        for instrument, day, value in _totals(kept):
            told.setdefault(instrument, {})[day] = value
    known = load_instruments()
    return tuple(Course(known[name], tuple(_scores(known[name], told[name]))) for name in SHOWN if name in told)


def _totals(kept: Kept) -> Iterator[tuple[str, date, float]]:
    made = kept.record.created_at.date()
    for name, value in kept.profile.values.items():
        instrument = instrument_for(name)
        if instrument is None or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if instrument.minimum <= value <= instrument.maximum:
            yield instrument.id, kept.profile.as_of.get(name, made), float(value)


def _scores(instrument: Instrument, told: dict[date, float]) -> Iterator[Score]:
    first: float | None = None
    for day, value in sorted(told.items()):
        points = 0.0 if first is None else value - first
        yield Score(
            day=day,
            value=value,
            band=next((band.name for band in instrument.bands if band.minimum <= value < band.maximum + 1), ""),
            case=None if instrument.caseness is None else value >= instrument.caseness.value,
            change="first" if first is None else _change(instrument, points),
            points=points,
        )
        first = value if first is None else first


def _change(instrument: Instrument, points: float) -> Change:
    figure = instrument.reliable_change
    if figure is None or abs(points) < figure.value:
        return "within"
    return "improved" if points < 0 else "worse"
