"""The outcomes beside the primary one, stacked, so that one product gives all that is told of a patient.

What depends on the policy alone is worked out once: covariance that no patient's values change is kept as a sum, and
all that a patient's terms are multiplied by lies in two matrices, one for effects and one for their errors.

The second, several megabytes, is held in single precision: what is read for one patient pushes everything else out of
the processor's cache. A standard error is then off by less than a millionth of itself (``SINGLE``), where the 60 draws
that it rests on leave open a tenth. Effects, levels and all of the primary outcome have double precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_contracts.effects import BoolArray, with_constant
from data_contracts.episode import FloatArray
from data_contracts.secondary_served import SecondaryServed

SINGLE = 1e-6
"""What standard errors of the other outcomes may be off by, relatively, as roots are held in single precision."""

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
        coefficients: (1 + P, O K + O) what the terms are multiplied by to give the effects, and the level of the
            mixture of the arms, zero for points.
        roots: (1 + P, O L + O K' R) the same to give deviations: the roots of the levels, and those of the effects, of
            the K' arms whose covariance varies. A root with fewer rows than another's is filled up with zeros.
        levels: where the roots of the levels end.
        first: of the arms whose covariance varies; the reference's effect, which is nothing, has no error.
        still: (O, K, K) covariance of the effects that no terms change.
        weights: (O, K) of the arms in the mixture.
        sign: (O, 1) what a benefit is multiplied by to give the outcome's own direction.
        largest: (O, 1, 1) largest effect that there can be.
        points: (O, 1) whether it is no yes or no.
    """

    coefficients: FloatArray
    roots: NDArray[np.float32]
    levels: int
    first: int
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
        first = 0 if any(one.effects.moving[0].any() for one in served) else 1
        roots = _filled_up([one.effects.moving[first:] for one in served])
        factors = np.concatenate([np.reshape(part, (-1, p)) for part in (level_roots, roots)])
        levels = [one.level.coefficients if one.level else np.zeros(p) for one in served]
        effects = np.reshape([one.effects.coefficients for one in served], (o * k, p))
        return cls(
            coefficients=np.concatenate([effects, levels]).T,
            roots=np.ascontiguousarray(factors.T, dtype=np.float32),
            levels=o * level_roots.shape[2],
            first=first,
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
        here = OutcomesHere(np.empty(arms), np.zeros((*arms, k)), np.empty(ends), np.empty(ends))
        # One place for all products: memory that is asked for anew has to be made anew by the operating system.
        products = np.empty((min(n, CHUNK), self.roots.shape[1]), dtype=np.float32)
        deviations = np.empty(products.shape)
        for start in range(0, n, CHUNK):
            rows = slice(start, start + CHUNK)
            basis = with_constant(terms[rows])
            m = len(basis)
            deviations[:m] = np.matmul(basis.astype(np.float32), self.roots, out=products[:m])
            self._fill(here.part(rows), basis @ self.coefficients, deviations[:m], z)
        return here

    def _fill(self, here: OutcomesHere, found: FloatArray, deviations: FloatArray, z: float) -> None:
        """Fill in what is told of n patients, by (n, ...) products of their terms with coefficients and with roots."""
        n, (o, k), first = len(found), self.weights.shape, self.first
        here.effects[:], of_mixture = found[:, : o * k].reshape(n, o, k), found[:, o * k :]
        apart = deviations[:, : self.levels].reshape(n, o, -1)
        by_arm, covariance = deviations[:, self.levels :].reshape(n, o, k - first, -1), here.covariance
        np.matmul(by_arm, by_arm.swapaxes(-1, -2), out=covariance[..., first:, first:])
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
