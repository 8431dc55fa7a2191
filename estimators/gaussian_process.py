"""Gaussian processes whose parts each have a variance and a length-scale for every covariate.

The covariance of two rows is a sum over parts, each its rows' overlap (one for what all share, the product of their
residual treatments for effects) times a kernel: constant, linear and squared exponential (Rasmussen and Williams 2006,
chapter 5, for the marginal likelihood and its gradient). Scales are those with the largest marginal likelihood under
weak log-normal priors, without which length-scales fitted to noise invent effects. They are found on some of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from data_contracts.episode import FloatArray, IntArray

STEPS = 30
"""Of the search for scales; what more would find does not show in what is predicted."""

VARIANCE_WIDTH, LENGTH_WIDTH = 1.5, 1.0
"""Of the priors of the variances' and length-scales' logarithms, standard deviations."""


@dataclass(frozen=True)
class Part:
    """One part of a process.

    Attributes:
        overlap: (m, m).
        constant: variance of its constant, known, as a share of the target's.
        linear, bent: prior medians of its kernels' variances, as shares of the target's.
    """

    overlap: FloatArray
    constant: float
    linear: float
    bent: float


@dataclass(frozen=True)
class Rows:
    """What a process is fitted on.

    Attributes:
        covariates: (m, p).
        parts: of the process.
        target: (m,) of mean 0 and variance 1.
        noise: (m,) variances of the noise relative to each other.
    """

    covariates: FloatArray
    parts: tuple[Part, ...]
    target: FloatArray
    noise: FloatArray


def kernels(here: FloatArray, there: FloatArray, lengths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(m, n) linear and squared exponential kernels between (m, p) and (n, p) covariates, of unit variance."""
    one, other = here / lengths, there / lengths
    linear = one @ other.T
    distance = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * linear
    return linear, np.exp(-0.5 * np.maximum(distance, 0.0))


def part_kernel(part: Part, here: FloatArray, there: FloatArray, scales: FloatArray) -> FloatArray:
    """(m, n) a part's whole kernel, by its (2 + p,) scales."""
    return _mixed(part, kernels(here, there, scales[2:]), scales)


def _mixed(part: Part, known: tuple[FloatArray, FloatArray], scales: FloatArray) -> FloatArray:
    """A part's whole kernel from its linear and its squared exponential one."""
    linear, bent = known
    return np.asarray(part.constant + scales[0] * linear + scales[1] * bent)


def scales_of(parts: int, scales: FloatArray) -> list[FloatArray]:
    """Each part's (2 + p,) scales: variances of its linear and bent kernels and p length-scales."""
    return np.split(scales[:-1], parts)


def covariance(rows: Rows, scales: FloatArray) -> FloatArray:
    """(m, m) covariance of the targets.

    Args:
        scales: those of each part in turn, and the variance of the noise.
    """
    return _covariance(rows, scales, _kernels(rows, scales))


def _kernels(rows: Rows, scales: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Each part's linear and squared exponential kernels between the rows."""
    x = rows.covariates
    return [kernels(x, x, own[2:]) for own in scales_of(len(rows.parts), scales)]


def _covariance(rows: Rows, scales: FloatArray, known: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    found = np.diag(scales[-1] * rows.noise)
    for part, of_part, own in zip(rows.parts, known, scales_of(len(rows.parts), scales), strict=True):
        found += part.overlap * _mixed(part, of_part, own)
    return found


def pull(rows: Rows, scales: FloatArray) -> FloatArray:
    """(m,) weights by which the targets speak: the covariance's inverse times the targets."""
    return np.asarray(cho_solve(cho_factor(covariance(rows, scales), lower=True), rows.target))


def fit_scales(rows: Rows) -> FloatArray:
    """Scales with the largest posterior density, in the order that ``covariance`` takes them in."""
    p = rows.covariates.shape[1]
    middle = np.log([x for part in rows.parts for x in (part.linear, part.bent, *[np.sqrt(p)] * p)] + [1.0])
    own = [VARIANCE_WIDTH, VARIANCE_WIDTH, *[LENGTH_WIDTH] * p]
    width = np.array(own * len(rows.parts) + [1.0])

    def loss(log_scales: FloatArray) -> tuple[float, FloatArray]:
        away = (log_scales - middle) / width
        value, gradient = negative_log_likelihood(rows, np.exp(log_scales))
        return value + 0.5 * float(away @ away), gradient + away / width

    bounds = list(zip(middle - 6 * width, middle + 6 * width, strict=True))
    found = minimize(loss, middle, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS})
    return np.asarray(np.exp(found.x), dtype=np.float64)


def negative_log_likelihood(rows: Rows, scales: FloatArray) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood but for a constant, and its gradient by the scales' logarithms."""
    known = _kernels(rows, scales)
    factor = cho_factor(_covariance(rows, scales, known), lower=True)
    weights = cho_solve(factor, rows.target)
    value = 0.5 * float(rows.target @ weights) + float(np.log(np.diag(factor[0])).sum())
    slack = _inverse(factor[0]) - np.outer(weights, weights)
    gradient = []
    for part, (linear, bent), own in zip(rows.parts, known, scales_of(len(rows.parts), scales), strict=True):
        scaled, of_linear = rows.covariates / own[2:], own[0] * part.overlap * slack
        of_bent = own[1] * part.overlap * slack * bent
        both = ((of_linear + of_bent) @ scaled * scaled).sum(axis=0)
        gradient += [(of_linear * linear).sum(), of_bent.sum(), *(2 * (of_bent.sum(axis=1) @ scaled**2 - both))]
    return value, 0.5 * np.array([*gradient, scales[-1] * np.diag(slack) @ rows.noise])


def _inverse(lower: FloatArray) -> FloatArray:
    """(m, m) inverse of the matrix with this Cholesky factor, for half of what solving for every column would cost."""
    half = np.tril(dpotri(lower, lower=1)[0])
    return np.asarray(half + np.tril(half, -1).T)


def evenly(count: int, most: int) -> IntArray:
    """Numbers of at most so many rows, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
