"""Overlap: preference scores, support, and the honesty of the propensities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.episode import FloatArray, IntArray
from estimators.overlap import calibration_error, equipoise, support_scores


def drawn(seed: int, n: int, arms: int = 4, strength: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """True propensities and arms drawn by them."""
    rng = np.random.default_rng(seed)
    weights = np.exp(strength * rng.normal(size=(n, arms)))
    chance = weights / weights.sum(axis=1, keepdims=True)
    return chance, (rng.random(n)[:, None] > chance.cumsum(axis=1)[:, :-1]).sum(axis=1)


def in_equipoise(propensity: FloatArray, arm: IntArray, first: int, second: int) -> float:
    """Share of a pair's episodes in equipoise, each of another patient."""
    return equipoise(propensity, arm, first, second, np.arange(len(arm))).share


@given(st.integers(0, 500))
@settings(max_examples=30)
def test_identical_propensities_are_full_equipoise(seed: int) -> None:
    """Where every patient has the arms' shares as propensity, all are in equipoise, however unequal the shares."""
    arm = np.random.default_rng(seed).choice(3, size=300, p=[0.05, 0.25, 0.7])
    arm[:3] = [0, 1, 2]
    shares = np.bincount(arm) / 300
    assert in_equipoise(np.repeat(shares[None], 300, axis=0), arm, 0, 1) == 1.0


def test_separated_arms_have_none() -> None:
    """Where propensities tell the arms apart nobody is in equipoise."""
    arm = np.tile([0, 1], 50)
    assert in_equipoise(np.where(np.eye(2)[arm] == 1, 0.95, 0.05), arm, 0, 1) == 0.0


@given(st.integers(0, 500))
@settings(max_examples=30)
def test_equipoise_does_not_depend_on_the_order_of_the_pair(seed: int) -> None:
    """A pair has the same equipoise named either way round, and a third arm's episodes do not enter."""
    chance, arm = drawn(seed, 200)
    assert in_equipoise(chance, arm, 0, 1) == in_equipoise(chance, arm, 1, 0)
    pair = arm <= 1
    assert in_equipoise(chance[pair], arm[pair], 0, 1) == in_equipoise(chance, arm, 0, 1)


def test_the_preference_score_by_hand() -> None:
    """The score F, logit F = logit P - logit(share) with P the pairwise propensity, lies in 0.3-0.7 as counted."""
    chance, arm = drawn(1, 500, strength=1.0)
    pair = arm <= 1
    p = chance[pair, 0] / (chance[pair, 0] + chance[pair, 1])
    share = np.mean(arm[pair] == 0)
    logit = np.log(p / (1 - p)) - np.log(share / (1 - share))
    preference = 1 / (1 + np.exp(-logit))
    assert in_equipoise(chance, arm, 0, 1) == pytest.approx(np.mean((preference >= 0.3) & (preference <= 0.7)))


def test_support_is_relative_to_the_arms_share() -> None:
    """A patient as likely as the average, or likelier, has support 1; half as likely has a half."""
    propensity = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    np.testing.assert_allclose(support_scores(propensity), [[0.5, 1.0], [1.0, 1.0], [1.0, 0.7 / 0.8]])


def test_patients_who_start_again_err_by_chance_too() -> None:
    """The same of 200 patients who start their arm five times: the mark is exceeded in at most 5 % of 200 draws (and
    3 Monte Carlo errors, 0.046); were episodes counted, in three of ten and more.
    """
    patients, alone = np.repeat(np.arange(200), 5), np.arange(1000)
    drawn_again = [tuple(np.repeat(part, 5, axis=0) for part in drawn(seed, 200, 3)) for seed in range(200)]
    beyond = np.array([np.subtract(*calibration_error(chance, arm, patients)) for chance, arm in drawn_again])
    assert np.mean(beyond > 0.03) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    naive = np.array([np.subtract(*calibration_error(chance, arm, alone)) for chance, arm in drawn_again])
    assert np.mean(naive > 0.03) > 0.3


@pytest.mark.parametrize("arms", [2, 4])
@pytest.mark.parametrize("n", [100, 300, 3000])
def test_calibrated_propensities_err_by_chance(n: int, arms: int) -> None:
    """True propensities exceed what chance explains by the protocol's mark of 0.03 in at most 5 % of 300 draws (and
    3 Monte Carlo errors, 0.038); with two arms, whose errors are one, chance is exceeded at all in about 0.05 of them.
    """
    beyond = np.array([np.subtract(*calibration_error(*drawn(seed, n, arms), np.arange(n))) for seed in range(300)])
    assert np.mean(beyond > 0.03) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
    if arms == 2:
        assert np.mean(beyond > 0) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 300))


def test_the_chance_term_by_simulation() -> None:
    """For one given class the chance term is the 0.95 quantile of the error over 1,000 draws, within 5 %."""
    rng = np.random.default_rng(2)
    p = rng.uniform(0.1, 0.6, size=1000)
    chance = np.stack([1 - p, p], axis=1)
    found = np.array(
        [calibration_error(chance, (rng.random(1000) < p).astype(int), np.arange(1000)) for _ in range(1000)]
    )
    assert np.quantile(found[:, 0], 0.95) == pytest.approx(found[:, 1].mean(), rel=0.05)


@pytest.mark.parametrize("distortion", [0.3, 3.0])
def test_distorted_propensities_err_beyond_chance(distortion: float) -> None:
    """Propensities sharpened or flattened (odds to a power) err beyond chance by more than the protocol's 0.03."""
    chance, arm = drawn(3, 3000, strength=1.0)
    wrong = chance**distortion
    error, by_chance = calibration_error(wrong / wrong.sum(axis=1, keepdims=True), arm, np.arange(len(arm)))
    assert error - by_chance > 0.03


def test_renaming_arms_changes_no_error() -> None:
    """The worst arm is found wherever it stands."""
    chance, arm = drawn(4, 1000, arms=3)
    chance = 0.8 * chance + 0.2 * np.array([1.0, 0, 0])
    turned = np.array([2, 0, 1])
    assert calibration_error(chance[:, np.argsort(turned)], turned[arm], np.arange(len(arm))) == pytest.approx(
        calibration_error(chance, arm, np.arange(len(arm)))
    )
