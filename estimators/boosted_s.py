"""An S-learner with LightGBM on the residual scale, distilled into the served basis.

One boosted regression of Y - m(x) on modifiers and arm; the difference of its predictions under an arm and under the
reference is a heavily regularised effect (Künzel et al. 2019), hard to beat where effects differ little. What
competes is not the trees but their ridge projection on the basis.
"""

from __future__ import annotations

import lightgbm
import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.distil import distil
from estimators.held_out import held_out_deviations
from estimators.outcome_models import BOOSTED, REPEATABLE


class BoostedS:
    """The S-learner as an effect model."""

    name = "boosted S-learner"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients of the distilled effects."""
        seen = ~np.isnan(data.outcome)
        flags = np.eye(data.scores.shape[1])
        modifiers = data.features[:, : data.basis.columns]
        target = data.outcome[seen] - (data.propensity[seen] * data.expected[seen]).sum(axis=1)
        weight = 1 / data.observation[seen, data.arm[seen]]
        model = lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)
        model.fit(np.hstack([modifiers[seen], flags[data.arm[seen]]]), target, sample_weight=weight)
        under = [np.hstack([modifiers, np.repeat(flag[None], len(modifiers), axis=0)]) for flag in flags]
        outcome = np.stack([np.asarray(model.booster_.predict(x, num_threads=1)) for x in under], axis=1)
        return distil(outcome - outcome[:, :1], data.features)

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations learned on the other folds."""
        return held_out_deviations(self, data)
