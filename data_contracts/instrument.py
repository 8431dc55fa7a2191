"""Questionnaires and rating scales as data: range, bands, and the figures by which a change is judged.

The figures stand in `instruments/*.yaml`, each with its source and whether that source was read. What is not
known is absent, never guessed: an instrument without a rule for partial answers has no total for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from numbers import Integral
from types import MappingProxyType
from typing import Literal

from pydantic import Field, model_validator

from data_contracts.errors import BadInput, Problem
from data_contracts.figure import Figure, FrozenFact
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped


class Range(FrozenFact):
    """The totals that can occur."""

    minimum: int
    maximum: int
    source: str = Field(min_length=1)
    verified: bool


class Band(FrozenFact):
    """A named stretch of totals, both ends included."""

    name: str = Field(min_length=1)
    minimum: int
    maximum: int


class Severity(FrozenFact):
    """The bands of one source; another source may cut elsewhere."""

    bands: tuple[Band, ...] = Field(min_length=1)
    source: str = Field(min_length=1)
    verified: bool


class Item(FrozenFact):
    """One question, where its text is free to reproduce."""

    number: int = Field(ge=1)
    text: str = Field(min_length=1)
    loinc: str | None = None


class LoincCode(FrozenFact):
    """A LOINC code and what it means."""

    code: str = Field(pattern=r"^[0-9]{3,7}-[0-9]$")
    display: str = Field(min_length=1)


class Loinc(FrozenFact):
    """LOINC codes of the panel, the total and, through the items, the single questions."""

    panel: LoincCode
    total: LoincCode
    source: str = Field(min_length=1)
    verified: bool


class PartialAnswers(FrozenFact):
    """The instrument's own rule for unanswered items: scale the mean of those answered, from so many on."""

    minimum_answered: int = Field(ge=1)
    source: str = Field(min_length=1)
    verified: bool


class Instrument(FrozenFact):
    """One instrument; more points are worse in every one shipped.

    Attributes:
        id: how it is called here, for example "PHQ-9".
        name: its full name.
        measures: what it measures.
        columns: how names of columns that hold its total begin, without punctuation.
        other_versions: words after such a name that mean another version of the instrument.
        range: the totals that can occur.
        item_count: number of items.
        item_minimum, item_maximum: lowest and highest answer, where all items share one scale.
        items: the questions; empty where texts may not be reproduced or are not needed.
        severity: the bands and their source.
        caseness: clinical case at or above this total.
        reliable_change: smallest change, in points, that is more than measurement error.
        response: fall that counts as response, as a fraction of the baseline.
        remission: remission below this total.
        partial: the rule for partial answers; None means a total needs every item.
        loinc: codes, where known.
        licence: on what terms it may be used.
    """

    id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    measures: Literal["depression", "anxiety"]
    columns: tuple[str, ...] = Field(min_length=1)
    other_versions: tuple[str, ...] = ()
    range: Range
    item_count: Figure[int]
    item_minimum: int | None = None
    item_maximum: int | None = None
    items: tuple[Item, ...] = ()
    severity: Severity
    caseness: Figure[int] | None = None
    reliable_change: Figure[int] | None = None
    response: Figure[float] | None = None
    remission: Figure[int] | None = None
    partial: PartialAnswers | None = None
    loinc: Loinc | None = None
    licence: Figure[str]

    @property
    def minimum(self) -> int:
        """Lowest total."""
        return self.range.minimum

    @property
    def maximum(self) -> int:
        """Highest total."""
        return self.range.maximum

    @property
    def bands(self) -> tuple[Band, ...]:
        """The severity bands, lowest first."""
        return self.severity.bands

    def band(self, score: float) -> Band:
        """The band of a total; a fraction (a mean of totals) belongs to the band of the whole points reached.

        Raises:
            BadInput: the total is not a number within the instrument's range.
        """
        if math.isnan(score) or not self.minimum <= score <= self.maximum:
            expected = f"a total from {self.minimum} to {self.maximum}"
            step = "Check that it is the total of this instrument."
            raise BadInput([Problem(self.id, expected, "a score outside that range", step)])
        return next(band for band in reversed(self.bands) if band.minimum <= score)

    def total(self, items: Sequence[int | None]) -> int:
        """The total of the answers, in the items' order; None for an item not answered.

        Raises:
            BadInput: answers are too few, too many, out of range, or missing without a rule for that.
        """
        if self.item_minimum is None or self.item_maximum is None:
            found, step = "answers to items", "Give the total: its items are not read here."
            raise BadInput([Problem(self.id, "a total", found, step)])
        count = self.item_count.value
        if len(items) != count:
            step = "Give every item, None where it was not answered."
            raise BadInput([Problem(self.id, f"{count} answers", f"{len(items)}", step)])
        answered = [int(item) for item in items if item is not None and self._in_scale(item)]
        problems = self._item_problems(items)
        if problems:
            raise BadInput(problems)
        if len(answered) == count:
            return sum(answered)
        return math.floor(sum(answered) * count / len(answered) + 0.5)

    def _in_scale(self, item: object) -> bool:
        if self.item_minimum is None or self.item_maximum is None:
            return False
        whole = isinstance(item, Integral) and not isinstance(item, bool)
        return whole and self.item_minimum <= int(item) <= self.item_maximum  # type: ignore[call-overload]

    def _item_problems(self, items: Sequence[int | None]) -> list[Problem]:
        problems = []
        numbered = list(enumerate(items, start=1))
        wrong = [number for number, item in numbered if item is not None and not self._in_scale(item)]
        missing = [number for number, item in numbered if item is None]
        if wrong:
            expected = f"whole answers from {self.item_minimum} to {self.item_maximum}"
            found = f"something else in item {_listed(wrong)}"
            problems.append(Problem(self.id, expected, found, "Correct the answers."))
        needed = self.partial.minimum_answered if self.partial else self.item_count.value
        if len(items) - len(missing) < needed:
            found = f"no answer to item {_listed(missing)}"
            step = "Ask what is missing: a total over fewer items would read as less severe."
            problems.append(Problem(self.id, f"at least {needed} items answered", found, step))
        return problems

    @model_validator(mode="after")
    def _consistent(self) -> Instrument:
        starts = [band.minimum for band in self.bands] + [self.maximum + 1]
        ends = [self.minimum - 1] + [band.maximum for band in self.bands]
        if any(start != end + 1 for start, end in zip(starts, ends, strict=True)):
            raise ValueError("the bands must cover the range once, lowest first, without a gap")
        if self.items and [item.number for item in self.items] != list(range(1, self.item_count.value + 1)):
            raise ValueError("items are numbered from 1 on, one for each of item_count")
        if self.item_minimum is not None and self.item_maximum is not None:
            scale = (self.item_minimum * self.item_count.value, self.item_maximum * self.item_count.value)
            if scale != (self.minimum, self.maximum):
                raise ValueError("the items' scale does not add up to the range")
        return self


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """All instruments by id, read once from the package."""
    folder = resources.files("data_contracts").joinpath("instruments")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    read = [parse_document(Instrument, read_shipped("instruments", name), where=name) for name in names]
    return MappingProxyType({instrument.id: instrument for instrument in read})


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
