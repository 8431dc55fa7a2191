"""Weighs a study's averages against trials: side by side always, joined where the protocol asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from data_contracts.arm_evidence import ArmEvidence, StudyEvidence, TrialFigure, Verdict
from data_contracts.column_checks import instrument_of
from data_contracts.effects import AverageEffects
from data_contracts.episode import FloatArray, IntArray
from data_contracts.interval import Interval
from data_contracts.protocol import StudyProtocol, TrialEvidence
from data_contracts.rank_sets import critical_value
from data_contracts.therapy import therapy_for
from data_contracts.trial_evidence import Comparator, EvidenceTable, tables_named
from estimators.trial_pooling import ALARM, REFUSAL, VAGUE_WEIGHT, Pooling, TrialPrior, pool
from estimators.trial_prior import Fact, OutcomeSpread, facts_for, outcome_spread, trial_prior

USUAL_CARE = frozenset({"usual_care", "care_as_usual", "treatment_as_usual", "standard_care", "tau", "cau", "uc"})
"""Names of reference arms that say what they amount to."""

WAITING = frozenset({"waiting_list", "waitlist", "wait_list", "wl"})


@dataclass(frozen=True)
class Weighed:
    """Averages beside trials.

    Attributes:
        served: the averages to be served: the records' own, or joined with trials.
        evidence: both side by side; None where no trial speaks of the study's arms.
    """

    served: AverageEffects
    evidence: StudyEvidence | None


def weigh(
    arms: tuple[str, ...], protocol: StudyProtocol, averages: AverageEffects, outcome: FloatArray, arm: IntArray
) -> Weighed:
    """Put trials beside the primary outcome's averages, and join them if the protocol says ``use: pooled``.

    Nothing is said where the outcome is no questionnaire of what the trials' patients were treated for, or where
    nothing tells what the reference amounts to in trials.

    Args:
        arms: the K arms ranked from records, the reference first.
        protocol: which tables, and how they are used.
        averages: the primary outcome's average effects by records.
        outcome: (n,) the primary outcome, NaN where it was not observed.
        arm: (n,) codes of the arms.
    """
    asked, nothing = protocol.trial_evidence, Weighed(averages, None)
    therapies = {name: _therapy(name, protocol) for name in protocol.arms.names}
    tables = _tables(protocol)
    facts = facts_for(therapies, tables, ("symptoms", "response"))
    reference = protocol.arms.reference
    kind = asked.reference or _kind(reference)
    if asked.use == "none" or not set(facts) - {reference} or (reference not in facts and kind is None):
        return nothing
    spread = outcome_spread(outcome, arm)
    names, prior = trial_prior(facts, reference, kind, asked, spread)
    local = np.array([name in arms for name in names])
    at = np.array([arms.index(name) for name in names if name in arms], dtype=np.int64)
    found = pool(averages.effects, averages.covariance, replace(prior.chosen(local), at=at)) if len(at) else None
    dropouts = facts_for(therapies, tables, ("dropout",)) if reference not in facts else {}
    beside = _Beside(arms, averages, names, prior, found, at, protocol.confidence)
    told = tuple(
        beside.arm(i, facts[name], _dropout(dropouts.get(name), kind, asked, protocol.confidence))
        for i, name in enumerate(names)
    )
    served = averages if found is None or asked.use != "pooled" else _joined(averages, found, protocol.confidence)
    return Weighed(served, _study(asked, spread, found, told))


def _therapy(arm: str, protocol: StudyProtocol) -> str | None:
    therapy = therapy_for(arm, protocol.arms.therapies)
    return therapy.key if therapy else None


def _tables(protocol: StudyProtocol) -> list[EvidenceTable]:
    """The protocol's tables, if the outcome is of an instrument that measures what they are about."""
    instrument = instrument_of(protocol.outcome.column, protocol)
    tables = tables_named(protocol.trial_evidence.tables)
    return [table for table in tables if instrument is not None and table.measures == instrument.measures]


