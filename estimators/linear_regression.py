"""One ridge regression, linear in the covariates, as it is served."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.ridge import ridge_slopes


def linear_regression(covariates: FloatArray, target: FloatArray) -> FloatArray:
    """(1 + q,) coefficients, intercept first, of (n,) targets on (n, q) covariates, penalty by cross-validation."""
    centre, mean = covariates.mean(axis=0), float(target.mean())
    centred, left = covariates - centre, target - mean
    slopes = ridge_slopes(centred.T @ centred, centred.T @ left, float(left @ left), len(left), 1)
    return np.concatenate([[mean - centre @ slopes], slopes])
