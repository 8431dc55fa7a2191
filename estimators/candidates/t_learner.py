"""A T-learner with LightGBM on the residual scale, distilled: one boosted regression an arm, nothing shared.

It pays for two models with the noise of both, and is there for records that are large and whose arms have nothing in
common (Künzel et al. 2019, Metalearners for estimating heterogeneous treatment effects, PNAS 116).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.candidates.boosting import boost
from estimators.distil import Effects, Teacher
from estimators.residual_scale import residual_outcome, unlikely_seen


class TLearner(Teacher):
    """The T-learner as an effect model."""

    name = "t_learner"

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Boost Y - m(x) within each arm."""
        seen, target, weight = ~np.isnan(data.outcome), residual_outcome(data), unlikely_seen(data)
        own = [seen & (data.arm == k) for k in range(data.scores.shape[1])]
        arms = [boost(data.modifiers[rows], target[rows], weight[rows]) for rows in own]

        def effects(modifiers: FloatArray) -> FloatArray:
            outcome = np.stack([predict(modifiers) for predict in arms], axis=1)
            return outcome - outcome[:, :1]

        return effects
