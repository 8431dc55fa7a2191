"""Finds an instrument's answers and totals in one patient's record, by their names, and what they contradict."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal, TypeAlias

from data_contracts.instrument import Instrument, load_instruments
from data_contracts.instrument_name import instrument_for, item_for, time_of
from data_contracts.instrument_score import adds_up, is_on_scale

_Answers: TypeAlias = defaultdict[tuple[str, str], defaultdict[int, list[str]]]
_Totals: TypeAlias = defaultdict[str, defaultdict[str, list[str]]]


@dataclass(frozen=True)
class Disagreement:
    """What is wrong with the answers to one instrument.

    Attributes:
        instrument: whose answers they are.
        kind: an answer that is not on its item's scale, an item answered in two ways, or a total that the answers do
            not add up to.
        columns: what it is about, in alphabetical order.
    """

    instrument: Instrument
    kind: Literal["scale", "twice", "total"]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class AnswerSheet:
    """The answers of one instrument at one time, by the names that they are recorded under.

    Attributes:
        instrument: whose items they answer.
        items: for each item of the instrument, in its order, the columns that hold the answer.
        total: the column that holds the total they belong to, if there is just one.
    """

    instrument: Instrument
    items: tuple[tuple[str, ...], ...]
    total: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of it."""
        return (*chain.from_iterable(self.items), *([self.total] if self.total else []))

    def disagreements(self, values: Mapping[str, object]) -> Iterator[Disagreement]:
        """What is wrong with one patient's answers; what is unknown contradicts nothing.

        Args:
            values: by name; None and NaN are unknown.
        """
        known: list[str] = []
        sound, least, open_to = True, 0.0, self._open
        for names, maximum in self._recorded:
            numbers = {name: number for name in names if (number := _number(values.get(name))) is not None}
            known += numbers
            if not numbers:
                open_to += maximum
            elif strange := sorted(name for name, number in numbers.items() if not is_on_scale(number, maximum)):
                yield Disagreement(self.instrument, "scale", tuple(strange))
                sound = False
            elif len(set(numbers.values())) > 1:
                yield Disagreement(self.instrument, "twice", tuple(sorted(numbers)))
                sound = False
            else:
                least += next(iter(numbers.values()))
        total = _number(values.get(self.total)) if self.total else None
        lowest, highest = self.instrument.minimum, self.instrument.maximum
        if not sound or total is None or not lowest <= total <= highest:  # no answers add up to what is out of range
            return
        if not adds_up(total, least, open_to):
            yield Disagreement(self.instrument, "total", tuple(sorted([*known, str(self.total)])))

    @cached_property
    def _recorded(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """The columns of each item that has any, with its highest answer."""
        pairs = zip(self.items, self.instrument.item_maxima, strict=True)
        return tuple((names, maximum) for names, maximum in pairs if names)

    @cached_property
    def _open(self) -> int:
        """What the items without any column could add to the total at the most."""
        return sum(self.instrument.item_maxima) - sum(maximum for _, maximum in self._recorded)


def answer_sheets(names: Iterable[str]) -> tuple[AnswerSheet, ...]:
    """The sheets that are recorded under these names, by instrument and time.

    Answers belong to the total of the same time (`phq9_week0_item9` to `phq9_week0`). Answers without a time
    (`phq9_item9`) are of the only time that there is; where there are several, they are compared with none of them.
    """
    answers, totals = _named(sorted(names))
    sheets = []
    for (name, time), by_number in sorted(answers.items()):
        instrument, found = load_instruments()[name], totals[name]
        same = found.get(time) or ([] if time else list(chain.from_iterable(found.values())))
        items = tuple(tuple(by_number.get(at, ())) for at in range(1, instrument.item_count.value + 1))
        sheets.append(AnswerSheet(instrument, items, same[0] if len(same) == 1 else None))
    return tuple(sheets)


def _named(names: Iterable[str]) -> tuple[_Answers, _Totals]:
    """Columns of answers by instrument, time and item, and columns of totals by instrument and time."""
    answers: _Answers = defaultdict(lambda: defaultdict(list))
    totals: _Totals = defaultdict(lambda: defaultdict(list))
    for column in names:
        if (item := item_for(column)) and item.instrument.item_maxima:
            answers[item.instrument.id, item.time][item.number].append(column)
        elif instrument := instrument_for(column):
            totals[instrument.id][time_of(column)].append(column)
    for name in {name for name, time in answers if not time}:
        times = {time for other, time in answers if other == name} | set(totals[name])
        if "" not in totals[name] and len(times - {""}) == 1:
            (only,) = times - {""}
            for number, columns in answers.pop((name, "")).items():
                answers[name, only][number] += columns
    return answers, totals


def _number(value: object) -> float | None:
    """A number, also where it stands as text; NaN for text that is none, None where nothing is known."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if _is_unknown(value):
        return None
    try:
        return math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        return math.nan


def _is_unknown(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("", "unknown", "nan")
    return value is None or (isinstance(value, float) and math.isnan(value))
