"""EconML's LinearDML behind the effect-model protocol: residual outcomes on residual treatments, linear effects.

It weights patients by how evenly the arms were likely for them, where doubly robust scores weight all alike and pay
for rare arms with noise (Robinson 1988; Chernozhukov et al. 2018, Econometrics Journal 21).
"""

from __future__ import annotations

import numpy as np
from econml.dml import LinearDML as EconmlLinearDML

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.candidates.econml_forms import least_norm, linear_form
from estimators.candidates.shared_nuisances import OutcomeReader, PropensityReader, for_residuals
from estimators.held_out import FoldByFold


class LinearDML(FoldByFold):
    """Linear effects by least squares on the residual scale, without a penalty."""

    name = "linear_dml"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients from EconML on the linear terms alone; the other terms get zeros."""
        learner = self.learner(data)
        slopes = np.reshape(learner.coef_, (data.scores.shape[1] - 1, data.basis.columns))
        return linear_form(data, np.ravel(learner.intercept_), slopes)

    @staticmethod
    def learner(data: ScoredEpisodes) -> EconmlLinearDML:
        """The fitted EconML object, for checks against what is served."""
        given = for_residuals(data)
        learner = EconmlLinearDML(
            model_y=OutcomeReader(data.basis.columns),
            model_t=PropensityReader(data.basis.columns),
            discrete_treatment=True,
            categories=list(range(data.scores.shape[1])),
            cv=given.halves,
            random_state=0,
        )
        with least_norm():
            return learner.fit(given.outcome, given.arm, X=given.modifiers, W=given.known, sample_weight=given.weight)
