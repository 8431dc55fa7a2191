"""Chooses the basis of the served effects from the study's modifiers."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from data_contracts.basis import Basis
from data_contracts.column_checks import MINIMUM_CELL
from data_contracts.episode import FloatArray

BUMPS = 5
"""Bumps for a measured column, centred at its 10 % to 90 % quantiles."""

MEASURED = 7
"""Distinct values from which a column counts as measured and gets bumps."""

PAIRED = 16
"""Columns up to which all pairs get products; more would ask for a choice that the outcome must not make."""

TINY = 1e-9
"""Spread up to which a term counts as constant; it is then not scaled, lest another patient's be blown up."""


def linear_basis(columns: int) -> Basis:
    """The modifiers themselves; they are standardised already."""
    return Basis(columns=columns, centre=(0.0,) * columns, scale=(1.0,) * columns)


def smooth_basis(modifiers: FloatArray) -> Basis:
    """Linear terms, bumps and, of at most 16 columns, all products of pairs, over (n, p) standardised modifiers.

    Centres are about the quantiles from 10 % to 90 %; neighbours' mean distance is the width. A pair
    of columns of two values each has one product, any other pair a product of soft signs too.
    """
    column: list[int] = []
    centre: list[float] = []
    width: list[float] = []
    values = [len(np.unique(modifiers[:, j])) for j in range(modifiers.shape[1])]
    for j, distinct in enumerate(values):
        if distinct < MEASURED:
            continue
        at = _quantiles(modifiers[:, j])
        if len(at) < 3:
            continue
        column += [j] * len(at)
        centre += at.tolist()
        width += [float(np.diff(at).mean())] * len(at)
    p = modifiers.shape[1]
    pairs = tuple(combinations(range(p), 2)) if p <= PAIRED else ()
    signs = tuple((i, j) for i, j in pairs if max(values[i], values[j]) > 2)
    size = p + len(column) + len(pairs) + len(signs)

    def basis(middle: FloatArray, scale: FloatArray) -> Basis:
        return Basis(
            columns=p,
            bump_column=tuple(column),
            bump_centre=tuple(centre),
            bump_width=tuple(width),
            pairs=pairs,
            sign_pairs=signs,
            centre=tuple(middle.tolist()),
            scale=tuple(scale.tolist()),
        )

    terms = basis(np.zeros(size), np.ones(size)).expand(modifiers)
    spread = terms.std(axis=0)
    return basis(terms.mean(axis=0), np.where(spread > TINY, spread, 1.0))


def _quantiles(column: FloatArray) -> FloatArray:
    """Distinct quantiles, each the mean of the 11 values around it: the quantile itself may be one patient's."""
    ordered, reach = np.sort(column), MINIMUM_CELL // 2
    places = np.rint(np.linspace(0.1, 0.9, BUMPS) * (len(ordered) - 1)).astype(np.int64)
    return np.unique([ordered[max(place - reach, 0) : place + reach + 1].mean() for place in places])
