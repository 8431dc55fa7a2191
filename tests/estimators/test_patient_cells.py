"""Cells of ordered episodes: a served value is a mean of eleven patients, whoever comes how often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.patient_count import are_enough, count_patients, each_its_own
from estimators.design import learn_encoding
from estimators.patient_cells import even_parts, first_enough, mean_around
from estimators.similar_groups import similar_groups

VISITS = st.lists(st.integers(0, 25), min_size=30, max_size=120).map(lambda held: np.array(held, dtype=np.int64))


@given(st.integers(60, 300), st.integers(0, 299))
def test_of_one_episode_each_it_is_the_eleven_around(n: int, place: int) -> None:
    """Where each patient has one episode the window holds five values on either side, as far as there are any."""
    place = min(place, n - 1)
    if 5 <= place < n - 5:
        ordered = np.sort(np.random.default_rng(n).normal(size=n))
        assert mean_around(ordered, each_its_own(n), place) == ordered[place - 5 : place + 6].mean()
    assert first_enough(each_its_own(n)) == 11
    assert [len(part) for part in even_parts(each_its_own(n), 64)] == [
        len(part) for part in np.array_split(np.arange(n), min(64, n // 11))
    ]


@given(VISITS, st.data())
def test_every_cell_is_of_patients_enough(patient: np.ndarray, data: st.DataObject) -> None:
    """Parts cover all episodes once; each is of patients enough, unless all together are not; so are first ones."""
    parts = even_parts(patient, data.draw(st.integers(1, 20)))
    assert np.concatenate(parts).tolist() == list(range(len(patient)))
    assert len(parts) == 1 or all(are_enough(patient[part]) for part in parts)
    first = first_enough(patient)
    assert first == len(patient) or are_enough(patient[:first])
    assert not any(are_enough(patient[:fewer]) for fewer in range(first))


def test_the_middle_is_not_the_patient_who_comes_most() -> None:
    """Of a hundred episodes of one patient among forty others the median, the ends and the fill are not theirs."""
    patient = np.concatenate([np.zeros(100, dtype=np.int64), np.arange(1, 41)])
    for own in (7.0, 99.0, -99.0):
        values = np.concatenate([np.full(100, own), np.random.default_rng(0).normal(size=40)])
        feature = learn_encoding({"x": values}, ["x"], patient).features[0]
        assert min(abs(told - own) for told in (feature.lower, feature.upper, feature.fill)) > 1e-6
        alone = learn_encoding({"x": values}, ["x"]).features[0]
        assert own in (alone.lower, alone.upper, alone.fill)


@pytest.mark.parametrize(("others", "known"), [(10, False), (11, True)])
def test_a_level_is_known_by_its_patients(others: int, known: bool) -> None:
    """A level that one patient has in thirty episodes, and ten others, is known with the eleventh patient alone."""
    patient = np.concatenate([np.zeros(30, dtype=np.int64), np.arange(1, 101)])
    rare = np.arange(130) < 30 + others - 1
    column = np.where(rare, "rare", "common").astype(object)
    assert ("rare" in learn_encoding({"x": column}, ["x"], patient).features[0].levels) is known


def test_similar_patients_are_counted_once() -> None:
    """Forty patients with three episodes each of an arm are forty similar patients, with the outcomes of the first."""
    patient, rng = np.repeat(np.arange(40), 3), np.random.default_rng(1)
    columns = {"x": np.repeat(rng.normal(size=40), 3)}
    outcome = np.tile([1.0, 50.0, 90.0], 40) + np.repeat(rng.normal(size=40), 3)
    arm = np.zeros(120, dtype=np.int64)
    found = similar_groups(learn_encoding(columns, ["x"], patient), columns, ["x"], arm, outcome, 1, patient)
    assert found.cells[0, 0, 0] == count_patients(patient) == 40
    assert found.cells[0, 0, 3] == pytest.approx(outcome[::3].mean())
