"""Covariances from influence values, summed within clusters first."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray, IntArray


def clustered_covariance(influence: FloatArray, cluster: IntArray, parameters: int = 1) -> FloatArray:
    """(m, m) covariance of m estimates from their (n, m) influence values, which sum to zero over rows.

    With every row its own cluster this is HC1: n / (n - parameters) times the sum of squares.

    Args:
        influence: each row's share in the estimates' deviation, already divided by n.
        cluster: (n,) codes; rows of a cluster may depend on each other in any way.
        parameters: fitted parameters behind each estimate, for the small-sample factor.
    """
    n, groups = len(cluster), int(cluster.max()) + 1
    used = len(np.unique(cluster))
    sums = np.zeros((groups, influence.shape[1]))
    np.add.at(sums, cluster, influence)
    factor = used / max(used - 1, 1) * (n - 1) / max(n - parameters, 1)
    return np.asarray(factor * sums.T @ sums, dtype=np.float64)
