"""Effects as data: what a learner is given, what it must end in, and what is served."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data_contracts.episode import FloatArray, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ScoredEpisodes:
    """Episodes with their doubly robust scores: all that an effect model may learn from.

    Outcomes are on the benefit scale (positive is better, outcome units).

    Attributes:
        scores: (n, K) score matrix Γ; its column means are the mean outcomes had everyone got each arm.
        features: (n, p) standardised effect modifiers.
        arm: (n,) arm codes, 0 is the reference.
        outcome: (n,) with NaN where it was not observed.
        expected: (n, K) cross-fitted outcome regressions.
        propensity: (n, K) cross-fitted calibrated probabilities of each arm; rows sum to one.
        observation: (n, K) cross-fitted probabilities that the outcome is observed under each arm.
        fold: (n,) fold of each episode.
        cluster: (n,) codes of units that vary together.
    """

    scores: FloatArray
    features: FloatArray
    arm: IntArray
    outcome: FloatArray
    expected: FloatArray
    propensity: FloatArray
    observation: FloatArray
    fold: IntArray
    cluster: IntArray

    @property
    def contrasts(self) -> FloatArray:
        """(n, K) scores minus the reference's; column 0 is zero."""
        return self.scores - self.scores[:, :1]

    def rows(self, chosen: BoolArray) -> ScoredEpisodes:
        """The chosen rows, everything else unchanged."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class AverageEffects:
    """Average effects over the study population, benefit scale.

    Attributes:
        means: (K,) mean outcome had everyone got each arm.
        effects: (K,) difference from the reference; element 0 is zero.
        covariance: (K, K) joint covariance of ``effects``; row and column 0 are zero.
        critical_value: the quantile of the largest |t| over all pairs, for simultaneous intervals.
    """

    means: FloatArray
    effects: FloatArray
    covariance: FloatArray
    critical_value: float

    @property
    def standard_errors(self) -> FloatArray:
        """(K,) pointwise standard errors."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class ServedEffects:
    """Effects in the served linear form: effect_k(x) = coefficients[k] · (1, z(x)), z centred at the study's mean.

    Attributes:
        coefficients: (K, 1 + p); row 0, the reference's, is zero; a constant arm has an intercept alone.
        covariance: (K, 1 + p, K, 1 + p) joint sampling covariance of the coefficients.
        heterogeneity: (K, K) covariance that is added to a patient's effects where constants are served, for
            the heterogeneity that the data leave possible; zero rows for individualised arms.
        individualised: (K,) whether the arm's effect varies with the patient.
    """

    coefficients: FloatArray
    covariance: FloatArray
    heterogeneity: FloatArray
    individualised: BoolArray

    def at(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Effects (K,) and their joint covariance (K, K) for one patient's (p,) standardised features."""
        basis = np.concatenate(([1.0], features))
        effects = self.coefficients @ basis
        return effects, np.einsum("jakb,a,b->jk", self.covariance, basis, basis) + self.heterogeneity


class EffectModel(Protocol):
    """A learner of effects. It ends in a served form, and it is that form which is judged."""

    @property
    def name(self) -> str:
        """Short name used in reports."""
        ...

    def fit(self, data: ScoredEpisodes) -> ServedEffects:
        """Learn from scored episodes; deterministic for the same data."""
        ...
