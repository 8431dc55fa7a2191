"""Sums within clusters, and covariances from influence values that are summed so first."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from data_contracts.episode import FloatArray, IntArray

LEVEL = 0.975
"""Where quantiles of Student's t and the normal are compared: between those of one figure and of all pairs at 90 %."""


def clustered_covariance(influence: FloatArray, cluster: IntArray, parameters: int = 1) -> FloatArray:
    """(m, m) covariance of m estimates from their (n, m) influence values, which sum to zero over rows.

    With every row its own cluster this is HC1: n / (n - parameters) times the sum of squares. Else it is widened for
    how few clusters tell it, so that intervals by normal quantiles hold.

    Args:
        influence: each row's share in the estimates' deviation, already divided by n.
        cluster: (n,) codes; rows of a cluster may depend on each other in any way.
        parameters: fitted parameters behind each estimate, for the small-sample factor.
    """
    found = sandwich(influence, cluster, parameters)
    return found if are_single(cluster) else found * few_clusters(cluster)


def sandwich(influence: FloatArray, cluster: IntArray, parameters: int = 1) -> FloatArray:
    """(m, m) the same as it is estimated, for who minds by how many clusters; arguments as above."""
    n, used = len(cluster), len(np.unique(cluster))
    sums = cluster_sums(influence, cluster)
    factor = used / max(used - 1, 1) * (n - 1) / max(n - parameters, 1)
    return np.asarray(factor * sums.T @ sums, dtype=np.float64)


def are_single(cluster: IntArray) -> bool:
    """Whether each of (n,) episodes is its own cluster."""
    return len(np.unique(cluster)) == len(cluster)


def few_clusters(cluster: IntArray) -> float:
    """By how much a variance that so few clusters tell is to be larger, for intervals by normal quantiles to hold.

    The squared ratio of Student's t to the normal quantile; degrees of freedom are the effective number of clusters
    (Kish's, by their sizes) less one (Bell and McCaffrey 2002, Survey Methodology 28:169, in its simplest form).

    Args:
        cluster: (n,) codes.
    """
    sizes = np.bincount(cluster)
    freedom = max(float(len(cluster) ** 2 / (sizes.astype(np.float64) ** 2).sum()) - 1, 1.0)
    return float(stdtrit(freedom, LEVEL) / NormalDist().inv_cdf(LEVEL)) ** 2


def cluster_sums(values: FloatArray, cluster: IntArray) -> FloatArray:
    """(c, m) sums of (n, m) values within each of the clusters that the (n,) codes 0 to c - 1 name."""
    sums = np.zeros((int(cluster.max()) + 1, values.shape[1]))
    np.add.at(sums, cluster, values)
    return sums
