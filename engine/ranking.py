"""Ranking: the arms that may be ranked for a patient, with ties kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from data_contracts.protocol import Outcome
from data_contracts.rank_sets import RankSets, rank_sets
from data_contracts.therapy import Level, guideline_position
from engine.policy import Policy

LAST = 10_000
MORE_SEVERE_FROM = 16
"""PHQ-9 score from which NICE NG222 calls depression more severe."""


@dataclass(frozen=True)
class Ranking:
    """Arms ranked for one patient.

    Attributes:
        arms: positions of the ranked arms among the policy's K.
        effects: (K,) served effects, all arms.
        covariance: (K, K) their joint covariance.
        sets: rank sets over ``arms``.
        best: position of the recommended arm, None if no arm is ranked.
    """

    arms: tuple[int, ...]
    effects: FloatArray
    covariance: FloatArray
    sets: RankSets | None
    best: int | None

    @property
    def top_set(self) -> tuple[int, ...]:
        """Positions of the arms that are not significantly worse than the best."""
        if self.sets is None:
            return ()
        return tuple(arm for arm, top in zip(self.arms, self.sets.in_top_set, strict=True) if top)


def rank(policy: Policy, terms: FloatArray, allowed: BoolArray, severity: Level) -> Ranking:
    """Rank the allowed arms by their served effect at this patient's (P,) basis terms.

    Args:
        allowed: (K,) arms that are supported and not excluded.
        severity: decides which of the guideline's orders breaks an exact tie.
    """
    effects, covariance = policy.effects.at(terms)
    arms = tuple(int(arm) for arm in np.flatnonzero(allowed))
    if not arms:
        return Ranking((), effects, covariance, None, None)
    chosen = np.asarray(arms)
    sets = rank_sets(effects[chosen], covariance[np.ix_(chosen, chosen)], policy.manifest.confidence)
    best = min(arms, key=lambda arm: (-effects[arm], guideline_key(policy, arm, severity)))
    return Ranking(arms, effects, covariance, sets, best)


def guideline_key(policy: Policy, arm: int, severity: Level) -> tuple[int, str]:
    """Where the guideline lists an arm; arms it does not list come last, by name."""
    name = policy.manifest.ranked_arms[arm]
    therapy = policy.therapies.get(name)
    position = guideline_position(therapy, severity) if therapy else None
    return (LAST if position is None else position, name)


def severity_of(outcome: Outcome, baseline: object) -> Level:
    """The guideline's severity class by the baseline score; less severe where it is not a PHQ-9 score."""
    known = isinstance(baseline, int | float) and "PHQ-9" in outcome.unit
    return "more_severe" if known and float(str(baseline)) >= MORE_SEVERE_FROM else "less_severe"
