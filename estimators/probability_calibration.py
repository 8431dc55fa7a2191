"""Calibration of probabilities: how far a model's deviations from the labels' shares are to be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.calibration_evidence import Evidence
from estimators.cross_fitting import held_out

LARGE = 1000
"""Rows of a label from which it may have a slope and an offset of its own."""

SPREAD = 0.2
"""Prior standard deviation of a label's own slope and offset around the common slope and 0."""

ROWS = 50_000
"""About as many rows decide a calibration, however many there are."""

SMALLEST_SLOPE = 0.01
STEPS = 50
SETTLED = 1e-9


@dataclass(frozen=True)
class Scaling:
    """Log-odds = log share + slope · (log p - log share) + offset, for each label; a softmax makes them probabilities.

    Attributes:
        base: (C,) log shares.
        slope: (C,) 1 believes the model, 0 the shares alone; the inverse of a temperature.
        offset: (C,).
    """

    base: FloatArray
    slope: FloatArray
    offset: FloatArray

    def apply(self, log_probability: FloatArray) -> FloatArray:
        """(..., C) log-probabilities to calibrated probabilities."""
        return softmax(self.base + self.slope * (log_probability - self.base) + self.offset)


def softmax(logits: FloatArray) -> FloatArray:
    """(..., C) logits to probabilities."""
    across = np.ascontiguousarray(np.moveaxis(logits, -1, 0))
    weights = np.exp(across - across.max(axis=0))
    return np.moveaxis(weights / weights.sum(axis=0), 0, -1)


def cross_calibrated(
    log_probability: FloatArray, label: IntArray, fold: IntArray, *, by_label: bool = False
) -> FloatArray:
    """(1, n, C) calibrated probabilities, each fold's calibration fitted on the rows outside it.

    Args:
        log_probability: (n, C) held-out.
        label: (n,) codes.
        fold: (n,).
        by_label: whether to add, (2, n, C), those where large labels have their own slope and offset.
    """

    def calibrate(train: BoolArray, test: BoolArray) -> FloatArray:
        known, happened = log_probability[train], label[train]
        scalings = [fit_common(known, happened)]
        if by_label:
            scalings.append(fit_by_label(known, happened, scalings[0]))
        return np.stack([scaling.apply(log_probability[test]) for scaling in scalings], axis=1)

    found = held_out(fold, (1 + by_label, log_probability.shape[1]), calibrate)
    return np.ascontiguousarray(np.moveaxis(found, 1, 0))


def fit_common(log_probability: FloatArray, label: IntArray) -> Scaling:
    """One slope for all labels: a temperature (Guo et al. 2017, ICML), but around the shares instead of evenness.

    Args:
        log_probability: (n, C) of rows that the model did not see.
        label: (n,) codes; every label occurs.
    """
    count = log_probability.shape[1]
    base = np.log(np.bincount(label, minlength=count) / len(label))
    start = np.repeat([1.0, 0.0], count)
    found = _newton(log_probability, label, base, start, start[:, None], 0.0)
    return Scaling(base, np.maximum(found[:count], SMALLEST_SLOPE), np.zeros(count))


def fit_by_label(log_probability: FloatArray, label: IntArray, common: Scaling) -> Scaling:
    """A slope and an offset of its own for each label with at least 1,000 rows, with a ridge towards the common slope.

    This is vector scaling (Guo et al. 2017) where the rows allow it.
    """
    count = len(common.base)
    large = np.tile(np.bincount(label, minlength=count) >= LARGE, 2)
    start = np.concatenate([common.slope, common.offset])
    found = _newton(log_probability, label, common.base, start, np.eye(2 * count)[:, large], 1 / SPREAD**2)
    return Scaling(common.base, np.maximum(found[:count], SMALLEST_SLOPE), found[count:])


def _newton(
    log_probability: FloatArray, label: IntArray, base: FloatArray, start: FloatArray, free: FloatArray, penalty: float
) -> FloatArray:
    """(2C,) slopes and offsets: start + free · φ with the lowest log-loss plus penalty/2 · |φ|²; both are convex.

    Args:
        log_probability: (n, C); of many rows evenly spaced ones are used.
        label: (n,).
        base: (C,) log shares.
        start: (2C,) slopes and offsets.
        free: (2C, F) directions in which they may move.
        penalty: weight of the ridge.
    """
    every = 1 + len(label) // ROWS
    used = Evidence.of(log_probability[::every], label[::every], base)
    moved = np.zeros(free.shape[1])
    loss = used.loss(start)
    for _ in range(STEPS if len(moved) else 0):
        gradient, curvature = used.slopes(start + free @ moved)
        steady = free.T @ curvature @ free + (penalty + 1e-9) * np.eye(len(moved))
        step = np.linalg.solve(steady, free.T @ gradient + penalty * moved)
        for _ in range(STEPS):
            reached = used.loss(start + free @ (moved - step)) + 0.5 * penalty * float(np.sum((moved - step) ** 2))
            if reached <= loss:
                break
            step = step / 2
        else:
            break
        moved, loss = moved - step, reached
        if np.abs(step).max() < SETTLED:
            break
    return np.asarray(start + free @ moved)
