"""Probability models, always calibrated: for which arm was started and for who is lost before the outcome.

Uncalibrated boosted probabilities inflate the variance of weighted estimates about twentyfold; a slope fitted on
predictions of rows that the model did not see cures most of it (``estimators.probability_calibration``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import lightgbm
import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.column_order import by_label
from estimators.covariates import Covariates
from estimators.folds import deal
from estimators.multinomial import fit_multinomial, fit_without_folds
from estimators.outcome_models import REPEATABLE
from estimators.probability_calibration import Scaling, fit_common

TREES = {"n_estimators": 40, "num_leaves": 7, "learning_rate": 0.1, "min_child_samples": 20, "subsample_freq": 0,
         "max_bin": 63}  # fmt: skip
INNER_FOLDS = 3
SMALLEST = 1e-15


class ProbabilityModel(Protocol):
    """Learns the probabilities of labels 0 to C - 1, all of which it is shown."""

    def fit(self, features: FloatArray, label: IntArray) -> ProbabilityModel:
        """Learn from (n, q) features and (n,) labels."""
        ...

    def log_probability(self, features: FloatArray) -> FloatArray:
        """(n, C) logarithms, not yet calibrated."""
        ...


class Logistic:
    """Multinomial logistic regression with a weak ridge penalty.

    Attributes:
        weights: (C, 1 + q) coefficients of the logits, intercepts first, which add to zero over the labels.
    """

    weights: FloatArray

    def fit(self, features: FloatArray, label: IntArray) -> Logistic:
        """Learn from (n, q) features and (n,) labels."""
        self.weights = fit_multinomial(features, label)
        return self

    @classmethod
    def of(cls, weights: FloatArray) -> Logistic:
        """Take (C, 1 + q) coefficients that are known already."""
        found = cls()
        found.weights = weights
        return found

    def log_probability(self, features: FloatArray) -> FloatArray:
        """(n, C) logarithms."""
        logits = features @ self.weights[:, 1:].T + self.weights[:, 0]
        logits -= logits.max(axis=1, keepdims=True)
        return np.asarray(np.maximum(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.log(SMALLEST)))


class BoostedClassifier:
    """A small boosted classifier: 40 trees of 7 leaves, which keeps the weights it implies bounded."""

    def __init__(self, **changes: float) -> None:
        """Change LightGBM's parameters."""
        self._parameters = {**TREES, **changes, **REPEATABLE}

    def fit(self, features: FloatArray, label: IntArray) -> BoostedClassifier:
        """Learn from (n, q) features, NaN where missing, and (n,) labels."""
        self._order = by_label(features, label)
        self._model = lightgbm.LGBMClassifier(**self._parameters).fit(features[:, self._order], label)
        return self

    def log_probability(self, features: FloatArray) -> FloatArray:
        """(n, C) logarithms."""
        found = np.asarray(self._model.booster_.predict(features[:, self._order], num_threads=1))
        both = np.stack([1 - found, found], axis=1) if found.ndim == 1 else found
        return np.asarray(np.log(np.maximum(both, SMALLEST)))


LOGISTIC = "logistic"
PROBABILITY_MODELS: Mapping[str, Callable[[], ProbabilityModel]] = {
    LOGISTIC: Logistic,
    "boosted trees": BoostedClassifier,
}


def view(name: str, covariates: Covariates) -> FloatArray:
    """(n, q) covariates as the learner of that name takes them: trees handle gaps, the others need them filled."""
    return covariates.gaps if name == "boosted trees" else covariates.filled


@dataclass(frozen=True)
class Calibrated:
    """A fitted model with its calibration."""

    model: ProbabilityModel
    scaling: Scaling

    def predict_proba(self, features: FloatArray) -> FloatArray:
        """(n, C) calibrated probabilities."""
        return self.scaling.apply(self.model.log_probability(features))


def fit_calibrated(name: str, features: FloatArray, label: IntArray, cluster: IntArray) -> Calibrated:
    """Fit one model on all rows, and its slope on predictions by models that did not see the rows.

    Args:
        name: key of PROBABILITY_MODELS.
        features: (n, q).
        label: (n,) codes.
        cluster: (n,) clusters stay whole in the inner folds.
    """
    inner = deal(label, np.zeros_like(label), cluster, INNER_FOLDS, seed=0)
    held_out = np.empty((len(label), int(label.max()) + 1))
    for k in range(INNER_FOLDS):
        model = PROBABILITY_MODELS[name]().fit(features[inner != k], label[inner != k])
        held_out[inner == k] = model.log_probability(features[inner == k])
    return Calibrated(PROBABILITY_MODELS[name]().fit(features, label), fit_common(held_out, label))


@dataclass(frozen=True)
class LogisticByFold:
    """A logistic model of all rows, and what the models of the other folds say of each row.

    Attributes:
        whole: the model.
        held_out: (n, C) log-probabilities, not yet calibrated.
    """

    whole: Logistic
    held_out: FloatArray

    @classmethod
    def fit(cls, features: FloatArray, label: IntArray, fold: IntArray) -> LogisticByFold:
        """Learn from (n, q) features, (n,) labels and (n,) folds."""
        whole, outside = fit_without_folds(features, label, fold)
        held_out = np.empty((len(label), len(whole)))
        for k, weights in outside.items():
            held_out[fold == k] = Logistic.of(weights).log_probability(features[fold == k])
        return cls(Logistic.of(whole), held_out)

    def calibrated(self, label: IntArray) -> Calibrated:
        """The whole model, calibrated by what those of the other folds say."""
        return Calibrated(self.whole, fit_common(self.held_out, label))


def served_logits(found: Calibrated) -> FloatArray:
    """(C, 1 + q) coefficients of a calibrated logistic model, its calibration folded in; intercepts first.

    Raises:
        TypeError: the model is not logistic.
    """
    if not isinstance(found.model, Logistic):
        raise TypeError("only a logistic model has a linear form")
    scaling = found.scaling
    weights = found.model.weights * scaling.slope[:, None]
    weights[:, 0] += (1 - scaling.slope) * scaling.base + scaling.offset
    return np.asarray(weights - weights.mean(axis=0), dtype=np.float64)
