"""The limit of possible heterogeneity covers what is there, and never promises that patients are alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from data_contracts.effects import ScoredEpisodes, ServedEffects
from estimators.heterogeneity import possible_heterogeneity
from estimators.linear_dr import LinearDR, serve_linear

DRAWS = 1000


def served(slopes: np.ndarray, noise: np.ndarray) -> ServedEffects:
    """One arm with these slopes and this covariance of them."""
    p = len(slopes)
    coefficients = np.zeros((2, 1 + p))
    coefficients[1, 1:] = slopes
    covariance = np.zeros((2, 1 + p, 2, 1 + p))
    covariance[1, 1:, 1, 1:] = noise
    return ServedEffects(coefficients, covariance, np.zeros((2, 2)), np.array([False, True]))


@pytest.mark.parametrize(("p", "uneven"), [(1, 1.0), (3, 1.0), (6, 1.0), (6, 4.0)])
@pytest.mark.parametrize("signal", [0.0, 0.5, 1.0, 1.5, 2.0, 4.0])
def test_the_limit_covers_the_true_variance(p: int, uneven: float, signal: float) -> None:
    """Slopes drawn from their sampling law, from no signal to a strong one: the limit is at or above the true variance
    in 0.90 of 1,000 draws, less 3 Monte Carlo errors (0.028) and 0.01 for the normal approximation, 0.04 where the
    slope that carries the signal has four times the noise variance of the others (``uneven``).
    """
    rng = np.random.default_rng(int(10 * signal) + p)
    noise = np.diag(np.r_[uneven, np.ones(p - 1)])
    features = rng.normal(size=(400, p))
    slopes = np.zeros(p)
    slopes[0] = signal * np.sqrt(np.trace(noise))
    true = float(slopes @ (features.T @ features / 400) @ slopes)
    drawn = slopes + np.sqrt(np.diag(noise)) * rng.normal(size=(DRAWS, p))
    limits = [possible_heterogeneity(served(found, noise), features, 0.9)[1] for found in drawn]
    allowed = 3 * np.sqrt(0.9 * 0.1 / DRAWS) + (0.01 if uneven == 1 else 0.04)
    assert np.mean(np.asarray(limits) >= true) >= 0.9 - allowed


@pytest.mark.parametrize("slopes", [(0.0, 0.0), (0.4, 0.0), (0.8, -0.6)])
def test_the_limit_covers_through_scores(slopes: Sequence[float], draw_scores: Callable[..., ScoredEpisodes]) -> None:
    """Learned from 300 scored episodes each, the limit of 200 draws is at or above the true linear variance in at
    least 0.90 less 3 Monte Carlo errors (0.064).
    """
    covered = 0
    for seed in range(200):
        data = draw_scores(300, seed, [[0.0, 0.0], slopes])
        spread = data.features.T @ data.features / 300
        true = float(np.asarray(slopes) @ spread @ np.asarray(slopes))
        limit = possible_heterogeneity(_least_squares(data), data.features, 0.9)
        covered += bool(limit[1] >= true)
    assert covered / 200 >= 0.90 - 3 * np.sqrt(0.9 * 0.1 / 200)


def _least_squares(data: ScoredEpisodes) -> ServedEffects:
    """What LinearDR serves, without EconML, for speed; another test shows that they are equal."""
    basis = np.hstack([np.ones((len(data.arm), 1)), data.features])
    coefficients = np.linalg.lstsq(basis, data.contrasts, rcond=None)[0].T
    return serve_linear(data, coefficients, np.ones(len(coefficients), dtype=np.bool_))


def test_the_fast_form_is_the_real_one(draw_scores: Callable[..., ScoredEpisodes]) -> None:
    """The least squares used above gives the limits that EconML's learner gives."""
    data = draw_scores(300, 1, [[0.0, 0.0], [0.5, 0.1], [0.0, 0.0]])
    np.testing.assert_allclose(
        possible_heterogeneity(_least_squares(data), data.features, 0.9),
        possible_heterogeneity(LinearDR().fit(data), data.features, 0.9),
        atol=1e-9,
    )


def test_the_reference_has_none() -> None:
    """The reference's limit is zero."""
    features = np.random.default_rng(1).normal(size=(50, 2))
    assert possible_heterogeneity(served(np.ones(2), np.eye(2)), features, 0.9)[0] == 0


def test_a_lucky_sample_promises_nothing() -> None:
    """Slopes of exactly zero with noise still leave heterogeneity possible, as much as no signal at all does."""
    features = np.random.default_rng(2).normal(size=(500, 3))
    spread = features.T @ features / 500
    limit = possible_heterogeneity(served(np.zeros(3), 0.01 * np.eye(3)), features, 0.9)[1]
    assert limit == pytest.approx(1.2816 * np.sqrt(2) * 0.01 * np.sqrt(np.trace(spread @ spread)), rel=1e-4)


@pytest.mark.parametrize("factor", [0.1, 3.0, 100.0])
def test_the_limit_scales_with_the_outcome_squared(factor: float) -> None:
    """An outcome in other units has limits in those units squared."""
    rng = np.random.default_rng(3)
    features, slopes = rng.normal(size=(200, 3)), rng.normal(size=3)
    plain = possible_heterogeneity(served(slopes, np.eye(3)), features, 0.9)[1]
    scaled = possible_heterogeneity(served(factor * slopes, factor**2 * np.eye(3)), features, 0.9)[1]
    assert scaled == pytest.approx(factor**2 * plain, rel=1e-12)


def test_without_noise_the_limit_is_the_variance() -> None:
    """Slopes known exactly have exactly the variance they imply."""
    features = np.random.default_rng(4).normal(size=(200, 2))
    slopes = np.array([0.7, -0.2])
    exact = slopes @ (features.T @ features / 200) @ slopes
    assert possible_heterogeneity(served(slopes, np.zeros((2, 2))), features, 0.9)[1] == pytest.approx(exact)


def test_more_confidence_is_wider() -> None:
    """The limit grows with the confidence asked."""
    features = np.random.default_rng(5).normal(size=(200, 2))
    limits = [possible_heterogeneity(served(np.ones(2), np.eye(2)), features, c)[1] for c in (0.6, 0.8, 0.9, 0.99)]
    assert limits == sorted(limits)
