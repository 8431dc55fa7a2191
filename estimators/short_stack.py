"""Weights of several learners from their cross-fitted predictions (short-stacking: Ahrens et al. 2025, J Appl Econom).

Weights are not negative and add to one. Those for a fold come from the rows of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray

ROUNDS = 200
SETTLED = 1e-5
ROWS = 50_000
"""About as many rows decide the weights of a mixture, however many there are."""


def stack(
    learners: Sequence[FloatArray], residual: FloatArray, used: Sequence[BoolArray], fold: IntArray
) -> FloatArray:
    """(n, K) weighted predictions.

    Args:
        learners: each one's held-out (n, K) predictions.
        residual: (n, M) outcomes less each learner's prediction under the arm received.
        used: for each arm, the (n,) rows whose residuals decide its weights.
        fold: (n,).
    """
    found = np.empty_like(learners[0])
    for k, weights in zip(np.unique(fold), stack_weights(residual, used, fold), strict=True):
        for arm, own in enumerate(weights):
            found[fold == k, arm] = sum(w * p[fold == k, arm] for w, p in zip(own, learners, strict=True))
    return found


def stack_weights(residual: FloatArray, used: Sequence[BoolArray], fold: IntArray) -> FloatArray:
    """(F, K, M) weights of the learners for each fold and arm, from the rows outside the fold; arguments as above."""
    known = [[residual[rows & (fold != k)] for rows in used] for k in np.unique(fold)]
    return np.array([[least_squares_weights(rows.T @ rows) for rows in of_fold] for of_fold in known])


def mixture(learners: Sequence[FloatArray], happened: Sequence[FloatArray], fold: IntArray) -> FloatArray:
    """(n, ...) mixtures of the learners' held-out probabilities.

    Args:
        learners: (n, ...) probabilities by each of M learners.
        happened: of each learner, (n, ...) the probability of what happened; NaN where nothing could.
        fold: (n,).
    """
    given = np.stack(happened, axis=-1)
    found = np.empty_like(learners[0])
    for k in np.unique(fold):
        known = given[fold != k].reshape(-1, len(learners))
        known = known[~np.isnan(known[:, 0])]
        weights = likelihood_weights(known[:: 1 + len(known) // ROWS])
        found[fold == k] = sum(w * p[fold == k] for w, p in zip(weights, learners, strict=True))
    return found


def least_squares_weights(gram: FloatArray) -> FloatArray:
    """(M,) weights w that minimise the squared residual wᵀGw of the weighted learners, exactly.

    With weights that add to one the stack's residual is the weighted sum of the learners' residuals. Each set of
    learners has its best weights in closed form; the best set whose weights are all positive is the answer.

    Args:
        gram: (M, M) sums of products of the learners' residuals; M is small.
    """
    count = len(gram)
    steady = gram + 1e-10 * np.trace(gram) / count * np.eye(count)
    best, lowest = np.full(count, 1 / count), np.inf
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            part = np.linalg.solve(steady[np.ix_(chosen, chosen)], np.ones(size))
            if (part > 0).all() and 1 / part.sum() < lowest:
                best, lowest = np.zeros(count), float(1 / part.sum())
                best[list(chosen)] = part / part.sum()
    return best


def likelihood_weights(probability: FloatArray) -> FloatArray:
    """(M,) weights of the mixture with the largest likelihood, by expectation maximisation.

    Args:
        probability: (n, M) that each learner gave to what happened.
    """
    given = np.ascontiguousarray(probability.T)
    weights = np.full(len(given), 1 / len(given))
    for _ in range(ROUNDS):
        share = given * weights[:, None]
        better = np.asarray((share / share.sum(axis=0)).mean(axis=1))
        settled = np.abs(better - weights).max() < SETTLED
        weights = better
        if settled:
            break
    return weights
