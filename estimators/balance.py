"""Balance: how alike the arms' patients are, before and after weighting by the inverse propensity."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_contracts.episode import FloatArray, IntArray

CHANCE = 0.95
"""A difference counts as beyond chance if a one-sided test at this level says that it exceeds the mark."""


@dataclass(frozen=True)
class Balance:
    """Standardised mean differences between arms.

    Attributes:
        columns: names of the q encoded covariates.
        before, after: (q,) largest absolute difference over pairs of arms, in pooled standard deviations.
        chance: (q,) how large a difference of that pair chance alone explains, added to the mark when judging.
    """

    columns: tuple[str, ...]
    before: FloatArray
    after: FloatArray
    chance: FloatArray

    @property
    def beyond_chance(self) -> float:
        """Largest difference after weighting, less what chance explains."""
        return float(np.max(self.after - self.chance))


def balance(columns: tuple[str, ...], covariates: FloatArray, arm: IntArray, propensity: FloatArray) -> Balance:
    """Balance of (n, q) covariates over arms; differences in units of the arms' pooled standard deviation."""
    weight = 1 / propensity[np.arange(len(arm)), arm]
    arms = range(propensity.shape[1])
    pooled = np.sqrt(np.mean([covariates[arm == k].var(axis=0) for k in arms], axis=0))
    pooled = np.where(pooled > 0, pooled, 1.0)
    even = np.ones(len(arm))
    before, _ = _largest(covariates / pooled, arm, even)
    after, error = _largest(covariates / pooled, arm, weight)
    return Balance(columns, before, after, NormalDist().inv_cdf(CHANCE) * error)


def _largest(covariates: FloatArray, arm: IntArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(q,) largest difference of weighted means over pairs, and the standard error of that pair's difference."""
    means, errors = [], []
    for k in range(int(arm.max()) + 1):
        rows, w = covariates[arm == k], weight[arm == k] / weight[arm == k].sum()
        mean = w @ rows
        means.append(mean)
        errors.append((w**2) @ (rows - mean) ** 2)
    first, second = np.triu_indices(len(means), 1)
    gaps = np.abs(np.asarray(means)[first] - np.asarray(means)[second])
    variance = np.asarray(errors)[first] + np.asarray(errors)[second]
    worst = gaps.argmax(axis=0)
    at = np.arange(covariates.shape[1])
    return gaps[worst, at], np.sqrt(variance[worst, at])
