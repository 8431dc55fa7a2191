"""Probability models, always calibrated: for which arm was started and for who is lost before the outcome.

Uncalibrated boosted probabilities inflate the variance of weighted estimates about twentyfold; a slope fitted on
predictions of rows that the model did not see cures most of it (``estimators.probability_calibration``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.boosted import Boosting
from estimators.covariates import Covariates
from estimators.folds import deal
from estimators.multinomial import fit_multinomial, fit_without_folds
from estimators.probability_calibration import Scaling, fit_common

TREES = {"n_estimators": 20, "num_leaves": 7, "learning_rate": 0.15, "min_child_samples": 20, "subsample_freq": 0,
         "max_bin": 63}  # fmt: skip
"""Calibrated and mixed with the logistic model as good on held-out arms as 40 trees at 0.1, for half the time."""

INNER_FOLDS = 3
SMALLEST = 1e-15


class ProbabilityModel(Protocol):
    """Learns the probabilities of labels 0 to C - 1, all of which it is shown, from any part of (n, q) features."""

    def fit(self, label: IntArray, used: BoolArray | None = None) -> ProbabilityModel:
        """Learn from (n,) labels of the used rows, all if none are told."""
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

    def __init__(self, features: FloatArray) -> None:
        self._features = features

    def fit(self, label: IntArray, used: BoolArray | None = None) -> Logistic:
        """Learn from (n,) labels of the used rows, all if none are told."""
        rows = slice(None) if used is None else used
        self.weights = fit_multinomial(self._features[rows], label[rows])
        return self

    @classmethod
    def of(cls, weights: FloatArray) -> Logistic:
        """Take (C, 1 + q) coefficients that are known already."""
        found = cls(np.empty((0, weights.shape[1] - 1)))
        found.weights = weights
        return found

    def log_probability(self, features: FloatArray) -> FloatArray:
        """(n, C) logarithms."""
        logits = features @ self.weights[:, 1:].T + self.weights[:, 0]
        logits -= logits.max(axis=1, keepdims=True)
        return np.asarray(np.maximum(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.log(SMALLEST)))


class BoostedClassifier:
    """A small boosted classifier: 20 trees of 7 leaves, which keeps the weights it implies bounded."""

    def __init__(self, features: FloatArray, **changes: float) -> None:
        """Bin (n, q) features, NaN where missing, once; ``changes`` are LightGBM's parameters."""
        self._rows = Boosting(features, {**TREES, **changes})

    def fit(self, label: IntArray, used: BoolArray | None = None) -> BoostedClassifier:
        """Learn from (n,) labels of the used rows, all if none are told."""
        labels = int(label.max()) + 1
        kind = {"objective": "multiclass", "num_class": labels} if labels > 2 else {"objective": "binary"}
        self._model = self._rows.fit(label, used, **kind)
        return self

    def log_probability(self, features: FloatArray) -> FloatArray:
        """(n, C) logarithms."""
        found = self._model.predict(features)
        both = np.stack([1 - found, found], axis=1) if found.ndim == 1 else found
        return np.asarray(np.log(np.maximum(both, SMALLEST)))


LOGISTIC = "logistic"
PROBABILITY_MODELS: Mapping[str, Callable[[FloatArray], ProbabilityModel]] = {
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
    model = PROBABILITY_MODELS[name](features)
    for k in range(INNER_FOLDS):
        held_out[inner == k] = model.fit(label, inner != k).log_probability(features[inner == k])
    return Calibrated(model.fit(label), fit_common(held_out, label))


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
