"""Gibbs sampling of a linear model whose slopes share scales by kind of term and by what they are made from.

A slope is α_k β_s ξ with ξ ~ N(0, v_k λ_s) for its kind k and source s. With α, β ~ N(0, 1) and inverse gamma v, λ
the scales |α| √v and |β| √λ are half-Cauchy: a grouped horseshoe (Carvalho, Polson and Scott 2010) in expanded
parameters (Gelman 2006, Prior distributions for variance parameters in hierarchical models, Bayesian Analysis 1(3)).
α and β are drawn by regressing the target on what they multiply. So a scale near zero is left within few draws, where
it would else hold its slopes near zero, and they it, for many. It works on the Gram matrix: cost does not grow with
rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.sparse import csr_array

from data_contracts.episode import FloatArray, IntArray

INTERCEPT_VARIANCE = 1e3
"""Prior variance of intercepts, in residual variances."""

SHARED_SCALE = 0.06
"""Scale of the half-Cauchy prior on the root of a kind's variance, over all its terms together, in residual standard
deviations: a richer basis does not make larger effects more likely."""

START = 0.3
"""Share of its prior scale at which the chain starts a kind's variance."""

LEAST, MOST = 1e-20, 1e6
"""Bounds of a slope's prior variance, in residual variances, so that no precision overflows. They are far out: where
one binds, slopes and scales no longer belong together, and a chain then blows up what rounding leaves."""

EXACT = 1e-12
"""Share of the target's squares that residuals are never thought smaller than."""

SEED = 20260101


@dataclass
class Scales:
    """What slopes' prior variances are made of, by kind (α, v) and by source (β, λ), and the residual variance."""

    alpha: FloatArray
    beta: FloatArray
    v: FloatArray
    lam: FloatArray
    noise: float


@dataclass(frozen=True)
class State:
    """Draws of the coefficients and what they were drawn given.

    Attributes:
        draws, mean: (E, m) coefficients, and their (m,) mean given the variances below.
        prior_variance: (m,) of each coefficient.
        noise: variance of the residuals.
    """

    draws: FloatArray
    mean: FloatArray
    prior_variance: FloatArray
    noise: float


class Horseshoe:
    """The sampler.

    Args:
        gram, moment, total: cross products of m columns, of columns and target, and of the target, over n rows;
            all four over the rows' design effect where these are not independent (a tempered likelihood).
        kind: (m,) kind of each term, 0 on; -1 is an intercept, which is not shrunk.
        source: (m,) number of what each term is made from; -1 for intercepts.
        copies: columns that each term has, one for each contrast of arms.
        scale: of the prior on the root of a kind's variance, as SHARED_SCALE.
    """

    def __init__(
        self,
        gram: FloatArray,
        moment: FloatArray,
        total: float,
        n: float,
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
        self._prior = scale**2 * total / n * copies / np.maximum(self._per_kind, 1)
        one_each, sources = np.ones(len(self._per_kind)), len(self._per_source)
        self.scales = Scales(one_each, np.ones(sources), START * self._prior, np.ones(sources), total / n)

    def run(self, warm_up: int, kept: int, each: int = 1) -> tuple[FloatArray, FloatArray]:
        """Draws of the coefficients after warm-up, (kept · each, m), and their conditional means, (kept, m).

        Args:
            warm_up: draws of the scales that are thrown away.
            kept: draws of the scales that are kept.
            each: draws of the coefficients for every one of these.
        """
        draws, means = zip(*((state.draws, state.mean) for state in self.states(warm_up, kept, each)), strict=True)
        return np.concatenate(draws), np.asarray(means)

    def states(self, warm_up: int, kept: int, each: int = 1) -> Iterator[State]:
        """What is drawn after warm-up, one state of the scales after another; arguments as above."""
        for i in range(warm_up + kept):
            variance, noise = self._prior_variance(), self.scales.noise
            drawn, mean = self._coefficients(each)
            self._draw_scales(drawn[0])
            if i >= warm_up:
                yield State(drawn, mean, variance, noise)

    def _prior_variance(self) -> FloatArray:
        """(m,) prior variances of the coefficients."""
        now = self.scales
        variance = np.full(len(self._moment), INTERCEPT_VARIANCE * now.noise)
        slopes = (now.alpha**2 * now.v)[self._kind] * (now.beta**2 * now.lam)[self._source]
        variance[self._slope] = np.clip(slopes, LEAST * now.noise, MOST * now.noise)
        return variance

    def _coefficients(self, size: int) -> tuple[FloatArray, FloatArray]:
        """(size, m) draws of the coefficients under the current scales, and their (m,) mean."""
        noise = self.scales.noise
        precision = self._gram / noise
        precision[np.diag_indices_from(precision)] += 1 / self._prior_variance()
        return _normal(precision, self._moment / noise, self._rng, size)

    def _draw_scales(self, coefficients: FloatArray) -> None:
        """Draw every scale and the residual variance, given the coefficients and then their ξ."""
        now, rng, kind, source = self.scales, self._rng, self._kind, self._source
        xi = coefficients[self._slope] / (now.alpha[kind] * now.beta[source])
        fixed = np.where(self._slope, 0.0, coefficients)
        left = self._moment - self._gram @ fixed
        now.alpha = self._factors(xi * now.beta[source], kind, left)
        now.beta = self._factors(xi * now.alpha[kind], source, left)
        fixed[self._slope] = xi * now.alpha[kind] * now.beta[source]
        squares = self._total - 2 * fixed @ self._moment + fixed @ (self._gram @ fixed)
        now.noise = 1 / rng.gamma(self._n / 2, 2 / max(float(squares), EXACT * self._total, 1e-300))
        by_kind = np.bincount(kind, xi**2 / now.lam[source])
        now.v = 1 / rng.gamma(0.5 + self._per_kind / 2, 2 / (self._prior + by_kind))
        by_source = np.bincount(source, xi**2 / now.v[kind])
        now.lam = 1 / rng.gamma(0.5 + self._per_source / 2, 2 / (1 + by_source))

    def _factors(self, values: FloatArray, group: IntArray, left: FloatArray) -> FloatArray:
        """(G,) draw of what multiplies the slopes of each group, from the regression of what intercepts leave.

        Args:
            values: the slopes but for this factor.
            group: of each.
            left: (m,) cross products of the columns and what intercepts leave of the target.
        """
        shape = (int(group.max()) + 1, len(left))
        sums = csr_array((values, (group, np.flatnonzero(self._slope))), shape=shape)
        precision = sums @ (sums @ self._gram).T / self.scales.noise
        precision[np.diag_indices_from(precision)] += 1.0
        return np.asarray(_normal(precision, sums @ left / self.scales.noise, self._rng)[0][0])


def _normal(
    precision: FloatArray, moment: FloatArray, rng: np.random.Generator, size: int = 1
) -> tuple[FloatArray, FloatArray]:
    """(size, m) draws of a normal with this precision and precision times mean, and the (m,) mean."""
    # A symmetric matrix is its own transpose, which LAPACK takes as it lies in memory.
    lower, _ = cho_factor(precision.T, lower=True, overwrite_a=True, check_finite=False)
    mean = cho_solve((lower, True), moment, check_finite=False)
    standard = rng.standard_normal((size, len(mean))).T
    return mean + solve_triangular(lower, standard, lower=True, trans="T", check_finite=False).T, mean
