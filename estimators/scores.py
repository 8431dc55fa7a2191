"""The score matrix Γ: one doubly robust score for each episode and arm.

Γ_ik = μ_k(x_i) + 1[T_i = k] C_i / (e_k(x_i) π_k(x_i)) · (Y_i - μ_k(x_i)): augmented inverse probability weighting
(Robins, Rotnitzky and Zhao 1994) with e the propensity and π the probability that the outcome is observed (C = 1).
Its column means are the mean outcomes had everyone who started got each arm, if either μ or e·π is right.

Where patients' course until the last visit is known, Γ_ik = μ_k(x_i) + 1[T_i = k] / e_k(x_i) · (Ỹ_i - μ_k(x_i)) with Ỹ
the outcome completed by that course (``completed_outcome``).
"""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.nuisances import MINIMUM_PROPENSITY


def score_matrix(
    arm: IntArray, outcome: FloatArray, expected: FloatArray, propensity: FloatArray, observation: FloatArray
) -> FloatArray:
    """(n, K) scores.

    Args:
        arm: (n,) codes.
        outcome: (n,) with NaN where it was not observed; such rows score their expectation.
        expected: (n, K) cross-fitted outcome regressions.
        propensity: (n, K) cross-fitted probabilities of each arm.
        observation: (n, K) cross-fitted probabilities that the outcome is observed.
    """
    rows = np.arange(len(arm))
    seen = ~np.isnan(outcome)
    probability = (propensity * observation)[rows, arm]
    residual = np.where(seen, outcome - expected[rows, arm], 0.0)
    scores = expected.copy()
    scores[rows, arm] += residual / np.maximum(probability, MINIMUM_PROPENSITY)
    return scores


def completed_score_matrix(
    arm: IntArray, completed: FloatArray, expected: FloatArray, propensity: FloatArray
) -> FloatArray:
    """(n, K) scores of outcomes that were completed by the course; arguments as above.

    Args:
        completed: (n,) completed outcomes.
    """
    rows, scores = np.arange(len(arm)), expected.copy()
    residual = completed - expected[rows, arm]
    scores[rows, arm] += residual / np.maximum(propensity[rows, arm], MINIMUM_PROPENSITY)
    return scores
