"""An S-learner with LightGBM on the residual scale, distilled into the served basis.

One boosted regression of Y - m(x) on modifiers and arm; the difference of its predictions under an arm and under the
reference is a heavily regularised effect (Künzel et al. 2019), hard to beat where effects differ little. What
competes is not the trees but their ridge projection on the basis.
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.arm_flags import flagged, under_each_arm
from estimators.candidates.boosting import boost
from estimators.distil import Effects, Teacher
from estimators.residual_scale import residual_outcome, unlikely_seen


class SLearner(Teacher):
    """The S-learner as an effect model."""

    name = "s_learner"

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Boost once, with the arms' flags beside the modifiers."""
        seen = ~np.isnan(data.outcome)
        arms = data.scores.shape[1]
        known = flagged(data.modifiers, data.arm, arms)
        predict = boost(known[seen], residual_outcome(data)[seen], unlikely_seen(data)[seen])

        def effects(modifiers: FloatArray) -> FloatArray:
            outcome = under_each_arm(modifiers, arms, lambda design, _arm: predict(design))
            return outcome - outcome[:, :1]

        return effects
