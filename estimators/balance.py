"""Balance: how alike the arms' patients are, before and after weighting by the inverse propensity."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import cluster_sums

CHANCE = 0.95
"""A difference counts as beyond chance if one-sided tests of a pair's q differences together say so at this level."""

NONE = 1e-9
"""Share of a covariate's standard deviation that is rounding."""


@dataclass(frozen=True)
class Balance:
    """Standardised mean differences between arms.

    Attributes:
        columns: names of the q encoded covariates.
        before, after: (q,) largest absolute difference over pairs of arms, in pooled standard deviations.
        chance: (q,) how large a difference of the pair in ``after`` chance alone explains.
        excess: (q,) largest over pairs of a pair's difference after weighting less what chance explains of it; often
            another pair than that in ``after``, as a rare arm's differences are large and mean little.
    """

    columns: tuple[str, ...]
    before: FloatArray
    after: FloatArray
    chance: FloatArray
    excess: FloatArray

    @property
    def beyond_chance(self) -> float:
        """Largest difference after weighting, less what chance explains."""
        return float(np.max(self.excess))


def balance(
    columns: tuple[str, ...], covariates: FloatArray, arm: IntArray, propensity: FloatArray, cluster: IntArray
) -> Balance:
    """Balance of (n, q) covariates over arms; differences in units of the arms' pooled standard deviation."""
    before, _ = _differences(_in_pooled_sd(covariates, arm), arm, np.ones(len(arm)), cluster)
    after, chance = weighted_differences(covariates, arm, propensity, cluster)
    worst, at = after.argmax(axis=0), np.arange(covariates.shape[1])
    excess = (after - chance).max(axis=0)
    return Balance(columns, before.max(axis=0), after[worst, at], chance[worst, at], excess)


def weighted_differences(
    covariates: FloatArray, arm: IntArray, propensity: FloatArray, cluster: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(pairs, q) absolute differences after weighting in pooled standard deviations, and what chance explains of each.

    Chance is for all q covariates of a pair together (Sidak 1967): one by one, in a randomised study of 900 patients
    with five arms and twenty covariates, some pair would be beyond a mark of 0.1 in four studies of five. A
    patient's episodes in the same arm count as one observation (``cluster``).

    Pairs stand in the order of ``itertools.combinations`` of the arms.
    """
    weight = 1 / propensity[np.arange(len(arm)), arm]
    after, error = _differences(_in_pooled_sd(covariates, arm), arm, weight, cluster)
    return after, NormalDist().inv_cdf(CHANCE ** (1 / covariates.shape[1])) * error


def _in_pooled_sd(covariates: FloatArray, arm: IntArray) -> FloatArray:
    """Where every arm has a value of its own nothing varies within arms, and the unit is that over all of them."""
    pooled = np.sqrt(np.mean([covariates[arm == k].var(axis=0) for k in range(int(arm.max()) + 1)], axis=0))
    whole = covariates.std(axis=0)
    return np.asarray(covariates / np.where(pooled > NONE * whole, pooled, np.where(whole > 0, whole, 1.0)))


def _differences(
    covariates: FloatArray, arm: IntArray, weight: FloatArray, cluster: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(pairs, q) absolute differences of weighted means, and their standard errors."""
    means, errors = [], []
    for k in range(int(arm.max()) + 1):
        rows, w = covariates[arm == k], weight[arm == k] / weight[arm == k].sum()
        mean = w @ rows
        means.append(mean)
        errors.append(_squares(w[:, None] * (rows - mean), cluster[arm == k]))
    first, second = np.triu_indices(len(means), 1)
    gaps = np.abs(np.asarray(means)[first] - np.asarray(means)[second])
    return gaps, np.sqrt(np.asarray(errors)[first] + np.asarray(errors)[second])


def _squares(influence: FloatArray, cluster: IntArray) -> FloatArray:
    """(q,) sums of squares of (m, q) influence values, summed within clusters first."""
    units, code = np.unique(cluster, return_inverse=True)
    if len(units) == len(cluster):
        return np.asarray((influence**2).sum(axis=0))
    return np.asarray((cluster_sums(influence, code) ** 2).sum(axis=0))
