"""Peers from EconML: LightGBM outcomes, logistic propensities, five folds; effects vary with the effect modifiers."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
from econml.dml import CausalForestDML, LinearDML
from econml.dr import ForestDRLearner, LinearDRLearner
from econml.metalearners import XLearner
from sklearn.linear_model import LogisticRegression

from data_contracts.episode import FloatArray
from estimators.boosted import REPEATABLE
from experiments.benchmark_peer_data import PeerData
from experiments.benchmark_plain_peers import regressor

TREES = 400
"""Trees of a forest, between the defaults of the two: 1,000 (ForestDRLearner) and 100 (CausalForestDML)."""

FLOOR, FOLDS = 0.01, 5

MORE_TREES, FEWER_FOLDS = {"n_estimators": 150, "num_leaves": 15}, 3
"""As LinearDRLearner was set when the marks of ``benchmark_cost`` were made."""


def x_learner(data: PeerData, covariates: FloatArray) -> FloatArray:
    """XLearner."""
    learner = XLearner(models=regressor(), propensity_model=_propensity(), categories=list(range(data.arms)))
    learner.fit(data.outcome, data.arm, X=data.covariates)
    return _against_reference(learner, covariates, data.arms)


def linear_dr(data: PeerData, covariates: FloatArray) -> FloatArray:
    """LinearDRLearner."""
    return _fit(LinearDRLearner(**_doubly_robust(data)), data, covariates)


def linear_dr_boosted(data: PeerData, covariates: FloatArray) -> FloatArray:
    """LinearDRLearner with boosted trees for outcomes and propensities, 150 of 15 leaves each, in three folds."""
    models = {
        "model_regression": lightgbm.LGBMRegressor(**MORE_TREES, **REPEATABLE),
        "model_propensity": lightgbm.LGBMClassifier(**MORE_TREES, **REPEATABLE),
    }
    learner = LinearDRLearner(**{**_doubly_robust(data), **models, "cv": FEWER_FOLDS})
    return _fit(learner, data, covariates)


def linear_dr_default(data: PeerData, covariates: FloatArray) -> FloatArray:
    """LinearDRLearner as it comes: EconML chooses among its own outcome and propensity models."""
    learner = LinearDRLearner(categories=list(range(data.arms)), random_state=0)
    return _fit(learner, data, covariates)


def forest_dr(data: PeerData, covariates: FloatArray) -> FloatArray:
    """ForestDRLearner."""
    return _fit(ForestDRLearner(**_doubly_robust(data), n_estimators=TREES, n_jobs=1), data, covariates)


def linear_dml(data: PeerData, covariates: FloatArray) -> FloatArray:
    """LinearDML."""
    return _fit(LinearDML(**_residual(data)), data, covariates)


def causal_forest_dml(data: PeerData, covariates: FloatArray) -> FloatArray:
    """CausalForestDML."""
    return _fit(CausalForestDML(**_residual(data), n_estimators=TREES, n_jobs=1), data, covariates)


def _propensity() -> LogisticRegression:
    return LogisticRegression(max_iter=500)


def _doubly_robust(data: PeerData) -> dict[str, Any]:
    models = {"model_regression": regressor(), "model_propensity": _propensity(), "min_propensity": FLOOR}
    return models | {"categories": list(range(data.arms)), "cv": FOLDS, "random_state": 0}


def _residual(data: PeerData) -> dict[str, Any]:
    models = {"model_y": regressor(), "model_t": _propensity(), "discrete_treatment": True}
    return models | {"categories": list(range(data.arms)), "cv": FOLDS, "random_state": 0}


def _fit(learner: Any, data: PeerData, covariates: FloatArray) -> FloatArray:
    learner.fit(data.outcome, data.arm, X=data.covariates[:, : data.modifiers], W=data.others)
    return _against_reference(learner, covariates[:, : data.modifiers], data.arms)


def _against_reference(learner: Any, covariates: FloatArray, arms: int) -> FloatArray:
    effects = [np.ravel(learner.effect(covariates, T0=0, T1=k)) for k in range(1, arms)]
    return np.column_stack([np.zeros(len(covariates)), *effects])
