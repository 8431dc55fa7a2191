"""Joins local averages with trials: a hierarchical model with correlated contrasts, robust against conflict.

The records' averages θ of m contrasts are N(δ, V). Trials say δ ~ N(d, P), where P holds what sampling leaves open in
the trials, differences between trials and settings, and the local bias. All contrasts share the reference, so V and P
are full matrices (Röver and Friede 2020, Stat Methods Med 29:2945, for one contrast).

Two guards against conflict. Where records and trials lie more than one standard error apart, the prior is widened
until they lie one apart, so that conflict is taken for a difference between settings. And each contrast may, with
probability ``VAGUE_WEIGHT``, have nothing to do with the trials: the prior is then wider by the variance of one
patient's outcome (Schmidli et al. 2014, Biometrics 70:1023). The posterior is a mixture of normals, told by its mean
and covariance. To the covariance comes the square of what the trials moved: where they are wrong for these records,
so much is the pooled average's bias, and no single study can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray

VAGUE_WEIGHT = 0.2
"""Prior probability that a contrast has nothing to do with the trials (Schmidli et al. take 0.1 to 0.5)."""

ALARM, REFUSAL = 2.0, 3.0
"""|z| beyond which trials and records are said to disagree, and beyond which they are not pooled."""

MANY = 10
"""Contrasts up to which each may conflict alone; beyond that all do or none, or there would be too many mixtures."""


@dataclass(frozen=True)
class TrialPrior:
    """What trials say of m of a study's K arms, benefit scale and outcome units.

    Attributes:
        at: (m,) positions among the K arms; never 0, the reference.
        effects: (m,) d, benefit over the reference.
        sampling: (m, m) covariance of what the trials leave open in d.
        between: (m, m) covariance of differences between trials, populations and comparators.
        bias: (m, m) covariance of the records' own bias.
        unit: variance of one patient's outcome.
    """

    at: IntArray
    effects: FloatArray
    sampling: FloatArray
    between: FloatArray
    bias: FloatArray
    unit: float

    @property
    def predictive(self) -> FloatArray:
        """(m, m) covariance of the true effects in a setting like the trials'."""
        return self.sampling + self.between

    @property
    def covariance(self) -> FloatArray:
        """(m, m) P."""
        return self.sampling + self.between + self.bias

    def chosen(self, rows: BoolArray) -> TrialPrior:
        """What is said of some of the m alone."""
        square = np.ix_(rows, rows)
        found = (self.sampling[square], self.between[square], self.bias[square])
        return TrialPrior(self.at[rows], self.effects[rows], *found, self.unit)


@dataclass(frozen=True)
class Pooling:
    """Trials and records, joined.

    Attributes:
        effects: (K,) pooled effects with (K, K) ``covariance``, which holds the posterior's and the square of what
            the trials moved; row and column 0 are zero.
        z: (m,) how many standard errors records and trials lie apart, positive where records are better.
        refused: (m,) contrasts that contradict each other too much to be pooled; they stay the records'.
        chi2, p: of all contrasts jointly.
    """

    effects: FloatArray
    covariance: FloatArray
    z: FloatArray
    refused: BoolArray
    chi2: float
    p: float


def pool(effects: FloatArray, covariance: FloatArray, prior: TrialPrior, vague: float = VAGUE_WEIGHT) -> Pooling:
    """Pool K local averages (the reference first, its effect 0) and their covariance with what trials say.

    An arm of which trials say nothing, or which is refused, moves with those that it is correlated with.
    """
    gap = effects[prior.at] - prior.effects
    total = covariance[np.ix_(prior.at, prior.at)] + prior.covariance
    z = gap / np.sqrt(np.diag(total))
    chi2 = float(gap @ np.linalg.solve(total, gap))
    refused = np.abs(z) > REFUSAL
    excess = np.maximum(gap**2 - np.diag(total), 0.0)
    kept = ~refused
    pooled, left = posterior(effects, covariance, prior.chosen(kept), vague, excess[kept])
    moved = pooled - effects
    return Pooling(pooled, left + np.outer(moved, moved), z, refused, chi2, float(chdtrc(len(gap), chi2)))


def posterior(
    effects: FloatArray, covariance: FloatArray, prior: TrialPrior, vague: float, excess: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean (K,) and covariance (K, K) of the posterior, over every way in which contrasts may conflict.

    Args:
        effects: (K,) local averages with (K, K) ``covariance``.
        prior: of m contrasts.
        vague: prior probability that a contrast has nothing to do with the trials.
        excess: (m,) variances by which the prior is widened.
    """
    m = len(prior.at)
    if m == 0:
        return effects, covariance
    ways = _ways(m)
    gain_from, gap = covariance[:, prior.at], effects[prior.at] - prior.effects
    alike = gain_from[prior.at] + prior.covariance + np.diag(excess)
    total = alike + prior.unit * ways[:, :, None] * np.eye(m)
    precision = np.linalg.inv(total)
    step = np.einsum("kn,wnm,m->wk", gain_from, precision, gap)
    weight = _weights(ways, total, np.einsum("n,wnm,m->w", gap, precision, gap), vague)
    shift = weight @ step
    apart = step - shift
    learned = np.einsum("w,wnm->nm", weight, precision)
    pooled = covariance - gain_from @ learned @ gain_from.T + (weight[:, None] * apart).T @ apart
    return effects - shift, (pooled + pooled.T) / 2


def _ways(m: int) -> FloatArray:
    """(ways, m) which contrasts conflict, 0 or 1."""
    if m > MANY:
        return np.array([[0.0] * m, [1.0] * m])
    return ((np.arange(2**m)[:, None] >> np.arange(m)) & 1).astype(np.float64)


def _weights(ways: FloatArray, total: FloatArray, distance: FloatArray, vague: float) -> FloatArray:
    """(ways,) posterior probabilities of the ways: prior probability times the density of what came."""
    count = ways.sum(axis=1) if ways.shape[1] <= MANY else ways[:, 0]
    parts = ways.shape[1] if ways.shape[1] <= MANY else 1
    with np.errstate(divide="ignore", invalid="ignore"):
        prior = np.where(count > 0, count * np.log(vague), 0.0)
        prior += np.where(count < parts, (parts - count) * np.log1p(-vague), 0.0)
    log = prior - 0.5 * (np.linalg.slogdet(total).logabsdet + distance)
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum(), dtype=np.float64)
