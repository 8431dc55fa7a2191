"""EconML's LinearDRLearner behind the protocol: what is served is what it says, and what least squares says."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.effects import ScoredEpisodes
from estimators.contrasts import average_effects
from estimators.linear_dr import LinearDR, serve_linear

SLOPES = [[0, 0, 0], [0.5, 0, -0.2], [0, 0.3, 0], [0.1, 0.1, 0.4]]

Draw = Callable[..., ScoredEpisodes]


@pytest.fixture(scope="module")
def data(draw_scores: Draw) -> ScoredEpisodes:
    """500 scored episodes of four arms and three modifiers."""
    return draw_scores(500, 1, SLOPES, effects=[0, 1, 2, 3])


def test_coefficients_are_least_squares(data: ScoredEpisodes) -> None:
    """EconML's coefficients equal numpy's least squares of the score contrasts on (1, X), to 1e-9."""
    basis = np.hstack([np.ones((500, 1)), data.features])
    expected, *_ = np.linalg.lstsq(basis, data.contrasts, rcond=None)
    np.testing.assert_allclose(LinearDR().coefficients(data), expected.T, atol=1e-9)
    np.testing.assert_allclose(LinearDR().fit(data).coefficients, expected.T, atol=1e-9)


@pytest.mark.parametrize("arm", [1, 2, 3])
def test_effect_and_error_are_econmls(data: ScoredEpisodes, arm: int) -> None:
    """For 20 patients the served effect and its standard error equal EconML's own inference, to 1e-9."""
    served = LinearDR().fit(data)
    patients = np.random.default_rng(2).normal(size=(20, 3))
    told = LinearDR.learner(data).effect_inference(patients, T0=0, T1=arm)
    for i, features in enumerate(patients):
        effects, covariance = served.at(features)
        assert effects[arm] == pytest.approx(float(told.point_estimate[i]), abs=1e-9)
        assert np.sqrt(covariance[arm, arm]) == pytest.approx(float(told.stderr[i]), abs=1e-9)


def test_clustered_errors_equal_an_independent_sandwich(draw_scores: Draw) -> None:
    """With clusters of four the joint covariance equals (X'X)^-1 (Σ_g X_g'r_g r_g'X_g) (X'X)^-1, for two arms."""
    data = draw_scores(400, 3, SLOPES, cluster_size=4)
    served = LinearDR().fit(data)
    basis = np.hstack([np.ones((400, 1)), data.features])
    inverse = np.linalg.inv(basis.T @ basis)
    residual = {k: data.contrasts[:, k] - basis @ served.coefficients[k] for k in (1, 3)}
    factor = 100 / 99 * 399 / (400 - 4)
    for first, second in ((1, 1), (1, 3)):
        meat = np.zeros((4, 4))
        for unit in range(100):
            rows = data.cluster == unit
            meat += np.outer(basis[rows].T @ residual[first][rows], basis[rows].T @ residual[second][rows])
        np.testing.assert_allclose(
            served.covariance[first, :, second, :], factor * inverse @ meat @ inverse, rtol=1e-9, atol=1e-15
        )


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_the_joint_covariance_is_a_covariance(varying: list[bool], seed: int) -> None:
    """Whatever arms vary, the joint covariance of all coefficients is symmetric and has no negative eigenvalue."""
    rng = np.random.default_rng(seed)
    n = 60
    data = ScoredEpisodes(
        scores=rng.normal(size=(n, 4)),
        features=rng.normal(size=(n, 3)),
        arm=np.arange(n) % 4,
        outcome=np.zeros(n),
        expected=np.zeros((n, 4)),
        propensity=np.full((n, 4), 0.25),
        observation=np.ones((n, 4)),
        fold=np.arange(n) % 3,
        cluster=np.arange(n) // 2,
    )
    flat = serve_linear(data, rng.normal(size=(4, 4)), np.array([False, *varying])).covariance.reshape(16, 16)
    np.testing.assert_allclose(flat, flat.T, atol=1e-15)
    assert np.linalg.eigvalsh(flat).min() > -1e-12


def test_swapping_two_arms_swaps_the_blocks(data: ScoredEpisodes) -> None:
    """Columns 1 and 3 of Γ swapped: coefficients and covariance blocks swap, to 1e-9 (order of summation)."""
    swap = [0, 3, 2, 1]
    other = replace(data, scores=data.scores[:, swap], arm=np.asarray(swap)[data.arm])
    here, there = LinearDR().fit(data), LinearDR().fit(other)
    np.testing.assert_allclose(there.coefficients, here.coefficients[swap], atol=1e-9)
    np.testing.assert_allclose(there.covariance, here.covariance[swap][:, :, swap], atol=1e-9)


def test_another_reference_turns_the_contrasts(data: ScoredEpisodes) -> None:
    """With arm 2 as the reference, arm 0's effect is minus what arm 2's was, with the same error."""
    swap = [2, 1, 0, 3]
    here, there = LinearDR().fit(data), LinearDR().fit(replace(data, scores=data.scores[:, swap]))
    np.testing.assert_allclose(there.coefficients[2], -here.coefficients[2], atol=1e-9)
    np.testing.assert_allclose(there.covariance[2, :, 2], here.covariance[2, :, 2], atol=1e-9)


def test_constant_arms_serve_the_average(data: ScoredEpisodes) -> None:
    """An arm that stays constant has the average effect, and its error but for the factor of fitted parameters."""
    served = serve_linear(data, LinearDR().coefficients(data), np.array([False, True, False, False]))
    averages = average_effects(data.scores, data.cluster, 0.9)
    for arm in (2, 3):
        assert served.coefficients[arm, 0] == pytest.approx(averages.effects[arm], abs=1e-12)
        assert not served.coefficients[arm, 1:].any()
        assert not served.covariance[arm, 1:].any()
    factor = 499 / (500 - 4)
    block = served.covariance[2:, 0, 2:, 0]
    np.testing.assert_allclose(block, averages.covariance[2:, 2:] * factor, rtol=1e-9)
    assert served.individualised.tolist() == [False, True, False, False]


def test_the_reference_is_never_individualised(data: ScoredEpisodes) -> None:
    """The reference's effect is zero with no variance, whatever is asked."""
    served = serve_linear(data, np.ones((4, 4)), np.ones(4, dtype=bool))
    assert not served.individualised[0]
    assert not served.coefficients[0].any()
    assert not served.covariance[0].any()


def test_modifiers_that_determine_each_other_are_served(draw_scores: Draw) -> None:
    """A doubled modifier warns nobody, splits its slope, and leaves every patient's effect and error as they were."""
    once = draw_scores(400, 4, [[0.0], [0.6]])
    twice = replace(once, features=np.hstack([once.features, once.features]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        served = LinearDR().fit(twice)
    effects, covariance = LinearDR().fit(once).at(np.array([1.3]))
    doubled, wider = served.at(np.array([1.3, 1.3]))
    np.testing.assert_allclose(doubled, effects, atol=1e-9)
    np.testing.assert_allclose(wider, covariance, rtol=0.01)
