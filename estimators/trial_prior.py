"""What trials say of a study's arms: pooled effects as benefits over the reference, in the outcome's own unit.

A standardised effect g becomes g · s points, s being the standard deviation of the study's own outcome within arms; a
log odds ratio becomes g first (√3/π of it). The error of s goes into the covariance of all effects together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.protocol import TrialEvidence
from data_contracts.trial_evidence import Comparator, EvidenceTable, TrialEntry
from estimators.trial_pooling import TrialPrior


@dataclass(frozen=True)
class OutcomeSpread:
    """Standard deviation of the outcome within arms, pooled over arms, with its error; outcome units."""

    sd: float
    error: float


@dataclass(frozen=True)
class Fact:
    """One therapy's entry with its table."""

    table: EvidenceTable
    entry: TrialEntry

    @property
    def g(self) -> float:
        """Effect over the table's comparator, standard deviations of the outcome."""
        return self.entry.estimate * self.table.in_sd

    @property
    def tau(self) -> float:
        """Standard deviation between trials, in the same unit."""
        return self.table.tau * self.table.in_sd


def outcome_spread(outcome: FloatArray, arm: IntArray) -> OutcomeSpread:
    """Pooled within-arm standard deviation of (n,) outcomes, NaN where not observed, and its normal-theory error."""
    seen = ~np.isnan(outcome)
    groups = [outcome[seen & (arm == k)] for k in np.unique(arm[seen])]
    freedom = sum(len(group) - 1 for group in groups)
    sd = float(np.sqrt(sum(((group - group.mean()) ** 2).sum() for group in groups) / max(freedom, 1)))
    return OutcomeSpread(sd, sd / float(np.sqrt(2 * max(freedom, 1))))


def facts_for(
    therapies: Mapping[str, str | None], tables: Sequence[EvidenceTable], outcomes: Sequence[str]
) -> dict[str, Fact]:
    """The first table's entry for each arm's therapy, of the tables that measured one of the outcomes."""
    found: dict[str, Fact] = {}
    for arm, therapy in therapies.items():
        held = [
            Fact(table, entry) for table in tables if table.outcome in outcomes and (entry := table.entry(therapy))
        ]
        if held:
            found[arm] = held[0]
    return found


def trial_prior(
    facts: Mapping[str, Fact], reference: str, kind: Comparator | None, asked: TrialEvidence, spread: OutcomeSpread
) -> tuple[tuple[str, ...], TrialPrior]:
    """The arms that trials speak of, without the reference, and what they say; positions are those in that list.

    Args:
        facts: entries by arm.
        reference: the study's reference arm; if trials hold it, effects are differences from its own.
        kind: what the reference amounts to, if it is not a therapy that trials hold.
    """
    arms = tuple(facts)
    names = tuple(arm for arm in arms if arm != reference)
    towards = np.array([[float(arm == name) - float(arm == reference) for arm in arms] for name in names])
    g = towards @ np.array([facts[arm].g for arm in arms])
    sampling = towards @ _sampling(facts) @ towards.T
    between = towards @ _between(facts, kind if reference not in facts else None, asked) @ towards.T
    m = len(names)
    shared = 0.5 * (np.eye(m) + 1.0)
    between += asked.population_sd**2 * shared
    points, error = spread.sd**2, spread.error**2
    scaled = (points + error) * sampling + error * (np.outer(g, g) + between)
    bias = points * asked.tau_bias**2 * shared
    return names, TrialPrior(np.arange(1, m + 1), spread.sd * g, scaled, points * between, bias, points)


def _sampling(facts: Mapping[str, Fact]) -> FloatArray:
    """(a, a) covariance of the estimates, standard deviations of the outcome; none between tables."""
    found = np.zeros((len(facts), len(facts)))
    for i, one in enumerate(facts.values()):
        for j, other in enumerate(facts.values()):
            if one.table.name == other.table.name:
                covariance = one.table.covariance(one.entry.therapy, other.entry.therapy)
                found[i, j] = covariance * one.table.in_sd**2
    return found


def _between(facts: Mapping[str, Fact], kind: Comparator | None, asked: TrialEvidence) -> FloatArray:
    """(a, a) covariance of true effects over a comparator between settings.

    Half of a contrast's variance is the comparator's, which all contrasts share (Higgins and Whitehead 1996, Stat Med
    15:2733). A comparator that is not of the reference's kind adds a variance that its therapies share.
    """
    tau = np.array([fact.tau for fact in facts.values()])
    found = np.outer(tau, tau) * 0.5 * (np.eye(len(tau)) + 1.0)
    comparators = [fact.table.comparator for fact in facts.values()]
    usual = kind or comparators[0]
    for i, one in enumerate(comparators):
        for j, other in enumerate(comparators):
            if one == other != usual:
                found[i, j] += asked.comparator_sd**2
    return found
