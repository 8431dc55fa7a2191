"""Average effects: constant contrasts of arms with their joint covariance and simultaneous intervals."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import AverageEffects
from data_contracts.episode import FloatArray, IntArray
from data_contracts.rank_sets import critical_value
from estimators.clusters import clustered_covariance


def average_effects(
    scores: FloatArray, cluster: IntArray, confidence: float, floor: FloatArray | None = None
) -> AverageEffects:
    """Means of Γ, their differences from the reference, and how sure they are together.

    Args:
        scores: (n, K) score matrix, benefit scale.
        cluster: (n,) codes of units that vary together.
        confidence: level of the simultaneous intervals over all pairs.
        floor: (K,) least variance of each mean, if it has one.
    """
    means = scores.mean(axis=0)
    contrasts = scores - scores[:, :1]
    effects = contrasts.mean(axis=0)
    covariance = clustered_covariance((contrasts - effects) / len(scores), cluster)
    if floor is not None:
        lacking = _lacking(scores, cluster, floor)
        covariance[1:, 1:] += lacking[0]
        covariance += np.diag(np.where(np.arange(len(lacking)) > 0, lacking, 0.0))
    return AverageEffects(means, effects, covariance, critical_value(covariance, confidence))


def mean_covariance(scores: FloatArray, cluster: IntArray, floor: FloatArray) -> FloatArray:
    """(K, K) covariance of the column means of Γ, each variance at least ``floor``."""
    covariance = clustered_covariance((scores - scores.mean(axis=0)) / len(scores), cluster)
    return np.asarray(covariance + np.diag(_lacking(scores, cluster, floor)))


def _lacking(scores: FloatArray, cluster: IntArray, floor: FloatArray) -> FloatArray:
    """(K,) what each mean's variance lacks of its floor."""
    found = clustered_covariance((scores - scores.mean(axis=0)) / len(scores), cluster)
    return np.maximum(floor - np.diag(found), 0.0)
