"""Joining records and trials: exact against brute force, invariant where it must be, robust where they conflict."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from estimators.trial_pooling import REFUSAL, TrialPrior, _ways, pool, posterior


def prior_of(effects, sampling, between=0.0, bias=0.0, unit=1.0) -> TrialPrior:
    m = len(effects)
    shared = 0.5 * (np.eye(m) + 1)
    sampling = np.asarray(sampling, float) * (np.eye(m) if np.ndim(sampling) == 0 else 1)
    return TrialPrior(np.arange(1, m + 1), np.asarray(effects, float), sampling, between * shared, bias * shared, unit)


def local(effects, contrast_covariance):
    """Effects and covariance with the reference in front."""
    m = len(effects)
    covariance = np.zeros((m + 1, m + 1))
    covariance[1:, 1:] = contrast_covariance
    return np.concatenate([[0.0], effects]), covariance


V2 = np.array([[0.10, 0.05], [0.05, 0.14]])


@pytest.mark.parametrize("gap", [0.0, 0.7, 2.5])
def test_one_contrast_is_the_posterior_on_a_grid(gap):
    """Prior times likelihood, summed over a fine grid, gives the same mean and variance."""
    effects, covariance = local([0.5 + gap], [[0.09]])
    prior = prior_of([0.5], 0.02, between=0.1, bias=0.02)
    grid = np.linspace(-8, 8, 400_001)
    density = norm.pdf(grid, 0.5 + gap, 0.3) * (
        0.8 * norm.pdf(grid, 0.5, np.sqrt(0.14)) + 0.2 * norm.pdf(grid, 0.5, np.sqrt(1.14))
    )
    density /= density.sum()
    mean = (density * grid).sum()
    found = posterior(effects, covariance, prior, 0.2, np.zeros(1))
    assert found[0][1] == pytest.approx(mean, abs=1e-7)
    assert found[1][1, 1] == pytest.approx((density * (grid - mean) ** 2).sum(), abs=1e-7)


def test_two_contrasts_are_the_posterior_on_a_grid():
    """The same in two dimensions, correlated on both sides, with a mixture of four ways to conflict."""
    effects, covariance = local([1.2, -0.3], V2)
    prior = prior_of([0.4, 0.2], [[0.03, 0.01], [0.01, 0.04]], between=0.1, bias=0.02)
    axis = np.linspace(-3.5, 4.5, 801)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    weights = {ways: np.prod([0.2 if c else 0.8 for c in ways]) for ways in product((0, 1), repeat=2)}
    density = multivariate_normal(effects[1:], V2).pdf(points) * sum(
        weight * multivariate_normal(prior.effects, prior.covariance + np.diag(ways)).pdf(points)
        for ways, weight in weights.items()
    )
    density /= density.sum()
    mean = np.einsum("ij,ijk->k", density, points)
    spread = np.einsum("ij,ijk,ijl->kl", density, points - mean, points - mean)
    found = posterior(effects, covariance, prior, 0.2, np.zeros(2))
    np.testing.assert_allclose(found[0][1:], mean, atol=1e-6)
    np.testing.assert_allclose(found[1][1:, 1:], spread, atol=1e-6)


def test_an_arm_without_trials_moves_with_its_neighbours():
    """The joint posterior with a flat prior on the third arm: what is learned of two is passed on by correlation."""
    three = np.array([[0.10, 0.05, 0.05], [0.05, 0.14, 0.05], [0.05, 0.05, 0.2]])
    effects, covariance = local([1.2, -0.3, 0.6], three)
    prior = prior_of([0.4, 0.2], 0.03, between=0.1)
    found = posterior(effects, covariance, prior, 0.0, np.zeros(2))
    flat = np.zeros((3, 3))
    flat[:2, :2] = np.linalg.inv(prior.covariance)
    wanted = np.linalg.inv(np.linalg.inv(three) + flat)
    towards = np.linalg.inv(three) @ effects[1:] + flat[:, :2] @ prior.effects
    np.testing.assert_allclose(found[0][1:], wanted @ towards, atol=1e-12)
    np.testing.assert_allclose(found[1][1:, 1:], wanted, atol=1e-12)


def test_the_reference_does_not_matter_to_the_hierarchical_model():
    """With one tau for all, and no guard against conflict, any arm as reference gives the same differences."""
    effects, covariance = local([1.2, -0.3], V2)
    prior = prior_of([0.4, 0.2], [[0.03, 0.01], [0.01, 0.04]], between=0.1, bias=0.02)
    found = posterior(effects, covariance, prior, 0.0, np.zeros(2))
    turn = np.array([[-1.0, 0.0], [-1.0, 1.0]])  # the reference and the second arm, against the first
    others = local(turn @ effects[1:], turn @ V2 @ turn.T)
    moved = prior_of(turn @ prior.effects, turn @ prior.sampling @ turn.T, between=0.1, bias=0.02)
    again = posterior(*others, moved, 0.0, np.zeros(2))
    np.testing.assert_allclose(again[0][1:], turn @ found[0][1:], atol=1e-12)
    np.testing.assert_allclose(again[1][1:, 1:], turn @ found[1][1:, 1:] @ turn.T, atol=1e-12)
    assert pool(*others, moved).chi2 == pytest.approx(pool(effects, covariance, prior).chi2)


def test_contrasts_that_share_the_reference_are_not_independent():
    """Taken as independent, two contrasts would seem surer than they are; the difference between arms shows it.

    Records and trials are drawn at random from the model; only the joint treatment has the stated coverage for a
    difference of arms, the diagonal one misses by far more than the Monte Carlo error (0.007).
    """
    rng, draws = np.random.default_rng(3), 2000
    shared = 0.5 * (np.eye(2) + 1)
    between, v, s = 0.1 * shared, 0.12 * shared, 0.05 * shared
    held = {"joint": 0, "diagonal": 0}
    for _ in range(draws):
        truth = rng.multivariate_normal(np.zeros(2), between)
        effects, covariance = local(rng.multivariate_normal(truth, v), v)
        prior = prior_of(rng.multivariate_normal(np.zeros(2), s), s, between=0.1)
        alone = TrialPrior(
            prior.at, prior.effects, *(np.diag(np.diag(x)) for x in (s, between)), np.zeros((2, 2)), 1.0
        )
        for name, cov, used in (
            ("joint", covariance, prior),
            ("diagonal", np.diag(np.diag(covariance)), alone),
        ):
            mean, spread = posterior(effects, cov, used, 0.0, np.zeros(2))
            error = np.sqrt(spread[1, 1] + spread[2, 2] - 2 * spread[1, 2])
            held[name] += abs((mean[1] - mean[2]) - (truth[0] - truth[1])) <= 1.645 * error
    assert 0.88 <= held["joint"] / draws <= 0.92
    assert held["diagonal"] / draws > 0.94


@pytest.mark.parametrize("far", [3.2, 8.0, 50.0])
def test_what_contradicts_is_not_pooled(far):
    """Beyond three standard errors the records stay as they are, for that arm alone."""
    effects, covariance = local([0.0, 0.3], 0.02 * np.eye(2))
    prior = prior_of([0.0, 0.3], 0.02, between=0.1)
    effects[1] += far * np.sqrt(0.14)
    found = pool(effects, covariance, prior)
    assert found.refused.tolist() == [True, False]
    assert found.z[0] == pytest.approx(far)
    assert found.effects[1] == pytest.approx(effects[1])
    assert found.covariance[1, 1] == pytest.approx(covariance[1, 1])
    assert found.covariance[2, 2] < covariance[2, 2]


def test_the_prior_gives_way_as_the_conflict_grows():
    """How far the trials draw an estimate grows with the gap, then falls, and stays below two thirds of an error."""
    prior, error = prior_of([0.0], 0.02, between=0.1), 0.3
    gaps = np.linspace(0, REFUSAL * 0.99, 60) * np.sqrt(0.12 + error**2)
    drawn = [gap - pool(*local([gap], [[error**2]]), prior).effects[1] for gap in gaps]
    assert max(drawn) < 0.66 * error
    assert drawn[-1] < 0.5 * max(drawn)
    assert all(amount >= 0 for amount in drawn)


def test_pooling_is_no_surer_than_the_model_and_no_wider_than_the_records_at_agreement():
    """At no gap the pooled variance lies between that of the full prior and the records' own."""
    effects, covariance = local([0.4], [[0.1]])
    prior = prior_of([0.4], 0.02, between=0.1)
    found = pool(effects, covariance, prior).covariance[1, 1]
    assert 1 / (1 / 0.1 + 1 / 0.12) < found < 0.1


