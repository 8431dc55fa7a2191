"""Pairs of arms by their design: the pair that is at fault is found, no other, and detectable means what it says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from data_contracts.episode import FloatArray, IntArray
from data_contracts.gate_marks import GateMarks
from estimators.balance import balance
from estimators.overlap import equipoise
from estimators.pair_design import detectable_differences, pair_designs

MARKS = GateMarks()
N = 3000


def thirds(pull: float = 0.0, unseen: float = 0.0) -> tuple[FloatArray, IntArray, FloatArray]:
    """Three arms by two covariates: the third arm is drawn by the first covariate as far as ``pull`` says, which the
    propensity knows, and by the second as far as ``unseen`` says, which it does not.
    """
    rng = np.random.default_rng(5)
    x = rng.normal(size=(N, 2))

    def shares(*weights: float) -> FloatArray:
        logits = np.column_stack([np.zeros((N, 2)), x @ np.array(weights)])
        return np.asarray(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))

    arm = (rng.random(N)[:, None] > shares(pull, unseen).cumsum(axis=1)).sum(axis=1)
    return x, arm.astype(np.int64), shares(pull, 0.0)


def at_fault(x: FloatArray, arm: IntArray, propensity: FloatArray) -> list[tuple[int, int]]:
    """Pairs that are not comparable."""
    found = pair_designs(("seen", "unseen"), x, arm, propensity, np.arange(N), np.arange(N))
    return [(pair.first, pair.second) for pair in found if not pair.comparable(MARKS)]


def test_arms_given_by_chance_are_comparable() -> None:
    """Where a coin decides no pair is at fault."""
    assert at_fault(*thirds()) == []


def test_imbalance_is_laid_to_the_pairs_that_have_it() -> None:
    """A cause that the propensity does not know sets the third arm apart from both others, and names the covariate."""
    x, arm, propensity = thirds(unseen=0.7)
    assert at_fault(x, arm, propensity) == [(0, 2), (1, 2)]
    found = pair_designs(("seen", "unseen"), x, arm, propensity, np.arange(N), np.arange(N))
    assert [pair.column for pair in found[1:]] == ["unseen", "unseen"]


def test_a_pair_without_equipoise_is_found() -> None:
    """An arm that other patients get is not comparable with either of the arms that share theirs."""
    x, arm, propensity = thirds(pull=6.0)
    found = pair_designs(("seen", "unseen"), x, arm, propensity, np.arange(N), np.arange(N))
    assert [pair.equipoise < MARKS.min_equipoise for pair in found] == [False, True, True]
    assert {(0, 2), (1, 2)} <= set(at_fault(x, arm, propensity))


def test_pairs_agree_with_the_studys_own_figures() -> None:
    """The largest over pairs is what the balance gate judges; equipoise is that of the pair."""
    x, arm, propensity = thirds(pull=0.8, unseen=0.3)
    found = pair_designs(("seen", "unseen"), x, arm, propensity, np.arange(N), np.arange(N))
    whole = balance(("seen", "unseen"), x, arm, propensity, np.arange(N))
    assert max(pair.beyond_chance for pair in found) == pytest.approx(whole.beyond_chance, abs=1e-12)
    assert max(pair.difference for pair in found) == pytest.approx(float(whole.after.max()), abs=1e-12)
    for pair, (i, j) in zip(found, combinations(range(3), 2), strict=True):
        assert (pair.first, pair.second) == (i, j)
        assert pair.equipoise == equipoise(propensity, arm, i, j, np.arange(N)).share


def test_what_is_detectable_is_detected_four_times_in_five() -> None:
    """20,000 trials of 80 against 120 patients with just that difference: a 90 % interval leaves out 0 in 80 % of
    them, within 3 Monte Carlo errors (0.0028) and 0.005 for the normal approximation.
    """
    rng, sizes, draws = np.random.default_rng(6), np.array([80.0, 120.0]), 20_000
    difference = detectable_differences(6.0, sizes, 0.9)[0, 1]
    means = [rng.normal(shift, 6 / np.sqrt(size), draws) for shift, size in zip((0, difference), sizes, strict=True)]
    error = 6 * np.sqrt(1 / 80 + 1 / 120)
    found = np.abs(means[1] - means[0]) > 1.6449 * error
    assert found.mean() == pytest.approx(0.8, abs=0.0135)


def test_an_arm_without_weight_detects_next_to_nothing() -> None:
    """Fewer effective episodes, larger differences; the matrix is symmetric."""
    found = detectable_differences(1.0, np.array([400.0, 400.0, 4.0]), 0.9)
    assert found[0, 2] > 5 * found[0, 1]
    np.testing.assert_array_equal(found, found.T)
