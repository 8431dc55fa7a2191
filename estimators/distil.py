"""Distils effects that some model predicts into the served linear form."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray

RIDGE = 1e-3
"""Penalty for each episode; the target has no noise of its own, so little is needed."""


def distil(effects: FloatArray, terms: FloatArray) -> FloatArray:
    """(K, 1 + P) coefficients of the ridge projection of (n, K) effects on (n, P) terms, intercepts first."""
    n = len(terms)
    middle, centre = effects.mean(axis=0), terms.mean(axis=0)
    around = terms - centre
    gram = around.T @ around
    gram[np.diag_indices_from(gram)] += RIDGE * n
    slopes = np.linalg.solve(gram, around.T @ (effects - middle)).T
    return np.column_stack([middle - slopes @ centre, slopes])
