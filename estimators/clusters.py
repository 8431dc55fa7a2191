"""Sums within clusters, and covariances from influence values that are summed so first."""

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
    n, used = len(cluster), len(np.unique(cluster))
    sums = cluster_sums(influence, cluster)
    factor = used / max(used - 1, 1) * (n - 1) / max(n - parameters, 1)
    return np.asarray(factor * sums.T @ sums, dtype=np.float64)


def cluster_sums(values: FloatArray, cluster: IntArray) -> FloatArray:
    """(c, m) sums of (n, m) values within each of the clusters that the (n,) codes 0 to c - 1 name."""
    sums = np.zeros((int(cluster.max()) + 1, values.shape[1]))
    np.add.at(sums, cluster, values)
    return sums
