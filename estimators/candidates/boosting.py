"""The boosted regression that the metalearners share."""

from __future__ import annotations

import lightgbm
import numpy as np

from data_contracts.episode import FloatArray
from estimators.boosted import REPEATABLE
from estimators.distil import Effects
from estimators.outcome_models import BOOSTED


def boost(features: FloatArray, target: FloatArray, weight: FloatArray) -> Effects:
    """LightGBM as the outcome models have it; returns its prediction, a function of (m, p) features."""
    model = lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)
    model.fit(features, target, sample_weight=weight)
    return lambda at: np.asarray(model.booster_.predict(at, num_threads=1), dtype=np.float64)
