"""Rank sets: which ranks an arm may hold, checked against loops written from the definition and by simulation."""

from __future__ import annotations

import math
from itertools import combinations, pairwise, permutations
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts import rank_sets as rank_sets_file
from data_contracts.episode import FloatArray
from data_contracts.rank_sets import TINY, critical_value, critical_values, rank_sets

DRAWS = 4096
"""Random draws whose error the evenly spread points must not exceed."""


def covariance_of(m: int, rng: np.random.Generator) -> FloatArray:
    """Joint covariance of m effects against the first arm, as a study has it: row and column 0 are zero."""
    root = rng.normal(size=(m, m + 2))
    means = root @ root.T / (m + 2)
    contrast = np.eye(m) - np.eye(m)[[0] * m]
    return np.asarray(contrast @ means @ contrast.T)


def by_loops(values: FloatArray, covariance: FloatArray, critical: float) -> tuple[list[int], list[int], list[bool]]:
    """Ranks from the definition: count, one pair at a time, who is surely better and who is surely worse."""
    lower, upper, top = [], [], []
    for i in range(len(values)):
        better = worse = 0
        for j in range(len(values)):
            if i == j:
                continue
            variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
            margin = critical * math.sqrt(max(variance, 0.0))
            better += values[j] - values[i] > margin + TINY
            worse += values[i] - values[j] > margin + TINY
        lower.append(1 + better)
        upper.append(len(values) - worse)
        top.append(better == 0)
    return lower, upper, top


def by_cholesky(covariance: FloatArray, confidence: float, draws: int) -> float:
    """The quantile of the largest |t| with other draws and another square root."""
    inner = covariance[1:, 1:]
    rng = np.random.default_rng(99)
    effects = np.zeros((draws, len(covariance)))
    effects[:, 1:] = rng.standard_normal((draws, len(inner))) @ np.linalg.cholesky(inner).T
    largest = np.zeros(draws)
    for i, j in combinations(range(len(covariance)), 2):
        error = math.sqrt(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j])
        largest = np.maximum(largest, np.abs(effects[:, i] - effects[:, j]) / error)
    return float(np.quantile(largest, confidence))


seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 8)


@given(sizes, seeds, st.sampled_from([0.8, 0.9, 0.95]))
def test_ranks_are_those_of_the_definition(m: int, seed: int, confidence: float) -> None:
    """Counting pair by pair gives the same ranks, and the top set is the arms that nobody surely beats."""
    rng = np.random.default_rng(seed)
    values, covariance = rng.normal(0, 3, m), covariance_of(m, rng)
    found = rank_sets(values, covariance, confidence)
    lower, upper, top = by_loops(values, covariance, found.critical_value)
    assert found.lower.tolist() == lower
    assert found.upper.tolist() == upper
    assert found.in_top_set.tolist() == top


@pytest.mark.parametrize("m", [2, 3, 5, 8])
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
def test_the_quantile_agrees_with_another_way_of_drawing(m: int, confidence: float) -> None:
    """A Cholesky root and 200,000 other draws give the same quantile within the Monte Carlo error of 4,096.

    The error of a quantile is sqrt(p (1 - p) / draws) / density; four of them are allowed, with the density of
    the largest |t| read off the large sample.
    """
    covariance = covariance_of(m, np.random.default_rng(m))
    wanted = by_cholesky(covariance, confidence, 200_000)
    width = by_cholesky(covariance, confidence + 0.02, 200_000) - by_cholesky(covariance, confidence - 0.02, 200_000)
    error = math.sqrt(confidence * (1 - confidence) / DRAWS) * width / 0.04
    assert abs(critical_value(covariance, confidence) - wanted) < 4 * error + 0.01


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
def test_for_two_arms_the_quantile_is_the_textbooks(confidence: float) -> None:
    """With a single pair the largest |t| is |z|: 1.28, 1.64, 1.96, 2.58, to the last bit; 0 where it does not vary."""
    exact = NormalDist().inv_cdf(0.5 + confidence / 2)
    assert critical_value(np.diag([0.0, 2.5]), confidence) == exact
    assert critical_values(np.stack([np.diag([1.0, 2.5]), np.zeros((2, 2))]), confidence).tolist() == [exact, 0.0]


@given(sizes, seeds)
def test_swapping_arms_swaps_their_ranks(m: int, seed: int) -> None:
    """The order of the arms carries no information: quantile the same to the last bit, ranks permuted."""
    rng = np.random.default_rng(seed)
    values, covariance = rng.normal(0, 2, m), covariance_of(m, rng)
    order = rng.permutation(m)
    one = rank_sets(values, covariance, 0.9)
    other = rank_sets(values[order], covariance[np.ix_(order, order)], 0.9)
    assert one.critical_value == other.critical_value
    np.testing.assert_array_equal(one.lower[order], other.lower)
    np.testing.assert_array_equal(one.upper[order], other.upper)
    np.testing.assert_array_equal(one.in_top_set[order], other.in_top_set)


