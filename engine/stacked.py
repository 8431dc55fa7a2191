"""The outcomes beside the primary one, stacked, so that one product gives all that is told of a patient.

Nothing but each effect's and each share's own variance is told of them. It is a quadratic form in the terms, so it is
kept as the weights of their products: half the numbers of the roots that it is made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.secondary_served import SecondaryServed

CHUNK = 64
"""Patients at a time, so that the products of their terms stay in the processor's cache."""


@dataclass(frozen=True)
class StackedOutcomes:
    """O outcomes and K ranked arms as arrays; the numbers are those of ``SecondaryServed``, outcome by outcome.

    Attributes:
        coefficients: (O K, 1 + P) of the effects.
        variances: (2 O K, T) of the effects, then of the shares, by the products of the (1 + P) terms, constant first.
        first, second: (T,) the two terms of each product.
        level: (O, 1 + P) of the mixture of the arms; zero for points.
        weights: (O, K) of the arms in the mixture.
        sign: (O, 1) what a benefit is multiplied by to give the outcome's own direction.
        largest: (O, 1) largest effect that there can be.
        yes_no: (O, 1) whether it is a yes or no.
    """

    coefficients: FloatArray
    variances: FloatArray
    first: IntArray
    second: IntArray
    level: FloatArray
    weights: FloatArray
    sign: FloatArray
    largest: FloatArray
    yes_no: FloatArray

    @classmethod
    def of(cls, served: Sequence[SecondaryServed]) -> StackedOutcomes:
        """Stack outcomes."""
        k, p = served[0].effects.coefficients.shape
        first, second = np.triu_indices(p)
        weights = np.array([one.level.weights if one.level else np.full(k, 1 / k) for one in served])
        counted = np.where(first == second, 1.0, 2.0)
        told = [_variances(one, share) for one, share in zip(served, weights, strict=True)]
        return cls(
            coefficients=np.concatenate([one.effects.coefficients for one in served]),
            variances=np.array(told).swapaxes(0, 1).reshape(-1, p, p)[:, first, second] * counted,
            first=first,
            second=second,
            level=np.array([one.level.coefficients if one.level else np.zeros(p) for one in served]),
            weights=weights,
            sign=np.array([[one.outcome.sign] for one in served]),
            largest=np.array([[one.outcome.largest_effect] for one in served]),
            yes_no=np.array([[one.outcome.kind == "yes_no"] for one in served]),
        )

    def at(self, terms: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
        """Effects and shares of n patients, each (n, O, K, 3) with the ends of its interval.

        Effects and their ends stay within what the outcome can take. Shares are those of patients for whom a yes comes
        under each arm, 0-1 in the outcome's own direction; NaN for points, and where effects lie further apart than
        shares can.

        Args:
            terms: (n, P) basis terms.
            z: normal quantile of the intervals.
        """
        if len(terms) <= CHUNK:
            return self._at(terms, z)
        parts = [self._at(terms[at : at + CHUNK], z) for at in range(0, len(terms), CHUNK)]
        effects, shares = zip(*parts, strict=True)
        return np.concatenate(effects), np.concatenate(shares)

    def _at(self, terms: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
        """The same of few patients, who are the last axis in here: one product serves all of them."""
        basis = np.concatenate([np.ones((len(terms), 1)), terms], axis=1).T
        shape = (*self.weights.shape, len(terms))
        effects = (self.coefficients @ basis).reshape(shape)
        variances = self.variances @ (basis[self.first] * basis[self.second])
        margins = (z * np.sqrt(np.maximum(variances, 0.0))).reshape(2, *shape)
        levels = (self.level @ basis)[:, None] + effects - np.einsum("ok,okn->on", self.weights, effects)[:, None]
        effects, of_effects, of_shares, levels = (values.transpose(2, 0, 1) for values in (effects, *margins, levels))
        most = self.largest[..., None]
        return _with_ends(effects, of_effects, -most, most), self._shares(self.sign * levels, of_shares)

    def _shares(self, shares: FloatArray, margin: FloatArray) -> FloatArray:
        """(n, O, K, 3) shares held between 0 and 1, all arms' by the same amount: they differ by the effects."""
        least, most = shares.min(axis=-1, keepdims=True), shares.max(axis=-1, keepdims=True)
        held = shares + np.maximum(-least, 0.0) - np.maximum(most - 1.0, 0.0)
        held[~(self.yes_no & (most - least <= 1.0)).repeat(held.shape[-1], axis=-1)] = np.nan
        return _with_ends(held, margin, 0.0, 1.0)


def _with_ends(
    estimate: FloatArray, margin: FloatArray, low: FloatArray | float, high: FloatArray | float
) -> FloatArray:
    """(...) estimates and margins to (..., 3): estimate, lower and upper end, none beyond what there can be."""
    ends = np.empty((*estimate.shape, 3))
    ends[..., 0], ends[..., 1], ends[..., 2] = estimate, estimate - margin, estimate + margin
    return np.minimum(np.maximum(ends, low), high)


def _variances(one: SecondaryServed, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two (K, 1 + P, 1 + P) forms in the terms: the variance of each effect, and of each arm's level.

    A level is the mixture's, plus what the arm's effect is above the mixture's (K,) weighted mean.
    """
    root = one.effects.root
    apart = root - np.einsum("k,rkp->rp", weights, root)[:, None]
    levels = _forms(apart)
    return _forms(root), levels + one.level.root.T @ one.level.root if one.level else levels


def _forms(root: FloatArray) -> FloatArray:
    """(K, 1 + P, 1 + P) of an (R, K, 1 + P) root."""
    by_arm = np.swapaxes(root, 0, 1)
    return np.asarray(np.swapaxes(by_arm, 1, 2) @ by_arm)
