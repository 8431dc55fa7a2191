"""What a column looks like: its kind and counts. No outcome is looked at by arm, here or anywhere in this folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Literal

from data_contracts.column_checks import MAX_LEVELS, is_missing
from data_contracts.episode import Column
from data_contracts.patient_count import MINIMUM_CELL
from data_contracts.tables import Table

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
OTHER_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d %b %Y", "%d %B %Y")
FEW = 12
"""Numbers with at most so many different values may be codes of categories."""


@dataclass(frozen=True)
class Look:
    """A column of n rows as it looks.

    Attributes:
        name: the column's.
        kind: numbers, days in whatever form, or words.
        rows: n.
        filled: rows with a value.
        levels: different values among them.
        rest: rows with a value other than the commonest.
    """

    name: str
    kind: Literal["number", "day", "words"]
    rows: int
    filled: int
    levels: int
    rest: int

    @property
    def words(self) -> frozenset[str]:
        """The words of its name, in small letters: of "PriorEpisodes_n" prior, episodes and n."""
        parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name)
        return frozenset(re.findall(r"[^\W\d_]+", parted.casefold()))

    @property
    def fault(self) -> str:
        """Why it can be no covariate; empty if it can."""
        if self.filled == 0:
            return "it is empty"
        if self.kind == "day":
            return "it holds days"
        if self.kind == "words" and self.levels > MAX_LEVELS:
            return f"it holds {self.levels:,} different words: a name, or free text"
        if self.rest < MINIMUM_CELL:
            return f"fewer than {MINIMUM_CELL} rows differ from the commonest value"
        return ""

    @property
    def is_coded(self) -> bool:
        """Whether it may hold categories: words, or numbers with few values."""
        return self.kind == "words" or (self.kind == "number" and self.levels <= FEW)


def look_at(table: Table) -> list[Look]:
    """Every column that has a name, in the table's order."""
    return [_look(name, column) for name, column in table.columns.items() if name and not _unnamed(name)]


def _unnamed(name: str) -> bool:
    """Whether pandas made the name up for an empty header cell."""
    return re.fullmatch(r"Unnamed: \d+", name) is not None


def _look(name: str, column: Column) -> Look:
    present = column[~is_missing(column)]
    counts = Counter(present.tolist())
    kind: Literal["number", "day", "words"] = "number"
    if column.dtype == object:
        kind = "day" if counts and all(_is_day(value) for value in counts) else "words"
    return Look(name, kind, len(column), len(present), len(counts), len(present) - max(counts.values(), default=0))


def _is_day(value: object) -> bool:
    text = str(value)
    if ISO_DAY.match(text):
        return _reads(lambda: date.fromisoformat(text[:10]))
    return any(_reads(partial(datetime.strptime, text, form)) for form in OTHER_DAYS)


def _reads(read: Callable[[], date]) -> bool:
    try:
        return read() is not None
    except ValueError:
        return False
