"""Counts and shares of groups as they may be told: no subtraction of them finds fewer than 11 patients."""

from __future__ import annotations

import math

from data_contracts.effects import BoolArray
from data_contracts.episode import IntArray
from data_contracts.patient_count import MINIMUM_CELL, Split

TENS = 10
"""Counts are told to the nearest ten."""


def count_told(count: int) -> int:
    """A count of patients to the nearest ten."""
    return TENS * round(count / TENS)


def share_told(chosen: BoolArray, patient: IntArray, *, coarse: bool = False) -> float:
    """Share of the episodes that are chosen, in hundredths; those of 1 to 10 patients, in or out, count as 11.

    Args:
        chosen: (n,) which are.
        patient: (n,) whose each is.
        coarse: in as many hundredths as 11 patients are, so that what a total leaves for others is not known closer.
    """
    n, split = len(chosen), Split.of(chosen, patient)
    count = MINIMUM_CELL if split.inside.is_small else split.inside.episodes
    if split.outside.is_small:
        count = n - MINIMUM_CELL
    step = math.ceil(100 * MINIMUM_CELL / n) / 100 if coarse and n else 0.01
    return min(round(step * round(count / n / step), 2), 1.0)
