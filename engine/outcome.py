"""The outcome itself that is expected under each arm, on its own scale, with the range that holds it."""

from __future__ import annotations

import math

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
    manifest = policy.manifest
    under_reference = policy.outcome[0] + np.vecdot(policy.outcome[1:], covariates)
    expected = under_reference[:, None] + effects
    ends = policy.ranges.of(expected, covariates, probability, manifest.confidence)
    below, above = ends if manifest.outcome.sign > 0 else ends[::-1]
    told = np.empty((*expected.shape, 3))
    told[..., 0], told[..., 1], told[..., 2] = np.where(np.isnan(below), np.nan, expected), below, above
    told *= manifest.outcome.sign
    low, high = manifest.outcome_range or (-math.inf, math.inf)
    return np.minimum(np.maximum(told, low, out=told), high, out=told)
