"""All that the hierarchical models need of episodes: cross products, whose cost grows with n here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import are_single
from estimators.design_effect import Squares
from estimators.residual_scale import arm_contrasts, residuals, unforeseen, unlikely_seen

CHUNK = 4_000
"""Episodes whose design matrix is held at once: few enough that its memory is used again and again."""

ROUNDING = 1e-9
"""A design effect that differs from 1 by no more than this is 1."""


@dataclass(frozen=True)
class Sufficient:
    """All that the model needs of a set of episodes: sets add up, so that folds are left out by subtraction.

    Attributes:
        gram, moment, total: cross products of the design, of design and target, and of the target.
        rows: number of observed episodes.
        weight: sum of their weights.
        heavy: of each column, the sum of squares with weights squared: what heavy weights make of the moments' error.
        squares: of each column times what no regression foresaw, which show how alike a cluster's episodes are.
    """

    gram: FloatArray
    moment: FloatArray
    total: float
    rows: int
    weight: float
    heavy: FloatArray
    squares: Squares

    def alike(self, columns: IntArray) -> float:
        """Design effect of some columns: how many episodes tell as much as one of even weight and its own cluster.

        Of weights it is Kish's, of moments: who stands for many is one all the same.
        """
        squares, heavy = float(np.diag(self.gram)[columns].sum()), float(self.heavy[columns].sum())
        uneven = self.rows / self.weight * heavy / squares if squares > 0 else 1.0
        found = self.squares.effect(columns) * max(uneven, 1.0)
        return found if found > 1 + ROUNDING else 1.0

    def __add__(self, other: Sufficient) -> Sufficient:
        return Sufficient(
            self.gram + other.gram,
            self.moment + other.moment,
            self.total + other.total,
            self.rows + other.rows,
            self.weight + other.weight,
            self.heavy + other.heavy,
            self.squares + other.squares,
        )

    def __sub__(self, other: Sufficient) -> Sufficient:
        return Sufficient(
            self.gram - other.gram,
            self.moment - other.moment,
            self.total - other.total,
            self.rows - other.rows,
            self.weight - other.weight,
            self.heavy - other.heavy,
            self.squares - other.squares,
        )


def sufficient(data: ScoredEpisodes, clustered: bool | None = None) -> Sufficient:
    """Cross products of the residual-on-residual regression; cost grows with n here and nowhere else.

    Episodes whose outcome was not observed are left out, the others weighted by how unlikely it was to see them.

    Args:
        data: episodes.
        clustered: whether some of the study's clusters have several episodes; found out if it is not told.
    """
    clustered = not are_single(data.cluster) if clustered is None else clustered
    seen = np.flatnonzero(~np.isnan(data.outcome))
    sums = _nothing(data)
    nothing = sums.squares
    for start in range(0, len(seen), CHUNK):
        rows = seen[start : start + CHUNK]
        design, target = _regression(data, rows)
        weight = unlikely_seen(data, rows)
        square, heavy = float(target @ target), weight @ design**2
        part = Sufficient(design.T @ design, design.T @ target, square, len(rows), float(weight.sum()), heavy, nothing)
        sums += part
    return replace(sums, squares=_squares(data, seen)) if clustered else sums


def sufficient_by_fold(data: ScoredEpisodes) -> dict[int, Sufficient]:
    """Cross products of each fold."""
    clustered = not are_single(data.cluster)
    return {int(fold): sufficient(data.rows(data.fold == fold), clustered) for fold in np.unique(data.fold)}


def total(parts: Mapping[int, Sufficient], data: ScoredEpisodes) -> Sufficient:
    """Cross products of all folds."""
    return sum(parts.values(), start=_nothing(data))


def _squares(data: ScoredEpisodes, rows: IntArray) -> Squares:
    """Of the design times what no regression foresaw of the outcome, cluster after cluster."""
    rows = rows[np.argsort(data.cluster[rows], kind="stable")]
    parts = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
    return Squares.of((_alone(data, part), data.cluster[part]) for part in parts)


def _alone(data: ScoredEpisodes, rows: IntArray) -> FloatArray:
    """(m, columns) each episode's share in the error of the moments."""
    return np.asarray(_regression(data, rows)[0] * unforeseen(data, rows)[:, None])


def _regression(data: ScoredEpisodes, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    treatment, outcome = residuals(data, rows)
    contrasts = treatment @ arm_contrasts(treatment.shape[1])
    basis = np.hstack([np.ones((len(rows), 1)), data.terms(rows)])
    return (contrasts[:, :, None] * basis[:, None, :]).reshape(len(rows), -1), outcome


def _nothing(data: ScoredEpisodes) -> Sufficient:
    """The sums of no episodes."""
    size = (data.scores.shape[1] - 1) * (1 + data.basis.terms)
    return Sufficient(np.zeros((size, size)), np.zeros(size), 0.0, 0, 0.0, np.zeros(size), Squares.none(size))
