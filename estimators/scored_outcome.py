"""What every outcome of a study is scored with, and the nuisances and score matrix of one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import Episodes, FloatArray, IntArray
from data_contracts.protocol import Outcome, StudyProtocol
from estimators.covariates import Covariates
from estimators.cross_fitting import CrossFitted, median_of
from estimators.nuisances import crossfit_outcome, crossfit_propensity
from estimators.observation import crossfit_observation
from estimators.scores import score_matrix


@dataclass(frozen=True)
class StudyDesign:
    """All of a study that does not depend on an outcome.

    Attributes:
        episodes: n episodes.
        covariates: what nuisances are learned from.
        modifiers: (n, p) standardised effect modifiers.
        basis: the terms that are made from them.
        folds: (n,) folds of each repeat of cross-fitting; the first are the study's own.
    """

    episodes: Episodes
    covariates: Covariates
    modifiers: FloatArray
    basis: Basis
    folds: Sequence[IntArray]


def study_propensity(design: StudyDesign) -> CrossFitted:
    """(n, K) propensities: medians over repeats, made to add to one again."""
    found = median_of([crossfit_propensity(design.covariates, design.episodes.arm, fold) for fold in design.folds])
    return replace(found, prediction=found.prediction / found.prediction.sum(axis=1, keepdims=True))


def score_outcome(
    design: StudyDesign, protocol: StudyProtocol, outcome: Outcome, propensity: FloatArray
) -> tuple[CrossFitted, ScoredEpisodes]:
    """Outcome regressions and the score matrix of one outcome, on the benefit scale."""
    episodes, folds = design.episodes, design.folds
    benefit = outcome.sign * episodes.outcomes[outcome.column]
    regression = median_of([crossfit_outcome(design.covariates, episodes.arm, benefit, fold) for fold in folds])
    stayed, visits = _follow_up(episodes, protocol, outcome)
    observation = median_of(
        [
            crossfit_observation(design.covariates, episodes.arm, stayed, visits, fold, episodes.cluster)
            for fold in folds
        ]
    ).prediction
    return regression, ScoredEpisodes(
        scores=score_matrix(episodes.arm, benefit, regression.prediction, propensity, observation),
        modifiers=design.modifiers,
        arm=episodes.arm,
        outcome=benefit,
        expected=regression.prediction,
        propensity=propensity,
        observation=observation,
        fold=folds[0],
        cluster=episodes.cluster,
        basis=design.basis,
    )


def _follow_up(episodes: Episodes, protocol: StudyProtocol, outcome: Outcome) -> tuple[IntArray, int]:
    """(n,) visits up to which each patient was seen, and how many there are; one where the protocol names none."""
    if protocol.censoring is not None and episodes.stayed is not None and outcome == protocol.outcome:
        return episodes.stayed, len(protocol.censoring.visits)
    return (~np.isnan(episodes.outcomes[outcome.column])).astype(np.int64), 1
