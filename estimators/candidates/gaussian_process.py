"""A Gaussian process over all arms together on the residual scale, distilled: a teacher for small studies.

    Y - m(x) = g(x) + Σ_k (1[T = k] - e_k(x)) f_k(x) + ε

The f_k have one kernel that the arms share, g (what m missed) another of the same shape: linear plus squared
exponential, with a length-scale for each modifier (Alaa and van der Schaar 2017 use a joint process; Rasmussen and
Williams 2006, chapter 5, for the marginal likelihood and its gradient). Scales are those with the largest marginal
likelihood under weak log-normal priors, without which length-scales fitted to noise invent effects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.distil import SMOOTH, Effects, Teacher
from estimators.residual_scale import residual_outcome, residual_treatment, unlikely_seen

SEEN_FOR_SCALES = 800
"""Episodes, evenly spaced, that scales are fitted on; each step costs the cube of their number."""

STEPS = 30
"""Of the search for scales; what more would find does not show in the effects."""

PRIOR_VARIANCE = 0.05
"""Prior median of each kernel's variance, as a share of the outcome's; within a factor e^1.5 in about two of three."""

CONSTANT_VARIANCE = 10.0
"""Of constant effects, as a share of the outcome's variance: hardly any prior."""


@dataclass(frozen=True)
class Rows:
    """What the process is fitted on.

    Attributes:
        modifiers: (m, p).
        overlap: (m, m) Σ_k w_ik w_jk of the residual treatments.
        target: (m,) residual outcomes of mean 0 and variance 1.
        noise: (m,) variances of the noise relative to each other: larger where an outcome was likely to be seen.
    """

    modifiers: FloatArray
    overlap: FloatArray
    target: FloatArray
    noise: FloatArray


class GaussianProcess(Teacher):
    """The process's posterior mean as an effect model."""

    name = "gaussian_process"
    penalty = SMOOTH

    def __init__(self, seen_for_scales: int = SEEN_FOR_SCALES) -> None:
        self.seen_for_scales = seen_for_scales

    def teach(self, data: ScoredEpisodes) -> Effects:
        """Fit scales on some of the episodes, the process on all."""
        seen = np.flatnonzero(~np.isnan(data.outcome))
        treatment = residual_treatment(data, seen)
        residual, weight = residual_outcome(data, seen), unlikely_seen(data, seen)
        spread = float(residual.std()) or 1.0
        target, noise = (residual - residual.mean()) / spread, weight.mean() / weight
        modifiers = data.modifiers[seen]
        some = np.unique(np.linspace(0, len(seen) - 1, min(len(seen), self.seen_for_scales)).round().astype(np.int64))
        half = treatment[some]
        scales = fit_scales(Rows(modifiers[some], half @ half.T, target[some], noise[some]))
        rows = Rows(modifiers, treatment @ treatment.T, target, noise)
        pull = treatment * cho_solve(cho_factor(covariance(rows, scales), lower=True), target)[:, None]

        def effects(at: FloatArray) -> FloatArray:
            linear, bent = kernels(at, modifiers, scales)
            found = (CONSTANT_VARIANCE + scales[0] * linear + scales[1] * bent) @ pull * spread
            return np.asarray(found - found[:, :1])

        return effects


def kernels(here: FloatArray, there: FloatArray, scales: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(m, n) linear and squared exponential kernels between (m, p) and (n, p) modifiers, of unit variance."""
    one, other = here / scales[4:], there / scales[4:]
    linear = one @ other.T
    distance = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * linear
    return linear, np.exp(-0.5 * np.maximum(distance, 0.0))


def covariance(rows: Rows, scales: FloatArray) -> FloatArray:
    """(m, m) covariance of the targets.

    Args:
        scales: variances of the effects' linear and bent parts, of g and of the noise, then p length-scales.
    """
    linear, bent = kernels(rows.modifiers, rows.modifiers, scales)
    effects = CONSTANT_VARIANCE + scales[0] * linear + scales[1] * bent
    rest = scales[2] * (linear + bent) + np.diag(scales[3] * rows.noise)
    return np.asarray(rows.overlap * effects + rest, dtype=np.float64)


def fit_scales(rows: Rows) -> FloatArray:
    """(4 + p,) scales with the largest posterior density."""
    p = rows.modifiers.shape[1]
    middle = np.log(np.r_[np.repeat(PRIOR_VARIANCE, 3), 1.0, np.repeat(np.sqrt(p), p)])
    width = np.r_[np.repeat(1.5, 3), 1.0, np.ones(p)]

    def loss(log_scales: FloatArray) -> tuple[float, FloatArray]:
        away = (log_scales - middle) / width
        value, gradient = negative_log_likelihood(rows, np.exp(log_scales))
        return value + 0.5 * float(away @ away), gradient + away / width

    bounds = list(zip(middle - 6 * width, middle + 6 * width, strict=True))
    found = minimize(loss, middle, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS})
    return np.asarray(np.exp(found.x), dtype=np.float64)


def negative_log_likelihood(rows: Rows, scales: FloatArray) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood but for a constant, and its gradient by the scales' logarithms."""
    factor = cho_factor(covariance(rows, scales), lower=True)
    pull = cho_solve(factor, rows.target)
    value = 0.5 * float(rows.target @ pull) + float(np.log(np.diag(factor[0])).sum())
    slack = cho_solve(factor, np.eye(len(pull))) - np.outer(pull, pull)
    linear, bent = kernels(rows.modifiers, rows.modifiers, scales)
    treated, scaled = rows.overlap * slack, rows.modifiers / scales[4:]
    of_linear = scales[0] * treated + scales[2] * slack
    of_bent = (scales[1] * treated + scales[2] * slack) * bent
    lengths = 2 * of_bent.sum(axis=1) @ scaled**2 - 2 * ((of_linear + of_bent) @ scaled * scaled).sum(axis=0)
    variances = [
        scales[0] * (treated * linear).sum(),
        scales[1] * (treated * bent).sum(),
        scales[2] * (slack * (linear + bent)).sum(),
        scales[3] * np.diag(slack) @ rows.noise,
    ]
    return value, 0.5 * np.r_[variances, lengths]
