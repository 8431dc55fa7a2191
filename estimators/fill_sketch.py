"""How the effect modifiers were spread in the records, in cells that show no patient: what a missing one may be.

Each modifier by itself is kept as quantiles that are means of at least 11 episodes, or as the shares of its levels;
how they go together as the correlation of their normal scores (a Gaussian copula).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from data_contracts.column_checks import MINIMUM_CELL
from data_contracts.encoding import MISSING_LEVEL, Encoding, Feature
from data_contracts.episode import Column, FloatArray
from data_contracts.fill_sketch import FillSketch

CELLS = 64
"""Cells of a number, at most."""

OUTERMOST = 10
"""The ends of the support stand so many times further out than one cell's share."""

SHARE_DECIMALS = 3
"""Shares of levels are rounded, so that the rest, those whose level is rare, cannot be counted."""

SHRINK = 10.0
"""Episodes by which correlations are drawn to 0, for each modifier; it keeps them invertible."""

BEYOND = 9.0
"""In place of an infinite normal score."""


def fill_sketch(encoding: Encoding, columns: Mapping[str, Column], modifiers: int) -> FillSketch:
    """The sketch of the first ``modifiers`` features, from the records' own columns by name."""
    features = encoding.features[:modifiers]
    spreads = [_spread(feature, columns[feature.name]) for feature in features]
    width = max(len(scores) for scores, _ in spreads)
    scores, values = (np.stack([_padded(pair[side], width) for pair in spreads]) for side in (0, 1))
    return FillSketch(scores, values, _correlation([_scores(feature, columns[feature.name]) for feature in features]))


def _spread(feature: Feature, column: Column) -> tuple[FloatArray, FloatArray]:
    """Normal scores, ascending, and the values there."""
    if feature.kind == "categorical":
        levels = [at for at, level in enumerate(feature.levels) if level != MISSING_LEVEL]
        counts = np.array([(column == feature.levels[at]).sum() for at in levels], dtype=np.float64)
        ends = np.round(np.cumsum(counts) / max(counts.sum(), 1.0), SHARE_DECIMALS)
        return np.append(np.clip(ndtri(ends[:-1]), -BEYOND, BEYOND), BEYOND), np.array(levels, dtype=np.float64)
    present = np.sort(column[~np.isnan(column)])
    cells = max(1, min(CELLS, len(present) // MINIMUM_CELL))
    means = np.array([part.mean() for part in np.array_split(present, cells)])
    middles = (np.arange(cells) + 0.5) / cells
    end = 1 / (2 * OUTERMOST * cells)
    return ndtri(np.array([end, *middles, 1 - end])), np.array([feature.lower, *means, feature.upper])


def _scores(feature: Feature, column: Column) -> FloatArray:
    """(n,) normal scores of the ranks of what is present; NaN where nothing is."""
    if feature.kind == "categorical":
        known = {level: float(at) for at, level in enumerate(feature.levels) if level != MISSING_LEVEL}
        column = np.array([known.get(value, np.nan) for value in column])
    found = np.full(len(column), np.nan)
    present = ~np.isnan(column)
    found[present] = ndtri((rankdata(column[present]) - 0.5) / max(present.sum(), 1))
    return found


def _correlation(scores: list[FloatArray]) -> FloatArray:
    """(m, m) correlation over the episodes that have both, drawn to 0; always positive definite."""
    m = len(scores)
    found = np.eye(m)
    for i in range(m):
        for j in range(i):
            both = ~(np.isnan(scores[i]) | np.isnan(scores[j]))
            if both.sum() >= MINIMUM_CELL and min(scores[i][both].std(), scores[j][both].std()) > 0:
                weight = both.sum() / (both.sum() + SHRINK * m)
                found[i, j] = found[j, i] = weight * np.corrcoef(scores[i][both], scores[j][both])[0, 1]
    values, vectors = np.linalg.eigh(found)
    found = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(found))
    return np.asarray(found / scale / scale[:, None], dtype=np.float64)


def _padded(values: FloatArray, width: int) -> FloatArray:
    return np.concatenate([values, np.full(width - len(values), values[-1])])
