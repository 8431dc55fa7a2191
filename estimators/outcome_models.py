"""Outcome models: what each episode's outcome would be expected to be under each arm.

A small table of learners; the one with the lowest held-out loss is used. Regularised linear models win on small
and smooth records, boosted trees where the records bend. All see standardised outcomes and covariates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import lightgbm
import numpy as np
from sklearn.linear_model import RidgeCV

from data_contracts.episode import FloatArray, IntArray

PENALTIES = np.logspace(-1, 4, 11)
BOOSTED = {"n_estimators": 150, "num_leaves": 15, "learning_rate": 0.05, "min_child_samples": 20, "subsample_freq": 0}
REPEATABLE = {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1, "random_state": 0}


class OutcomeModel(Protocol):
    """Learns E[outcome | covariates, arm]."""

    def fit(self, covariates: FloatArray, arm: IntArray, outcome: FloatArray, arms: int) -> OutcomeModel:
        """Learn from (n, q) covariates, (n,) arm codes and (n,) outcomes."""
        ...

    def predict(self, covariates: FloatArray) -> FloatArray:
        """(n, K) expected outcomes."""
        ...


class PooledRidge:
    """An intercept for each arm and slopes that all arms share: analysis of covariance, with a ridge penalty."""

    def fit(self, covariates: FloatArray, arm: IntArray, outcome: FloatArray, arms: int) -> PooledRidge:
        """Learn shared slopes from deviations within arms."""
        centre = np.stack([covariates[arm == k].mean(axis=0) for k in range(arms)])
        self._means = np.array([outcome[arm == k].mean() for k in range(arms)])
        ridge = RidgeCV(PENALTIES, fit_intercept=False).fit(covariates - centre[arm], outcome - self._means[arm])
        self._slopes = np.asarray(ridge.coef_)
        self._centre = centre @ self._slopes
        return self

    def predict(self, covariates: FloatArray) -> FloatArray:
        """(n, K) expected outcomes."""
        return np.asarray((covariates @ self._slopes)[:, None] + self._means - self._centre)


class RidgeByArm:
    """One ridge regression an arm."""

    def fit(self, covariates: FloatArray, arm: IntArray, outcome: FloatArray, arms: int) -> RidgeByArm:
        """Learn each arm from its own episodes."""
        self._models = [RidgeCV(PENALTIES).fit(covariates[arm == k], outcome[arm == k]) for k in range(arms)]
        return self

    def predict(self, covariates: FloatArray) -> FloatArray:
        """(n, K) expected outcomes."""
        return np.stack([model.predict(covariates) for model in self._models], axis=1)


class BoostedTrees:
    """LightGBM with the arm among its features."""

    def fit(self, covariates: FloatArray, arm: IntArray, outcome: FloatArray, arms: int) -> BoostedTrees:
        """Learn from all arms together."""
        self._arms = arms
        self._model = lightgbm.LGBMRegressor(**BOOSTED, **REPEATABLE)
        self._model.fit(np.hstack([covariates, np.eye(arms)[arm]]), outcome)
        return self

    def predict(self, covariates: FloatArray) -> FloatArray:
        """(n, K) expected outcomes."""
        flags = np.eye(self._arms)
        under = [np.hstack([covariates, np.repeat(flags[[k]], len(covariates), axis=0)]) for k in range(self._arms)]
        return np.stack([np.asarray(self._model.booster_.predict(x, num_threads=1)) for x in under], axis=1)


OUTCOME_MODELS: Mapping[str, Callable[[], OutcomeModel]] = {
    "pooled ridge": PooledRidge,
    "ridge by arm": RidgeByArm,
    "boosted trees": BoostedTrees,
}
