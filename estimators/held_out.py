"""Held-out effects: each episode's from a model that was fitted on the other folds."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import EffectModel, ScoredEpisodes
from data_contracts.episode import FloatArray


def held_out_deviations(model: EffectModel, data: ScoredEpisodes) -> FloatArray:
    """(n, K) deviations of each episode's effects from their mean, learned on the other folds."""
    deviations = np.empty_like(data.scores)
    for fold in np.unique(data.fold):
        test = data.fold == fold
        deviations[test] = data.features[test] @ model.fit(data.rows(~test))[:, 1:].T
    return deviations
