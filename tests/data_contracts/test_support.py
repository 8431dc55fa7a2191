"""Support as data: verdicts by hand, one patient and many alike, and arrays that say what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.support import (
    CELLS,
    HARDLY_EVER,
    SUPPORTED,
    TOO_FEW,
    Side,
    Support,
    log_odds_cell,
    pack_regions,
)
from data_contracts.support_arrays import SUPPORT_ARRAYS, support_arrays, support_from, support_problems

REGION = (1, [Side(0, 1.0, 0.5), Side(1, -1.0, -0.2)])
"""Arm 1 where z0 > 0.5 and z1 < 0.2."""


def make_support(**changes: Any) -> Support:
    """Three arms, two covariates: arm 2's log-odds rise with z0; everybody has similar patients."""
    plain = Support.of_propensity(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    counted = {"similar": np.full((3, CELLS), 11.0), "hardly_ever": np.full(3, -4.0), **pack_regions([REGION])}
    return replace(plain, **{**counted, **changes})


@pytest.mark.parametrize(
    ("patient", "verdicts"),
    [
        ((0.0, 0.0), (SUPPORTED, SUPPORTED, SUPPORTED)),
        ((0.6, 0.1), (SUPPORTED, HARDLY_EVER, SUPPORTED)),
        ((0.5, 0.1), (SUPPORTED, SUPPORTED, SUPPORTED)),
        ((0.6, 0.2), (SUPPORTED, SUPPORTED, SUPPORTED)),
        ((-3.5, 0.0), (SUPPORTED, SUPPORTED, HARDLY_EVER)),
        ((-3.2, 0.0), (SUPPORTED, SUPPORTED, SUPPORTED)),
    ],
)
def test_verdicts_by_hand(patient: tuple[float, float], verdicts: tuple[int, ...]) -> None:
    """A region bars its own arm inside all its sides; an arm is hardly ever given under its limit of log-odds."""
    assert tuple(make_support().verdicts(np.array(patient))) == verdicts


def test_too_few_similar_patients_are_told_unless_the_arm_is_barred() -> None:
    """A band of 0 in the patient's cell means too few; that the arm was hardly ever given says more and goes first."""
    similar = np.full((3, CELLS), 11.0)
    similar[1, log_odds_cell(np.log(0.5))] = 0.0  # each of three equal arms has odds of 1 to 2
    assert make_support(similar=similar).verdicts(np.zeros(2)).tolist() == [SUPPORTED, TOO_FEW, SUPPORTED]
    barred = make_support(similar=np.zeros((3, CELLS))).verdicts(np.array([0.6, 0.0]))
    assert barred.tolist() == [TOO_FEW, HARDLY_EVER, TOO_FEW]


def test_one_patient_and_many_get_the_same_verdicts() -> None:
    """Row by row and all at once, also where log-odds overflow the grid on either side."""
    patients = np.random.default_rng(1).normal(size=(300, 2)) * [8.0, 1.0]
    patients[:2] = [[900.0, 0.0], [-900.0, 0.0]]
    support = make_support()
    np.testing.assert_array_equal(support.verdicts(patients), [support.verdicts(row) for row in patients])
    np.testing.assert_array_equal(support.log_odds(patients), [support.log_odds(row) for row in patients])


def test_a_propensity_alone_supports_nobody() -> None:
    """Until similar patients have been counted there are none."""
    assert set(Support.of_propensity(np.zeros((3, 3))).verdicts(np.zeros(2))) == {TOO_FEW}


def test_arrays_bring_everything_back() -> None:
    """Written and read, every array is the same, whole numbers too, and nothing is wrong with it."""
    support = make_support()
    there = support_from(support_arrays(support))
    for name in support.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(there, name), getattr(support, name), strict=True)
    assert support_problems(there, 3, 2) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("support_logits", np.zeros((3, 4))),
        ("support_hardly_ever", np.array([0.0, np.nan, 0.0])),
        ("support_similar", np.zeros((3, CELLS + 1))),
        ("support_region_arm", np.array([3.0])),
        ("support_region_arm", np.array([np.nan])),
        ("support_region_column", np.array([[0.0, 2.0, 0.0]])),
        ("support_region_column", np.array([[0.0, 0.5, 0.0]])),
        ("support_region_sign", np.zeros((2, 3))),
        ("support_region_bound", np.full((1, 3), np.inf)),
    ],
)
def test_arrays_that_do_not_fit_are_named(name: str, value: Any) -> None:
    """A wrong shape, no number, or an arm or column that there is not: the array is named and nothing is looked up."""
    arrays = support_arrays(make_support())
    assert set(arrays) == set(SUPPORT_ARRAYS)
    assert support_problems(support_from({**arrays, name: value}), 3, 2) == [name]
