"""Questionnaires and rating scales as data: range, bands, and the figures by which a change is judged.

The figures stand in `instruments/*.yaml`, each with its source and whether that source was read. What is not
known is absent, never guessed: an instrument without a rule for partial answers has no total for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
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


class AnswerScale(FrozenFact):
    """How high each item can be answered; the lowest answer is 0.

    Attributes:
        maxima: one number where all items share it, otherwise one for each item in its order.
    """

    maxima: int | tuple[int, ...]
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
        answers: how high each item can be answered; None where items are not added up here.
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
    answers: AnswerScale | None = None
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

    @property
    def item_maxima(self) -> tuple[int, ...]:
        """Highest answer to each item; empty where items are not added up here."""
        if self.answers is None:
            return ()
        maxima = self.answers.maxima
        return (maxima,) * self.item_count.value if isinstance(maxima, int) else maxima

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

    @model_validator(mode="after")
    def _consistent(self) -> Instrument:
        starts = [band.minimum for band in self.bands] + [self.maximum + 1]
        ends = [self.minimum - 1] + [band.maximum for band in self.bands]
        if any(start != end + 1 for start, end in zip(starts, ends, strict=True)):
            raise ValueError("the bands must cover the range once, lowest first, without a gap")
        if self.items and [item.number for item in self.items] != list(range(1, self.item_count.value + 1)):
            raise ValueError("items are numbered from 1 on, one for each of item_count")
        if self.answers is not None:
            if len(self.item_maxima) != self.item_count.value:
                raise ValueError("the scale of answers has one maximum for each of item_count")
            if (0, sum(self.item_maxima)) != (self.minimum, self.maximum):
                raise ValueError("the items' scale does not add up to the range")
        return self


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """All instruments by id, read once from the package."""
    folder = resources.files("data_contracts").joinpath("instruments")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    read = [parse_document(Instrument, read_shipped("instruments", name), where=name) for name in names]
    return MappingProxyType({instrument.id: instrument for instrument in read})
