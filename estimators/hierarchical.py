"""A hierarchical model of effects on the residual scale, with priors that the arms share.

    Y - m(x) = Σ_k (1[T = k] - e_k(x)) (a_k + φ(x)'b_k) + ε,    m(x) = Σ_k e_k(x) μ_k(x)

(Robinson 1988; Nie and Wager 2021, Quasi-oracle estimation of heterogeneous treatment effects). The slopes have
b_kj ~ N(0, v_g λ_c): v_g for the kind of term (linear, bump or product) and λ_c for what it is made from, a column
or a pair of columns, both shared by the arms, with half-Cauchy priors on their square roots (a grouped horseshoe:
Carvalho, Polson and Scott 2010). So a modifier that matters for no arm is shrunk away for all, and how far effects may
vary is learned from the records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.horseshoe import Horseshoe

KEPT, KEPT_HELD_OUT = 200, 80
"""Draws kept for what is served, and for a held-out mean, which needs fewer."""

CHUNK = 20_000
"""Episodes whose design matrix is held in memory at once."""


@dataclass(frozen=True)
class Posterior:
    """What the records say of effects, as draws.

    Attributes:
        mean: (K, 1 + P) posterior mean of the coefficients against the reference, intercepts first; row 0 is zero.
        draws: (R, K, 1 + P) the same, drawn.
    """

    mean: FloatArray
    draws: FloatArray


@dataclass(frozen=True)
class Sufficient:
    """All that the model needs of a set of episodes: sets add up, so that folds are left out by subtraction.

    Attributes:
        gram, moment, total: cross products of the design, of design and target, and of the target.
        rows: number of observed episodes.
        weight: sum of their weights.
    """

    gram: FloatArray
    moment: FloatArray
    total: float
    rows: int
    weight: float

    def __add__(self, other: Sufficient) -> Sufficient:
        return Sufficient(
            self.gram + other.gram,
            self.moment + other.moment,
            self.total + other.total,
            self.rows + other.rows,
            self.weight + other.weight,
        )

    def __sub__(self, other: Sufficient) -> Sufficient:
        return Sufficient(
            self.gram - other.gram,
            self.moment - other.moment,
            self.total - other.total,
            self.rows - other.rows,
            self.weight - other.weight,
        )


class Hierarchical:
    """The model as an effect model, and its whole posterior."""

    name = "hierarchical"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) posterior mean."""
        return sample(sufficient(data), data).mean

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations learned on the other folds, whose cross products are found by subtraction."""
        return self.posterior(data)[1]

    def posterior(self, data: ScoredEpisodes) -> tuple[Posterior, FloatArray]:
        """The posterior from all episodes, and the (n, K) held-out deviations."""
        parts = {fold: sufficient(data.rows(data.fold == fold)) for fold in np.unique(data.fold)}
        size = data.scores.shape[1] * (1 + data.features.shape[1])
        whole = sum(parts.values(), start=Sufficient(np.zeros((size, size)), np.zeros(size), 0.0, 0, 0.0))
        deviations = np.empty_like(data.scores)
        for fold, part in parts.items():
            mean = sample(whole - part, data, KEPT_HELD_OUT).mean
            deviations[data.fold == fold] = data.features[data.fold == fold] @ mean[:, 1:].T
        return sample(whole, data), deviations


def sufficient(data: ScoredEpisodes) -> Sufficient:
    """Cross products of the residual-on-residual regression; cost grows with n here and nowhere else.

    Episodes whose outcome was not observed are left out, the others weighted by how unlikely it was to see them.
    """
    seen = np.flatnonzero(~np.isnan(data.outcome))
    size = data.scores.shape[1] * (1 + data.features.shape[1])
    sums = Sufficient(np.zeros((size, size)), np.zeros(size), 0.0, 0, 0.0)
    for start in range(0, len(seen), CHUNK):
        rows = seen[start : start + CHUNK]
        design, target = _regression(data, rows)
        weight = float((1 / data.observation[rows, data.arm[rows]]).sum())
        sums += Sufficient(design.T @ design, design.T @ target, float(target @ target), len(rows), weight)
    return sums


def sample(sums: Sufficient, data: ScoredEpisodes, kept: int = KEPT) -> Posterior:
    """Draw from the posterior; the same sums give the same draws. ``data`` tells the arms and the basis alone."""
    basis, arms = data.basis, data.scores.shape[1]
    source = {columns: i for i, columns in enumerate(dict.fromkeys(basis.sources))}
    even = sums.rows / sums.weight  # weights that are 1 on average; known here alone, so that sums of sets add up
    sampler = Horseshoe(
        even * sums.gram,
        even * sums.moment,
        even * sums.total,
        sums.rows,
        kind=np.tile(np.r_[-1, basis.kind], arms),
        source=np.tile(np.r_[-1, [source[columns] for columns in basis.sources]], arms),
    )
    draws, means = sampler.run(kept)
    shape = (-1, arms, 1 + basis.terms)
    drawn, mean = draws.reshape(shape), means.reshape(shape)
    return Posterior(mean=(mean - mean[:, :1]).mean(axis=0), draws=drawn - drawn[:, :1])


def residuals(data: ScoredEpisodes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Residual treatments (m, K) and residual outcomes (m,) of observed rows, weighted for those not observed."""
    arm, propensity = data.arm[rows], data.propensity[rows]
    outcome = data.outcome[rows] - (propensity * data.expected[rows]).sum(axis=1)
    treatment = np.eye(propensity.shape[1])[arm] - propensity
    weight = np.sqrt(1 / data.observation[rows, arm])
    return treatment * weight[:, None], outcome * weight


def _regression(data: ScoredEpisodes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    treatment, outcome = residuals(data, rows)
    basis = np.hstack([np.ones((len(rows), 1)), data.features[rows]])
    return (treatment[:, :, None] * basis[:, None, :]).reshape(len(rows), -1), outcome
