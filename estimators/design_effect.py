"""Design effects: how many episodes tell as much as one of a patient of its own would, who started once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.clusters import are_single, cluster_sums


@dataclass(frozen=True)
class Squares:
    """Sums of squares of m figures over sets of episodes; sets of whole clusters add up.

    Attributes:
        together, apart: (m,) of the figures' sums within clusters, and of each episode's; 0 where every episode is its
            own cluster, and they need not be known.
    """

    together: FloatArray
    apart: FloatArray

    @classmethod
    def none(cls, size: int) -> Squares:
        """Those of no episodes, or of episodes that are each their own cluster."""
        return cls(np.zeros(size), np.zeros(size))

    @classmethod
    def of(cls, parts: Iterable[tuple[FloatArray, IntArray]]) -> Squares:
        """Those of (r, m) figures and (r,) cluster codes that come part after part, a cluster's rows in succession."""
        together: FloatArray | float = 0.0
        apart: FloatArray | float = 0.0
        pending: FloatArray | float = 0.0
        last = -1
        for figures, cluster in parts:
            sums = np.add.reduceat(figures, np.r_[0, np.flatnonzero(np.diff(cluster)) + 1], axis=0)
            if cluster[0] == last:
                sums[0] += pending
            else:
                together = together + np.square(pending)
            together = together + (sums[:-1] ** 2).sum(axis=0)
            apart = apart + (figures**2).sum(axis=0)
            pending, last = sums[-1], int(cluster[-1])
        return cls(np.asarray(together + np.square(pending)), np.asarray(apart))

    def __add__(self, other: Squares) -> Squares:
        return Squares(self.together + other.together, self.apart + other.apart)

    def __sub__(self, other: Squares) -> Squares:
        return Squares(self.together - other.together, self.apart - other.apart)

    def effect(self, figures: IntArray) -> float:
        """The design effect of some figures together."""
        apart = float(self.apart[figures].sum())
        return max(float(self.together[figures].sum()) / apart, 1.0) if apart > 0 else 1.0


def design_effects(unforeseen: FloatArray, cluster: IntArray) -> FloatArray:
    """(m,) of m figures; 1 or more, and 1 to the last bit where every episode is its own cluster.

    A patient who starts the same arm again is no second patient. Counts over this number are effective counts (Rao
    and Scott 1992, A simple method for the analysis of clustered binary data, Biometrics 48:577), and variances of
    independent episodes times it are those of clusters.

    Args:
        unforeseen: (n, m) of each episode and figure, mean 0: that the arm was started less the propensity of it, say.
        cluster: (n,) codes of units that vary together.
    """
    if are_single(cluster):
        return np.ones(unforeseen.shape[1])
    together = cluster_sums(unforeseen, cluster)
    apart = (unforeseen**2).sum(axis=0)
    found = (together**2).sum(axis=0) / np.where(apart > 0, apart, 1.0)
    return np.asarray(np.maximum(found, 1.0))
