"""Multinomial logistic regression with a weak ridge penalty, of all rows and without each fold at little more cost.

The log-loss plus half the sum of squared slopes is minimised by Newton steps over K - 1 orthonormal contrasts of the
labels, so that no label is singled out. A curvature serves for as long as its steps shrink fast: the fits without one
fold start from the fit to all rows, with its curvature less the fold's, and then cost gradients alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.probability_calibration import softmax
from estimators.residual_scale import arm_contrasts

CHUNK = 10_000
"""Rows whose products are held at a time."""

FEWEST = 8_000
"""Rows from which a fit starts from that of every fourth."""

SETTLED = 1e-9
"""Largest last step of a coefficient."""

FAST = 0.3
"""A step longer than this share of the last one asks for a new curvature."""

STEPS = 100


@dataclass(frozen=True)
class Rows:
    """What is regressed: (n, q) features, (n,) labels 0 to K - 1, all of which occur."""

    features: FloatArray
    label: IntArray

    @cached_property
    def contrasts(self) -> FloatArray:
        """(K, K - 1)."""
        return arm_contrasts(int(self.label.max()) + 1)

    @cached_property
    def penalty(self) -> FloatArray:
        """(K - 1, 1 + q) of squared coefficients: of K slopes' squares; of two labels, of their difference's."""
        penalty = np.full(
            (self.contrasts.shape[1], 1 + self.features.shape[1]), 2.0 if len(self.contrasts) == 2 else 1.0
        )
        penalty[:, 0] = 0.0
        return penalty

    def parts(self, used: BoolArray | None) -> Iterator[FloatArray]:
        """Chunks of the used rows' features, ones before them."""
        for start in range(0, len(self.label), CHUNK):
            part = slice(start, start + CHUNK)
            features = self.features[part] if used is None else self.features[part][used[part]]
            yield np.column_stack([np.ones(len(features)), features])

    def gradient(self, at: FloatArray, used: BoolArray | None) -> tuple[float, FloatArray]:
        """The penalised loss over the used rows and its (K - 1, 1 + q) gradient."""
        loss, weights, slopes = 0.5 * float((self.penalty * at**2).sum()), self.contrasts @ at, np.zeros(1)
        for start in range(0, len(self.label), CHUNK):
            part = slice(start, start + CHUNK)
            features, label = self.features[part], self.label[part]
            logits = weights[:, 1:] @ features.T + weights[:, :1]
            rows, top = np.arange(len(label)), logits.max(axis=0)
            chance = np.exp(logits - top)
            total = chance.sum(axis=0)
            told = np.log(total) + top - logits[label, rows]
            chance /= total
            chance[label, rows] -= 1
            if used is not None:  # what is multiplied by 0 is quicker than copies of the others
                told, chance = told[used[part]], chance * used[part]
            loss += float(told.sum())
            slopes = slopes + np.column_stack([chance.sum(axis=1), chance @ features])
        return loss, self.penalty * at + self.contrasts.T @ slopes

    def curvature(self, at: FloatArray, used: BoolArray | None) -> FloatArray:
        """((K - 1)(1 + q), same) second derivatives of the loss over the used rows, without the penalty's."""
        contrasts, (k, q) = self.contrasts, at.shape
        found = np.zeros((k, q, k, q))
        for features in self.parts(used):
            chance = softmax(features @ (contrasts @ at).T)
            along = chance @ contrasts
            for a in range(k):
                for b in range(a + 1):
                    weight = chance @ (contrasts[:, a] * contrasts[:, b]) - along[:, a] * along[:, b]
                    found[a, :, b] += features.T @ (features * weight[:, None])
        for a in range(k):
            for b in range(a):
                found[b, :, a] = found[a, :, b].T
        return found.reshape(k * q, k * q)


def fit_multinomial(features: FloatArray, label: IntArray) -> FloatArray:
    """(K, 1 + q) coefficients of the logits, intercepts first; they add to zero over the labels."""
    rows = Rows(features, label)
    return np.asarray(rows.contrasts @ _whole(rows))


def fit_without_folds(
    features: FloatArray, label: IntArray, fold: IntArray
) -> tuple[FloatArray, dict[int, FloatArray]]:
    """Coefficients from all rows, and for each fold those from the rows outside it, as of ``fit_multinomial``."""
    rows = Rows(features, label)
    whole = _whole(rows)
    bends = {int(k): rows.curvature(whole, fold == k) for k in np.unique(fold)}
    total = sum(bends.values(), start=np.zeros(2 * (whole.size,)))
    outside = {k: _newton(rows, fold != k, whole, total - bend) for k, bend in bends.items()}
    return rows.contrasts @ whole, {k: rows.contrasts @ found for k, found in outside.items()}


def _whole(rows: Rows) -> FloatArray:
    """The fit to all rows, from that to every fourth of many."""
    start, some = np.zeros_like(rows.penalty), Rows(rows.features[::4], rows.label[::4])
    if len(rows.label) >= FEWEST and len(np.unique(some.label)) == len(rows.contrasts):
        start = _whole(some)
    return _newton(rows, None, start, None)


def _newton(rows: Rows, used: BoolArray | None, start: FloatArray, curvature: FloatArray | None) -> FloatArray:
    """(K - 1, 1 + q) coefficients with the smallest penalised loss over the used rows.

    Args:
        curvature: near that at the start; None to compute it.
    """
    at, before = start, np.inf
    loss, gradient = rows.gradient(at, used)
    fresh = curvature is None
    solver = _solver(rows, rows.curvature(at, used) if curvature is None else curvature)
    for _ in range(STEPS):
        step = cho_solve(solver, gradient.ravel()).reshape(at.shape)
        size = float(np.abs(step).max())
        if size > FAST * before and not fresh:
            solver, fresh, before = _solver(rows, rows.curvature(at, used)), True, np.inf
            continue
        reached, slope = rows.gradient(at - step, used)
        while reached > loss + 1e-9 * abs(loss) and size > SETTLED:
            step, size = step / 2, size / 2
            reached, slope = rows.gradient(at - step, used)
        at, loss, gradient, before, fresh = at - step, reached, slope, size, False
        if size < SETTLED:
            break
    return at


def _solver(rows: Rows, curvature: FloatArray) -> tuple[FloatArray, bool]:
    steady = curvature + np.diag(rows.penalty.ravel() + 1e-9)
    factor, lower = cho_factor(steady, lower=True, check_finite=False)
    return factor, bool(lower)
