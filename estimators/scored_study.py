"""A study up to its score matrix: folds, encoding, nuisances, scores and average effects; no effect model yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from data_contracts.effects import AverageEffects, ScoredEpisodes
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes, FloatArray
from data_contracts.protocol import FurtherOutcome, Outcome, StudyProtocol
from data_contracts.systematic_error import SystematicError
from estimators.contrasts import average_effects
from estimators.covariates import with_gaps
from estimators.cross_fitting import CrossFitted
from estimators.design import learn_encoding
from estimators.few_events import variance_floor
from estimators.folds import check_folds, deal_folds
from estimators.negative_controls import systematic_errors
from estimators.probability_models import LogisticByFold
from estimators.prognostic_index import prognostic_index
from estimators.progress import Progress, untold
from estimators.scored_outcome import StudyDesign, score_outcome, study_propensity
from estimators.standard_terms import study_basis


@dataclass(frozen=True)
class ScoredStudy:
    """What average effects need, and what effect models start from.

    Attributes:
        encoding: how covariates are put into numbers, the effect modifiers first.
        covariates: (n, q) standardised covariates.
        propensity: held-out propensities and how they were chosen.
        logistic: the logistic ones among them, in the study's own folds.
        outcomes: held-out outcome regressions by outcome column.
        scored: scored episodes by outcome column, the primary first.
        averages: average effects by outcome column, the primary first.
        systematic_errors: by negative controls, an arm each; empty where there are too few of them.
    """

    encoding: Encoding
    covariates: FloatArray
    propensity: CrossFitted
    logistic: LogisticByFold
    outcomes: Mapping[str, CrossFitted]
    scored: Mapping[str, ScoredEpisodes]
    averages: Mapping[str, AverageEffects]
    systematic_errors: tuple[SystematicError, ...] = ()

    @property
    def primary(self) -> ScoredEpisodes:
        """The primary outcome's scored episodes."""
        return next(iter(self.scored.values()))


def score_study(episodes: Episodes, protocol: StudyProtocol, progress: Progress = untold) -> ScoredStudy:
    """Fit nuisances, score every episode and average; deterministic for the same episodes and protocol.

    Args:
        progress: told of each step as it starts and of the share of all learning behind it, below 0.8.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from.
    """
    with threadpool_limits(1):
        progress("dealing folds", 0.0)
        encoding, covariates, design = design_study(episodes, protocol)
        progress("propensities", 0.02)
        arm, filled = episodes.arm, design.covariates.filled
        logistic = LogisticByFold.fit(filled, arm, design.folds[0])
        propensity = study_propensity(design, logistic)
        controls = systematic_errors(design, protocol, propensity.prediction)
        regressions: dict[str, CrossFitted] = {}
        scored: dict[str, ScoredEpisodes] = {}
        outcomes = episodes.kept(protocol.outcomes)
        for i, outcome in enumerate(outcomes):
            progress(f"outcome regressions and scores: {outcome.column}", 0.4 + 0.4 * i / len(outcomes))
            regressions[outcome.column], scored[outcome.column] = score_outcome(
                design, protocol, outcome, propensity.prediction
            )
        averages = {outcome.column: _averages(scored[outcome.column], outcome, protocol) for outcome in outcomes}
        return ScoredStudy(encoding, covariates, propensity, logistic, regressions, scored, averages, controls)


def _averages(data: ScoredEpisodes, outcome: Outcome, protocol: StudyProtocol) -> AverageEffects:
    rare = isinstance(outcome, FurtherOutcome) and outcome.kind == "yes_no"
    return average_effects(data.scores, data.cluster, protocol.confidence, variance_floor(data) if rare else None)


def design_study(episodes: Episodes, protocol: StudyProtocol) -> tuple[Encoding, FloatArray, StudyDesign]:
    """The encoding, the covariates it makes, and all that does not depend on an outcome."""
    folds = [deal_folds(episodes, protocol.folds, protocol.seed + i) for i in range(protocol.repeats)]
    for fold in folds:
        check_folds(episodes, fold)
    encoding = learn_encoding(episodes.columns, protocol.covariates)
    covariates = encoding.encode(episodes.columns)
    modifiers = covariates[:, : encoding.columns_of(protocol.effect_modifiers)]
    benefit = protocol.outcome.sign * episodes.outcomes[protocol.outcome.column]
    basis = study_basis(modifiers, prognostic_index(modifiers, episodes.arm, benefit))
    known = with_gaps(encoding, episodes.columns, covariates)
    return encoding, covariates, StudyDesign(episodes, known, modifiers, basis, folds)
