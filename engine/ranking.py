"""Ranking: the arms that may be ranked for each patient, with ties kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.rank_set import RankSet
from data_contracts.rank_sets import rank_sets
from engine.policy import Policy

NOBODY = -1
"""In place of a recommended arm: none can be ranked."""


@dataclass(frozen=True)
class Ranking:
    """Arms ranked for n patients.

    Attributes:
        lower, upper: (n, K) best and worst rank of each ranked arm, 0 where it is not ranked.
        in_top_set: (n, K) whether no other is significantly better.
        best: (n,) position of the recommended arm among the K, ``NOBODY`` if no arm is ranked.
        critical: (n,) what the standard error of a difference is multiplied by, 0 if no arm is ranked.
    """

    lower: IntArray
    upper: IntArray
    in_top_set: BoolArray
    best: IntArray
    critical: FloatArray

    def of_one(self) -> list[RankSet]:
        """The one patient's ranks."""
        return list(map(RankSet, self.lower[0].tolist(), self.upper[0].tolist(), self.in_top_set[0].tolist()))


def rank(
    policy: Policy, effects: FloatArray, covariance: FloatArray, allowed: BoolArray, more_severe: BoolArray
) -> Ranking:
    """Rank the allowed arms by their served effects.

    Args:
        policy: whose confidence and guideline's order count; the latter breaks exact ties.
        effects: (n, K) served effects, with their (n, K, K) joint ``covariance``.
        allowed: (n, K) arms that are supported and not excluded.
        more_severe: (n,) which of the guideline's orders counts.
    """
    best, confidence = first_of(policy, effects, allowed, more_severe), policy.manifest.confidence
    if np.count_nonzero(allowed) == allowed.size:
        sets = rank_sets(effects, covariance, confidence, policy.withdrawn if policy.manifest.withdrawn else None)
        return Ranking(sets.lower, sets.upper, sets.in_top_set, best, sets.critical_value)
    lower, upper = np.zeros(allowed.shape, dtype=np.int64), np.zeros(allowed.shape, dtype=np.int64)
    in_top_set, critical = np.zeros(allowed.shape, dtype=np.bool_), np.zeros(len(allowed))
    pattern = allowed @ (1 << np.arange(allowed.shape[1]))
    for one in sorted(set(pattern.tolist()) - {0}):
        rows = np.flatnonzero(pattern == one)
        arms = np.flatnonzero(allowed[rows[0]])
        here = (rows[:, None], arms)
        joint = covariance[rows[:, None, None], arms[:, None], arms]
        sets = rank_sets(effects[here], joint, confidence, policy.withdrawn[np.ix_(arms, arms)])
        lower[here], upper[here], in_top_set[here] = sets.lower, sets.upper, sets.in_top_set
        critical[rows] = sets.critical_value
    return Ranking(lower, upper, in_top_set, best, critical)


def first_of(policy: Policy, values: FloatArray, allowed: BoolArray, more_severe: BoolArray) -> IntArray:
    """(n,) positions of the allowed arms with the largest (n, K) values, exact ties by the guideline's order."""
    served = np.where(allowed, values, -np.inf)
    leading = allowed & (served == np.maximum.reduce(served, axis=1, keepdims=True))
    leaders = np.add.reduce(leading, axis=1, dtype=np.int64)
    first = leading.argmax(axis=1)
    if np.count_nonzero(leaders != 1):
        place = np.where(leading, policy.guideline.of_ranked[more_severe.astype(np.int64)], allowed.shape[1])
        first = np.where(leaders > 0, place.argmin(axis=1), NOBODY)
    return np.asarray(first)
