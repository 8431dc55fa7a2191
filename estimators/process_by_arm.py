"""A Gaussian process of its own for each arm: it shares nothing, so that an effect may be as rough as a prognosis.

The joint process (``estimators.smooth_process``) expects arms to differ by less than patients do. Where the signal is
so clear that an arm speaks for itself, that holds effects back which bend in other columns than the prognosis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.column_order import by_outcome
from estimators.covariates import Covariates
from estimators.gaussian_process import Part, Rows, evenly, fit_scales, part_kernel, pull
from estimators.smooth_process import CHUNK, PROGNOSIS, SEEN_FOR_SCALES


@dataclass(frozen=True)
class Fitted:
    """One arm's process.

    Attributes:
        order: (q,) of the covariates' columns in ``known``.
        known: (m, q) rows that it was fitted on.
        scales: variances of the linear and bent kernel, q length-scales in that order, and the noise's variance.
        pull: (m,) weights by which the outcomes speak.
        middle, spread: of the outcomes.
    """

    order: IntArray
    known: FloatArray
    scales: FloatArray
    pull: FloatArray
    middle: float
    spread: float

    def expect(self, rows: FloatArray) -> FloatArray:
        """(n,) expected outcomes at (n, q) covariates."""
        kernel = part_kernel(_part(0), np.ascontiguousarray(rows[:, self.order]), self.known, self.scales[:-1])
        return np.asarray(kernel @ self.pull * self.spread + self.middle)


class ProcessByArm:
    """The processes' posterior means."""

    def __init__(self, covariates: Covariates, arm: IntArray, arms: int) -> None:
        """Take the rows that parts are learned from."""
        self._rows, self._arm, self._arms = covariates.filled, arm, arms

    def fit(self, outcome: FloatArray, used: BoolArray | None = None) -> ProcessByArm:
        """Fit each arm's scales on some of its used rows, its process on all of them."""
        everyone = np.ones(len(outcome), dtype=np.bool_) if used is None else used
        chosen = [everyone & (self._arm == k) for k in range(self._arms)]
        self._fitted = [_fit(self._rows[rows], outcome[rows]) for rows in chosen]
        return self

    def predict(self, covariates: Covariates) -> FloatArray:
        """(n, K) expected outcomes."""
        rows = covariates.filled
        parts = [rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK)]
        return np.concatenate([np.column_stack([one.expect(part) for one in self._fitted]) for part in parts])

    @property
    def lengths(self) -> FloatArray:
        """(K, q) length-scales of the covariates by arm."""
        found = np.empty((self._arms, self._rows.shape[1]))
        for k, one in enumerate(self._fitted):
            found[k, one.order] = one.scales[2:-1]
        return found


def _fit(rows: FloatArray, outcome: FloatArray) -> Fitted:
    order = by_outcome(rows, outcome)
    known = np.ascontiguousarray(rows[:, order])
    middle, spread = float(outcome.mean()), float(outcome.std()) or 1.0
    target, noise = (outcome - middle) / spread, np.ones(len(outcome))
    some = evenly(len(outcome), SEEN_FOR_SCALES)
    scales = fit_scales(Rows(known[some], (_part(len(some)),), target[some], noise[some]))
    return Fitted(order, known, scales, pull(Rows(known, (_part(len(known)),), target, noise), scales), middle, spread)


def _part(rows: int) -> Part:
    """What an arm expects, over so many rows; to predict, none are needed."""
    return Part(np.ones((rows, rows)), *PROGNOSIS)
