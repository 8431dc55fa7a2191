"""Probabilities of being observed: one minus the hazards of being lost, visit after visit, under each arm.

Where only the outcome's presence is known there is one visit. One over them are inverse probability of censoring
weights (Robins and Finkelstein 2000, Biometrics 56:779).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.covariates import Covariates
from estimators.cross_fitting import CrossFitted, held_out, pick
from estimators.hazards import HAZARD_MODELS, PersonVisits, expect_loss
from estimators.nuisances import log_loss
from estimators.probability_calibration import fit_common
from estimators.short_stack import mixture

MINIMUM_MISSING = 20
"""With unobserved (or observed) outcomes in fewer clusters the observation model is each arm's rate."""

MINIMUM_OBSERVATION = 0.05
"""No patient seen stands for more than twenty: smaller probabilities of being observed are raised to this."""


def crossfit_observation(
    covariates: Covariates, arm: IntArray, stayed: IntArray, visits: int, fold: IntArray, cluster: IntArray
) -> CrossFitted:
    """(n, K) probabilities of being seen at every visit under each arm, truncated and stabilised.

    Args:
        covariates: of n rows.
        arm: (n,) codes.
        stayed: (n,) number of visits up to which the patient was seen, 0 to ``visits``.
        visits: how many there are; the outcome is measured at the last.
        fold: (n,).
        cluster: (n,) codes of units that vary together.

    Returns:
        Predictions whose losses are log-losses of the hazards, nats a person-visit.
    """
    arms, observed = int(arm.max()) + 1, stayed == visits
    if min(len(np.unique(cluster[observed])), len(np.unique(cluster[~observed]))) < MINIMUM_MISSING:
        rates = np.array([observed[arm == k].mean() for k in range(arms)])
        return CrossFitted(np.repeat(rates[None], len(arm), axis=0), "rate of the arm", {})
    lines = PersonVisits.of(stayed, visits)
    found = {
        name: _calibrated(expect_loss(name, covariates, arm, lines, fold), arm, lines, fold) for name in HAZARD_MODELS
    }
    happened = [_happened(hazard, arm, lines) for hazard in found.values()]
    found["mixture"] = mixture(list(found.values()), happened, fold)

    def loss(hazard: FloatArray) -> float:
        given = hazard[lines.row, arm[lines.row], lines.visit]
        return log_loss(np.stack([1 - given, given], axis=1), lines.lost)

    best = pick(found, loss)
    seen = stabilised(np.prod(1 - best.prediction, axis=2), arm, observed)
    return CrossFitted(seen, best.chosen, best.losses)


def stabilised(probability: FloatArray, arm: IntArray, observed: BoolArray) -> FloatArray:
    """(n, K) probabilities of at least 0.05, scaled by arm so that those observed stand for all who started it.

    The weights 1/π of an arm's observed episodes then add to its number of episodes, as they would with the true π.

    Args:
        probability: (n, K).
        arm: (n,) codes.
        observed: (n,).
    """
    held = np.maximum(probability, MINIMUM_OBSERVATION)
    factor = [float((observed[arm == k] / held[arm == k, k]).mean()) for k in range(held.shape[1])]
    return np.clip(held * factor, MINIMUM_OBSERVATION, 1.0)


def _calibrated(log_odds: FloatArray, arm: IntArray, lines: PersonVisits, fold: IntArray) -> FloatArray:
    """(n, K, visits) hazards, each fold's calibrated on the person-visits outside it."""
    given = _both(log_odds[lines.row, arm[lines.row], lines.visit])

    def calibrate(train: BoolArray, test: BoolArray) -> FloatArray:
        use = train[lines.row]
        return fit_common(given[use], lines.lost[use]).apply(_both(log_odds[test]))[..., 1]

    return held_out(fold, log_odds.shape[1:], calibrate)


def _happened(hazard: FloatArray, arm: IntArray, lines: PersonVisits) -> FloatArray:
    """(n, visits) probability of what happened at each visit; NaN after the patient was lost."""
    found = np.full((len(arm), lines.visits), np.nan)
    given = hazard[lines.row, arm[lines.row], lines.visit]
    found[lines.row, lines.visit] = np.where(lines.lost == 1, given, 1 - given)
    return found


def _both(log_odds: FloatArray) -> FloatArray:
    """(...) log-odds to (..., 2) log-probabilities."""
    return np.stack([-np.logaddexp(0, log_odds), -np.logaddexp(0, -log_odds)], axis=-1)
