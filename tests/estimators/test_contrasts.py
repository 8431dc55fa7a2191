"""Average effects: two independent ways to the same covariance, clusters, and simultaneous intervals."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from data_contracts.rank_sets import critical_value
from estimators.clusters import clustered_covariance
from estimators.contrasts import average_effects


def loop_covariance(influence: np.ndarray, cluster: np.ndarray, parameters: int) -> np.ndarray:
    """The clustered sandwich as a textbook writes it: one outer product a cluster."""
    n, total = len(cluster), np.zeros((influence.shape[1],) * 2)
    units = sorted(set(cluster.tolist()))
    for unit in units:
        summed = sum((influence[i] for i in range(n) if cluster[i] == unit), np.zeros(influence.shape[1]))
        total += np.outer(summed, summed)
    sizes = np.array([sum(cluster == unit) for unit in units])
    student = stats.t.ppf(0.975, n**2 / np.sum(sizes**2) - 1) / stats.norm.ppf(0.975)
    return total * len(units) / (len(units) - 1) * (n - 1) / (n - parameters) * student**2


@pytest.mark.parametrize("parameters", [1, 4])
@pytest.mark.parametrize("units", [7, 40, 90])
def test_clusters_equal_an_independent_loop(parameters: int, units: int) -> None:
    """The covariance equals a loop over clusters, gaps in the codes included."""
    rng = np.random.default_rng(units)
    influence = rng.normal(size=(90, 3))
    cluster = 2 * rng.integers(units, size=90)
    found = clustered_covariance(influence, cluster, parameters)
    np.testing.assert_allclose(found, loop_covariance(influence, cluster, parameters), rtol=1e-12)


@pytest.mark.parametrize("sizes", [[5] * 6, [2, 3, 4, 5, 10, 12, 14]])
def test_intervals_of_few_clusters_hold(sizes: list[int]) -> None:
    """A mean that six or seven sources tell, 2,000 draws: 90 % intervals by normal quantiles hold it in 0.90 to 0.95.

    Without regard to how few there are they hold it in 0.80 to 0.84 (Monte Carlo error 0.009).
    """
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    values = np.random.default_rng(4).normal(size=(len(sizes), 2_000))[cluster]
    influence = (values - values.mean(axis=0)) / len(cluster)
    errors = np.sqrt(np.diag(clustered_covariance(influence, cluster)))
    held = np.mean(np.abs(values.mean(axis=0)) <= stats.norm.ppf(0.95) * errors)
    assert 0.90 - 2 * 0.007 <= held <= 0.95


def test_single_rows_give_hc1() -> None:
    """With each row its own cluster, the covariance of a mean is the sample covariance over n."""
    scores = np.random.default_rng(1).normal(size=(80, 4))
    found = average_effects(scores, np.arange(80), 0.9)
    contrasts = scores - scores[:, :1]
    np.testing.assert_allclose(found.covariance, np.cov(contrasts, rowvar=False) / 80, atol=1e-15)
    np.testing.assert_allclose(found.effects, contrasts.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(found.means, scores.mean(axis=0), atol=1e-15)


def test_the_reference_has_no_effect_and_no_variance() -> None:
    """Element 0 of the effects, and row and column 0 of their covariance, are exactly zero."""
    found = average_effects(np.random.default_rng(2).normal(size=(50, 3)), np.arange(50), 0.9)
    assert found.effects[0] == 0
    assert not found.covariance[0].any()
    assert not found.covariance[:, 0].any()


def test_copies_in_a_cluster_add_no_certainty() -> None:
    """Each row nine times, its copies one cluster: the standard errors of single rows (n factors aside, 1 %)."""
    scores = np.random.default_rng(3).normal(size=(200, 3))
    once = average_effects(scores, np.arange(200), 0.9)
    nine = average_effects(np.repeat(scores, 9, axis=0), np.repeat(np.arange(200), 9), 0.9)
    np.testing.assert_allclose(nine.standard_errors[1:], once.standard_errors[1:], rtol=0.01)
    blind = average_effects(np.repeat(scores, 9, axis=0), np.arange(1800), 0.9)
    np.testing.assert_allclose(blind.standard_errors[1:], once.standard_errors[1:] / 3, rtol=0.01)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("arms", [3, 4, 6])
def test_simultaneous_intervals_are_wider_than_pointwise_and_narrower_than_bonferroni(
    confidence: float, arms: int
) -> None:
    """The critical value lies between one pair's and Bonferroni's for all pairs (0.05 for its 4096 draws)."""
    found = average_effects(np.random.default_rng(4).normal(size=(300, arms)), np.arange(300), confidence)
    pairs = arms * (arms - 1) / 2
    pointwise = NormalDist().inv_cdf(0.5 + confidence / 2)
    bonferroni = NormalDist().inv_cdf(1 - (1 - confidence) / 2 / pairs)
    assert pointwise + 0.1 < found.critical_value < bonferroni + 0.05


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
def test_one_pair_is_pointwise(confidence: float) -> None:
    """With two arms there is one pair, and the critical value is the normal quantile (0.05 for its 4096 draws)."""
    found = average_effects(np.random.default_rng(5).normal(size=(300, 2)), np.arange(300), confidence)
    assert found.critical_value == pytest.approx(NormalDist().inv_cdf(0.5 + confidence / 2), abs=0.05)


def test_simultaneous_intervals_cover_all_pairs_together() -> None:
    """Over 2,000 draws from the joint law all pairs are covered together in 0.90, within 3 Monte Carlo errors (0.02)
    and the error of the critical value's own draws (0.015).
    """
    rng = np.random.default_rng(6)
    root = rng.normal(size=(5, 5))
    covariance = root @ root.T
    critical = critical_value(covariance, 0.9)
    first, second = np.triu_indices(5, 1)
    errors = np.sqrt(np.diag(covariance)[first] + np.diag(covariance)[second] - 2 * covariance[first, second])
    draws = rng.normal(size=(2000, 5)) @ root.T
    covered = (np.abs(draws[:, first] - draws[:, second]) <= critical * errors).all(axis=1).mean()
    assert covered == pytest.approx(0.9, abs=0.035)
