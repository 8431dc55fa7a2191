"""The residual scale: what was done and what came of it, less what was to be expected (Robinson 1988).

``rows`` are the numbers of m episodes, all where they are not told.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray

Rows: TypeAlias = IntArray | slice
ALL = slice(None)


def expected_outcome(data: ScoredEpisodes, rows: Rows = ALL) -> FloatArray:
    """(m,) m(x) = Σ_k e_k μ_k: what was to be expected, whatever the arm."""
    return np.asarray((data.propensity[rows] * data.expected[rows]).sum(axis=1))


def residual_outcome(data: ScoredEpisodes, rows: Rows = ALL) -> FloatArray:
    """(m,) outcome less m(x); NaN where it was not observed."""
    return data.outcome[rows] - expected_outcome(data, rows)


def residual_treatment(data: ScoredEpisodes, rows: Rows = ALL) -> FloatArray:
    """(m, K) 1[T = k] - e_k(x)."""
    return np.eye(data.propensity.shape[1])[data.arm[rows]] - data.propensity[rows]


def unlikely_seen(data: ScoredEpisodes, rows: Rows = ALL) -> FloatArray:
    """(m,) weights that make up for episodes like this one whose outcome was not observed."""
    return np.asarray(1 / data.chance_observed[rows])


def residuals(data: ScoredEpisodes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Residual treatments (m, K) and residual outcomes (m,) of observed rows, weighted for those not observed."""
    weight = np.sqrt(unlikely_seen(data, rows))
    return residual_treatment(data, rows) * weight[:, None], residual_outcome(data, rows) * weight


def unforeseen(data: ScoredEpisodes, rows: IntArray) -> FloatArray:
    """(m,) observed outcomes less what was expected of them under the arm received, weighted in the same way."""
    left = data.outcome[rows] - data.expected[rows, data.arm[rows]]
    return np.asarray(left * np.sqrt(unlikely_seen(data, rows)))


def arm_contrasts(arms: int) -> FloatArray:
    """(K, K - 1) orthonormal columns that sum to zero: Helmert's contrasts."""
    contrasts = np.zeros((arms, arms - 1))
    for j in range(1, arms):
        contrasts[:j, j - 1], contrasts[j, j - 1] = 1.0, -j
    return np.asarray(contrasts / np.linalg.norm(contrasts, axis=0))
