"""Peers that are differences of one or several LightGBM regressions (Künzel et al. 2019)."""

from __future__ import annotations

import lightgbm
import numpy as np

from data_contracts.episode import FloatArray
from estimators.arm_flags import flagged, under_each_arm
from estimators.boosted import REPEATABLE
from estimators.outcome_models import BOOSTED
from experiments.benchmark_peer_data import PeerData


def regressor() -> lightgbm.LGBMRegressor:
    """The regression that every peer with boosted trees uses; our own boosted outcome model has the same settings."""
    return lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)


def s_learner(data: PeerData, covariates: FloatArray) -> FloatArray:
    """One LightGBM with the arm among its features."""
    model = regressor().fit(flagged(data.covariates, data.arm, data.arms), data.outcome)
    return _differences(under_each_arm(covariates, data.arms, lambda design, _arm: _predict(model, design)))


def t_learner(data: PeerData, covariates: FloatArray) -> FloatArray:
    """One LightGBM an arm."""
    arms = [data.arm == k for k in range(data.arms)]
    models = [regressor().fit(data.covariates[rows], data.outcome[rows]) for rows in arms]
    return _differences(np.stack([_predict(model, covariates) for model in models], axis=1))


def _predict(model: lightgbm.LGBMRegressor, covariates: FloatArray) -> FloatArray:
    return np.asarray(model.booster_.predict(covariates, num_threads=1))


def _differences(predicted: FloatArray) -> FloatArray:
    return predicted - predicted[:, :1]
