"""Overlap: whether patients like this one really got each arm."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from engine.policy import Policy


def propensities(policy: Policy, covariates: FloatArray) -> FloatArray:
    """(K,) probabilities of each arm for a patient with these (q,) standardised covariates."""
    scores = policy.support[:, 0] + policy.support[:, 1:] @ covariates
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def supported(policy: Policy, covariates: FloatArray) -> BoolArray:
    """(K,) whether each arm's probability reaches the policy's threshold."""
    return propensities(policy, covariates) >= policy.manifest.min_propensity
