"""Counts and shares of groups as they may be told: no subtraction of them finds fewer than 11 patients."""

from __future__ import annotations

from data_contracts.column_checks import MINIMUM_CELL
from data_contracts.effects import BoolArray

TENS = 10
"""Counts are told to the nearest ten."""


def count_told(count: int) -> int:
    """A count of patients to the nearest ten."""
    return TENS * round(count / TENS)


def share_told(chosen: BoolArray) -> float:
    """Share of the patients that are chosen, in hundredths; from 1 to 10 chosen, or left out, count as 11."""
    n, count = len(chosen), int(chosen.sum())
    if 0 < count < MINIMUM_CELL:
        count = MINIMUM_CELL
    if 0 < n - count < MINIMUM_CELL:
        count = n - MINIMUM_CELL
    return round(count / n, 2)
