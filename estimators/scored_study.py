"""A study up to its score matrix: folds, encoding, nuisances, scores and average effects; no effect model yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from data_contracts.effects import AverageEffects, ScoredEpisodes
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes, FloatArray
from data_contracts.protocol import StudyProtocol
from data_contracts.support import Support
from data_contracts.systematic_error import SystematicError
from estimators.contrasts import average_effects
from estimators.cross_fitting import CrossFitted
from estimators.designed_study import DesignedStudy, lay_out
from estimators.few_events import is_yes_or_no, variance_floor
from estimators.probability_models import LogisticByFold
from estimators.progress import Progress, untold
from estimators.scored_outcome import score_outcome


@dataclass(frozen=True)
class ScoredStudy:
    """What average effects need, and what effect models start from.

    Attributes:
        encoding: how covariates are put into numbers, the effect modifiers first.
        covariates: (n, q) standardised covariates.
        propensity: held-out propensities and how they were chosen.
        logistic: the logistic ones among them, in the study's own folds.
        support: who is supported for which arm.
        outcomes: held-out outcome regressions by outcome column.
        scored: scored episodes by outcome column, the primary first.
        averages: average effects by outcome column, the primary first.
        systematic_errors: by negative controls, an arm each; empty where there are too few of them.
    """

    encoding: Encoding
    covariates: FloatArray
    propensity: CrossFitted
    logistic: LogisticByFold
    support: Support
    outcomes: Mapping[str, CrossFitted]
    scored: Mapping[str, ScoredEpisodes]
    averages: Mapping[str, AverageEffects]
    systematic_errors: tuple[SystematicError, ...] = ()

    @property
    def primary(self) -> ScoredEpisodes:
        """The primary outcome's scored episodes."""
        return next(iter(self.scored.values()))


def score_study(
    episodes: Episodes, protocol: StudyProtocol, progress: Progress = untold, designed: DesignedStudy | None = None
) -> ScoredStudy:
    """Fit nuisances, score every episode and average; deterministic for the same episodes and protocol.

    Args:
        progress: told of each step as it starts and of the share of all learning behind it, below 0.8.
        designed: the study's design, where it was laid out already.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from.
    """
    laid = designed or lay_out(episodes, protocol, progress)
    with threadpool_limits(1):
        regressions: dict[str, CrossFitted] = {}
        scored: dict[str, ScoredEpisodes] = {}
        outcomes = episodes.kept(protocol.outcomes)
        for i, outcome in enumerate(outcomes):
            progress(f"outcome regressions and scores: {outcome.column}", 0.4 + 0.4 * i / len(outcomes))
            regressions[outcome.column], scored[outcome.column] = score_outcome(
                laid.design, protocol, outcome, laid.propensity.prediction
            )
        averages = {name: _averages(data, protocol) for name, data in scored.items()}
        return ScoredStudy(
            laid.encoding,
            laid.covariates,
            laid.propensity,
            laid.logistic,
            laid.support,
            regressions,
            scored,
            averages,
            laid.systematic_errors,
        )


def _averages(data: ScoredEpisodes, protocol: StudyProtocol) -> AverageEffects:
    floor = variance_floor(data) if is_yes_or_no(data) else None
    return average_effects(data.scores, data.cluster, protocol.confidence, floor)
