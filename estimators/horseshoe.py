"""Gibbs sampling of a linear model whose slopes share variances by kind of term and by source column.

Conditionals of Makalic and Schmidt (2016), A simple sampler for the horseshoe estimator, IEEE Signal Processing
Letters 23(1). It works on the Gram matrix, so its cost does not grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

from data_contracts.episode import FloatArray, IntArray

INTERCEPT_VARIANCE = 1e3
"""Prior variance of intercepts, in residual variances."""

SHARED_SCALE = 0.06
"""Scale of the half-Cauchy prior on the root of a kind's variance, over all its terms together, in residual standard
deviations: a richer basis does not make larger effects more likely."""

START = 0.3
"""Share of its prior scale at which the chain starts a kind's variance."""

LOCAL_BOUNDS = (1e-4, 1e4)
SEED = 20260101


@dataclass(frozen=True)
class State:
    """One draw and what it was drawn given.

    Attributes:
        draw, mean: (m,) coefficients, and their mean given the variances below.
        prior_variance: (m,) of each coefficient.
        noise: variance of the residuals.
    """

    draw: FloatArray
    mean: FloatArray
    prior_variance: FloatArray
    noise: float


class Horseshoe:
    """The sampler's state.

    Args:
        gram, moment, total: cross products of m columns, of columns and target, and of the target, over n rows.
        kind: (m,) kind of each term, 0 on; -1 is an intercept, which is not shrunk.
        source: (m,) column that each term is made from; -1 for intercepts.
        copies: columns that each term has, one for each contrast of arms.
        scale: of the prior on the root of a kind's variance, as SHARED_SCALE.
    """

    def __init__(
        self,
        gram: FloatArray,
        moment: FloatArray,
        total: float,
        n: int,
        *,
        kind: IntArray,
        source: IntArray,
        copies: int,
        scale: float = SHARED_SCALE,
    ) -> None:
        self._gram, self._moment, self._total, self._n = gram, moment, total, n
        self._slope = kind >= 0
        self._kind, self._source = kind[self._slope], source[self._slope]
        self._per_kind, self._per_source = np.bincount(self._kind), np.bincount(self._source)
        self._rng = np.random.default_rng(SEED)
        self._noise = total / n
        self._scale = scale**2 * self._noise * copies / np.maximum(self._per_kind, 1)
        self._shared = START * self._scale
        self._shared_aux = 1 / self._scale
        self._local = np.ones(len(self._per_source))
        self._local_aux = np.ones(len(self._per_source))

    def run(self, warm_up: int, kept: int) -> tuple[FloatArray, FloatArray]:
        """Draws of the coefficients after warm-up and their conditional means, each (kept, m)."""
        draws, means = zip(*((state.draw, state.mean) for state in self.states(warm_up, kept)), strict=True)
        return np.asarray(draws), np.asarray(means)

    def states(self, warm_up: int, kept: int) -> Iterator[State]:
        """What is drawn after warm-up, one state after another."""
        for i in range(warm_up + kept):
            variance, noise = self._prior_variance(), self._noise
            draw, mean = self._coefficients()
            self._variances(draw)
            if i >= warm_up:
                yield State(draw, mean, variance, noise)

    def _prior_variance(self) -> FloatArray:
        variance = np.full(len(self._moment), INTERCEPT_VARIANCE * self._noise)
        variance[self._slope] = self._shared[self._kind] * self._local[self._source]
        return variance

    def _coefficients(self) -> tuple[FloatArray, FloatArray]:
        variance = self._prior_variance()
        precision = self._gram / self._noise
        precision[np.diag_indices_from(precision)] += 1 / variance
        lower = cholesky(precision, lower=True, overwrite_a=True, check_finite=False)
        mean = cho_solve((lower, True), self._moment / self._noise, check_finite=False)
        standard = self._rng.standard_normal(len(mean))
        noise = solve_triangular(lower, standard, lower=True, trans="T", check_finite=False)
        return mean + noise, mean

    def _variances(self, draw: FloatArray) -> None:
        rng = self._rng
        squares = self._total - 2 * draw @ self._moment + draw @ (self._gram @ draw)
        self._noise = 1 / rng.gamma(self._n / 2, 2 / max(float(squares), 1e-12))
        slopes = draw[self._slope] ** 2
        by_kind = np.bincount(self._kind, slopes / self._local[self._source])
        self._shared = 1 / rng.gamma(0.5 + self._per_kind / 2, 1 / (1 / self._shared_aux + by_kind / 2))
        self._shared_aux = 1 / rng.gamma(1.0, 1 / (1 / self._scale + 1 / self._shared))
        by_source = np.bincount(self._source, slopes / self._shared[self._kind])
        local = 1 / rng.gamma(0.5 + self._per_source / 2, 1 / (1 / self._local_aux + by_source / 2))
        self._local = np.clip(local, *LOCAL_BOUNDS)
        self._local_aux = 1 / rng.gamma(1.0, 1 / (1 + 1 / self._local))
