"""The prognostic index: one weighted sum of the covariates that says how a patient fares, whatever the arm.

Effects often vary with how ill a patient would be anyway, and along that one direction they may bend (Kent et al.
2020, The PATH statement, Annals of Internal Medicine 172:35). The index is learned from all arms together, each by
its own ranks, so that it is blind to what differs between arms: an index learned within an arm would carry that
arm's noise into the effects (Burke, Hayward, Nelson and Kent 2014, Circulation: Cardiovascular Quality and Outcomes
7:163). Ranks find the direction whatever curve leads from the index to the outcome, if it only rises (rank
correlation: Cavanagh and Sherman 1998, Journal of Econometrics 84:351), and no extreme outcome rules them.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from data_contracts.basis import Basis
from data_contracts.episode import FloatArray, IntArray
from estimators.basis_design import TINY
from estimators.ridge import moments, ridge_slopes

FEWEST = 2
"""Columns from which an index is something else than a column."""

CENTRES, WIDTH = np.arange(-4.5, 4.6, 1.5), 1.5
"""Of the index's bumps, in its standard deviations: wide, so that they follow a curve into its tail."""

LEAST_SPREAD = 0.05
"""Standard deviation that a bump needs over the rows: one that few patients reach would be theirs alone."""

ROWS = 50_000
"""About as many episodes decide the index, however many there are."""


def prognostic_index(covariates: FloatArray, arm: IntArray, outcome: FloatArray) -> FloatArray | None:
    """(q,) weights of an index of unit spread; None where covariates say nothing of the outcome.

    Args:
        covariates: (n, q) standardised.
        arm: (n,) codes.
        outcome: (n,) with NaN where it was not observed.
    """
    seen = np.flatnonzero(~np.isnan(outcome))
    seen = seen[:: 1 + len(seen) // ROWS]
    if covariates.shape[1] < FEWEST or not len(seen):
        return None
    code = np.unique(arm[seen], return_inverse=True)[1]
    arms, score = int(code.max()) + 1, np.empty(len(seen))
    for k in range(arms):
        ranks = rankdata(outcome[seen][code == k])
        score[code == k] = ndtri((ranks - 0.5) / len(ranks))
    found = moments(lambda rows: rows, covariates[seen], code, score, arms)
    gram, cross = found.gram.sum(axis=0), found.cross.sum(axis=0)
    return _unit(ridge_slopes(gram, cross, float(found.square.sum()), float(len(seen)), arms), covariates)


def bumps(index: FloatArray) -> FloatArray:
    """(n, 7) bumps of an (n,) index, one at each centre."""
    return np.asarray(np.exp(-0.5 * ((index[:, None] - CENTRES) / WIDTH) ** 2))


def with_index(basis: Basis, covariates: FloatArray, index: FloatArray) -> Basis:
    """The basis with bumps of an index too, standardised over (n, q) covariates.

    Args:
        index: (q,) weights.
    """
    terms = bumps(covariates @ index)
    reached = terms.std(axis=0) > LEAST_SPREAD
    terms, centres, last = terms[:, reached], CENTRES[reached], basis.columns + len(basis.bump_column)

    def among(known: tuple[float, ...], new: FloatArray) -> tuple[float, ...]:
        return (*known[:last], *new.tolist(), *known[last:])

    return Basis(
        columns=basis.columns,
        bump_column=(*basis.bump_column, *[basis.columns] * len(centres)),
        bump_centre=(*basis.bump_centre, *centres.tolist()),
        bump_width=(*basis.bump_width, *[WIDTH] * len(centres)),
        index=tuple(index.tolist()),
        pairs=basis.pairs,
        sign_pairs=basis.sign_pairs,
        bend_pairs=basis.bend_pairs,
        centre=among(basis.centre, terms.mean(axis=0)),
        scale=among(basis.scale, terms.std(axis=0)),
    )


def _unit(slopes: FloatArray, covariates: FloatArray) -> FloatArray | None:
    """(q,) slopes scaled so that their sum over (n, q) covariates has unit spread; None if it hardly varies."""
    largest = float(np.abs(slopes).max())
    if largest < TINY:
        return None
    direction = slopes / largest
    spread = float((covariates @ direction).std())
    return direction / spread if spread > TINY else None
