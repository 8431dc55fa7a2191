"""Cells of episodes in order, each of patients enough that a mean of it is nobody's value.

Of values in order the one in the middle, or at an end, may be one patient's. So every value that is served is a mean
of those around it, as many as it takes until they are of eleven patients and none has more than half of them
(``data_contracts.patient_count``). Where each patient has one episode these are the eleven values around.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import LARGEST_SHARE, MINIMUM_CELL, are_enough, count_patients


def mean_around(ordered: FloatArray, patient: IntArray, place: int) -> float:
    """Mean of the values around a place, as many on either side, that are of patients enough; of all if none are.

    Args:
        ordered: (n,) values, ascending.
        patient: (n,) whose each is.
        place: 0 to n - 1.
    """
    reach = MINIMUM_CELL // 2
    inside = slice(max(place - reach, 0), place + reach + 1)
    held = _Held()
    for whose in patient[inside].tolist():
        held.add(whose)
    while not held.are_enough and (place - reach > 0 or place + reach + 1 < len(patient)):
        reach += 1
        for at in (place - reach, place + reach):
            if 0 <= at < len(patient):
                held.add(int(patient[at]))
    return float(ordered[max(place - reach, 0) : place + reach + 1].mean())


def first_enough(patient: IntArray) -> int:
    """How many of (n,) episodes from the first on are of patients enough; all if none are."""
    held = _Held()
    for at, whose in enumerate(patient):
        held.add(int(whose))
        if held.are_enough:
            return at + 1
    return len(patient)


def even_parts(patient: IntArray, most: int) -> list[IntArray]:
    """Places of (n,) ordered episodes in as many parts of even size as can be, each of patients enough.

    Args:
        patient: (n,) whose each is, in that order.
        most: parts.

    Returns:
        One part of all of them if even two would hold too few; it may itself be of too few.
    """
    for parts in range(min(most, count_patients(patient) // MINIMUM_CELL), 1, -1):
        found = np.array_split(np.arange(len(patient)), parts)
        if all(are_enough(patient[part]) for part in found):
            return found
    return [np.arange(len(patient))]


class _Held:
    """What ``are_enough`` says of episodes that come one by one."""

    def __init__(self) -> None:
        self._sizes: Counter[int] = Counter()
        self._largest = self._episodes = 0

    def add(self, patient: int) -> None:
        self._sizes[patient] += 1
        self._episodes += 1
        self._largest = max(self._largest, self._sizes[patient])

    @property
    def are_enough(self) -> bool:
        return len(self._sizes) >= MINIMUM_CELL and self._largest <= LARGEST_SHARE * self._episodes
