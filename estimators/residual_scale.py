"""The residual scale: what was done and what came of it, less what was to be expected (Robinson 1988)."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray


def residuals(data: ScoredEpisodes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Residual treatments (m, K) and residual outcomes (m,) of observed rows, weighted for those not observed."""
    arm, propensity = data.arm[rows], data.propensity[rows]
    outcome = data.outcome[rows] - (propensity * data.expected[rows]).sum(axis=1)
    treatment = np.eye(propensity.shape[1])[arm] - propensity
    weight = np.sqrt(1 / data.observation[rows, arm])
    return treatment * weight[:, None], outcome * weight


def arm_contrasts(arms: int) -> FloatArray:
    """(K, K - 1) orthonormal columns that sum to zero: Helmert's contrasts."""
    contrasts = np.zeros((arms, arms - 1))
    for j in range(1, arms):
        contrasts[:j, j - 1], contrasts[j, j - 1] = 1.0, -j
    return np.asarray(contrasts / np.linalg.norm(contrasts, axis=0))