def _kind(reference: str) -> Comparator | None:
    name = reference.lower().replace("-", "_").replace(".", "_")
    return "care_as_usual" if name in USUAL_CARE else "waiting_list" if name in WAITING else None


def _joined(averages: AverageEffects, found: Pooling, confidence: float) -> AverageEffects:
    """The averages with pooled contrasts; the reference's mean stays the records'."""
    critical = critical_value(found.covariance, confidence)
    return AverageEffects(averages.means[0] + found.effects, found.effects, found.covariance, critical)


@dataclass(frozen=True)
class _Beside:
    """Makes the arms' records: K arms with local averages, m of which (or more) trials speak."""

    ranked: tuple[str, ...]
    averages: AverageEffects
    names: tuple[str, ...]
    prior: TrialPrior
    found: Pooling | None
    at: IntArray
    confidence: float

    def arm(self, i: int, fact: Fact, dropout: Mapping[str, object]) -> ArmEvidence:
        """What is told of the i-th arm of which trials speak."""
        name, error = self.names[i], np.sqrt(self.prior.predictive[i, i])
        told = {"arm": name, "figure": figure(fact), "trials": self._interval(self.prior.effects[i], error), **dropout}
        if name not in self.ranked or self.found is None:
            return ArmEvidence.model_validate({**told, "verdict": "trials_alone"})
        k = self.ranked.index(name)
        j = int(np.flatnonzero(self.at == k)[0])
        told["local"] = self._interval(self.averages.effects[k], self.averages.standard_errors[k])
        if not self.found.refused[j]:
            told["pooled"] = self._interval(self.found.effects[k], np.sqrt(self.found.covariance[k, k]))
        z = float(self.found.z[j])
        return ArmEvidence.model_validate({**told, "z": z, "verdict": _verdict(z)})

    def _interval(self, estimate: float, error: float) -> Interval:
        return _interval(float(estimate), float(error), self.confidence)


def _interval(estimate: float, error: float, confidence: float) -> Interval:
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return Interval(estimate=estimate, lower=estimate - margin, upper=estimate + margin)


def _verdict(z: float) -> Verdict:
    return "conflict" if abs(z) > REFUSAL else "disagree" if abs(z) > ALARM else "agree"


def _dropout(fact: Fact | None, kind: Comparator | None, asked: TrialEvidence, confidence: float) -> dict[str, object]:
    """Odds of dropping out with the interval of a new setting, wider where the comparator is of another kind."""
    if fact is None:
        return {}
    stranger = asked.comparator_sd / fact.table.in_sd if fact.table.comparator != kind else 0.0
    error = float(np.sqrt(fact.entry.standard_error**2 + fact.table.tau**2 + stranger**2))
    log = _interval(fact.entry.estimate, error, confidence)
    odds = Interval(*np.exp([log.estimate, log.lower, log.upper]).tolist())
    return {"dropout": odds, "dropout_figure": figure(fact)}


def figure(fact: Fact) -> TrialFigure:
    """A fact as it is told."""
    table, entry = fact.table, fact.entry
    return TrialFigure(
        table=table.name,
        version=table.version,
        therapy=entry.therapy,
        pooled=entry.pooled,
        scale=table.scale,
        estimate=entry.estimate,
        standard_error=entry.standard_error,
        tau=table.tau,
        trials=entry.trials,
        title=table.title,
        population=table.population,
        comparator=table.comparator,
        source=table.source,
        verified=table.verified,
    )


def _study(
    asked: TrialEvidence, spread: OutcomeSpread, found: Pooling | None, arms: tuple[ArmEvidence, ...]
) -> StudyEvidence:
    return StudyEvidence(
        use="pooled" if asked.use == "pooled" else "beside",
        outcome_sd=spread.sd,
        outcome_sd_error=spread.error,
        tau_bias=asked.tau_bias,
        comparator_sd=asked.comparator_sd,
        population_sd=asked.population_sd,
        vague_weight=VAGUE_WEIGHT,
        chi2=found.chi2 if found else None,
        p=found.p if found else None,
        arms=arms,
    )
