"""Cross-fitted nuisances: outcome regressions, calibrated propensities and probabilities of being observed.

Each is fitted on the other folds and chosen among a few learners by its loss on the folds it did not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.outcome_models import OUTCOME_MODELS
from estimators.probability_models import PROBABILITY_MODELS, fit_calibrated

MINIMUM_PROPENSITY = 0.01
"""Probabilities are held at this floor inside the scores; how often is told in the diagnostics."""

MINIMUM_MISSING = 20
"""With unobserved (or observed) outcomes in fewer clusters the observation model is each arm's rate."""


@dataclass(frozen=True)
class CrossFitted:
    """Held-out predictions of the learner with the lowest held-out loss.

    Attributes:
        prediction: (n, K).
        chosen: the learner's name.
        losses: held-out loss of each learner.
    """

    prediction: FloatArray
    chosen: str
    losses: Mapping[str, float]


def crossfit_outcome(covariates: FloatArray, arm: IntArray, outcome: FloatArray, fold: IntArray) -> CrossFitted:
    """(n, K) expected outcomes under each arm; loss is the squared error over observed outcomes, outcome units².

    Args:
        outcome: (n,) with NaN where it was not observed.
    """
    arms, seen = int(arm.max()) + 1, ~np.isnan(outcome)
    centre, scale = float(outcome[seen].mean()), float(outcome[seen].std()) or 1.0
    standard = (outcome - centre) / scale

    def predict(name: str, train: BoolArray, test: BoolArray) -> FloatArray:
        use = train & seen
        model = OUTCOME_MODELS[name]().fit(covariates[use], arm[use], standard[use], arms)
        return model.predict(covariates[test]) * scale + centre

    def loss(prediction: FloatArray) -> float:
        factual = prediction[np.arange(len(arm)), arm]
        return float(np.mean((outcome[seen] - factual[seen]) ** 2))

    return _best(list(OUTCOME_MODELS), fold, arms, predict, loss)


def crossfit_propensity(covariates: FloatArray, arm: IntArray, fold: IntArray, cluster: IntArray) -> CrossFitted:
    """(n, K) calibrated probabilities of each arm; loss is the log-loss in nats."""
    arms = int(arm.max()) + 1

    def predict(name: str, train: BoolArray, test: BoolArray) -> FloatArray:
        model = fit_calibrated(name, covariates[train], arm[train], cluster[train])
        return np.asarray(model.predict_proba(covariates[test]))

    return _best(list(PROBABILITY_MODELS), fold, arms, predict, lambda p: log_loss(p, arm))


def crossfit_observation(
    covariates: FloatArray, arm: IntArray, observed: BoolArray, fold: IntArray, cluster: IntArray
) -> CrossFitted:
    """(n, K) probabilities that the outcome would be observed under each arm; loss is the log-loss in nats."""
    arms = int(arm.max()) + 1
    if min(len(np.unique(cluster[observed])), len(np.unique(cluster[~observed]))) < MINIMUM_MISSING:
        rates = np.array([observed[arm == k].mean() for k in range(arms)])
        return CrossFitted(np.repeat(rates[None], len(arm), axis=0), "rate of the arm", {})
    flags = np.eye(arms)
    label = observed.astype(np.int64)

    def predict(name: str, train: BoolArray, test: BoolArray) -> FloatArray:
        known = np.hstack([covariates[train], flags[arm[train]]])
        model = fit_calibrated(name, known, label[train], cluster[train])
        rows = int(test.sum())
        under = [np.hstack([covariates[test], np.repeat(flags[[k]], rows, axis=0)]) for k in range(arms)]
        return np.stack([model.predict_proba(x)[:, 1] for x in under], axis=1)

    def loss(prediction: FloatArray) -> float:
        factual = prediction[np.arange(len(arm)), arm]
        return log_loss(np.stack([1 - factual, factual], axis=1), label)

    return _best(list(PROBABILITY_MODELS), fold, arms, predict, loss)


def log_loss(probability: FloatArray, label: IntArray) -> float:
    """Mean negative log-probability of what happened, nats."""
    return float(-np.mean(np.log(np.maximum(probability[np.arange(len(label)), label], 1e-12))))


def _best(
    names: Sequence[str],
    fold: IntArray,
    arms: int,
    predict: Callable[[str, BoolArray, BoolArray], FloatArray],
    loss: Callable[[FloatArray], float],
) -> CrossFitted:
    predictions: dict[str, FloatArray] = {}
    for name in names:
        held_out = np.empty((len(fold), arms))
        for k in np.unique(fold):
            held_out[fold == k] = predict(name, fold != k, fold == k)
        predictions[name] = held_out
    losses = {name: loss(prediction) for name, prediction in predictions.items()}
    chosen = min(losses, key=lambda name: losses[name])
    return CrossFitted(predictions[chosen], chosen, losses)
