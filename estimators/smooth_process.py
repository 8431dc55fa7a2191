"""A Gaussian process as an outcome model: prognosis that all arms share, and each arm's deviation from it.

    Y = g(x) + Σ_k (1[T = k] - 1 / K) f_k(x) + ε

Each covariate has a length-scale of its own in g and another, common to the arms, in the f_k, so that a process finds
the few columns that matter and how they act together (Alaa and van der Schaar 2017).
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.column_order import by_outcome
from estimators.covariates import Covariates
from estimators.gaussian_process import Part, Rows, evenly, fit_scales, part_kernel, pull, scales_of

SEEN_FOR_SCALES = 700
"""Rows, evenly spaced, that scales are fitted on; 500 lose two or three in a hundred of held-out error."""

PROGNOSIS, DEVIATION = (1.0, 0.05, 0.3), (1.0, 0.02, 0.2)
"""Variance of the constant and prior medians of those of the linear and bent kernels, shares of the outcome's."""

CHUNK = 2_000
"""Rows predicted at a time, so that memory does not grow with the square of the records."""


class SmoothProcess:
    """The process's posterior mean."""

    def __init__(self, covariates: Covariates, arm: IntArray, arms: int) -> None:
        """Take the rows that parts are learned from."""
        self._rows, self._arm, self._arms = covariates.filled, arm, arms

    def fit(self, outcome: FloatArray, used: BoolArray | None = None) -> SmoothProcess:
        """Fit scales on some of the used rows, the process on all of them."""
        chosen = slice(None) if used is None else used
        rows, arm, outcome = self._rows[chosen], self._arm[chosen], outcome[chosen]
        self._order = by_outcome(rows, outcome)
        self._known = np.ascontiguousarray(rows[:, self._order])
        self._middle, self._spread = float(outcome.mean()), float(outcome.std()) or 1.0
        target, noise = (outcome - self._middle) / self._spread, np.ones(len(outcome))
        self._treatment = np.eye(self._arms)[arm] - 1 / self._arms
        some = evenly(len(outcome), SEEN_FOR_SCALES)
        self._scales = fit_scales(Rows(self._known[some], _parts(self._treatment[some]), target[some], noise[some]))
        self._pull = pull(Rows(self._known, _parts(self._treatment), target, noise), self._scales)
        return self

    def predict(self, covariates: Covariates) -> FloatArray:
        """(n, K) expected outcomes."""
        rows = np.ascontiguousarray(covariates.filled[:, self._order])
        return np.concatenate([self._expect(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)])

    def _expect(self, rows: FloatArray) -> FloatArray:
        shared, own = (
            part_kernel(part, rows, self._known, scales)
            for part, scales in zip(_parts(self._treatment[:0]), scales_of(2, self._scales), strict=True)
        )
        by_arm = own @ (self._treatment * self._pull[:, None])  # residual treatments add to zero, so 1 / K drops out
        return np.asarray((shared @ self._pull)[:, None] + by_arm) * self._spread + self._middle


def _parts(treatment: FloatArray) -> tuple[Part, Part]:
    """Prognosis and deviations, of (m, K) treatments less 1 / K."""
    overlap = treatment @ treatment.T
    return Part(np.ones_like(overlap), *PROGNOSIS), Part(overlap, *DEVIATION)
