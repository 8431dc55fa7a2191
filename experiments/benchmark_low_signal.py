"""The low-signal check: IHDP's real covariates and assignment with effects and noise as small as a clinic's.

A system that is tuned to IHDP's own outcomes, whose noise has standard deviation 1 and whose effects vary by several
points, personalises too much here; so the one is read beside the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_contracts.episode import FloatArray, IntArray
from experiments.benchmark_two_arms import TwoArms

NOISE_SD = 4.3
"""Standard deviation of outcomes given covariates and arm, points of PHQ-9 after treatment."""

PROGNOSIS_SD, AVERAGE = 3.0, 2.0
SPREADS = (0.0, 1.0)
"""Standard deviations of the true effect over the data set."""

SLOPES, CHANCES = (0.0, 0.1, 0.2, 0.3, 0.4), (0.6, 0.1, 0.1, 0.1, 0.1)
"""Coefficients and how often each is drawn, as in response surface B of Hill (2011, J Comput Graph Stat 20)."""


def low_signal(x: NDArray[np.float64], arm: IntArray, spread: float, seed: int) -> TwoArms:
    """Draw outcomes: a sparse linear prognosis, an effect that bends as the exponential of another, normal noise.

    For one seed all but the effect's spread is the same.

    Args:
        x: (n, q) covariates.
        arm: (n,) 1 for treated.
        spread: standard deviation of the effect over the n rows.
        seed: of coefficients and noise.
    """
    rng = np.random.default_rng(seed)
    standard = _standard(x)
    slopes = np.zeros((x.shape[1], 2))
    while not slopes.any(axis=0).all():  # with few covariates all of a surface's may be drawn as 0
        slopes = rng.choice(SLOPES, size=slopes.shape, p=CHANCES)
    prognosis = PROGNOSIS_SD * _standard(standard @ slopes[:, 0])
    effect = AVERAGE + spread * _standard(np.exp(_standard(standard @ slopes[:, 1]) / 2))
    outcome = prognosis + arm * effect + NOISE_SD * rng.normal(size=len(x))
    return TwoArms(columns_of(x), arm, outcome, effect)


def columns_of(x: NDArray[np.float64]) -> dict[str, FloatArray]:
    """The columns of an (n, q) matrix by name, x1 to xq."""
    return {f"x{j + 1}": x[:, j] for j in range(x.shape[1])}


def _standard(values: FloatArray) -> FloatArray:
    """Mean 0 and standard deviation 1 over the rows; constants become 0."""
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0), dtype=np.float64)