@given(sizes, seeds, st.integers(-1000, 1000), st.sampled_from([0.001, 0.5, 4.0, 1000.0]))
def test_shift_and_scale_change_nothing(m: int, seed: int, shift: int, scale: float) -> None:
    """Adding a constant to all values, or measuring in another unit, leaves every rank as it is."""
    rng = np.random.default_rng(seed)
    values, covariance = rng.normal(0, 2, m), covariance_of(m, rng)
    one = rank_sets(values, covariance, 0.9)
    shifted = rank_sets(values + shift, covariance, 0.9)
    scaled = rank_sets(values * scale, covariance * scale**2, 0.9)
    for other in (shifted, scaled):
        np.testing.assert_array_equal(one.lower, other.lower)
        np.testing.assert_array_equal(one.upper, other.upper)
    assert scaled.critical_value == pytest.approx(one.critical_value, rel=1e-9)


@given(sizes, seeds)
def test_the_reference_of_the_covariance_does_not_matter(m: int, seed: int) -> None:
    """Effects against another arm are the same contrasts, so the ranks are the same but for Monte Carlo error."""
    rng = np.random.default_rng(seed)
    covariance = covariance_of(m, rng)
    contrast = np.eye(m) - np.eye(m)[[m - 1] * m]
    other = critical_value(contrast @ covariance @ contrast.T, 0.9)
    assert other == pytest.approx(critical_value(covariance, 0.9), abs=0.12)


@given(sizes, seeds)
def test_more_confidence_never_narrows_a_rank_set(m: int, seed: int) -> None:
    """At a higher level every rank set contains the one at a lower level, and the top set only grows."""
    rng = np.random.default_rng(seed)
    values, covariance = rng.normal(0, 4, m), covariance_of(m, rng)
    sets = [rank_sets(values, covariance, level) for level in (0.6, 0.8, 0.9, 0.95, 0.99)]
    for narrow, wide in pairwise(sets):
        assert narrow.critical_value <= wide.critical_value
        assert (wide.lower <= narrow.lower).all()
        assert (wide.upper >= narrow.upper).all()
        assert (wide.in_top_set >= narrow.in_top_set).all()


@given(sizes, seeds)
def test_rank_sets_are_ranks(m: int, seed: int) -> None:
    """Every set is a range within 1..m, somebody may be first and somebody last, and the best value is on top."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 4, m)
    found = rank_sets(values, covariance_of(m, rng), 0.9)
    assert (found.lower >= 1).all()
    assert (found.lower <= found.upper).all()
    assert (found.upper <= m).all()
    assert found.lower.min() == 1
    assert found.upper.max() == m
    assert found.in_top_set[values.argmax()]
    np.testing.assert_array_equal(found.in_top_set, found.lower == 1)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_exact_ties_stay_tied(order: tuple[int, ...]) -> None:
    """Two arms with one and the same value and no doubt about it share their ranks, wherever they stand."""
    values = np.array([0.0, 2.0, 2.0, 5.0])[list(order)]
    found = rank_sets(values, np.zeros((4, 4)), 0.9)
    wanted = {0.0: (4, 4), 2.0: (2, 3), 5.0: (1, 1)}
    pairs = zip(found.lower.tolist(), found.upper.tolist(), strict=True)
    assert list(pairs) == [wanted[value] for value in values.tolist()]


def test_without_variance_values_decide() -> None:
    """Arms whose difference is known exactly are ordered by it, while uncertain ones stay open."""
    covariance = np.zeros((3, 3))
    covariance[2, 2] = 100.0
    found = rank_sets(np.array([0.0, 1.0, 0.5]), covariance, 0.9)
    assert found.lower.tolist() == [2, 1, 1]
    assert found.upper.tolist() == [3, 2, 3]


def test_a_common_error_does_not_blur_a_difference() -> None:
    """Two arms that err together differ surely, however wide each one's own interval is."""
    covariance = np.full((2, 2), 50.0)
    assert rank_sets(np.array([1.0, 2.0]), covariance, 0.9).lower.tolist() == [2, 1]


def test_a_single_arm_is_first() -> None:
    """One arm holds rank 1 alone, with nothing to compare."""
    found = rank_sets(np.array([3.0]), np.array([[2.0]]), 0.9)
    assert (found.lower.tolist(), found.upper.tolist(), found.in_top_set.tolist()) == ([1], [1], [True])
    assert found.critical_value == 0.0


