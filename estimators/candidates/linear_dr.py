"""EconML's LinearDRLearner behind the effect-model protocol, on the study's own scores."""

from __future__ import annotations

import numpy as np
from econml.dr import LinearDRLearner

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.candidates.econml_forms import least_norm, linear_form
from estimators.candidates.shared_nuisances import EvenOdds, ScoreReader, for_doubly_robust
from estimators.held_out import FoldByFold


class LinearDR(FoldByFold):
    """Doubly robust linear effects (Foster and Syrgkanis 2023, Orthogonal statistical learning)."""

    name = "linear_dr"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients from EconML on the linear terms alone; the other terms get zeros."""
        learner = self.learner(data)
        offered = range(1, data.scores.shape[1])
        intercepts = np.concatenate([np.ravel(learner.intercept_(T=k)) for k in offered])
        return linear_form(data, intercepts, np.stack([learner.coef_(T=k) for k in offered]))

    @staticmethod
    def learner(data: ScoredEpisodes) -> LinearDRLearner:
        """The fitted EconML object, for checks against what is served."""
        arms, given = data.scores.shape[1], for_doubly_robust(data)
        learner = LinearDRLearner(
            model_regression=ScoreReader(data.basis.columns, arms),
            model_propensity=EvenOdds(),
            categories=list(range(arms)),
            cv=given.halves,
            random_state=0,
        )
        with least_norm():
            return learner.fit(given.outcome, given.arm, X=given.modifiers, W=given.known)
