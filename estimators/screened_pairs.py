"""Products of pairs where there are too many columns for all of them: pairs of the columns that moderate most.

Effects that hold only where two columns meet (a drug that helps the severely ill unless they had it before) are not
seen along either column alone, and no posterior in a basis without their product knows that it misses them. Columns
are chosen by how much effects vary along each of them by itself, in a straight line. What chance adds to that says
next to nothing of the products, whose slopes are learned and held out as all others are; so the choice may see all
outcomes, as that of the prognostic index does.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.basis_design import PAIRED, TINY, Pairs, distinct_values, linear_basis, soft_products
from estimators.covariates import BASIS_ROWS
from estimators.standard_terms import standardised
from estimators.sufficient import sufficient

ENOUGH = 30_000
"""Episodes from which pairs of many columns get products: with fewer these cost more certainty than they bring."""

SCREENED = 8
"""Columns that are paired."""

ROWS = 50_000
"""About as many episodes choose them, however many there are."""


def with_screened_pairs(data: ScoredEpisodes) -> ScoredEpisodes:
    """The episodes with products in their basis; unchanged if all pairs have theirs, or episodes are too few."""
    if data.modifiers.shape[1] <= PAIRED or len(data.arm) < ENOUGH:
        return data
    chosen = np.sort(np.argsort(-moderation(data), kind="stable")[:SCREENED])
    basis = paired(data.basis, data.modifiers, tuple(combinations(chosen.tolist(), 2)))
    return replace(data, basis=standardised(basis, data.modifiers))


def moderation(data: ScoredEpisodes) -> FloatArray:
    """(p,) how much effects vary along each column: χ² of its straight slopes in all contrasts of arms.

    Least squares on the residual scale (``estimators.residual_scale``), all columns at once; Wald's statistic but for
    the noise's variance, which all columns share. A column that is the same for everybody has none.
    """
    rows = np.flatnonzero(~np.isnan(data.outcome))
    some = data.rows(rows[:: 1 + len(rows) // ROWS])
    k, p = data.scores.shape[1] - 1, data.modifiers.shape[1]
    sums = sufficient(replace(some, basis=linear_basis(p)))
    variance = np.linalg.pinv(sums.gram, hermitian=True)
    slopes, variances = (variance @ sums.moment).reshape(k, 1 + p), variance.reshape(k, 1 + p, k, 1 + p)
    found = np.zeros(p)
    for j in np.flatnonzero(some.modifiers.std(axis=0) > TINY):
        inverse = np.linalg.pinv(variances[:, 1 + j, :, 1 + j], hermitian=True)
        found[j] = slopes[:, 1 + j] @ inverse @ slopes[:, 1 + j]
    return found


def paired(basis: Basis, modifiers: FloatArray, pairs: Pairs) -> Basis:
    """A basis that has no products, with those of some pairs of (n, p) modifiers; these are not standardised yet."""
    distinct = distinct_values(modifiers[:: 1 + len(modifiers) // BASIS_ROWS])
    signs, bent = soft_products(pairs, distinct, bends=True)
    more = len(pairs) + len(signs) + len(bent)
    told = {"pairs": pairs, "sign_pairs": signs, "bend_pairs": bent}
    scales = {"centre": (*basis.centre, *[0.0] * more), "scale": (*basis.scale, *[1.0] * more)}
    return Basis(**{**basis.model_dump(), **told, **scales})
