"""What every outcome of a study is scored with, and the nuisances and score matrix of one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import ByCourse, ScoredEpisodes
from data_contracts.episode import Episodes, FloatArray, IntArray
from data_contracts.protocol import Outcome, StudyProtocol
from estimators.completed_outcome import completed, expect_by_course
from estimators.course import Course
from estimators.covariates import Covariates
from estimators.cross_fitting import CrossFitted, median_of
from estimators.nuisances import crossfit_outcome, crossfit_propensity
from estimators.observation import crossfit_observation
from estimators.probability_models import LogisticByFold
from estimators.scores import completed_score_matrix, score_matrix
from estimators.staying import crossfit_staying


@dataclass(frozen=True)
class StudyDesign:
    """All of a study that does not depend on an outcome.

    Attributes:
        episodes: n episodes.
        covariates: what nuisances are learned from.
        modifiers: (n, p) standardised effect modifiers.
        basis: the terms that are made from them.
        folds: (n,) folds of each repeat of cross-fitting; the first are the study's own.
        observations: (n, K) probabilities of being observed that were learned already, by who was seen until when and
            the folds: outcomes that are missing together share them.
    """

    episodes: Episodes
    covariates: Covariates
    modifiers: FloatArray
    basis: Basis
    folds: Sequence[IntArray]
    observations: dict[tuple[bytes, int, bytes], FloatArray] = field(default_factory=dict)


def study_propensity(design: StudyDesign, logistic: LogisticByFold | None = None) -> CrossFitted:
    """(n, K) propensities: medians over repeats, made to add to one again.

    Args:
        logistic: the logistic model in the study's own folds, the first, where it is known already.
    """
    covariates, arm = design.covariates, design.episodes.arm
    known = [logistic, *(None for _ in design.folds[1:])]
    found = median_of(
        [crossfit_propensity(covariates, arm, fold, fits) for fold, fits in zip(design.folds, known, strict=True)]
    )
    return replace(found, prediction=found.prediction / found.prediction.sum(axis=1, keepdims=True))


def score_outcome(
    design: StudyDesign, protocol: StudyProtocol, outcome: Outcome, propensity: FloatArray
) -> tuple[CrossFitted, ScoredEpisodes]:
    """Outcome regressions and the score matrix of one outcome, on the benefit scale."""
    episodes, course = design.episodes, course_of(design.episodes, protocol, outcome)
    benefit = outcome.sign * episodes.outcomes[outcome.column]
    observation = observation_of(design, protocol, outcome)
    if course is None:
        found = [crossfit_outcome(design.covariates, episodes.arm, benefit, fold) for fold in design.folds]
        regression, by_course = median_of(found), None
        scores = score_matrix(episodes.arm, benefit, regression.prediction, propensity, observation)
    else:
        regression, by_course = complete_by_course(design, course, benefit)
        scores = completed_score_matrix(episodes.arm, by_course.completed, regression.prediction, propensity)
    return regression, ScoredEpisodes(
        scores=scores,
        modifiers=design.modifiers,
        arm=episodes.arm,
        outcome=benefit,
        expected=regression.prediction,
        propensity=propensity,
        observation=observation,
        fold=design.folds[0],
        cluster=episodes.cluster,
        patient=episodes.patient,
        basis=design.basis,
        by_course=by_course,
        taught=regression.taught and regression.taught.of_first(design.modifiers.shape[1]),
    )


def complete_by_course(design: StudyDesign, course: Course, benefit: FloatArray) -> tuple[CrossFitted, ByCourse]:
    """Expected outcomes at the start, and what the course adds to them, medians over repeats of cross-fitting."""
    episodes, known = design.episodes, design.covariates
    first, staying, outcomes = [], [], []
    for fold in design.folds:
        expected = expect_by_course(known, course, episodes.arm, benefit, fold)
        stays = crossfit_staying(known, course, episodes.arm, fold, episodes.cluster).prediction
        first.append(expected.first)
        staying.append(stays)
        outcomes.append(completed(course, benefit, expected.own, stays))
    return median_of(first), ByCourse(np.median(staying, axis=0), np.median(outcomes, axis=0))


def course_of(episodes: Episodes, protocol: StudyProtocol, outcome: Outcome) -> Course | None:
    """The course until an outcome, where the records hold it and it is measured at the last visit."""
    stayed, visits = _follow_up(episodes, protocol, outcome)
    if episodes.course is None or visits == 1:
        return None
    return Course.of(stayed, episodes.course)


def observation_of(design: StudyDesign, protocol: StudyProtocol, outcome: Outcome) -> FloatArray:
    """(n, K) probabilities that an outcome is observed under each arm."""
    stayed, visits = _follow_up(design.episodes, protocol, outcome)
    known, arm, cluster = design.observations, design.episodes.arm, design.episodes.cluster
    key = (stayed.tobytes(), visits, np.asarray(design.folds).tobytes())
    if key not in known:
        found = [crossfit_observation(design.covariates, arm, stayed, visits, fold, cluster) for fold in design.folds]
        known[key] = median_of(found).prediction
    return known[key]


def _follow_up(episodes: Episodes, protocol: StudyProtocol, outcome: Outcome) -> tuple[IntArray, int]:
    """(n,) visits up to which each patient was seen, and how many there are; one where the protocol names none."""
    seen = ~np.isnan(episodes.outcomes[outcome.column])
    same = np.array_equal(seen, ~np.isnan(episodes.outcomes[protocol.outcome.column]))
    own = outcome == protocol.outcome or (outcome.column in protocol.derived_outcomes and same)
    if protocol.censoring is not None and episodes.stayed is not None and own:
        return episodes.stayed, len(protocol.censoring.visits)
    return seen.astype(np.int64), 1
