"""The outcomes beside the primary one, stacked, so that one product gives all that is told of a patient.

What depends on the policy alone is worked out once: covariance that no patient's values change is kept as a sum, and
all that a patient's terms are multiplied by lies in one matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray, with_constant
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

    def part(self, rows: slice) -> OutcomesHere:
        """Those of some of the patients; what is written there is written here."""
        return OutcomesHere(self.effects[rows], self.covariance[rows], self.told[rows], self.shares[rows])


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
    points: BoolArray

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
        n, (o, k) = len(terms), self.weights.shape
        arms, ends = (n, o, k), (n, o, k, 3)
        here = OutcomesHere(np.empty(arms), np.empty((*arms, k)), np.empty(ends), np.empty(ends))
        # One place for all products: memory that is asked for anew has to be made anew by the operating system.
        products = np.empty((min(n, CHUNK), self.factors.shape[1]))
        for start in range(0, n, CHUNK):
            rows = slice(start, start + CHUNK)
            basis = with_constant(terms[rows])
            self._fill(here.part(rows), np.matmul(basis, self.factors, out=products[: len(basis)]), z)
        return here

    def _fill(self, here: OutcomesHere, found: FloatArray, z: float) -> None:
        """Fill in what is told of n patients, from the (n, ...) products of their terms and the factors."""
        n, (o, k), (first, second, third) = len(found), self.weights.shape, self.cuts
        here.effects[:], of_mixture = found[:, :first].reshape(n, o, k), found[:, first:second]
        apart, deviations = found[:, second:third].reshape(n, o, -1), found[:, third:].reshape(n, o, k, -1)
        covariance = np.matmul(deviations, deviations.swapaxes(-1, -2), out=here.covariance)
        covariance += self.still
        variance = np.empty((2, n, o, k))
        variance[0] = covariance.diagonal(axis1=2, axis2=3)
        shared = np.vecdot(covariance, self.weights[:, None])
        of_levels = variance[0] - 2 * shared + np.vecdot(shared, self.weights)[..., None]
        np.add(np.maximum(of_levels, 0.0), np.vecdot(apart, apart)[..., None], out=variance[1])
        margins = np.sqrt(np.maximum(variance, 0.0, out=variance), out=variance)
        margins *= z
        levels = (of_mixture - np.vecdot(here.effects, self.weights))[..., None] + here.effects
        _fill_ends(here.told, here.effects, margins[0], -self.largest, self.largest)
        _fill_ends(here.shares, self._held(self.sign * levels), margins[1], 0.0, 1.0)

    def _held(self, shares: FloatArray) -> FloatArray:
        """(n, O, K) shares held between 0 and 1, all arms' by the same amount: they differ by the effects."""
        least = np.minimum.reduce(shares, axis=-1, keepdims=True)
        most = np.maximum.reduce(shares, axis=-1, keepdims=True)
        held = shares + (np.maximum(-least, 0.0) - np.maximum(most - 1.0, 0.0))
        return np.where(self.points | (most - least > 1.0), np.nan, held)


def _fill_ends(
    ends: FloatArray, estimate: FloatArray, margin: FloatArray, low: FloatArray | float, high: FloatArray | float
) -> None:
    """Fill (..., 3) with (...) estimates, lower and upper ends, none beyond what there can be."""
    ends[..., 0] = estimate
    np.subtract(estimate, margin, out=ends[..., 1])
    np.add(estimate, margin, out=ends[..., 2])
    np.minimum(np.maximum(ends, low, out=ends), high, out=ends)


def _filled_up(roots: Sequence[FloatArray]) -> FloatArray:
    """(O, K, R, 1 + P) of O roots (K, ..., 1 + P), those with fewer rows filled up with zeros."""
    k, _, p = roots[0].shape
    found = np.zeros((len(roots), k, max(root.shape[1] for root in roots), p))
    for at, root in enumerate(roots):
        found[at, :, : root.shape[1]] = root
    return found