@pytest.mark.parametrize("m", [1, 4, 11, 12])
def test_covariances_are_covariances(m):
    """Symmetric, not negative, the reference without variance; also with as many arms as there may be."""
    rng = np.random.default_rng(m)
    root = rng.normal(size=(m, m)) * 0.2
    effects, covariance = local(rng.normal(size=m), root @ root.T)
    found = pool(effects, covariance, prior_of(rng.normal(size=m) * 0.3, 0.03, between=0.1, bias=0.02))
    assert (found.covariance[0] == 0).all()
    np.testing.assert_array_equal(found.covariance, found.covariance.T)
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-12
    assert len(_ways(m)) == (2**m if m <= 10 else 2)


def test_records_without_error_stay():
    """If the records knew the answer exactly, trials would not change it."""
    effects, covariance = local([0.5, 0.1], np.zeros((2, 2)))
    found = pool(effects, covariance, prior_of([0.3, 0.2], 0.02, between=0.1))
    np.testing.assert_array_equal(found.effects, effects)


@pytest.mark.parametrize(("conflict", "power"), [(0.0, (0.0, 0.07)), (3.0, (0.8, 0.88))])
def test_the_alarm(conflict, power):
    """|z| > 2 is rare without conflict and has a power of at least 0.8 at three standard errors (error 0.009)."""
    rng, draws = np.random.default_rng(5), 2000
    prior = prior_of([0.0], 0.02, between=0.1, bias=0.02)
    gaps = (conflict + rng.normal(size=draws)) * np.sqrt(0.14 + 0.04)
    rate = np.mean([abs(pool(*local([gap], [[0.04]]), prior).z[0]) > 2 for gap in gaps])
    assert power[0] <= rate <= power[1]
