"""Effects as data: what a learner is given, what it must end in, and what is served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data_contracts.basis import Basis
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import each_its_own
from data_contracts.taught import Taught

BoolArray = NDArray[np.bool_]

HELD = 50_000_000
"""Numbers up to which the terms of all episodes are kept; those of more are made anew wherever they are asked for."""

PART = 4_000_000
"""Numbers of a part of the terms, so that memory does not grow with the number of episodes."""


@dataclass(frozen=True)
class ByCourse:
    """What is known of n episodes by how patients fared until the outcome was due, or they were lost.

    Attributes:
        chances: (n, V) cross-fitted probabilities of having been followed to each visit, of those who were.
        completed: (n,) outcomes on the benefit scale, those of patients who were lost made up for by their course.
    """

    chances: FloatArray
    completed: FloatArray

    @property
    def chance(self) -> FloatArray:
        """(n,) probabilities of having been followed to the end."""
        return self.chances[:, -1]


@dataclass(frozen=True)
class ScoredEpisodes:
    """Episodes with their doubly robust scores: all that an effect model may learn from.

    Outcomes are on the benefit scale (positive is better, outcome units).

    Attributes:
        scores: (n, K) score matrix Γ; its column means are the mean outcomes had everyone got each arm.
        modifiers: (n, p) standardised effect modifiers, from which the terms are made.
        basis: the P terms, with mean 0 and standard deviation 1 over the study's episodes; the first p are the
            modifiers themselves.
        arm: (n,) arm codes, 0 is the reference.
        outcome: (n,) with NaN where it was not observed.
        expected: (n, K) cross-fitted outcome regressions.
        propensity: (n, K) cross-fitted calibrated probabilities of each arm; rows sum to one.
        observation: (n, K) cross-fitted probabilities that the outcome is observed under each arm.
        fold: (n,) fold of each episode.
        cluster: (n,) codes of units that vary together.
        by_course: what patients' course adds; None where the study knows of none.
        taught: what outcome regressions teach of effects, of a whole study in its own folds; None where no process
            joined them, and of some of its rows.
        patient: (n,) codes of patients; where it is not given, each episode is another patient's.
    """

    scores: FloatArray
    modifiers: FloatArray
    arm: IntArray
    outcome: FloatArray
    expected: FloatArray
    propensity: FloatArray
    observation: FloatArray
    fold: IntArray
    cluster: IntArray
    basis: Basis
    by_course: ByCourse | None = None
    taught: Taught | None = None
    patient: IntArray = field(default_factory=lambda: each_its_own(0))

    def __post_init__(self) -> None:
        if not len(self.patient):
            object.__setattr__(self, "patient", each_its_own(len(self.arm)))

    @property
    def chance_observed(self) -> FloatArray:
        """(n,) probabilities that the outcome is observed under the arm received, given all that is known of those who
        were: how they fared, too, where there is a course.
        """
        return self.by_course.chance if self.by_course else self.observation[np.arange(len(self.arm)), self.arm]

    @property
    def contrasts(self) -> FloatArray:
        """(n, K) scores minus the reference's; column 0 is zero."""
        return self.scores - self.scores[:, :1]

    @cached_property
    def features(self) -> FloatArray:
        """(n, P) basis terms of all episodes at once; where these may be many, ask for ``terms`` or ``parts``."""
        return self.basis.expand(self.modifiers)

    @property
    def plain(self) -> ScoredEpisodes:
        """The same without waves in the basis."""
        return replace(self, basis=self.basis.plain) if self.basis.wave_phase else self

    def terms(self, rows: BoolArray | IntArray | slice) -> FloatArray:
        """(m, P) basis terms of some rows."""
        if len(self.arm) * self.basis.terms <= HELD:
            return self.features[rows]
        return self.basis.expand(self.modifiers[rows])

    def parts(self) -> Iterator[tuple[slice, FloatArray]]:
        """All rows, part after part, each with its basis terms."""
        size = max(1, PART // self.basis.terms)
        for start in range(0, len(self.arm), size):
            part = slice(start, start + size)
            yield part, self.terms(part)

    def rows(self, chosen: BoolArray | IntArray) -> ScoredEpisodes:
        """The chosen rows, or all in another order, without what is taught; everything else unchanged."""
        by_row = [name for name in self.__dataclass_fields__ if name not in ("basis", "by_course", "taught")]
        course = self.by_course and ByCourse(self.by_course.chances[chosen], self.by_course.completed[chosen])
        kept = {name: getattr(self, name)[chosen] for name in by_row}
        found = replace(self, by_course=course, taught=None, **kept)
        if "features" in self.__dict__:
            found.__dict__["features"] = self.features[chosen]
        return found


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
    """Effects in the served linear form: effect_k(x) = coefficients[k] · (1, φ(x)), φ centred at the study's mean.

    Attributes:
        coefficients: (K, 1 + P); row 0, the reference's, is zero; a constant arm has an intercept alone.
        root: (R, K, 1 + P) whose outer products sum to the joint covariance of what the coefficients estimate: what
            sampling leaves open and, where less is served than the records suggest, what is left out.
        individualised: (K,) whether the arm's effect varies with the patient.
    """

    coefficients: FloatArray
    root: FloatArray
    individualised: BoolArray

    def at(self, terms: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Effects (..., K) and their joint covariance (..., K, K) at (..., P) basis terms.

        One patient or many: each patient's numbers are the same, to the last bit, whoever else is asked about.
        """
        basis = with_constant(terms)
        k, rows, _ = self.moving.shape
        deviations = np.matmul(self._flat, basis[..., None]).reshape(*terms.shape[:-1], k, rows)
        covariance = self.still + np.matmul(deviations, np.swapaxes(deviations, -1, -2))
        return np.vecdot(self.coefficients, basis[..., None, :]), covariance

    @cached_property
    def still(self) -> FloatArray:
        """(K, K) joint covariance that no terms change: of the root's rows that hold intercepts alone."""
        intercepts = self.root[~self._moves, :, 0]
        return np.asarray(intercepts.T @ intercepts)

    @cached_property
    def moving(self) -> FloatArray:
        """(K, R', 1 + P) the root's other rows, arm by arm: what of the covariance varies comes from them."""
        return np.ascontiguousarray(np.swapaxes(self.root[self._moves], 0, 1))

    @cached_property
    def _moves(self) -> BoolArray:
        return np.asarray((self.root[:, :, 1:] != 0).any(axis=(1, 2)))

    @cached_property
    def _flat(self) -> FloatArray:
        """(K R', 1 + P): one product with a patient's terms gives all deviations, arm by arm."""
        return self.moving.reshape(-1, self.moving.shape[2])

    def over(self, terms: FloatArray) -> FloatArray:
        """(n, K) effects of patients with these (n, P) terms."""
        return np.asarray(self.coefficients[:, 0] + terms @ self.coefficients[:, 1:].T)

    def of(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) effects of a study's episodes."""
        return np.concatenate([self.over(terms) for _, terms in data.parts()])

    def spread(self, data: ScoredEpisodes) -> FloatArray:
        """(K,) root mean square, over episodes, of the standard deviation that the varying part leaves open."""
        gram = sum(terms.T @ terms for _, terms in data.parts()) / len(data.arm)
        slopes = self.root[:, :, 1:]
        variance = np.einsum("rka,ab,rkb->k", slopes, gram, slopes, optimize=True)
        return np.asarray(np.sqrt(variance), dtype=np.float64)


def with_constant(terms: FloatArray) -> FloatArray:
    """(..., P) basis terms to (..., 1 + P), a 1 before them."""
    found = np.empty((*terms.shape[:-1], 1 + terms.shape[-1]))
    found[..., 0], found[..., 1:] = 1.0, terms
    return found


def with_ends(estimate: FloatArray, margin: FloatArray) -> FloatArray:
    """(...) estimates and margins to (..., 3): estimate, lower and upper end."""
    found = np.empty((*estimate.shape, 3))
    found[..., 0], found[..., 1], found[..., 2] = estimate, estimate - margin, estimate + margin
    return found


class EffectModel(Protocol):
    """A learner of effects. It ends in the served linear form, and it is that form which competes."""

    @property
    def name(self) -> str:
        """Short name used in reports."""
        ...

    @property
    def passes_on(self) -> bool:
        """Whether it passes on what the outcome regressions teach: it alone is shown waves, and needs a teacher."""
        ...

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) coefficients against the reference, intercepts first; deterministic for the same data."""
        ...

    def held_out(self, data: ScoredEpisodes) -> FloatArray:
        """(n, K) deviations of each episode's effects from their mean, learned on the other folds."""
        ...
