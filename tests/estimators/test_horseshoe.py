"""The sampler against computations that share nothing with it, and against what it promises of sparse slopes."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.horseshoe import INTERCEPT_VARIANCE, Horseshoe, Scales

KIND = np.r_[-1, np.repeat([0, 1], 10)]
SOURCE = np.r_[-1, np.tile(np.arange(10), 2)]
"""An intercept and two kinds of terms of ten columns."""


def sampler(x: np.ndarray, y: np.ndarray, n: int | None = None) -> Horseshoe:
    """The sampler on the cross products of these rows."""
    return Horseshoe(x.T @ x, x.T @ y, float(y @ y), n or len(y), kind=KIND, source=SOURCE, copies=1)


def design(rng: np.random.Generator, n: int) -> np.ndarray:
    """An intercept and twenty terms, a little correlated."""
    z = rng.normal(size=(n, 20)) + 0.5 * rng.normal(size=(n, 1))
    return np.column_stack([np.ones(n), (z - z.mean(axis=0)) / z.std(axis=0)])


def sparse(rng: np.random.Generator) -> np.ndarray:
    """An intercept, and slopes of the same two of ten columns in both kinds."""
    slopes = np.zeros((2, 10))
    slopes[:, rng.choice(10, 2, replace=False)] = 0.4 * rng.normal(size=(2, 2))
    return np.r_[1.0, slopes.ravel()]


def fixed(seed: int) -> tuple[Horseshoe, np.ndarray, np.ndarray, np.ndarray]:
    """A sampler whose variances are held at made-up values, its rows, target and penalties (noise over variance)."""
    rng = np.random.default_rng(seed)
    x = design(rng, 80)
    y = x @ sparse(rng) + rng.normal(size=80)
    found = sampler(x, y)
    alpha, beta, lam = np.array([0.5, -2.0]), rng.normal(size=10), rng.uniform(0.1, 3, 10)
    found.scales = Scales(alpha, beta, np.array([0.3, 0.02]) / alpha**2, lam / beta**2, noise=1.7)
    variance = np.r_[INTERCEPT_VARIANCE * 1.7, np.repeat([0.3, 0.02], 10) * np.tile(lam, 2)]
    return found, x, y, 1.7 / variance


@pytest.mark.parametrize("seed", range(3))
def test_the_conditional_mean_is_ridge_regression(seed: int) -> None:
    """With variances held fixed the mean equals least squares on rows that the penalties are added to, to 1e-9."""
    found, x, y, penalty = fixed(seed)
    rows, target = np.vstack([x, np.diag(np.sqrt(penalty))]), np.r_[y, np.zeros(len(penalty))]
    expected = np.linalg.lstsq(rows, target, rcond=None)[0]
    np.testing.assert_allclose(found._coefficients(1)[1], expected, rtol=1e-9, atol=1e-9)


def test_conditional_draws_have_ridges_covariance() -> None:
    """With variances held fixed 4,000 draws have mean and covariance of the normal posterior, within 5 Monte Carlo
    errors.
    """
    found, x, _, penalty = fixed(1)
    draws, mean = found._coefficients(4000)
    deviation = draws - mean
    exact = 1.7 * np.linalg.inv(x.T @ x + np.diag(penalty))
    spread = np.sqrt(np.diag(exact))
    assert np.abs(deviation.mean(axis=0) / spread).max() < 5 / np.sqrt(4000)
    found_covariance = deviation.T @ deviation / 4000
    assert np.abs((found_covariance - exact) / np.outer(spread, spread)).max() < 5 * np.sqrt(2 / 4000)


@pytest.mark.parametrize("seed", range(2))
def test_without_records_draws_are_the_priors(seed: int) -> None:
    """From almost no information (columns of 1e-6) the root of a slope's prior variance, over the prior's scale, has
    the median of a product of two half-Cauchy variables, 1, within a factor of 1.5 over 3,000 draws: however the
    parameters are expanded, the prior is the horseshoe's.
    """
    rng = np.random.default_rng(seed)
    x = 1e-6 * design(rng, 30)
    one = sampler(x, rng.normal(size=30))
    roots = []
    for _ in range(3000):
        one._draw_scales(one._coefficients(1)[0][0])
        roots.append(np.sqrt(one._prior_variance()[1:]))
    scale = float(np.sqrt(one._prior[0]))
    assert 1 / 1.5 < np.median(np.asarray(roots)) / scale < 1.5


def compared(seeds: range) -> None:
    """Sparse slopes, n = 150: see the tests."""
    ours, squares, nothing, covered, signals = [], [], [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x, true = design(rng, 150), sparse(rng)
        y = x @ true + rng.normal(size=150)
        draws, means = sampler(x, y).run(80, 200)
        ours.append(((means.mean(axis=0) - true)[1:] ** 2).mean())
        squares.append(((np.linalg.lstsq(x, y, rcond=None)[0] - true)[1:] ** 2).mean())
        nothing.append((true[1:] ** 2).mean())
        lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
        holds = ((lower <= true) & (true <= upper))[1:]
        covered.append(holds.mean())
        signals.append(holds[true[1:] != 0].mean())
    assert np.mean(ours) < 0.6 * np.mean(squares)
    assert np.mean(ours) < np.mean(nothing)
    for seen, promised in ((covered, 0.90), (signals, 0.80)):
        assert np.mean(seen) >= promised - 3 * np.std(seen) / np.sqrt(len(seeds))


def test_sparse_slopes_are_learned_and_intervals_hold_them() -> None:
    """20 draws: the posterior means' squared error is below 60 % of least squares' and below that of no slopes at all,
    and 90 % intervals hold at least 0.90 of all slopes and 0.80 of those that are not zero, less 3 Monte Carlo errors
    over draws. (Intervals of a sparse prior are wide for zeros and short for signals.)
    """
    compared(range(20))


@pytest.mark.slow
def test_sparse_slopes_in_200_draws() -> None:
    """The same in 200 other draws."""
    compared(range(1000, 1200))


def test_noise_is_learned() -> None:
    """The residual variance, 15 data sets of 1,000 rows with noise SD 2, 100 draws each, is right on average (4.5 %: 4
    Monte Carlo errors of data sets and of draws, which have the same random numbers in all).
    """
    found = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        x = design(rng, 1000)
        one = sampler(x, x @ sparse(rng) + 2 * rng.normal(size=1000))
        found += [state.noise for state in one.states(50, 100)]
    assert np.mean(found) == pytest.approx(4, rel=0.045)


def test_rows_do_not_matter_but_through_their_cross_products() -> None:
    """22 rows with the same cross products as 5,000 give the same draws to 1e-6, bit for bit from the same sums: cost
    does not depend on the number of rows.
    """
    rng = np.random.default_rng(5)
    x = design(rng, 5000)
    y = x @ sparse(rng) + rng.normal(size=5000)
    few = np.linalg.qr(np.column_stack([x, y]), mode="r")
    here, there = sampler(x, y).run(80, 200), sampler(few[:, :-1], few[:, -1], 5000).run(80, 200)
    np.testing.assert_allclose(there, here, atol=1e-6)
    np.testing.assert_array_equal(sampler(x, y).run(80, 200), here)


@pytest.mark.parametrize("factor", [0.01, 64.0])
def test_other_units_give_the_same_draws_in_those_units(factor: float) -> None:
    """A target multiplied multiplies every draw, to 1e-9 relative: no prior knows the unit of the outcome."""
    rng = np.random.default_rng(6)
    x = design(rng, 200)
    y = x @ sparse(rng) + rng.normal(size=200)
    here, there = sampler(x, y).run(80, 200), sampler(x, factor * y).run(80, 200)
    np.testing.assert_allclose(there, factor * np.asarray(here), rtol=1e-9, atol=1e-9 * factor)


def test_one_column_of_no_use_is_shrunk_for_all_its_terms() -> None:
    """Columns with signal in any of their terms are shrunk less than columns without, over 12 data sets."""
    kept, dropped = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = design(rng, 150)
        true = np.zeros(21)
        true[1] = 1.0  # column 0, kind 0; its term of kind 1 has none
        y = x @ true + rng.normal(size=150)
        draws, _ = sampler(x, y).run(80, 200)
        kept.append(draws[:, 11].std())
        dropped.append(draws[:, 12:].std(axis=0).mean())
    assert np.mean(kept) > 1.2 * np.mean(dropped)
