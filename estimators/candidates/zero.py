"""No effect at all: what every other candidate must do better than on episodes that it has not seen."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.held_out import FoldByFold


class Zero(FoldByFold):
    """Every arm does as the reference does, for everybody."""

    name = "zero"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) zeros."""
        return np.zeros((data.scores.shape[1], 1 + data.basis.terms))
