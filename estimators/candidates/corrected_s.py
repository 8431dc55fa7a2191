"""The S-learner, corrected by a ridge regression of what its effects leave of the doubly robust scores.

An S-learner errs by shrinking what it finds; the scores' remainder Γ_k - Γ_0 - effect_k(x) tells by how much, but
noisily: so it is fitted in the served basis, with weights 1 / (1/e_k + 1/e_0), about the inverse of its variance, and
with a penalty that the folds choose. Without a penalty this would be a doubly robust regression, with an endless one
the S-learner with another average.
"""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray, IntArray
from estimators.candidates.s_learner import SLearner
from estimators.held_out import FoldByFold

PENALTIES = np.logspace(-2, 3, 11)
"""Tried for each episode; terms have a standard deviation of 1."""


class CorrectedS(FoldByFold):
    """The S-learner plus a ridge regression of its doubly robust remainder."""

    name = "corrected_s"

    def fit(self, data: ScoredEpisodes) -> FloatArray:
        """(K, 1 + P) sum of the distilled S-learner and its correction."""
        coefficients = SLearner().fit(data)
        left = data.contrasts - coefficients[:, 0] - data.features @ coefficients[:, 1:].T
        for k in range(1, data.scores.shape[1]):
            weight = 1 / (1 / data.propensity[:, k] + 1 / data.propensity[:, 0])
            coefficients[k] += ridge_by_folds(data.features, left[:, k], weight, data.fold)
        return coefficients


def ridge_by_folds(terms: FloatArray, target: FloatArray, weight: FloatArray, fold: IntArray) -> FloatArray:
    """(1 + P,) weighted ridge coefficients, the intercept first and not penalised.

    The penalty is the one with the smallest weighted squared error summed over folds that it was not fitted on.
    Cross products are summed once for each fold and subtracted.
    """
    rows = np.column_stack([np.ones(len(terms)), terms, target]) * np.sqrt(weight)[:, None]
    parts = [rows[fold == k].T @ rows[fold == k] for k in np.unique(fold)]
    whole = np.sum(parts, axis=0)
    loss = np.zeros(len(PENALTIES))
    for part in parts:
        found = np.column_stack([_ridge_path(whole - part), -np.ones(len(PENALTIES))])
        loss += np.einsum("ia,ab,ib->i", found, part, found, optimize=True)
    return np.asarray(_ridge_path(whole)[int(loss.argmin())], dtype=np.float64)


def _ridge_path(products: FloatArray) -> FloatArray:
    """(penalties, 1 + P) coefficients from the (2 + P, 2 + P) cross products of ones, terms and target."""
    total, centre = products[0, 0], products[0] / products[0, 0]
    around = products / total - np.outer(centre, centre)
    values, vectors = np.linalg.eigh(around[1:-1, 1:-1])
    moment = vectors.T @ around[1:-1, -1]
    slopes = (moment / (np.maximum(values, 0.0) + PENALTIES[:, None])) @ vectors.T
    return np.column_stack([centre[-1] - slopes @ centre[1:-1], slopes])
