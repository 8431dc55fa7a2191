"""How often a yes-or-no outcome comes: the served level from which effects are counted.

The level is that of a fixed mixture of the arms, Σ_k w_k E[Y | arm k, X = x], whose score is Σ_k w_k Γ_k. Its mean is
the average's; how it varies with the patient is a regression of that score on the basis, with the priors of the
hierarchical model of effects, only wider: outcomes vary between patients far more than effects do. The weights are
w ∝ C⁻¹1 with C the covariance of the arms' means: of all mixtures the one with the least variance, and the one whose
error has no covariance with any average effect's.

Where a yes is rare its residuals scatter more the likelier it is, and rows of a cluster vary together. So the
posterior's covariance is a sandwich (Müller 2013, Econometrica 81:1805), given each draw of the variances, and to it
comes how far the draws' means lie apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.secondary_served import ServedLevel
from estimators.clusters import clustered_covariance
from estimators.contrasts import mean_covariance
from estimators.few_events import variance_floor
from estimators.hierarchical import SERVED
from estimators.horseshoe import Horseshoe, State

LEVEL_SCALE = 0.3
"""Scale of the half-Cauchy prior on how far levels vary with each kind of term, in residual standard deviations."""


def fit_level(data: ScoredEpisodes) -> ServedLevel:
    """The served level of a yes-or-no outcome, from its scored episodes."""
    of_means = mean_covariance(data.scores, data.cluster, variance_floor(data))
    weights = _weights(of_means)
    mixture = data.scores @ weights
    gram, moment = _cross_products(data, mixture)
    states = _draw(data, gram, moment, mixture)
    coefficients = np.mean([state.mean for state in states], axis=0)
    coefficients[0] = mixture.mean()
    covariance = _sandwich(states, gram, _scatter(data, mixture, coefficients))
    covariance[0, 0] = max(covariance[0, 0], float(weights @ of_means @ weights))
    values, vectors = np.linalg.eigh(covariance)
    return ServedLevel(coefficients, (vectors * np.sqrt(np.maximum(values, 0.0))).T, weights)


def _weights(covariance: FloatArray) -> FloatArray:
    """(K,) weights of the mixture with the least variance; equal ones where nothing varies."""
    scale = float(np.trace(covariance)) or 1.0
    raw = np.linalg.solve(covariance + 1e-9 * scale * np.eye(len(covariance)), np.ones(len(covariance)))
    return np.asarray(raw / raw.sum())


def _draw(data: ScoredEpisodes, gram: FloatArray, moment: FloatArray, target: FloatArray) -> list[State]:
    """States of the regression of a score on the basis."""
    kind = np.unique(data.basis.kind, return_inverse=True)[1]
    places = {made_from: i for i, made_from in enumerate(dict.fromkeys(data.basis.sources))}
    sampler = Horseshoe(
        gram,
        moment,
        float(target @ target),
        len(target),
        kind=np.r_[-1, kind],
        source=np.r_[-1, [places[made_from] for made_from in data.basis.sources]],
        copies=1,
        scale=LEVEL_SCALE,
    )
    return list(sampler.states(*SERVED))


def _sandwich(states: Sequence[State], gram: FloatArray, scatter: FloatArray) -> FloatArray:
    """(1 + P, 1 + P) covariance: the mean sandwich over states, and the covariance of their means."""
    means = np.array([state.mean for state in states])
    found = np.cov(means, rowvar=False, bias=True)
    for state in states:
        prior = np.diag(1 / state.prior_variance)
        bread = np.linalg.inv(gram / state.noise + prior)
        found += bread @ (scatter / state.noise**2 + prior) @ bread / len(states)
    return np.asarray(found)


def _scatter(data: ScoredEpisodes, target: FloatArray, coefficients: FloatArray) -> FloatArray:
    """(1 + P, 1 + P) covariance of the sums over episodes of residual times (1, φ), by clusters."""
    influence = np.empty((len(target), len(coefficients)))
    for rows, terms in data.parts():
        design = np.column_stack([np.ones(len(terms)), terms])
        influence[rows] = design * (target[rows] - design @ coefficients)[:, None]
    return clustered_covariance(influence, data.cluster)


def _cross_products(data: ScoredEpisodes, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of (1, φ) with itself and with a target, over all episodes, part after part."""
    size = 1 + data.basis.terms
    gram, moment = np.zeros((size, size)), np.zeros(size)
    for rows, terms in data.parts():
        design = np.column_stack([np.ones(len(terms)), terms])
        gram += design.T @ design
        moment += design.T @ target[rows]
    return gram, moment
