"""Average effects: constant contrasts of arms with their joint covariance and simultaneous intervals."""

from __future__ import annotations

from data_contracts.effects import AverageEffects
from data_contracts.episode import FloatArray, IntArray
from data_contracts.rank_sets import critical_value
from estimators.clusters import clustered_covariance


def average_effects(scores: FloatArray, cluster: IntArray, confidence: float) -> AverageEffects:
    """Means of Γ, their differences from the reference, and how sure they are together.

    Args:
        scores: (n, K) score matrix, benefit scale.
        cluster: (n,) codes of units that vary together.
        confidence: level of the simultaneous intervals over all pairs.
    """
    means = scores.mean(axis=0)
    contrasts = scores - scores[:, :1]
    effects = contrasts.mean(axis=0)
    covariance = clustered_covariance((contrasts - effects) / len(scores), cluster)
    return AverageEffects(means, effects, covariance, critical_value(covariance, confidence))
