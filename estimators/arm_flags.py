"""The arm as flags beside the covariates, and predictions as if everyone had got each arm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from data_contracts.episode import FloatArray, IntArray


def flagged(covariates: FloatArray, arm: IntArray, arms: int) -> FloatArray:
    """(n, q + K) covariates and one flag an arm."""
    design = np.zeros((len(covariates), covariates.shape[1] + arms))
    design[:, : covariates.shape[1]] = covariates
    design[np.arange(len(arm)), covariates.shape[1] + arm] = 1.0
    return design


def under_each_arm(covariates: FloatArray, arms: int, predict: Callable[[FloatArray, int], FloatArray]) -> FloatArray:
    """(n, K) predictions with each arm's flag set in turn, in one matrix that is overwritten.

    Args:
        covariates: (n, q).
        arms: number K of arms.
        predict: (n, q + K) matrix and the arm's code to (n,) predictions.
    """
    design = flagged(covariates, np.zeros(len(covariates), dtype=np.int64), arms)
    flags = design[:, covariates.shape[1] :]
    found = np.empty((len(covariates), arms))
    for k in range(arms):
        flags[:] = 0.0
        flags[:, k] = 1.0
        found[:, k] = predict(design, k)
    return found
