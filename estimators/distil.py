"""Distils effects that some model predicts into the served linear form."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.held_out import FoldByFold

ROUGH = 500.0
"""Penalty for teachers made of trees, whose predictions are noisy beyond what distilling averages out: as much as so
many episodes in which nothing varies. It fades as records grow."""

TAUGHT = 10_000
"""Episodes, evenly spaced, of which a teacher is asked: more would not move the projection of what it says."""

SMOOTH = 2.0
"""Penalty for teachers whose predictions are smooth: enough for terms that nearly determine each other."""

Effects: TypeAlias = Callable[[FloatArray], FloatArray]
"""(m, p) standardised modifiers -> (m, K) effects against the reference."""


class Teacher(FoldByFold):
    """An effect model that is no served form: it competes as what remains of it when distilled."""

    penalty = ROUGH

    @abstractmethod
    def teach(self, data: ScoredEpisodes) -> Effects:
        """Learn effects in the teacher's own form."""

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients of what the teacher says of the study's episodes."""
        n = len(data.arm)
        asked = np.unique(np.linspace(0, n - 1, min(n, TAUGHT)).round().astype(np.int64))
        told = self.teach(data)(data.modifiers[asked])
        return distil(told, data.terms(asked), self.penalty * len(asked) / n)


def distil(effects: FloatArray, terms: FloatArray, penalty: float) -> FloatArray:
    """(K, 1 + P) coefficients of the ridge projection of (n, K) effects on (n, P) terms, intercepts first.

    Args:
        penalty: of a squared slope, in episodes: over terms of mean 0 and standard deviation 1 that are orthogonal,
            slopes are multiplied by n / (n + penalty).
    """
    middle, centre = effects.mean(axis=0), terms.mean(axis=0)
    around = terms - centre
    gram = around.T @ around
    gram[np.diag_indices_from(gram)] += penalty
    slopes = np.linalg.solve(gram, around.T @ (effects - middle)).T
    return np.column_stack([middle - slopes @ centre, slopes])
