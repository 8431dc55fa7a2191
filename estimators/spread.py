"""How far outcomes scatter about what is expected, by covariates: a gamma regression of absolute residuals."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.outcome_range import WIDEST

STEPS = 10
"""Of Fisher scoring."""

PRIOR_SD = 0.1
"""Prior standard deviation of each slope: by how much a covariate's SD raises the logarithm."""

DISPERSION = 0.57
"""Variance over squared mean of absolute residuals, π / 2 - 1, that of normal ones."""

TINY = 1e-12
"""Smallest mean absolute residual, outcome units; that of outcomes predicted without error."""


def fit_spread(covariates: FloatArray, residual: FloatArray) -> FloatArray:
    """(1 + q,) coefficients of the logarithm of the expected absolute residual, the intercept first.

    Gamma regression with a logarithmic link and normal priors on the slopes (McCullagh and Nelder 1989, chapter 8).
    Its Fisher information does not change with the coefficients, so that a step costs two products.

    Args:
        covariates: (n, q) standardised.
        residual: (n,) held out.
    """
    size = np.abs(residual)
    mean = max(float(size.mean()), TINY)
    design = np.column_stack([np.ones(len(size)), covariates])
    penalty = np.full(design.shape[1], DISPERSION / PRIOR_SD**2)
    penalty[0] = 0.0
    information = design.T @ design + np.diag(penalty)
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        above = np.clip(design @ weights, -WIDEST, WIDEST)
        score = design.T @ (size / mean * np.exp(-above) - 1) - penalty * weights
        weights = weights + np.linalg.solve(information, score)
    weights[0] += np.log(mean)
    return weights
