"""The outcomes beside the primary one, stacked, so that one product gives all that is told of a patient.

What depends on the policy alone is worked out once: covariance that no patient's values change is kept as a sum, and
all that a patient's terms are multiplied by lies in one matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import with_constant
from data_contracts.episode import FloatArray
from data_contracts.secondary_served import SecondaryServed

CHUNK = 64
"""Patients at a time, so that what their terms are multiplied to stays in the processor's cache."""


@dataclass(frozen=True)
class OutcomesHere:
    """The O other outcomes of n patients under K ranked arms.

    Attributes:
        effects: (n, O, K) served effects, with their (n, O, K, K) joint ``covariance`` within each outcome.
        told: (n, O, K, 3) the effects and the ends of their intervals, within what the outcome can take.
        shares: (n, O, K, 3) of patients for whom a yes comes under each arm, 0-1 in the outcome's own direction, with
            the ends of its interval; NaN for points, and where effects lie further apart than shares can.
    """

    effects: FloatArray
    covariance: FloatArray
    told: FloatArray
    shares: FloatArray


@dataclass(frozen=True)
class StackedOutcomes:
    """O outcomes and K ranked arms as arrays; the numbers are those of ``SecondaryServed``, outcome by outcome.

    Attributes:
        factors: (1 + P, O K + O + O L + O K R) what the terms are multiplied by: the effects' coefficients; those of
            the level of the mixture of the arms, zero for points; the roots of the levels; those of the effects. A
            root with fewer rows than another's is filled up with zeros.
        cuts: where one of these ends and the next begins.
        still: (O, K, K) covariance of the effects that no terms change.
        weights: (O, K) of the arms in the mixture.
        sign: (O, 1) what a benefit is multiplied by to give the outcome's own direction.
        largest: (O, 1, 1) largest effect that there can be.
        points: (O, 1) whether it is no yes or no.
    """

    factors: FloatArray
    cuts: tuple[int, int, int]
    still: FloatArray
    weights: FloatArray
    sign: FloatArray
    largest: FloatArray
    points: FloatArray

    @classmethod
    def of(cls, served: Sequence[SecondaryServed]) -> StackedOutcomes:
        """Stack outcomes."""
        o, (k, p) = len(served), served[0].effects.coefficients.shape
        level_roots = _filled_up([one.level.root[None] if one.level else np.zeros((1, 0, p)) for one in served])
        roots = _filled_up([one.effects.moving for one in served])
        levels = [one.level.coefficients if one.level else np.zeros(p) for one in served]
        parts = ([one.effects.coefficients for one in served], levels, level_roots, roots)
        return cls(
            factors=np.concatenate([np.reshape(part, (-1, p)) for part in parts]).T,
            cuts=(o * k, o * k + o, o * k + o + o * level_roots.shape[2]),
            still=np.array([one.effects.still for one in served]),
            weights=np.array([one.level.weights if one.level else np.full(k, 1 / k) for one in served]),
            sign=np.array([[one.outcome.sign] for one in served]),
            largest=np.array([[[one.outcome.largest_effect]] for one in served]),
            points=np.array([[one.outcome.kind != "yes_no"] for one in served]),
        )

    def at(self, terms: FloatArray, z: float) -> OutcomesHere:
        """The outcomes of n patients.

        Args:
            terms: (n, P) basis terms.
            z: normal quantile of the intervals.
        """
        if len(terms) <= CHUNK:
            return self._at(terms, z)
        parts = [self._at(terms[at : at + CHUNK], z) for at in range(0, len(terms), CHUNK)]
        return OutcomesHere(*(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES))

    def _at(self, terms: FloatArray, z: float) -> OutcomesHere:
        found, (n, (o, k)) = with_constant(terms) @ self.factors, (len(terms), self.weights.shape)
        first, second, third = self.cuts
        effects, of_mixture = found[:, :first].reshape(n, o, k), found[:, first:second]
        apart, deviations = found[:, second:third].reshape(n, o, -1), found[:, third:].reshape(n, o, k, -1)
        covariance = self.still + np.matmul(deviations, np.swapaxes(deviations, -1, -2))
        own, shared = covariance.diagonal(axis1=2, axis2=3), np.vecdot(covariance, self.weights[:, None])
        of_levels = own - 2 * shared + np.vecdot(shared, self.weights)[..., None]
        variance = np.maximum([own, np.vecdot(apart, apart)[..., None] + np.maximum(of_levels, 0.0)], 0.0)
        of_effects, of_shares = z * np.sqrt(variance)
        levels = (of_mixture - np.vecdot(effects, self.weights))[..., None] + effects
        told = _with_ends(effects, of_effects, -self.largest, self.largest)
        return OutcomesHere(effects, covariance, told, self._shares(self.sign * levels, of_shares))

    def _shares(self, shares: FloatArray, margin: FloatArray) -> FloatArray:
        """(n, O, K, 3) shares held between 0 and 1, all arms' by the same amount: they differ by the effects."""
        least, most = shares.min(axis=-1, keepdims=True), shares.max(axis=-1, keepdims=True)
        held = shares + (np.maximum(-least, 0.0) - np.maximum(most - 1.0, 0.0))
        return _with_ends(np.where(self.points | (most - least > 1.0), np.nan, held), margin, 0.0, 1.0)


_NAMES = tuple(OutcomesHere.__dataclass_fields__)


def _with_ends(
    estimate: FloatArray, margin: FloatArray, low: FloatArray | float, high: FloatArray | float
) -> FloatArray:
    """(...) estimates and margins to (..., 3): estimate, lower and upper end, none beyond what there can be."""
    ends = np.empty((*estimate.shape, 3))
    ends[..., 0], ends[..., 1], ends[..., 2] = estimate, estimate - margin, estimate + margin
    return np.minimum(np.maximum(ends, low), high)


def _filled_up(roots: Sequence[FloatArray]) -> FloatArray:
    """(O, K, R, 1 + P) of O roots (K, ..., 1 + P), those with fewer rows filled up with zeros."""
    k, _, p = roots[0].shape
    found = np.zeros((len(roots), k, max(root.shape[1] for root in roots), p))
    for at, root in enumerate(roots):
        found[at, :, : root.shape[1]] = root
    return found
