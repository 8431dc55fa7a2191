"""The outcome itself that is expected under each arm, on its own scale, with the range that holds it."""

from __future__ import annotations

import math

import numpy as np

from data_contracts.episode import FloatArray
from engine.patient import Patients
from engine.policy import Policy


def expected_outcomes(policy: Policy, patients: Patients, effects: FloatArray) -> FloatArray:
    """(n, K, 3) expected outcome and the ends of the range that holds it for the policy's share of such patients.

    All three are NaN where too few patients like this one got the arm and were followed up: an expectation without its
    range would say too much.

    Args:
        policy: of K ranked arms.
        patients: n of them.
        effects: (n, K) served effects.
    """
    manifest, covariates = policy.manifest, patients.covariates
    under_reference = policy.outcome[0] + np.vecdot(policy.outcome[1:], covariates)
    expected = under_reference[:, None] + effects
    propensity = 1 / (1 + np.exp(-policy.support.log_odds(covariates)))
    ends = policy.ranges.of(expected, covariates, propensity, manifest.confidence)
    below, above = ends if manifest.outcome.sign > 0 else ends[::-1]
    told = np.stack([np.where(np.isnan(below), np.nan, expected), below, above], axis=-1)
    low, high = manifest.outcome_range or (-math.inf, math.inf)
    return np.minimum(np.maximum(manifest.outcome.sign * told, low), high)
