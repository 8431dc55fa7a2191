"""Probability models, always calibrated: for which arm was started and for whether the outcome was observed.

Uncalibrated boosted probabilities inflate the variance of weighted estimates about twentyfold; one temperature,
fitted on held-out parts of the training folds, cures most of it (Guo et al. 2017, On calibration of modern neural
networks, ICML).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression

from data_contracts.episode import FloatArray, IntArray
from estimators.folds import deal
from estimators.outcome_models import REPEATABLE

TREES = {"n_estimators": 40, "num_leaves": 7, "learning_rate": 0.1, "min_child_samples": 20, "subsample_freq": 0}
INNER_FOLDS = 3


def logistic() -> LogisticRegression:
    """Multinomial logistic regression with a weak ridge penalty, solved to convergence."""
    return LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-8, max_iter=200)


def boosted() -> lightgbm.LGBMClassifier:
    """A small boosted classifier: 40 trees of 7 leaves, which keeps the weights it implies bounded."""
    return lightgbm.LGBMClassifier(**TREES, **REPEATABLE)


PROBABILITY_MODELS: Mapping[str, Callable[[], Any]] = {"logistic": logistic, "boosted trees": boosted}


def fit_calibrated(name: str, features: FloatArray, label: IntArray, cluster: IntArray) -> CalibratedClassifierCV:
    """Fit a classifier and its temperature, the latter on parts of the rows that the former did not see.

    Args:
        name: key of PROBABILITY_MODELS.
        features: (n, q).
        label: (n,) codes.
        cluster: (n,) clusters stay whole in the inner folds.
    """
    # scikit-learn's StratifiedGroupKFold deals by rounding errors, which depend on how the labels are numbered.
    inner = deal(label, np.zeros_like(label), cluster, INNER_FOLDS, seed=0)
    splits = [(np.flatnonzero(inner != k), np.flatnonzero(inner == k)) for k in range(INNER_FOLDS)]
    model = CalibratedClassifierCV(PROBABILITY_MODELS[name](), method="temperature", cv=splits, ensemble=False)
    return model.fit(features, label)


def served_logits(model: CalibratedClassifierCV) -> FloatArray:
    """(K, 1 + q) coefficients of a calibrated logistic model, its temperature folded in; intercepts first."""
    calibrated = model.calibrated_classifiers_[0]
    linear, temperature = calibrated.estimator, calibrated.calibrators[0]
    weights = np.hstack([linear.intercept_[:, None], linear.coef_]) * temperature.beta_
    if len(weights) == 1:
        weights = np.vstack([-weights, weights])  # scikit-learn scales two arms' logits as (-x, x)
    return np.asarray(weights - weights.mean(axis=0), dtype=np.float64)
