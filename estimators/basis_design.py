"""Chooses the basis of the served effects from the study's modifiers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np

from data_contracts.basis import Basis
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import each_its_own
from estimators.patient_cells import mean_around

BUMPS, EDGE = 5, 0.1
"""Bumps for a measured column, and the share of patients beyond the outermost centres on each side."""

MORE_BUMPS, NARROWER_EDGE = 9, 0.05
"""The same for effects where there are many records."""

MANY = 4_000
"""Records from which effects are looked at more finely: fewer could not tell what more bumps would show."""

MEASURED = 7
"""Distinct values from which a column counts as measured and gets bumps."""

PAIRED = 16
"""Columns up to which all pairs get products; among more, many records choose (``estimators.screened_pairs``)."""

Pairs: TypeAlias = tuple[tuple[int, int], ...]

TINY = 1e-9
"""Spread up to which a term counts as constant; it is then not scaled, lest another patient's be blown up."""


def linear_basis(columns: int) -> Basis:
    """The modifiers themselves; they are standardised already."""
    return Basis(columns=columns, centre=(0.0,) * columns, scale=(1.0,) * columns)


def smooth_basis(
    modifiers: FloatArray,
    bumps: int = BUMPS,
    edge: float = EDGE,
    bends: bool = False,
    patient: IntArray | None = None,
) -> Basis:
    """Linear terms, bumps and, of at most 16 columns, all products of pairs, over (n, p) standardised modifiers.

    Neighbours' mean distance is the width of a column's bumps. A pair of columns of two values each has one product,
    any other pair a product of soft signs too.

    Args:
        modifiers: standardised.
        bumps: of each measured column, their centres about evenly spaced quantiles.
        edge: the lowest of these quantiles; the highest is as far from 1.
        bends: whether pairs get products of a soft sign and a bend too; the bend is always a measured column's.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    distinct = distinct_values(modifiers)
    whose = each_its_own(len(modifiers)) if patient is None else patient
    column, centre, width = _bumps(modifiers, whose, distinct, np.linspace(edge, 1 - edge, bumps))
    p = modifiers.shape[1]
    pairs = tuple(combinations(range(p), 2)) if p <= PAIRED else ()
    signs, bent = soft_products(pairs, distinct, bends)
    size = p + len(column) + len(pairs) + len(signs) + len(bent)

    def basis(middle: FloatArray, scale: FloatArray) -> Basis:
        return Basis(
            columns=p,
            bump_column=tuple(column),
            bump_centre=tuple(centre),
            bump_width=tuple(width),
            pairs=pairs,
            sign_pairs=signs,
            bend_pairs=bent,
            centre=tuple(middle.tolist()),
            scale=tuple(scale.tolist()),
        )

    terms = basis(np.zeros(size), np.ones(size)).expand(modifiers)
    spread = terms.std(axis=0)
    return basis(terms.mean(axis=0), np.where(spread > TINY, spread, 1.0))


def soft_products(pairs: Pairs, distinct: Sequence[int], bends: bool) -> tuple[Pairs, Pairs]:
    """Those pairs that get a product of soft signs too, and those that get one of a soft sign and a bend.

    Args:
        pairs: of columns, each of which gets a plain product.
        distinct: how many values each column has.
        bends: whether any pair gets a product with a bend.
    """
    both_ways = [turned for i, j in pairs for turned in ((i, j), (j, i))] if bends else []
    signs = tuple((i, j) for i, j in pairs if max(distinct[i], distinct[j]) > 2)
    return signs, tuple((i, j) for i, j in both_ways if distinct[j] >= MEASURED)


def distinct_values(modifiers: FloatArray) -> list[int]:
    """How many values each column of (n, p) modifiers has."""
    return [len(np.unique(modifiers[:, j])) for j in range(modifiers.shape[1])]


def effect_basis(modifiers: FloatArray, patient: IntArray | None = None) -> Basis:
    """The basis that effects are looked for in; finer than that of outcomes, and finer yet where records are many.

    Args:
        modifiers: (n, p) standardised.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    if len(modifiers) < MANY:
        return smooth_basis(modifiers, bends=True, patient=patient)
    return smooth_basis(modifiers, MORE_BUMPS, NARROWER_EDGE, bends=True, patient=patient)


def _bumps(
    modifiers: FloatArray, patient: IntArray, distinct: list[int], quantiles: FloatArray
) -> tuple[list[int], list[float], list[float]]:
    """Column, centre and width of each bump; a column with fewer than three distinct centres has none."""
    column: list[int] = []
    centre: list[float] = []
    width: list[float] = []
    for j, values in enumerate(distinct):
        if values < MEASURED:
            continue
        at = _quantiles(modifiers[:, j], patient, quantiles)
        if len(at) < 3:
            continue
        column += [j] * len(at)
        centre += at.tolist()
        width += [float(np.diff(at).mean())] * len(at)
    return column, centre, width


def _quantiles(column: FloatArray, patient: IntArray, shares: FloatArray) -> FloatArray:
    """Distinct quantiles, each the mean of the values around it: the quantile itself may be one patient's."""
    order = np.argsort(column, kind="stable")
    places = np.rint(shares * (len(order) - 1)).astype(np.int64)
    ordered, whose = column[order], patient[order]
    return np.unique([mean_around(ordered, whose, place) for place in places.tolist()])
