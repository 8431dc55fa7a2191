"""Patients are counted by head: however many episodes each has, and a mean is never mostly one's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.patient_count import (
    MINIMUM_CELL,
    Count,
    Split,
    are_enough,
    count_patients,
    each_its_own,
    first_episodes,
)

EPISODES = st.lists(st.integers(0, 30), max_size=200).map(lambda held: np.array(held, dtype=np.int64))


@given(EPISODES)
def test_a_count_is_of_people(patient: np.ndarray) -> None:
    """However often each comes, a set counts them as well; among first episodes everybody is there once."""
    assert count_patients(patient) == len(set(patient.tolist())) == Count.of(patient).patients
    first = patient[first_episodes(patient)]
    assert sorted(first.tolist()) == sorted(set(patient.tolist()))


@pytest.mark.parametrize(
    ("sizes", "enough"),
    [
        ([1] * 11, True),
        ([1] * 10, False),
        ([11], False),
        ([50] * 10, False),
        ([10, *[1] * 10], True),
        ([11, *[1] * 10], False),
        ([90, *[1] * 10], False),
        ([], False),
    ],
)
def test_a_mean_is_of_eleven_and_of_nobody_alone(sizes: list[int], enough: bool) -> None:
    """Eleven patients are enough and ten are not, whatever they have; nor are eleven of whom one has most episodes."""
    assert are_enough(np.repeat(np.arange(len(sizes)), sizes)) is enough


@given(st.integers(0, 40), st.integers(0, 40))
def test_where_each_has_one_episode_patients_are_episodes(inside: int, outside: int) -> None:
    """Counts, what is small and what is enough are then those of episodes."""
    split = Split.of(np.arange(inside + outside) < inside, each_its_own(inside + outside))
    assert (split.inside.patients, split.outside.patients) == (inside, outside)
    assert split.inside.is_small == (0 < inside < MINIMUM_CELL)
    assert are_enough(each_its_own(inside)) == (inside >= MINIMUM_CELL)
