"""Of 100 people, which are drawn how: sure, perhaps, or not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from data_contracts.interval import Interval

ACROSS = 20
"""People in a row."""


@dataclass(frozen=True)
class Person:
    """One of the 100.

    Attributes:
        x, y: place, in persons.
        kind: counted at the least, perhaps counted, or not.
    """

    x: int
    y: int
    kind: str


@dataclass(frozen=True)
class Hundred:
    """How many of 100 people, in whole people; the range is rounded outwards.

    Attributes:
        about, lower, upper: 0 <= lower <= about <= upper <= 100.
    """

    about: int
    lower: int
    upper: int

    def __iter__(self) -> Iterator[Person]:
        """The 100, row by row."""
        for i in range(100):
            kind = "sure" if i < self.lower else "maybe" if i < self.upper else "not"
            yield Person(i % ACROSS, i // ACROSS, kind)


def people(of_hundred: Interval) -> Hundred:
    """The 100 for an estimate with its interval."""
    lower, upper = max(math.floor(of_hundred.lower), 0), min(math.ceil(of_hundred.upper), 100)
    return Hundred(min(max(round(of_hundred.estimate), lower), upper), lower, upper)
