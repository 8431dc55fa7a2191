"""Probabilities of still being followed at each visit, given the start, the arm and how the patient fared until then.

Hazards over person-visits as in ``hazards``, with the course among what they depend on: where the badly off leave,
those who stay while they are badly off stand for them (Robins, Rotnitzky and Zhao 1995, JASA 90:106).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.arm_flags import flagged
from estimators.course import Course
from estimators.covariates import Covariates
from estimators.cross_fitting import CrossFitted, held_out, pick
from estimators.hazards import HAZARD_MODELS, PersonVisits, fit_hazard
from estimators.nuisances import log_loss
from estimators.observation import MINIMUM_MISSING, MINIMUM_OBSERVATION
from estimators.probability_calibration import fit_common
from estimators.probability_models import view
from estimators.short_stack import mixture


def crossfit_staying(
    covariates: Covariates, course: Course, arm: IntArray, fold: IntArray, cluster: IntArray
) -> CrossFitted:
    """(n, V) probabilities that each patient is seen at the first, second, … visit; of those who really were.

    They are truncated and stabilised by arm and visit, so that those seen stand for all who started. Of a patient's
    visits after they were lost nothing is meant.

    Args:
        covariates: of n rows.
        course: over V visits.
        arm: (n,) codes.
        fold: (n,).
        cluster: (n,) codes of units that vary together.
    """
    visits, followed = course.visits, course.stayed[:, None] > np.arange(course.visits)
    ends = followed[:, -1]
    if min(len(np.unique(cluster[ends])), len(np.unique(cluster[~ends]))) < MINIMUM_MISSING:
        return CrossFitted(_stabilised(np.ones(followed.shape), arm, course.stayed), "rate of the arm", {})
    lines = PersonVisits.of(course.stayed, visits)
    found = {
        name: _hazards(expect_own_loss(name, covariates, course, arm, lines, fold), lines, fold)
        for name in HAZARD_MODELS
    }
    happened = [_happened(hazard, course.stayed) for hazard in found.values()]
    found["mixture"] = mixture(list(found.values()), happened, fold)

    def loss(hazard: FloatArray) -> float:
        given = hazard[lines.row, lines.visit]
        return log_loss(np.stack([1 - given, given], axis=1), lines.lost)

    best = pick(found, loss)
    staying = np.asarray(np.cumprod(1 - best.prediction, axis=1), dtype=np.float64)
    return CrossFitted(_stabilised(staying, arm, course.stayed), best.chosen, best.losses)


def expect_own_loss(
    name: str, covariates: Covariates, course: Course, arm: IntArray, lines: PersonVisits, fold: IntArray
) -> FloatArray:
    """(m,) log-odds of being lost at m person-visits by one learner, not calibrated, none from its patient's fold."""
    known = np.stack([_padded(course.before(visit)) for visit in range(lines.visits)], axis=1)[lines.row, lines.visit]
    known = known if name == "boosted trees" else np.nan_to_num(known)
    flags, arms = np.eye(lines.visits)[lines.visit][:, 1:], int(arm.max()) + 1
    design = flagged(np.hstack([view(name, covariates)[lines.row], known, flags]), arm[lines.row], arms)

    def predict(train: BoolArray, test: BoolArray) -> FloatArray:
        log_odds = fit_hazard(name, design[train], lines.lost[train], arms)
        found = np.empty(int(test.sum()))
        for code in np.unique(arm):
            own = arm[lines.row[test]] == code
            found[own] = log_odds(design[test][own], int(code))
        return found

    return held_out(fold[lines.row], (), predict)


def _hazards(log_odds: FloatArray, lines: PersonVisits, fold: IntArray) -> FloatArray:
    """(n, V) hazards, each fold's calibrated on the person-visits outside it; 0 where there is no such visit."""
    raw = np.stack([-np.logaddexp(0, log_odds), -np.logaddexp(0, -log_odds)], axis=-1)

    def calibrate(train: BoolArray, test: BoolArray) -> FloatArray:
        return fit_common(raw[train], lines.lost[train]).apply(raw[test])[:, 1]

    found = np.zeros((len(fold), lines.visits))
    found[lines.row, lines.visit] = held_out(fold[lines.row], (), calibrate)
    return found


def _padded(known: FloatArray) -> FloatArray:
    """(n, 2), with NaN for what does not exist so early."""
    return np.hstack([known, np.full((len(known), 2 - known.shape[1]), np.nan)])


def _happened(hazard: FloatArray, stayed: IntArray) -> FloatArray:
    """(n, V) probability of what happened at each visit; NaN after the patient was lost."""
    visit = np.arange(hazard.shape[1])
    found = np.where(stayed[:, None] > visit, 1 - hazard, hazard)
    return np.where(stayed[:, None] >= visit, found, np.nan)


def _stabilised(probability: FloatArray, arm: IntArray, stayed: IntArray) -> FloatArray:
    """(n, V) probabilities of at least 0.05, scaled so that those seen at a visit add to all who started the arm."""
    held = np.maximum(probability, MINIMUM_OBSERVATION)
    for code in np.unique(arm):
        own = arm == code
        for visit in range(held.shape[1]):
            seen = stayed[own] > visit
            held[own, visit] *= float((seen / held[own, visit]).mean()) or 1.0
    return np.clip(held, MINIMUM_OBSERVATION, 1.0)
