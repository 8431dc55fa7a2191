"""Design effects: how many episodes tell as much as one of a patient of its own would, who started once."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import cluster_sums

TINY = 1e-12


def design_effects(unforeseen: FloatArray, cluster: IntArray) -> FloatArray:
    """(m,) of m figures; 1 or more, and 1 to the last bit where every episode is its own cluster.

    A patient who starts the same arm again is no second patient. Counts over this number are effective counts (Rao
    and Scott 1992, A simple method for the analysis of clustered binary data, Biometrics 48:577), and variances of
    independent episodes times it are those of clusters.

    Args:
        unforeseen: (n, m) of each episode and figure, mean 0: that the arm was started less the propensity of it, say.
        cluster: (n,) codes of units that vary together.
    """
    if len(np.unique(cluster)) == len(cluster):
        return np.ones(unforeseen.shape[1])
    together = cluster_sums(unforeseen, cluster)
    apart = np.maximum((unforeseen**2).sum(axis=0), TINY)
    return np.asarray(np.maximum((together**2).sum(axis=0) / apart, 1.0))
