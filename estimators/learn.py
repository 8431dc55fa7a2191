"""The way of the data from checked episodes to served effects, each step a named function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from data_contracts.arm_evidence import StudyEvidence
from data_contracts.effects import AverageEffects, BoolArray, ScoredEpisodes, ServedEffects
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes, FloatArray
from data_contracts.fill_sketch import FillSketch
from data_contracts.gate import Individualisation
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.policy_value import Comparison, PolicyValue, ProposedAdvice
from data_contracts.protocol import StudyProtocol
from data_contracts.similar_groups import SimilarGroups
from data_contracts.support import SUPPORTED, Support
from data_contracts.systematic_error import SystematicError
from data_contracts.trial_evidence import tables_named
from estimators.candidates import for_study
from estimators.candidates.outcome_regressions import with_room
from estimators.conformal import outcome_ranges
from estimators.cross_fitting import CrossFitted
from estimators.earned_advice import earn
from estimators.evidence import weigh
from estimators.fill_sketch import fill_sketch
from estimators.held_out_advice import HeldOutAdvice
from estimators.policy_value import policy_value
from estimators.progress import Progress, untold
from estimators.scored_study import ScoredStudy, score_study
from estimators.screened_pairs import with_screened_pairs
from estimators.secondary import LearnedSecondary, learn_secondary
from estimators.serve import serve
from estimators.serving_models import outcome_model
from estimators.similar_groups import similar_groups


@dataclass(frozen=True)
class Learned:
    """All that was learned of a study's arms.

    Attributes:
        encoding: how covariates are put into numbers, the effect modifiers first.
        covariates: (n, q) standardised covariates.
        propensity: held-out propensities and how they were chosen.
        outcomes: held-out outcome regressions by outcome column.
        scored: the primary outcome's scored episodes.
        averages: average effects by outcome column, the primary first.
        served_averages: the primary outcome's averages as they are served: the records' own, or joined with trials.
        evidence: trials beside records; None where no trial speaks of the study's arms.
        individualisation: the decision for each arm but the reference.
        held_out_slope: slope of held-out scores on predicted deviations, over all arms; None where none is predicted.
        candidate_weights: of each effect model in what varies, by name.
        served: the effects that will be served.
        support: who is supported for which arm.
        expected: (1 + q,) served expected outcome of the reference.
        ranges: the served outcome ranges about it.
        fills: what a missing effect modifier may be filled with.
        groups: how many similar patients got each arm and how they fared.
        value: what following the served advice is worth; None where hardly anybody has a supported arm.
        advice: what the other folds alone would tell each episode.
        proposed: what individual advice was worth when it was judged; None if there was none to judge.
        judged: the same as ``advice``, as it was judged, whether or not it is served.
        predicted: (n, K) held-out deviations of effects, whether or not they are served.
        secondary: the outcomes beside the primary one, in the protocol's order.
        systematic_errors: by negative controls, an arm each; empty where there are too few of them.
        remission_gain: what the served advice gains over the best single arm in remission, a share of patients; None
            where the study does not derive it.
    """

    encoding: Encoding
    covariates: FloatArray
    propensity: CrossFitted
    outcomes: Mapping[str, CrossFitted]
    scored: ScoredEpisodes
    averages: Mapping[str, AverageEffects]
    served_averages: AverageEffects
    evidence: StudyEvidence | None
    individualisation: tuple[Individualisation, ...]
    held_out_slope: float | None
    candidate_weights: Mapping[str, float]
    served: ServedEffects
    support: Support
    expected: FloatArray
    ranges: OutcomeRanges
    fills: FillSketch
    groups: SimilarGroups
    value: PolicyValue | None
    advice: HeldOutAdvice
    judged: HeldOutAdvice
    predicted: FloatArray
    proposed: ProposedAdvice | None = None
    secondary: tuple[LearnedSecondary, ...] = ()
    systematic_errors: tuple[SystematicError, ...] = ()
    remission_gain: Comparison | None = None


def learn(
    episodes: Episodes, protocol: StudyProtocol, progress: Progress = untold, scored: ScoredStudy | None = None
) -> Learned:
    """Learn effects; deterministic for the same episodes and protocol.

    Args:
        progress: told of each step as it starts.
        scored: the study up to its scores, where it was scored already.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from, or the protocol names an unknown evidence table.
        BadUsage: the protocol names a candidate that there is not.
    """
    tables_named(protocol.trial_evidence.tables)  # known before anything that takes long
    rivals = for_study(protocol, len(episodes.arm))
    with threadpool_limits(1):
        study = scored or score_study(episodes, protocol, progress)
        progress("effects", 0.8)
        primary = with_room(with_screened_pairs(study.primary))
        weighed = weigh(episodes.arms, protocol, study.averages[protocol.outcome.column], primary.outcome, primary.arm)
        served = serve(primary, weighed.served, protocol, episodes.arms, rivals)
        progress("served forms", 0.95)
        can = study.support.verdicts(study.covariates) == SUPPORTED
        earned = earn(primary, served, weighed.served, protocol, episodes.arms, can)
        served = earned.served
        return Learned(
            encoding=study.encoding,
            covariates=study.covariates,
            propensity=study.propensity,
            outcomes=study.outcomes,
            scored=primary,
            averages=study.averages,
            served_averages=weighed.served,
            evidence=weighed.evidence,
            individualisation=served.decisions,
            held_out_slope=served.stacked.slope if np.isfinite(served.stacked.standard_error) else None,
            candidate_weights=served.weights,
            served=served.effects,
            support=study.support,
            expected=outcome_model(study.covariates, primary, served.effects),
            ranges=outcome_ranges(study.covariates, primary, earned.advice.effects, can),
            fills=fill_sketch(study.encoding, episodes.columns, len(protocol.effect_modifiers), episodes.patient),
            groups=similar_groups(
                study.encoding,
                episodes.columns,
                [name for name in (protocol.outcome.baseline, *protocol.effect_modifiers) if name],
                primary.arm,
                protocol.outcome.sign * primary.outcome,
                len(episodes.arms),
                episodes.patient,
            ),
            value=earned.value,
            proposed=earned.proposed,
            advice=earned.advice,
            judged=earned.judged,
            predicted=served.stacked.predicted,
            secondary=learn_secondary(study, primary.basis, protocol, episodes.arms, progress),
            systematic_errors=study.systematic_errors,
            remission_gain=_remission_gain(study, earned.advice, can, protocol.confidence),
        )


def _remission_gain(study: ScoredStudy, advice: HeldOutAdvice, can: BoolArray, confidence: float) -> Comparison | None:
    """The advice is learned from the primary outcome, and here judged by who is well in the end."""
    data = study.scored.get("remission")
    found = policy_value(data, advice, can, confidence) if data else None
    return found.best_single if found else None
