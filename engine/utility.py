"""Utilities: what arms are worth by weights, with what is unknown as a range and sampling error as a margin.

A linear additive value model with swing weights (Keeney and Raiffa 1976; von Winterfeldt and Edwards 1986).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


@dataclass(frozen=True)
class Utilities:
    """What K arms are worth to n patients, by M attributes.

    Comparisons are made on the *common scale*: in the unit of the primary outcome, if symptom relief has weight; so
    that with all weight on it they are those of the effects, to the last bit.

    Attributes:
        table: the M attributes, symptom relief first.
        weights: (n, M) weights that count: 0 also for what is known of none of a patient's arms.
        least, most: (n, K, M) values between the ends of what is possible; the same where they are known.
        rate: (n, M) what one unit of each attribute is worth on the common scale.
        scale: (n,) what one unit of the common scale is worth as utility, where weights add to one.
        low, high: (n, K, M) the ends of what the unknown and sampling error allow; of effects those that are told.
        critical: (n,) what the standard error of a difference is multiplied by, for all pairs of arms at once.
        difference_error: (n, K, K, M) standard errors of differences of served values.
    """

    table: AttributeTable
    weights: FloatArray
    least: FloatArray
    most: FloatArray
    rate: FloatArray
    scale: FloatArray
    low: FloatArray
    high: FloatArray
    critical: FloatArray
    difference_error: FloatArray

    @kept
    def lowest(self) -> FloatArray:
        """(n, K) on the common scale, with everything unknown at its least favourable; arms are placed by it."""
        return _weighed(self.least, self.rate)

    @kept
    def highest(self) -> FloatArray:
        """(n, K) the same at its most favourable."""
        return _weighed(self.most, self.rate)

    @kept
    def margin(self) -> FloatArray:
        """(n, K, K) what sampling error leaves open of a difference, whatever the correlation between outcomes."""
        return self.critical[:, None, None] * _weighed(self.difference_error, self.rate)

    @kept
    def interval(self) -> FloatArray:
        """(n, K, 3) utilities: by what arms are placed, and the ends of what the unknown and sampling error allow."""
        ends = (self.lowest, _weighed(self.low, self.rate), _weighed(self.high, self.rate))
        found = np.empty((*self.lowest.shape, 3))
        for at, end in enumerate(ends):
            found[..., at] = end
        found *= self.scale[:, None, None]
        return found


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
    n, (k, m), served = len(weights), table.known.shape, table.served
    least, most, between = np.empty((n, k, m)), np.empty((n, k, m)), np.zeros((n, k, k, m))
    least[:], most[:] = table.least, table.most
    low, high = least.copy(), most.copy()
    effects, ends, joint = _of_outcomes(decision, table.outcomes)
    least[..., served] = most[..., served] = effects.swapaxes(1, 2)
    low[..., served], high[..., served] = ends.transpose(3, 0, 2, 1)
    between[..., served] = np.moveaxis(standard_errors(joint), 1, -1)
    rate, scale = _rates(weights, table.exchange)
    critical = _critical(weights[:, served] > 0, joint, allowed, decision, table.outcomes)
    return Utilities(table, weights, least, most, rate, scale, low, high, critical, between)


def _of_outcomes(decision: Decision, outcomes: Sequence[int]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of S outcomes, 0 the primary one: effects, the ends told of them, and joint covariances.

    Returns:
        (n, S, K) effects, (n, S, K, 2) ends of their intervals, (n, S, K, K) covariances.
    """
    n, k = decision.effect.shape[:2]
    shape = (n, len(outcomes), k)
    effects, ends, joint = np.empty(shape), np.empty((*shape, 2)), np.empty((*shape, k))
    for at, outcome in enumerate(outcomes):
        if outcome == 0 or decision.others is None:
            effects[:, at], joint[:, at] = decision.effect[..., 0], decision.covariance
            ends[:, at] = decision.effect[..., 1:]
        else:
            effects[:, at] = decision.others.effects[:, outcome - 1]
            ends[:, at] = decision.others.told[:, outcome - 1, :, 1:]
            joint[:, at] = decision.others.covariance[:, outcome - 1]
    np.minimum(ends[..., 0], effects, out=ends[..., 0])
    np.maximum(ends[..., 1], effects, out=ends[..., 1])
    return effects, ends, joint


def _weighed(values: FloatArray, rate: FloatArray) -> FloatArray:
    """(n, ...) sums of (n, ..., M) values times (n, M) rates; terms without weight add nothing."""
    return np.asarray(np.vecdot(values, rate.reshape(len(rate), *(1,) * (values.ndim - 2), -1)))


def _rates(weights: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n, M) rates and (n,) scale; nothing is worth anything to a patient without weights that count."""
    per_unit, total = weights / exchange, weights.sum(axis=1)
    divisor = np.where(per_unit[:, 0] > 0, per_unit[:, 0], np.where(total > 0, total, 1.0))
    return per_unit / divisor[:, None], divisor / np.where(total > 0, total, 1.0)


def _critical(
    weighed: BoolArray, joint: FloatArray, allowed: BoolArray, decision: Decision, served: Sequence[int]
) -> FloatArray:
    """(n,) critical values, patient by patient those of the arms that may be ranked and the outcomes with weight.

    Args:
        weighed: (n, S) which of the ``served`` outcomes have weight, with their (n, S, K, K) ``joint`` covariances.
        allowed: (n, K) arms that may be ranked.
        decision: by effects.
        served: the outcomes.
    """
    found, confidence = np.zeros(len(weighed)), decision.policy.manifest.confidence
    for rows in _alike(np.concatenate([allowed, weighed], axis=1)):
        arms, outcomes = np.flatnonzero(allowed[rows[0]]), np.flatnonzero(weighed[rows[0]]).tolist()
        if len(outcomes) > 1:
            found[rows] = any_correlation_value(len(arms), confidence)
        elif outcomes and served[outcomes[0]] == 0:
            found[rows] = decision.ranking.critical[rows]
        elif outcomes:
            covariance = joint[:, outcomes[0]][rows[:, None, None], arms[:, None], arms]
            found[rows] = critical_values(covariance, confidence)
    return found


def _alike(pattern: BoolArray) -> Iterator[IntArray]:
    """Rows of patients with the same pattern, all those of one pattern together."""
    if len(pattern) == 1:
        yield FIRST
        return
    codes = pattern @ (1 << np.arange(pattern.shape[1]))
    for code in sorted(set(codes.tolist())):
        yield np.flatnonzero(codes == code)
