"""Utilities: what arms are worth by weights, with what is unknown as a range and sampling error as a margin.

A linear additive value model with swing weights (Keeney and Raiffa 1976; von Winterfeldt and Edwards 1986).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.kept import kept
from data_contracts.rank_sets import any_correlation_value, critical_values, standard_errors
from engine.attribute_table import AttributeTable
from engine.decision import Decision

FIRST = np.zeros(1, dtype=np.int64)
"""The rows of one patient alone."""

TOLD = np.array([0, 2, 3])
"""Of the four numbers of a value those that are told: the least favourable, and the ends."""


@dataclass(frozen=True)
class Utilities:
    """What K arms are worth to n patients, by M attributes.

    Comparisons are made on the *common scale*: in the unit of the primary outcome, if symptom relief has weight; so
    that with all weight on it they are those of the effects, to the last bit.

    Attributes:
        table: the M attributes, symptom relief first.
        weights: (n, M) weights that count: 0 also for what is known of none of a patient's arms.
        values: (4, n, M, K) of each value the least and the most that is possible, the same where it is known; then
            the ends of what the unknown and sampling error allow, of effects those that are told.
        rate: (n, M) what one unit of each attribute is worth on the common scale.
        scale: (n,) what one unit of the common scale is worth as utility, where weights add to one.
        critical: (n,) what the standard error of a difference is multiplied by, for all pairs of arms at once.
        errors: (n, S, K, K) standard errors of differences of the S served values.
    """

    table: AttributeTable
    weights: FloatArray
    values: FloatArray
    rate: FloatArray
    scale: FloatArray
    critical: FloatArray
    errors: FloatArray

    @kept
    def worth(self) -> FloatArray:
        """(4, n, K) on the common scale: the least and the most, and the ends of what is allowed."""
        return np.asarray(np.vecdot(self.values.swapaxes(2, 3).copy(), self.rate[:, None]))

    @property
    def lowest(self) -> FloatArray:
        """(n, K) on the common scale, with everything unknown at its least favourable; arms are placed by it."""
        return np.asarray(self.worth[0])

    @property
    def highest(self) -> FloatArray:
        """(n, K) the same at its most favourable."""
        return np.asarray(self.worth[1])

    @kept
    def margin(self) -> FloatArray:
        """(n, K, K) what sampling error leaves open of a difference, whatever the correlation between outcomes."""
        added = np.vecdot(self.errors.transpose(0, 2, 3, 1), self.rate[:, None, None, self.table.served])
        return np.asarray(self.critical[:, None, None] * added)

    @kept
    def interval(self) -> FloatArray:
        """(n, K, 3) utilities: by what arms are placed, and the ends of what the unknown and sampling error allow."""
        return np.asarray(self.worth[TOLD].transpose(1, 2, 0) * self.scale[:, None, None])


def utilities(table: AttributeTable, weights: FloatArray, allowed: BoolArray, decision: Decision) -> Utilities:
    """Weigh the arms of n patients.

    Errors of several outcomes are added, as if they were fully correlated, since policies serve no covariance between
    outcomes: no correlation makes a difference less certain than that. Pairs are then judged by a critical value that
    holds under any correlation; with one outcome its own joint covariance gives the value, as for effects.

    Args:
        table: M attributes of the policy.
        weights: (n, M) as given.
        allowed: (n, K) arms that may be ranked.
        decision: for n patients, by effects.
    """
    weights = np.where((allowed @ table.known) > 0, weights, 0.0)
    values = np.empty((4, len(weights), *table.ends.shape[1:]))
    values[:] = table.ends[:, None]
    effects, joint = _of_outcomes(decision, table.others)
    values[:, :, table.served] = effects
    rate, scale = _rates(weights, table.exchange)
    critical = _critical(weights[:, table.served] > 0, joint, allowed, decision)
    return Utilities(table, weights, values, rate, scale, critical, standard_errors(joint))


def _of_outcomes(decision: Decision, others: IntArray) -> tuple[FloatArray, FloatArray]:
    """Of the primary outcome and some of the others: (4, n, S, K) effects, twice, and the ends told of them.

    Joint covariances (n, S, K, K) come with them.
    """
    (n, k), s = decision.effect.shape[:2], 1 + len(others)
    told, joint = np.empty((4, n, s, k)), np.empty((n, s, k, k))
    told[1:, :, 0], joint[:, 0] = decision.effect.transpose(2, 0, 1), decision.covariance
    if decision.others is not None:
        told[1:, :, 1:] = decision.others.told[:, others].transpose(3, 0, 1, 2)
        told[1, :, 1:] = decision.others.effects[:, others]
        joint[:, 1:] = decision.others.covariance[:, others]
    told[0] = told[1]
    np.minimum(told[2], told[0], out=told[2])
    np.maximum(told[3], told[0], out=told[3])
    return told, joint


def _rates(weights: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n, M) rates and (n,) scale; nothing is worth anything to a patient without weights that count."""
    per_unit, total = weights / exchange, weights.sum(axis=1)
    divisor = np.where(per_unit[:, 0] > 0, per_unit[:, 0], np.where(total > 0, total, 1.0))
    return per_unit / divisor[:, None], divisor / np.where(total > 0, total, 1.0)


def _critical(weighed: BoolArray, joint: FloatArray, allowed: BoolArray, decision: Decision) -> FloatArray:
    """(n,) critical values, patient by patient those of the arms that may be ranked and the outcomes with weight.

    Args:
        weighed: (n, S) which of the served outcomes, the primary first, have weight, with their (n, S, K, K) ``joint``
            covariances.
        allowed: (n, K) arms that may be ranked.
        decision: by effects.
    """
    found, confidence = np.zeros(len(weighed)), decision.policy.manifest.confidence
    for rows in _alike(allowed, weighed):
        arms, outcomes = allowed[rows[0]].nonzero()[0], weighed[rows[0]].nonzero()[0].tolist()
        if len(outcomes) > 1:
            found[rows] = any_correlation_value(len(arms), confidence)
        elif outcomes == [0]:
            found[rows] = decision.ranking.critical[rows]
        elif outcomes:
            covariance = joint[:, outcomes[0]][rows[:, None, None], arms[:, None], arms]
            found[rows] = critical_values(covariance, confidence)
    return found


def _alike(*patterns: BoolArray) -> Iterator[IntArray]:
    """Rows of patients with the same patterns (n, ...), all those of one kind together."""
    if len(patterns[0]) == 1:
        yield FIRST
        return
    pattern = np.concatenate(patterns, axis=1)
    codes = pattern @ (1 << np.arange(pattern.shape[1]))
    for code in sorted(set(codes.tolist())):
        yield np.flatnonzero(codes == code)
