"""The grid that regions of missing support are cut from: intervals of each covariate, none bounded by one patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import each_its_own
from data_contracts.support import Side
from estimators.patient_cells import even_parts, mean_around

FINEST = 256
"""Intervals that a column is cut into at most; each holds 11 patients or more."""


@dataclass(frozen=True, order=True)
class Half:
    """A half-space of the grid: above (sign 1) or below (sign -1) one of a column's cuts."""

    column: int
    cut: int
    sign: int


@dataclass(frozen=True)
class Grid:
    """Where regions may be cut.

    Attributes:
        edges: for each of q columns its increasing cuts.
        measured: for each column whether cuts lie among its quantiles; else each lies between two of its values.
        codes: (q, n) interval of each episode: the number of cuts under its value.
    """

    edges: tuple[FloatArray, ...]
    measured: tuple[bool, ...]
    codes: IntArray

    @property
    def halves(self) -> int:
        """Number of half-spaces."""
        return 2 * sum(len(edges) for edges in self.edges)

    def inside(self, half: Half) -> BoolArray:
        """(n,) episodes in a half-space."""
        above = self.codes[half.column] > half.cut
        return np.asarray(above if half.sign > 0 else ~above)

    def widened(self, half: Half) -> Side:
        """The half-space as served: where cuts are quantiles it is one interval wider, as a limit lies between two."""
        edges, cut = self.edges[half.column], half.cut
        if self.measured[half.column]:
            cut = min(max(cut - half.sign, 0), len(edges) - 1)
        # A value on the edge counts as below it; the next number makes that so in a strict comparison too.
        bound = edges[cut] if half.sign > 0 else -np.nextafter(edges[cut], np.inf)
        return Side(half.column, float(half.sign), float(bound))


def cut_grid(covariates: FloatArray, patient: IntArray | None = None) -> Grid:
    """Cut each of (n, q) covariates: between neighbouring values where they are few, else at even quantiles.

    A quantile is the mean of the values around it, so that none is one patient's.

    Args:
        covariates: of n episodes.
        patient: (n,) whose each is; where it is not given each is another patient's.
    """
    whose = each_its_own(len(covariates)) if patient is None else patient
    cuts = [_cuts(column, whose) for column in covariates.T]
    codes = [np.searchsorted(edges, column) for (edges, _), column in zip(cuts, covariates.T, strict=True)]
    return Grid(tuple(edges for edges, _ in cuts), tuple(measured for _, measured in cuts), np.stack(codes))


def _cuts(column: FloatArray, patient: IntArray) -> tuple[FloatArray, bool]:
    """A column's cuts, and whether they lie among its quantiles."""
    order, distinct = np.argsort(column, kind="stable"), np.unique(column)
    ordered, whose = column[order], patient[order]
    intervals = len(even_parts(whose, FINEST))
    if len(distinct) <= intervals:
        return (distinct[1:] + distinct[:-1]) / 2, False
    places = np.rint(np.arange(1, intervals) * len(column) / intervals).astype(np.int64)
    return np.unique([mean_around(ordered, whose, place) for place in places.tolist()]), True
