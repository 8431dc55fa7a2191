"""Held-out effects: each episode's from a model that was fitted on the other folds."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from data_contracts.effects import EffectModel, ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.residual_scale import residual_outcome, unlikely_seen


class FoldByFold(ABC):
    """An effect model that knows no quicker way to leave a fold out than to be fitted again without it."""

    name: str
    passes_on = False

    @abstractmethod
    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients against the reference, intercepts first."""

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations learned on the other folds."""
        return held_out_deviations(self, data)


def held_out_deviations(model: EffectModel, data: ScoredEpisodes) -> FloatArray:
    """(n, K) deviations of each episode's effects from their mean, learned on the other folds."""
    deviations = np.empty_like(data.scores)
    for fold in np.unique(data.fold):
        test = data.fold == fold
        deviations[test] = data.terms(test) @ model.fit(data.rows(~test))[:, 1:].T
    return deviations


def held_out_averages(data: ScoredEpisodes) -> FloatArray:
    """(n, K) average effects (AIPW) over the other folds: what each episode is served where nothing varies."""
    averages = np.empty_like(data.scores)
    for fold in np.unique(data.fold):
        test = data.fold == fold
        averages[test] = data.contrasts[~test].mean(axis=0)
    return averages


def residual_loss(data: ScoredEpisodes, effects: FloatArray) -> float:
    """Mean squared error, outcome units², of residual outcomes predicted from (n, K) held-out effects.

    The R-loss (Nie and Wager 2021) over observed episodes, each weighted by how unlikely it was to be observed:
    (Y - Σ_k e_k μ_k - Σ_k (1[T = k] - e_k) effect_k)². Zero effects give the loss of no effect at all,
    ``held_out_averages`` that of the constants, and those plus held-out deviations that of a model.
    """
    rows = np.flatnonzero(~np.isnan(data.outcome))
    arm, propensity = data.arm[rows], data.propensity[rows]
    left = residual_outcome(data, rows)
    left -= effects[rows, arm] - (propensity * effects[rows]).sum(axis=1)
    return float(np.average(left**2, weights=unlikely_seen(data, rows)))
