"""The difference of the outcome regressions as a teacher of effects, where a process joined them.

It costs no further fit of theirs: each fold's are there, and what they say of the fold they have not seen is honest.
What is served of it is its projection on a basis with waves (``estimators.waves``). Held out, a fold's own regressions
choose the waves, from the other folds' episodes, and are projected on them there: nothing of it has seen the fold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.distil import SMOOTH, distil
from estimators.waves import with_waves


class OutcomeRegressions:
    """What they say of effects, distilled; nothing where nothing is taught."""

    name = "outcome_regressions"
    passes_on = True

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients of the mean over the folds of what their regressions say."""
        if data.taught is None:
            return np.zeros((data.scores.shape[1], 1 + data.basis.terms))
        return distil(data.taught.together, data.features, SMOOTH)

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations, each fold's from its own regressions and in waves of their own choice."""
        deviations = np.zeros_like(data.scores)
        if data.taught is None:
            return deviations
        plain = data.basis.plain
        for at, fold in enumerate(np.unique(data.fold)):
            test, effects = data.fold == fold, data.taught.effects(at)
            known, told = data.modifiers[~test], effects[~test]
            basis = with_waves(plain, known, told, data.taught.lengths[at])
            slopes = distil(told, basis.expand(known), SMOOTH)[:, 1:]
            deviations[test] = basis.expand(data.modifiers[test]) @ slopes.T
        return deviations


def with_room(data: ScoredEpisodes) -> ScoredEpisodes:
    """The episodes with waves in their basis, in which what is taught can be said; unchanged if nothing is."""
    if data.taught is None:
        return data
    lengths = data.taught.lengths.reshape(-1, data.modifiers.shape[1])
    return replace(data, basis=with_waves(data.basis.plain, data.modifiers, data.taught.together, lengths))
