"""Counts patients: what is told of the records rests on eleven of them at least, however many episodes each has.

A number of episodes says nothing of how many people stand behind it: eleven episodes may be one patient's. So whatever
is told is judged here, by the patients behind it. A mean asks more than a count: if one patient has most of the
episodes it is theirs (the rule of dominance: Hundepool and others 2012, Statistical Disclosure Control, chapter 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINIMUM_CELL = 11
"""Smallest number of patients that anything told of the records may rest on."""

LARGEST_SHARE = 0.5
"""Largest share of the episodes behind a mean that may be one patient's."""

Codes = NDArray[np.int64]
"""(n,) whose each of n episodes is: a code for each patient."""


def each_its_own(episodes: int) -> Codes:
    """(n,) codes where no patient has a second episode, or none is known: an episode is then a patient."""
    return np.arange(episodes, dtype=np.int64)


def count_patients(patient: Codes) -> int:
    """How many patients (n,) episodes are of."""
    return len(np.unique(patient))


def are_enough(patient: Codes) -> bool:
    """Whether a mean over (n,) episodes may be told: of eleven patients, none with more than half of the episodes."""
    sizes = np.unique(patient, return_counts=True)[1]
    return len(sizes) >= MINIMUM_CELL and bool(sizes.max() <= LARGEST_SHARE * len(patient))


def first_episodes(patient: Codes) -> NDArray[np.bool_]:
    """(n,) the first episode of each patient: among these everybody counts once."""
    first = np.zeros(len(patient), dtype=np.bool_)
    first[np.unique(patient, return_index=True)[1]] = True
    return first


@dataclass(frozen=True)
class Count:
    """Some episodes: told as so many, and judged by the patients whose they are."""

    episodes: int
    patients: int

    @classmethod
    def of(cls, patient: Codes) -> Count:
        """The count of (n,) episodes."""
        return cls(len(patient), count_patients(patient))

    @property
    def is_small(self) -> bool:
        """Whether it could point at a person."""
        return 0 < self.patients < MINIMUM_CELL


@dataclass(frozen=True)
class Split:
    """Episodes of which something holds, and those of which it does not."""

    inside: Count
    outside: Count

    @classmethod
    def of(cls, chosen: NDArray[np.bool_], patient: Codes) -> Split:
        """Parts (n,) episodes by whether they are chosen."""
        return cls(Count.of(patient[chosen]), Count.of(patient[~chosen]))

    @property
    def episodes(self) -> int:
        """All of them."""
        return self.inside.episodes + self.outside.episodes

    @property
    def share(self) -> float:
        """Of the episodes, those inside; none of none."""
        return self.inside.episodes / max(self.episodes, 1)
