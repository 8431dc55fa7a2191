"""Cross-fitted nuisances: outcome regressions and calibrated propensities.

Every learner is fitted once for each fold, on the other folds. What is made of its held-out predictions for a fold, a
calibration or the weights of a stack, is fitted on the rows outside that fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.covariates import Covariates
from estimators.cross_fitting import CrossFitted, fewest_outside, held_out, pick
from estimators.outcome_models import OUTCOME_MODELS, PROCESSES, STRAIGHT
from estimators.outcome_teachers import FEW, Everywhere, expect_everywhere, teach
from estimators.probability_calibration import LARGE, cross_calibrated
from estimators.probability_models import LOGISTIC, PROBABILITY_MODELS, LogisticByFold, view
from estimators.short_stack import mixture, stack, stack_weights

MINIMUM_PROPENSITY = 0.01
"""Probabilities are held at this floor inside the scores; how often is told in the diagnostics."""

OWN = ", arm by arm"
"""What is added to a name where large arms have their own calibration or weights."""


CLEAR, BENT = 0.5, 0.9
"""Gaussian processes are fitted where a cheaper learner explains this share of the outcome's variance, where those
that see bends lose at most this share of what straight lines lose, and in at most FEW rows: with more noise, or none
but straight lines, they find no more than these do, and their cost grows with the cube of the rows."""


def crossfit_outcome(
    covariates: Covariates, arm: IntArray, outcome: FloatArray, fold: IntArray, process: bool = True
) -> CrossFitted:
    """(n, K) expected outcomes under each arm; loss is the squared error over observed outcomes, outcome units².

    Args:
        covariates: of n rows.
        arm: (n,) codes.
        outcome: (n,) with NaN where it was not observed.
        fold: (n,).
        process: whether Gaussian processes may join, where the signal is clear and bends and the rows are few; what
            the regressions say of effects is then kept as well.
    """
    rows, seen = np.arange(len(arm)), ~np.isnan(outcome)
    centre, scale = float(outcome[seen].mean()), float(outcome[seen].std()) or 1.0
    standard = (outcome - centre) / scale

    def learn(name: str) -> FloatArray:
        return expect_outcome(name, covariates, arm, standard, fold) * scale + centre

    def loss(values: FloatArray) -> float:
        return float(np.mean((outcome - values[rows, arm])[seen] ** 2))

    found = {name: learn(name) for name in OUTCOME_MODELS if name not in PROCESSES}
    clear = process and seen.sum() <= FEW and _clear({name: loss(values) for name, values in found.items()}, scale**2)
    processes: dict[str, Everywhere] = {}
    if clear:
        processes = {name: expect_everywhere(name, covariates, arm, standard, fold) for name in PROCESSES}
        found |= {name: one.held_out(fold) * scale + centre for name, one in processes.items()}
    learners = list(found.values())
    residual = outcome[:, None] - np.stack([values[rows, arm] for values in learners], axis=1)
    own = [seen & (arm == k) for k in range(int(arm.max()) + 1)]
    found["stack"] = stack(learners, residual, [seen] * len(own), fold)
    if clear or min(fewest_outside(of_arm, fold) for of_arm in own) >= LARGE:
        found["stack" + OWN] = stack(learners, residual, own, fold)
    picked = pick(found, loss)
    if not clear:
        return picked
    taught = teach(processes, stack_weights(residual, own, fold), covariates, arm, standard, fold)
    return replace(picked, taught=taught and taught.in_units(centre, scale))


def _clear(losses: Mapping[str, float], variance: float) -> bool:
    """Whether cheaper learners find enough, and enough bends, for a process to find more."""
    straight = min(losses[name] for name in STRAIGHT)
    return min(losses.values()) < min((1 - CLEAR) * variance, BENT * straight)


def expect_outcome(
    name: str, covariates: Covariates, arm: IntArray, outcome: FloatArray, fold: IntArray
) -> FloatArray:
    """(n, K) outcomes that one learner expects, each row's from fits that saw no outcome of its fold."""
    arms, seen = int(arm.max()) + 1, ~np.isnan(outcome)
    model = OUTCOME_MODELS[name](covariates, arm, arms)

    def predict(train: BoolArray, test: BoolArray) -> FloatArray:
        return model.fit(outcome, train & seen).predict(covariates.rows(test))

    return held_out(fold, (arms,), predict)


def crossfit_propensity(
    covariates: Covariates, arm: IntArray, fold: IntArray, logistic: LogisticByFold | None = None
) -> CrossFitted:
    """(n, K) calibrated probabilities of each arm; loss is the log-loss in nats.

    Args:
        covariates: of n rows.
        arm: (n,) codes.
        fold: (n,).
        logistic: the logistic model, where it is known already.
    """
    logistic = logistic or LogisticByFold.fit(covariates.filled, arm, fold)
    large = max(fewest_outside(arm == k, fold) for k in range(int(arm.max()) + 1)) >= LARGE
    found: dict[str, FloatArray] = {}
    mixed = []
    for name in PROBABILITY_MODELS:
        raw = logistic.held_out if name == LOGISTIC else expect_arm(name, covariates, arm, fold)
        calibrated = cross_calibrated(raw, arm, fold, by_label=large)
        forms = dict(zip([name, name + OWN], calibrated, strict=False))
        mixed.append(pick(forms, lambda chances: log_loss(chances, arm)).prediction)
        found |= forms
    found["mixture"] = mixture(mixed, [chances[np.arange(len(arm)), arm] for chances in mixed], fold)
    return pick(found, lambda chances: log_loss(chances, arm))


def expect_arm(name: str, covariates: Covariates, arm: IntArray, fold: IntArray) -> FloatArray:
    """(n, K) log-probabilities by one learner, not calibrated, each row's from a fit that saw no arm of its fold."""
    features = view(name, covariates)
    model = PROBABILITY_MODELS[name](features)

    def predict(train: BoolArray, test: BoolArray) -> FloatArray:
        return model.fit(arm, train).log_probability(features[test])

    return held_out(fold, (int(arm.max()) + 1,), predict)


def log_loss(probability: FloatArray, label: IntArray) -> float:
    """Mean negative log-probability of what happened, nats."""
    return float(-np.mean(np.log(np.maximum(probability[np.arange(len(label)), label], 1e-12))))
