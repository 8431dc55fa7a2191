"""The outcome itself that is expected under each arm, on its own scale, with the range that holds it."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from engine.policy import Policy


def expected_outcomes(
    policy: Policy, covariates: FloatArray, probability: FloatArray, effects: FloatArray
) -> FloatArray:
    """(n, K, 3) expected outcome and the ends of the range that holds it for the policy's share of such patients.

    All three are NaN where too few patients like this one got the arm and were followed up: an expectation without its
    range would say too much.

    Args:
        policy: of K ranked arms.
        covariates: (n, q) of n patients, standardised.
        probability: (n, K) of each arm.
        effects: (n, K) served effects.
    """
    intercept, slopes = policy.reference_outcome
    expected = (intercept + np.vecdot(slopes, covariates))[:, None] + effects
    ends = policy.ranges.of(expected, covariates, probability, policy.manifest.confidence)
    below, above = ends if policy.outcome_turn > 0 else ends[::-1]
    told = np.empty((*expected.shape, 3))
    told[..., 0], told[..., 1], told[..., 2] = np.where(np.isnan(below), np.nan, expected), below, above
    told *= policy.outcome_turn
    low, high = policy.outcome_ends
    return np.minimum(np.maximum(told, low, out=told), high, out=told)
