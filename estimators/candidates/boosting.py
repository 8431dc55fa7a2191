"""The boosted regression that the metalearners share, and what they regress."""

from __future__ import annotations

import lightgbm
import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.distil import Effects
from estimators.outcome_models import BOOSTED, REPEATABLE


def boost(features: FloatArray, target: FloatArray, weight: FloatArray) -> Effects:
    """LightGBM as the outcome models have it; returns its prediction, a function of (m, p) features."""
    model = lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)
    model.fit(features, target, sample_weight=weight)
    return lambda at: np.asarray(model.booster_.predict(at, num_threads=1), dtype=np.float64)


def residual_outcome(data: ScoredEpisodes) -> FloatArray:
    """(n,) outcome less m(x) = Σ_k e_k μ_k; NaN where it was not observed."""
    return np.asarray(data.outcome - (data.propensity * data.expected).sum(axis=1))


def unlikely_seen(data: ScoredEpisodes) -> FloatArray:
    """(n,) weights that make up for episodes like this one whose outcome was not observed."""
    return np.asarray(1 / data.observation[np.arange(len(data.arm)), data.arm])
