"""Puts together the answers to one instrument on one day, and says whether they can be right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import itemgetter

from data_contracts.errors import BadInput
from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_score import is_on_scale, score, total_problems
from data_contracts.kept import kept
from service.fhir.answers import Value
from service.fhir.code_index import LOINC

HARM_ITEM = {"PHQ-9": 9}
"""The item of an instrument that asks about thoughts of death or self-harm."""


@dataclass(frozen=True)
class Sheet:
    """What was answered to one instrument on one day.

    Attributes:
        instrument: which.
        day: on which, UTC.
        answers: for each item what was given for it; several where it was recorded more than once.
        totals: as they were given.
        unsure: answers to the item about harm on sheets that are not finished.
        where: its place.
    """

    instrument: Instrument
    day: date
    answers: tuple[tuple[float, ...], ...]
    totals: tuple[float, ...]
    unsure: tuple[float, ...]
    where: str

    @kept
    def in_order(self) -> tuple[float | None, ...]:
        """One answer an item, None where there is none or several that differ."""
        return tuple(one[0] if len(set(one)) == 1 else None for one in self.answers)

    @kept
    def is_sound(self) -> bool:
        """Whether answers are on their scales, given once, and add up to the total."""
        if any(len(set(one)) > 1 for one in self.answers) or len(set(self.totals)) > 1:
            return False
        pairs = zip(self.in_order, self.instrument.item_maxima, strict=True)
        if not all(answer is None or is_on_scale(answer, maximum) for answer, maximum in pairs):
            return False
        lowest, highest = self.instrument.minimum, self.instrument.maximum
        return all(
            is_on_scale(total, int(highest))
            and lowest <= total
            and not total_problems(self.instrument, self.in_order, total)
            for total in self.totals
        )

    @kept
    def total(self) -> float | None:
        """The total that was given or that all answers add up to; None where neither is there, or it cannot be."""
        if not self.is_sound:
            return None
        if self.totals:
            return self.totals[0]
        try:
            return float(score(self.instrument, self.in_order))
        except BadInput:  # too few answers for a total
            return None

    @property
    def harm(self) -> tuple[float, ...]:
        """Answers to the item about harm that are on its scale; the unfinished ones only from 1 up."""
        number = HARM_ITEM.get(self.instrument.id)
        if number is None:
            return ()
        maximum = self.instrument.item_maxima[number - 1]
        given = [one for one in self.answers[number - 1] if is_on_scale(one, maximum)]
        return (*given, *(one for one in self.unsure if one >= 1 and is_on_scale(one, maximum)))


@dataclass
class _Draft:
    answers: defaultdict[int, list[float]]
    totals: list[float]
    unsure: list[float]
    where: str


def sheets_of(values: Iterable[Value]) -> list[Sheet]:
    """The sheets of all instruments, the newest first; values without a whole day belong to none."""
    drafts: dict[tuple[str, date], _Draft] = {}
    for value in values:
        day = value.days.day if value.days else None
        for instrument, place in _places(value):
            if day is not None and value.points is not None:
                made = _Draft(defaultdict(list), [], [], value.where)
                _put(drafts.setdefault((instrument.id, day), made), instrument, place, value)
    made_of = [_sheet(name, day, draft) for (name, day), draft in drafts.items()]
    return sorted(made_of, key=lambda sheet: sheet.day, reverse=True)


def is_of_instrument(value: Value) -> bool:
    """Whether a value is an answer to an instrument, or its total."""
    return next(_places(value), None) is not None


def _put(draft: _Draft, instrument: Instrument, place: int, value: Value) -> None:
    assert value.points is not None  # noqa: S101 - the caller asked
    if not value.sure:
        if place == HARM_ITEM.get(instrument.id):
            draft.unsure.append(value.points)
    elif place:
        draft.answers[place].append(value.points)
    else:
        draft.totals.append(value.points)


def _places(value: Value) -> Iterator[tuple[Instrument, int]]:
    """The instruments that a value is of, each with the number of the item; 0 is the total."""
    known = _known()
    codes = {code for system, code in value.coded if system == LOINC and code in known}
    for _, instrument, number in sorted((place for code in codes for place in known[code]), key=itemgetter(0)):
        yield instrument, number


@cache
def _known() -> Mapping[str, Sequence[tuple[int, Instrument, int]]]:
    """By LOINC code its instruments and items, each with its rank among all of them."""
    places = [
        (code, instrument, number)
        for instrument in load_instruments().values()
        if instrument.loinc is not None and instrument.items
        for number, code in enumerate([instrument.loinc.total.code, *(item.loinc for item in instrument.items)])
    ]
    found: defaultdict[str, list[tuple[int, Instrument, int]]] = defaultdict(list)
    for rank, (code, instrument, number) in enumerate(places):
        if code is not None:
            found[code].append((rank, instrument, number))
    return dict(found)


def _sheet(name: str, day: date, draft: _Draft) -> Sheet:
    instrument = load_instruments()[name]
    answers = tuple(tuple(draft.answers.get(at, ())) for at in range(1, len(instrument.items) + 1))
    return Sheet(instrument, day, answers, tuple(draft.totals), tuple(draft.unsure), draft.where)
