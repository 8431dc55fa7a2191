"""Pairs of arms judged by several outcomes: no more often wrong than stated, whatever the outcomes' correlation."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.rank_sets import any_correlation_value, critical_value, surely_better

DRAWS = 20_000
CONFIDENCE = 0.9


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.7, 1.0])
@pytest.mark.parametrize("arms", [2, 3, 6])
def test_equal_arms_are_told_apart_as_rarely_as_stated(correlation, arms):
    """Of arms worth the same any pair is told apart in at most 10 % of draws, with two correlated outcomes."""
    rng = np.random.default_rng(arms)
    first, other = rng.standard_normal((2, DRAWS, arms))
    second = correlation * first + np.sqrt(1 - correlation**2) * other
    values = 1.0 * first + 2.0 * second
    margin = any_correlation_value(arms, CONFIDENCE) * (1.0 + 2.0) * np.sqrt(2)
    wrong = surely_better(values, values, np.full((arms, arms), margin)).any(axis=(1, 2)).mean()
    error = np.sqrt(0.1 * 0.9 / DRAWS)
    assert wrong <= 0.1 + 3 * error
    if correlation == 1.0 and arms == 2:
        assert wrong >= 0.1 - 3 * error, "with one pair and full correlation the level is met exactly"


@pytest.mark.parametrize("arms", [2, 3, 5, 12])
def test_the_value_for_any_correlation_is_never_below_that_for_one(arms):
    """What holds under any correlation is at least what one covariance asks; one pair asks the normal quantile."""
    covariance = np.diag(np.linspace(0.5, 2.0, arms))
    assert any_correlation_value(arms, CONFIDENCE) >= critical_value(covariance, CONFIDENCE) - 0.01
    assert any_correlation_value(2, CONFIDENCE) == pytest.approx(1.6448536, abs=1e-6)
    assert any_correlation_value(1, CONFIDENCE) == 0.0