def test_no_arm_gives_no_rank() -> None:
    """With no arm left there is nothing to rank, and nothing breaks."""
    assert rank_sets(np.array([]), np.zeros((0, 0)), 0.9).lower.tolist() == []


@pytest.mark.parametrize("truth", ["all equal", "spread out", "two tied on top"])
def test_simultaneous_coverage_is_at_least_nominal(truth: str) -> None:
    """Over 2,000 draws all arms' true ranks lie in their sets together in at least 90 % of them.

    Monte Carlo: three standard errors of 2,000 draws at 0.90 are 0.020, and the quantile's own error is 0.005.
    With all effects equal (every rank is true) the rate is the level itself, so it is bounded above as well.
    """
    m, draws = 5, 2000
    effects = {
        "all equal": np.zeros(m),
        "spread out": np.array([0.0, 1.0, 2.0, 3.0, 4.0]),
        "two tied on top": np.array([0.0, 0.5, 1.0, 3.0, 3.0]),
    }[truth]
    rng = np.random.default_rng(20_240_102)
    covariance = covariance_of(m, rng)
    root = np.linalg.cholesky(covariance[1:, 1:])
    best = np.array([(effects > value).sum() + 1 for value in effects])
    worst = np.array([(effects >= value).sum() for value in effects])
    covered = 0
    for _ in range(draws):
        seen = effects + np.concatenate([[0.0], root @ rng.standard_normal(m - 1)])
        found = rank_sets(seen, covariance, 0.90)
        covered += bool((found.lower <= best).all() and (found.upper >= worst).all())
    rate = covered / draws
    assert rate >= 0.90 - 0.025
    if truth == "all equal":
        assert rate <= 0.90 + 0.025


@settings(max_examples=20)
@given(seeds)
def test_the_same_input_gives_the_same_answer(seed: int) -> None:
    """Draws are fixed: a recommendation replayed later holds the same ranks."""
    covariance = covariance_of(4, np.random.default_rng(seed))
    assert critical_value(covariance, 0.9) == critical_value(covariance.copy(), 0.9)


def test_the_layout_in_memory_does_not_matter() -> None:
    """A transposed view of a covariance is the same covariance."""
    covariance = covariance_of(5, np.random.default_rng(8))
    assert critical_value(np.asfortranarray(covariance), 0.9) == critical_value(covariance, 0.9)


def covariances(n: int, m: int) -> FloatArray:
    """Covariances of n patients, each of its own."""
    rng = np.random.default_rng(n * m)
    return np.stack([covariance_of(m, rng) for _ in range(n)])


@pytest.mark.parametrize("m", [1, 2, 5])
def test_many_patients_are_each_ranked_as_if_alone(m: int) -> None:
    """Twenty at once get, to the last bit, the critical values and ranks that each gets alone."""
    covariance, values = covariances(20, m), np.random.default_rng(m).normal(0, 2, (20, m))
    together = rank_sets(values, covariance, 0.9)
    for at in range(20):
        alone = rank_sets(values[at], covariance[at], 0.9)
        assert together.critical_value[at] == alone.critical_value
        np.testing.assert_array_equal(together.lower[at], alone.lower)
        np.testing.assert_array_equal(together.upper[at], alone.upper)
        np.testing.assert_array_equal(together.in_top_set[at], alone.in_top_set)


@pytest.mark.parametrize("m", [2, 3, 5, 8, 12])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_looking_at_far_points_first_finds_the_same_quantile(
    m: int, confidence: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quantile over all points is the one found among the farthest, wherever these suffice."""
    covariance = covariances(10, m)
    found = critical_values(covariance, confidence)
    monkeypatch.setattr(rank_sets_file, "CLOSE", 0.0)
    rank_sets_file._points.cache_clear()
    everywhere = critical_values(covariance, confidence)
    rank_sets_file._points.cache_clear()
    np.testing.assert_allclose(found, everywhere, rtol=1e-12)


def test_arms_that_err_as_one_leave_the_others_to_be_told_apart() -> None:
    """Two arms with one and the same error count as one: the quantile is that without the second."""
    covariance = covariance_of(4, np.random.default_rng(3))
    twice = covariance[np.ix_([0, 1, 2, 3, 3], [0, 1, 2, 3, 3])]
    assert critical_value(twice, 0.9) == pytest.approx(critical_value(covariance, 0.9), abs=0.12)


def test_a_patient_of_whom_nothing_varies_changes_no_other() -> None:
    """Critical values are the same beside a patient whose arms have no error at all, who has none."""
    covariance = covariances(10, 12)
    alone = critical_values(covariance, 0.9)
    found = critical_values(np.concatenate([covariance, np.zeros((1, 12, 12))]), 0.9)
    assert found.tolist() == [*alone.tolist(), 0.0]
