"""Measured covariates as yardsticks: what each explains of choice and outcome between two arms, given all others.

Shares are those of two linear regressions among the patients of the two arms whose outcome is known: of the outcome on
arm and covariates, and of the arm on covariates. They are yardsticks, no effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.sensitivity.omitted_variable import Strength

SPARE = 10
"""Rows that two regressions need beyond their columns; with fewer nothing is told."""


def measured_strengths(
    data: ScoredEpisodes, covariates: FloatArray, owner: Sequence[int], names: Sequence[str], one: int, other: int
) -> Mapping[str, Strength]:
    """By covariate, what it explains of choice and outcome between two arms (codes); none where rows are too few.

    Args:
        covariates: (n, q) standardised.
        owner: (q,) position in ``names`` of the covariate that each column is of.
        names: of the covariates.
    """
    rows = np.isin(data.arm, (one, other)) & ~np.isnan(data.outcome)
    if rows.sum() < covariates.shape[1] + 2 + SPARE:
        return {}
    chosen = (data.arm[rows] == one).astype(np.float64)
    constant, here = np.ones((len(chosen), 1)), covariates[rows]
    groups = np.asarray(owner)
    outcome = partial_shares(np.hstack([constant, chosen[:, None], here]), data.outcome[rows], 2, groups)
    choice = partial_shares(np.hstack([constant, here]), chosen, 1, groups)
    return {name: Strength(y, d) for name, y, d in zip(names, outcome.tolist(), choice.tolist(), strict=True)}


def outcome_shares(
    data: ScoredEpisodes, covariates: FloatArray, owner: Sequence[int], names: Sequence[str]
) -> Mapping[str, float]:
    """By covariate, the share of the outcome's residual variance that it alone explains, given the arm and all others.

    Arguments are those of ``measured_strengths``; all arms count, and nothing is told where rows are too few.
    """
    rows = ~np.isnan(data.outcome)
    arms = np.eye(data.scores.shape[1])[data.arm[rows]]
    if rows.sum() < covariates.shape[1] + arms.shape[1] + SPARE:
        return {}
    found = partial_shares(np.hstack([arms, covariates[rows]]), data.outcome[rows], arms.shape[1], np.asarray(owner))
    return dict(zip(names, found.tolist(), strict=True))


def partial_shares(design: FloatArray, target: FloatArray, first: int, groups: IntArray) -> FloatArray:
    """(G,) share of the target's residual variance that each group of columns explains, given all other columns.

    Args:
        design: (n, first + q) columns of a linear regression.
        target: (n,).
        first: columns that are in no group.
        groups: (q,) group of each of the others, 0 to G - 1.
    """
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    coefficients = inverse @ (design.T @ target)
    left = float(((target - design @ coefficients) ** 2).sum())
    found = np.zeros(int(groups.max()) + 1)
    for group in range(len(found)):
        columns = first + np.flatnonzero(groups == group)
        own = coefficients[columns]
        gained = float(own @ np.linalg.pinv(inverse[np.ix_(columns, columns)], hermitian=True) @ own)
        found[group] = gained / (left + gained) if left + gained > 0 else 0.0
    return np.clip(found, 0.0, 1.0)
