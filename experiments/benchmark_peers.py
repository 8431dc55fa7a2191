"""Peers as a careful user would run them, on our encoded covariates; each returns effects of fresh patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import lightgbm
import numpy as np
from econml.dr import LinearDRLearner
from econml.metalearners import XLearner
from sklearn.linear_model import LogisticRegression

from data_contracts.episode import Episodes, FloatArray
from estimators.learn import Learned
from estimators.outcome_models import BOOSTED, REPEATABLE

Peer: TypeAlias = Callable[[Episodes, Learned, FloatArray, FloatArray], FloatArray]
"""(episodes, learned, fresh covariates, fresh terms) -> (m, K) effects against the reference."""


def _regressor() -> lightgbm.LGBMRegressor:
    return lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)


def _propensity() -> LogisticRegression:
    return LogisticRegression(max_iter=500)


def _seen(learned: Learned) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """Covariates, arms and outcomes of the observed episodes, and the number of effect modifiers' columns."""
    data = learned.scored
    rows = ~np.isnan(data.outcome)
    return learned.covariates[rows], data.arm[rows].astype(np.float64), data.outcome[rows], data.basis.columns


def s_learner(_episodes: Episodes, learned: Learned, covariates: FloatArray, _terms: FloatArray) -> FloatArray:
    """One LightGBM with the arm among its features."""
    known, arm, outcome, _ = _seen(learned)
    flags = np.eye(learned.scored.scores.shape[1])
    model = _regressor().fit(np.hstack([known, flags[arm.astype(int)]]), outcome)
    under = [np.hstack([covariates, np.repeat(flag[None], len(covariates), axis=0)]) for flag in flags]
    predicted = np.stack([np.asarray(model.booster_.predict(x, num_threads=1)) for x in under], axis=1)
    return np.asarray(predicted - predicted[:, :1])


def x_learner(_episodes: Episodes, learned: Learned, covariates: FloatArray, _terms: FloatArray) -> FloatArray:
    """EconML's XLearner with LightGBM and a logistic propensity."""
    known, arm, outcome, _ = _seen(learned)
    arms = learned.scored.scores.shape[1]
    learner = XLearner(models=_regressor(), propensity_model=_propensity(), categories=list(range(arms)))
    learner.fit(outcome, arm.astype(int), X=known)
    return _against_reference(learner, covariates, arms)


def linear_dr(_episodes: Episodes, learned: Learned, covariates: FloatArray, _terms: FloatArray) -> FloatArray:
    """EconML's LinearDRLearner with LightGBM outcomes and a logistic propensity of its own."""
    known, arm, outcome, modifiers = _seen(learned)
    arms = learned.scored.scores.shape[1]
    learner = LinearDRLearner(
        model_regression=_regressor(),
        model_propensity=_propensity(),
        categories=list(range(arms)),
        min_propensity=0.01,
        cv=5,
        random_state=0,
    )
    others = known[:, modifiers:] if known.shape[1] > modifiers else None
    learner.fit(outcome, arm.astype(int), X=known[:, :modifiers], W=others)
    return _against_reference(learner, covariates[:, :modifiers], arms)


def _against_reference(learner: LinearDRLearner | XLearner, covariates: FloatArray, arms: int) -> FloatArray:
    effects = [np.ravel(learner.effect(covariates, T0=0, T1=k)) for k in range(1, arms)]
    return np.column_stack([np.zeros(len(covariates)), *effects])


PEERS: Mapping[str, Peer] = {"S-learner": s_learner, "X-learner": x_learner, "LinearDRLearner": linear_dr}
