"""A world without effects: simultaneous intervals cover zero as often as they say, and nobody is individualised."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


def covered(run_study: Callable, n: int, folds: int, seeds: range) -> tuple[float, float]:
    """Share of seeds whose simultaneous 90 % intervals over all pairs cover zero, and share that individualise."""
    covers, varies = [], []
    for seed in seeds:
        study = run_study("null", n, seed, folds=folds)
        found = study.learned.averages["outcome"]
        c = found.covariance
        first, second = np.triu_indices(len(c), 1)
        error = np.sqrt(c[first, first] + c[second, second] - 2 * c[first, second])
        gap = np.abs(found.effects[first] - found.effects[second])
        covers.append(bool((gap <= found.critical_value * error).all()))
        varies.append(any(one.individualised for one in study.learned.individualisation))
    return float(np.mean(covers)), float(np.mean(varies))


def test_zero_is_covered(run_study: Callable) -> None:
    """10 seeds, n = 400, two folds: zero is covered in at least 0.90 less 3 Monte Carlo errors (0.285)."""
    covers, varies = covered(run_study, 400, 2, range(10))
    assert covers >= 0.90 - 3 * np.sqrt(0.9 * 0.1 / 10)
    assert varies == 0


@pytest.mark.slow
def test_zero_is_covered_in_200_seeds(run_study: Callable) -> None:
    """200 seeds, n = 400, three folds: zero is covered in at least 0.90 less 2 Monte Carlo errors (0.042)."""
    covers, varies = covered(run_study, 400, 3, range(200))
    assert covers >= 0.90 - 2 * np.sqrt(0.9 * 0.1 / 200)
    assert varies <= 0.05
