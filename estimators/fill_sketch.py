"""How the effect modifiers were spread in the records, in cells that show no patient: what a missing one may be.

Each modifier by itself is kept as quantiles that are means of at least 11 patients, or as the shares of its levels;
how they go together as the correlation of their normal scores (a Gaussian copula).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from data_contracts.encoding import MISSING_LEVEL, Encoding, Feature
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.fill_sketch import FillSketch
from data_contracts.patient_count import are_enough, each_its_own
from estimators.patient_cells import even_parts

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


def fill_sketch(
    encoding: Encoding, columns: Mapping[str, Column], modifiers: int, patient: IntArray | None = None
) -> FillSketch:
    """The sketch of the first ``modifiers`` features.

    Args:
        encoding: of the covariates.
        columns: the records' own, (n,) each, by name.
        modifiers: how many features come first.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    features = encoding.features[:modifiers]
    whose = each_its_own(len(columns[features[0].name])) if patient is None else patient
    spreads = [_spread(feature, columns[feature.name], whose) for feature in features]
    width = max(len(scores) for scores, _ in spreads)
    scores, values = (np.stack([_padded(pair[side], width) for pair in spreads]) for side in (0, 1))
    normal = [_scores(feature, columns[feature.name]) for feature in features]
    return FillSketch(scores, values, _correlation(normal, whose))


def _spread(feature: Feature, column: Column, patient: IntArray) -> tuple[FloatArray, FloatArray]:
    """Normal scores, ascending, and the values there."""
    if feature.kind == "categorical":
        levels = [at for at, level in enumerate(feature.levels) if level != MISSING_LEVEL]
        counts = np.array([(column == feature.levels[at]).sum() for at in levels], dtype=np.float64)
        ends = np.round(np.cumsum(counts) / max(counts.sum(), 1.0), SHARE_DECIMALS)
        return np.append(np.clip(ndtri(ends[:-1]), -BEYOND, BEYOND), BEYOND), np.array(levels, dtype=np.float64)
    order = np.argsort(column, kind="stable")[: int((~np.isnan(column)).sum())]
    means = np.array([column[order[part]].mean() for part in even_parts(patient[order], CELLS)])
    cells = len(means)
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


def _correlation(scores: list[FloatArray], patient: IntArray) -> FloatArray:
    """(m, m) correlation over the episodes that have both, drawn to 0; always positive definite."""
    m = len(scores)
    found = np.eye(m)
    for i in range(m):
        for j in range(i):
            both = ~(np.isnan(scores[i]) | np.isnan(scores[j]))
            if are_enough(patient[both]) and min(scores[i][both].std(), scores[j][both].std()) > 0:
                weight = both.sum() / (both.sum() + SHRINK * m)
                found[i, j] = found[j, i] = weight * np.corrcoef(scores[i][both], scores[j][both])[0, 1]
    values, vectors = np.linalg.eigh(found)
    found = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(found))
    return np.asarray(found / scale / scale[:, None], dtype=np.float64)


def _padded(values: FloatArray, width: int) -> FloatArray:
    return np.concatenate([values, np.full(width - len(values), values[-1])])
