"""What is served of an outcome beside the primary one: effects, averages and, of a yes or no, how often it comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.secondary_outcome import SecondaryOutcome


@dataclass(frozen=True)
class ServedLevel:
    """How high an outcome lies under a fixed mixture of the arms, benefit scale, in the served linear form.

    The level under arm k is the mixture's plus effect k less the mixture's mean effect. The weights are those under
    which the mixture's sampling error has no covariance with any effect's.

    Attributes:
        coefficients: (1 + P,) of the mixture's level at (1, φ(x)).
        root: (R, 1 + P) whose outer products sum to the covariance of what the coefficients estimate.
        weights: (K,) of the arms in the mixture; they add to one.
    """

    coefficients: FloatArray
    root: FloatArray
    weights: FloatArray

    def widened(self, terms: int) -> ServedLevel:
        """The same in a basis of more terms, the new ones last, with which levels do not vary."""
        more = (0, 1 + terms - len(self.coefficients))
        return ServedLevel(np.pad(self.coefficients, more), np.pad(self.root, ((0, 0), more)), self.weights)

    def at(self, terms: FloatArray, effects: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Levels (..., K) under each arm and their variances (..., K), benefit scale.

        Args:
            terms: (..., P) basis terms.
            effects: (..., K) served effects there, with their (..., K, K) joint ``covariance``.
        """
        basis = np.concatenate([np.ones((*terms.shape[:-1], 1)), terms], axis=-1)
        deviations = np.matmul(self.root, basis[..., None])[..., 0]
        mixture = np.vecdot(self.coefficients, basis)
        levels = mixture[..., None] + effects - np.matmul(effects, self.weights)[..., None]
        shared = np.matmul(covariance, self.weights)
        own = np.diagonal(covariance, axis1=-2, axis2=-1)
        of_effects = own - 2 * shared + np.matmul(shared, self.weights)[..., None]
        variance = np.vecdot(deviations, deviations)[..., None] + np.maximum(of_effects, 0.0)
        return levels, variance


@dataclass(frozen=True)
class SecondaryServed:
    """One outcome beside the primary one, as it is served; K ranked arms, the reference first.

    Attributes:
        outcome: what it is.
        effects: its served effects, benefit scale.
        average_effects: (K,) with (K, K) ``average_covariance``.
        level: of a yes-or-no outcome, how often it comes; None for points.
    """

    outcome: SecondaryOutcome
    effects: ServedEffects
    average_effects: FloatArray
    average_covariance: FloatArray
    level: ServedLevel | None = None
