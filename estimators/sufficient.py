"""All that the hierarchical models need of episodes: cross products, whose cost grows with n here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.residual_scale import arm_contrasts, residuals, unlikely_seen

CHUNK = 4_000
"""Episodes whose design matrix is held at once: few enough that its memory is used again and again."""


@dataclass(frozen=True)
class Sufficient:
    """All that the model needs of a set of episodes: sets add up, so that folds are left out by subtraction.

    Attributes:
        gram, moment, total: cross products of the design, of design and target, and of the target.
        rows: number of observed episodes.
        weight: sum of their weights.
    """

    gram: FloatArray
    moment: FloatArray
    total: float
    rows: int
    weight: float

    def __add__(self, other: Sufficient) -> Sufficient:
        return Sufficient(
            self.gram + other.gram,
            self.moment + other.moment,
            self.total + other.total,
            self.rows + other.rows,
            self.weight + other.weight,
        )

    def __sub__(self, other: Sufficient) -> Sufficient:
        return Sufficient(
            self.gram - other.gram,
            self.moment - other.moment,
            self.total - other.total,
            self.rows - other.rows,
            self.weight - other.weight,
        )


def sufficient(data: ScoredEpisodes) -> Sufficient:
    """Cross products of the residual-on-residual regression; cost grows with n here and nowhere else.

    Episodes whose outcome was not observed are left out, the others weighted by how unlikely it was to see them.
    """
    seen = np.flatnonzero(~np.isnan(data.outcome))
    sums = _nothing(data)
    for start in range(0, len(seen), CHUNK):
        rows = seen[start : start + CHUNK]
        design, target = _regression(data, rows)
        weight = float(unlikely_seen(data, rows).sum())
        sums += Sufficient(design.T @ design, design.T @ target, float(target @ target), len(rows), weight)
    return sums


def sufficient_by_fold(data: ScoredEpisodes) -> dict[int, Sufficient]:
    """Cross products of each fold."""
    return {int(fold): sufficient(data.rows(data.fold == fold)) for fold in np.unique(data.fold)}


def total(parts: Mapping[int, Sufficient], data: ScoredEpisodes) -> Sufficient:
    """Cross products of all folds."""
    return sum(parts.values(), start=_nothing(data))


def _regression(data: ScoredEpisodes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    treatment, outcome = residuals(data, rows)
    contrasts = treatment @ arm_contrasts(treatment.shape[1])
    basis = np.hstack([np.ones((len(rows), 1)), data.terms(rows)])
    return (contrasts[:, :, None] * basis[:, None, :]).reshape(len(rows), -1), outcome


def _nothing(data: ScoredEpisodes) -> Sufficient:
    """The sums of no episodes."""
    size = (data.scores.shape[1] - 1) * (1 + data.basis.terms)
    return Sufficient(np.zeros((size, size)), np.zeros(size), 0.0, 0, 0.0)
