"""The score matrix: algebra by hand, dropout, an independent computation, and double robustness."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.nuisances import MINIMUM_PROPENSITY
from estimators.scores import score_matrix

ARM = np.array([0, 1, 2, 0, 1, 2])
OUTCOME = np.array([3.0, 5.0, np.nan, 1.0, np.nan, 4.0])
EXPECTED = np.array([[1.0, 2, 3], [2, 2, 2], [0, 1, 2], [1, 1, 1], [3, 4, 5], [2, 2, 3]])
PROPENSITY = np.array(
    [[0.5, 0.25, 0.25], [0.2, 0.4, 0.4], [0.1, 0.1, 0.8], [0.25, 0.5, 0.25], [1 / 3] * 3, [0.2, 0.3, 0.5]]
)
OBSERVATION = np.array([[0.8, 1, 1], [1, 0.5, 1], [1, 1, 0.5], [1, 1, 1], [1, 0.9, 1], [1, 1, 0.4]])


def test_six_rows_by_hand() -> None:
    """Only the cell of the arm received moves from its expectation, by residual over propensity times observation."""
    scores = score_matrix(ARM, OUTCOME, EXPECTED, PROPENSITY, OBSERVATION)
    by_hand = EXPECTED.copy()
    by_hand[0, 0] = 1 + (3 - 1) / (0.5 * 0.8)
    by_hand[1, 1] = 2 + (5 - 2) / (0.4 * 0.5)
    by_hand[3, 0] = 1 + (1 - 1) / 0.25
    by_hand[5, 2] = 3 + (4 - 3) / (0.5 * 0.4)
    np.testing.assert_allclose(scores, by_hand, atol=1e-12)


def test_dropouts_score_their_expectation() -> None:
    """A row without an outcome scores the expectation under every arm, the one received included."""
    lost = np.isnan(OUTCOME)
    scores = score_matrix(ARM, OUTCOME, EXPECTED, PROPENSITY, OBSERVATION)
    np.testing.assert_array_equal(scores[lost], EXPECTED[lost])


def test_inputs_are_left_alone() -> None:
    """Scoring changes none of its inputs."""
    before = EXPECTED.copy()
    score_matrix(ARM, OUTCOME, EXPECTED, PROPENSITY, OBSERVATION)
    np.testing.assert_array_equal(EXPECTED, before)


@pytest.mark.parametrize("probability", [MINIMUM_PROPENSITY / 10, MINIMUM_PROPENSITY, MINIMUM_PROPENSITY * 2])
def test_the_floor_holds_on_the_product(probability: float) -> None:
    """It is the product of propensity and observation that is held at the floor, from below alone."""
    one = np.array([0])
    scores = score_matrix(
        one, np.array([1.0]), np.zeros((1, 1)), np.full((1, 1), probability * 2), np.full((1, 1), 0.5)
    )
    assert scores[0, 0] == pytest.approx(1 / max(probability, MINIMUM_PROPENSITY))


def test_means_equal_an_independent_computation() -> None:
    """Column means equal regression plus weighted residuals, summed arm by arm in another order of operations."""
    rng = np.random.default_rng(1)
    n, arms = 300, 4
    arm = rng.integers(arms, size=n)
    outcome = np.where(rng.random(n) < 0.8, rng.normal(size=n), np.nan)
    expected, observation = rng.normal(size=(n, arms)), rng.uniform(0.5, 1, size=(n, arms))
    propensity = rng.dirichlet(np.full(arms, 5.0), size=n)
    means = score_matrix(arm, outcome, expected, propensity, observation).mean(axis=0)
    for k in range(arms):
        total = sum(expected[i, k] for i in range(n))
        for i in np.flatnonzero(arm == k):
            if outcome[i] == outcome[i]:
                total += (outcome[i] - expected[i, k]) / max(propensity[i, k] * observation[i, k], MINIMUM_PROPENSITY)
        assert means[k] == pytest.approx(total / n, abs=1e-12)


@pytest.mark.parametrize(
    ("outcome_right", "propensity_right", "observation_right", "unbiased"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, False, True, True),
        (False, True, True, True),
        (False, False, True, False),
        (False, True, False, False),
    ],
)
def test_double_robustness(
    outcome_right: bool, propensity_right: bool, observation_right: bool, unbiased: bool
) -> None:
    """With dropout and confounding the means are right if either μ, or both e and π, are right, and wrong otherwise.

    One draw of n = 200,000 with the nuisances known: right means within 4 standard errors (false alarm under 1e-4 a
    mean); wrong ones, off by design, more than 8 away.
    """
    rng = np.random.default_rng(5)
    n = 200_000
    x = rng.normal(size=n)
    odds = np.exp(np.stack([np.zeros(n), 0.8 * x, -0.6 * x], axis=1))
    propensity = odds / odds.sum(axis=1, keepdims=True)
    arm = (rng.random(n)[:, None] > propensity.cumsum(axis=1)[:, :-1]).sum(axis=1)
    mu = np.stack([x, 1 + 2 * x, 2 - x], axis=1)
    observation = 1 / (1 + np.exp(-1 - np.stack([x, x, -x], axis=1)))
    rows = np.arange(n)
    outcome = mu[rows, arm] + rng.normal(size=n)
    outcome[rng.random(n) > observation[rows, arm]] = np.nan
    scores = score_matrix(
        arm,
        outcome,
        mu if outcome_right else np.zeros_like(mu),
        propensity if propensity_right else np.full_like(propensity, 1 / 3),
        observation if observation_right else np.full_like(observation, 0.7),
    )
    distance = np.abs(scores.mean(axis=0) - mu.mean(axis=0)) / (scores.std(axis=0) / np.sqrt(n))
    if unbiased:
        assert (distance < 4).all()
    else:
        assert distance.max() > 8
