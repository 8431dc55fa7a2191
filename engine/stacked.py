"""The outcomes beside the primary one, stacked, so that one product gives all that is told of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.secondary_served import SecondaryServed

CHUNK = 64
"""Patients at a time, so that their deviations stay in the processor's cache."""


@dataclass(frozen=True)
class StackedOutcomes:
    """O outcomes and K ranked arms as arrays; the numbers are those of ``SecondaryServed``, outcome by outcome.

    Attributes:
        coefficients: (O, K, 1 + P) of the effects.
        root: (R, O, K, 1 + P) theirs.
        level: (O, 1 + P) of the mixture of the arms; zero for points.
        level_root: (S, O, 1 + P) its root.
        weights: (O, K) of the arms in the mixture.
        sign: (O, 1) what a benefit is multiplied by to give the outcome's own direction.
        largest: (O, 1) largest effect that there can be.
        yes_no: (O, 1) whether it is a yes or no.
    """

    coefficients: FloatArray
    root: FloatArray
    level: FloatArray
    level_root: FloatArray
    weights: FloatArray
    sign: FloatArray
    largest: FloatArray
    yes_no: FloatArray

    @classmethod
    def of(cls, served: Sequence[SecondaryServed]) -> StackedOutcomes:
        """Stack outcomes; roots of fewer rows than the longest end in zeros."""
        k, p = served[0].effects.coefficients.shape
        rows = max(len(one.effects.root) for one in served)
        shared = max((len(one.level.root) for one in served if one.level), default=0)
        root, level_root = np.zeros((rows, len(served), k, p)), np.zeros((shared, len(served), p))
        level, weights = np.zeros((len(served), p)), np.full((len(served), k), 1 / k)
        for i, one in enumerate(served):
            root[: len(one.effects.root), i] = one.effects.root
            if one.level:
                level[i], weights[i] = one.level.coefficients, one.level.weights
                level_root[: len(one.level.root), i] = one.level.root
        return cls(
            coefficients=np.stack([one.effects.coefficients for one in served]),
            root=root,
            level=level,
            level_root=level_root,
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
        outcomes, arms = self.weights.shape
        effects = (self._flat(self.coefficients) @ basis).reshape(outcomes, arms, -1)
        deviations = (self._flat(self.root) @ basis).reshape(-1, outcomes, arms, len(terms))
        effect_errors = np.sqrt(np.einsum("rokn,rokn->okn", deviations, deviations))
        deviations -= np.einsum("ok,rokn->ron", self.weights, deviations)[:, :, None]
        of_mixture = (self._flat(self.level_root) @ basis).reshape(-1, outcomes, len(terms))
        shared = np.einsum("son,son->on", of_mixture, of_mixture)[:, None]
        errors = np.sqrt(np.einsum("rokn,rokn->okn", deviations, deviations) + shared)
        levels = (self.level @ basis)[:, None] + effects - np.einsum("ok,okn->on", self.weights, effects)[:, None]
        effects, effect_errors, errors, levels = (
            values.transpose(2, 0, 1) for values in (effects, effect_errors, errors, levels)
        )
        most = self.largest[..., None]
        return _with_ends(effects, z * effect_errors, -most, most), self._shares(self.sign * levels, z * errors)

    @staticmethod
    def _flat(stack: FloatArray) -> FloatArray:
        return stack.reshape(-1, stack.shape[-1])

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
