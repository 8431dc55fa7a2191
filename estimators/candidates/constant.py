"""The average effects for everybody: the advice with the gate shut."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.held_out import FoldByFold


class Constant(FoldByFold):
    """Differences of the score matrix's column means (AIPW), and no deviations from them."""

    name = "constant"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) average effects, then zeros."""
        averages = data.contrasts.mean(axis=0)
        return np.column_stack([averages, np.zeros((len(averages), data.basis.terms))])
