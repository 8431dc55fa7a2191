"""Ridge regressions of all arms from one pass over the rows: what they need of n rows is a few sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray

PENALTIES = np.logspace(-1, 5, 25)
"""Penalties tried. Terms have standard deviation 1, so that the number of rows is their natural unit."""

CAUTION = 1.4
"""What a degree of freedom counts for in generalised cross-validation: 1.4 instead of 1 keeps small samples from
overfitting (Kim and Gu 2004, J R Stat Soc B 66:337)."""

CHUNK = 50_000
"""Rows expanded at a time, so that memory does not grow with their number."""


@dataclass(frozen=True)
class Moments:
    """Sums over the rows of each arm, terms and outcomes taken from the arm's own means.

    Attributes:
        count: (K,) rows.
        terms: (K, P) mean terms.
        outcome: (K,) mean outcomes.
        gram: (K, P, P) sums of products of terms.
        cross: (K, P) sums of terms times outcomes.
        square: (K,) sums of squared outcomes.
    """

    count: FloatArray
    terms: FloatArray
    outcome: FloatArray
    gram: FloatArray
    cross: FloatArray
    square: FloatArray

    def less(self, slopes: FloatArray, columns: IntArray) -> Moments:
        """Moments of what (K, P) slopes leave of the outcomes, for some of the terms alone."""
        explained = (self.gram @ slopes[:, :, None])[:, :, 0]
        square = self.square - 2 * (slopes * self.cross).sum(axis=1) + (slopes * explained).sum(axis=1)
        gram = self.gram[:, columns[:, None], columns]
        cross = (self.cross - explained)[:, columns]
        return Moments(self.count, self.terms[:, columns], self.outcome, gram, cross, square)


def moments(
    expand: Callable[[FloatArray], FloatArray], covariates: FloatArray, arm: IntArray, outcome: FloatArray, arms: int
) -> Moments:
    """Moments by arm of (n, q) covariates, expanded to P terms a chunk of rows at a time, and (n,) outcomes."""
    parts = [_sums(expand, covariates, outcome, np.flatnonzero(arm == k)) for k in range(arms)]
    count = np.bincount(arm, minlength=arms).astype(np.float64)
    means = np.stack([total for total, _ in parts]) / count[:, None]
    products = np.stack([found for _, found in parts])
    spread = products - count[:, None, None] * means[:, :, None] * means[:, None, :]
    return Moments(count, means[:, :-1], means[:, -1], spread[:, :-1, :-1], spread[:, :-1, -1], spread[:, -1, -1])


def _sums(
    expand: Callable[[FloatArray], FloatArray], covariates: FloatArray, outcome: FloatArray, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Sums over some rows of (terms, outcome) and of their products."""
    total, products = np.zeros(1), np.zeros((1, 1))
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        joined = np.column_stack([expand(covariates[part]), outcome[part]])
        total, products = total + joined.sum(axis=0), products + joined.T @ joined
    return total, products


def ridge_slopes(gram: FloatArray, cross: FloatArray, square: float, count: float, intercepts: int) -> FloatArray:
    """(P,) slopes with the penalty that generalised cross-validation prefers (Golub, Heath and Wahba 1979).

    Args:
        gram: (P, P) sums of products of centred terms.
        cross: (P,) sums of centred terms times outcomes.
        square: sum of squared centred outcomes.
        count: rows.
        intercepts: means that were taken off; they use degrees of freedom as well.
    """
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    turned, penalty = vectors.T @ cross, PENALTIES[:, None]
    shrunk = turned / (values + penalty)
    left = square - (shrunk**2 * (values + 2 * penalty)).sum(axis=1)
    freedom = (values / (values + penalty)).sum(axis=1) + intercepts
    room = np.maximum(1 - CAUTION * freedom / count, 1e-6)
    return np.asarray(vectors @ shrunk[np.argmin(np.maximum(left, 0.0) / room**2)])
