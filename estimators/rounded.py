"""Counts and shares of groups as they may be told: no subtraction of them finds fewer than 11 patients."""

from __future__ import annotations

import math

from data_contracts.column_checks import MINIMUM_CELL
from data_contracts.effects import BoolArray

TENS = 10
"""Counts are told to the nearest ten."""


def count_told(count: int) -> int:
    """A count of patients to the nearest ten."""
    return TENS * round(count / TENS)


def share_told(chosen: BoolArray, *, coarse: bool = False) -> float:
    """Share of the patients that are chosen, in hundredths; from 1 to 10 chosen, or left out, count as 11.

    Args:
        coarse: in as many hundredths as 11 patients are, so that what a total leaves for others is not known closer.
    """
    n, count = len(chosen), int(chosen.sum())
    if 0 < count < MINIMUM_CELL:
        count = MINIMUM_CELL
    if 0 < n - count < MINIMUM_CELL:
        count = n - MINIMUM_CELL
    step = math.ceil(100 * MINIMUM_CELL / n) / 100 if coarse and n else 0.01
    return min(round(step * round(count / n / step), 2), 1.0)
