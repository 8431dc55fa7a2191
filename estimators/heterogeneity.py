"""How much effects may differ between patients although no difference could be shown.

A constant effect served with the interval of an average would cover the effects of few patients. So its variance is
raised by an upper confidence limit of the variance of the linear part of the effect, θ = β'Σβ. Its estimate
β̂'Σβ̂ - tr(ΣV), V the covariance of β̂, has variance 2 tr((ΣV)²) + 4 β'ΣVΣβ for normal β̂ (Searle 1971, Linear Models,
theorem 2.2), which grows with θ. The limit is the largest θ that the estimate does not contradict *with the variance
that θ itself implies* (a score interval, as Wilson 1927 for a proportion); with the variance plugged in at β̂ a limit
of 0.90 would hold in 0.78 of samples where effects vary about as much as they can be estimated. An estimate below zero
counts as zero, so a lucky sample does not promise that patients are alike. Differences that no linear form in the
modifiers shows are not in it.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from data_contracts.effects import ServedEffects
from data_contracts.episode import FloatArray


def possible_heterogeneity(linear: ServedEffects, features: FloatArray, confidence: float) -> FloatArray:
    """(K,) one-sided upper limits of the variance of each arm's effect over patients, outcome units².

    Args:
        linear: effects of which every arm was individualised.
        features: (n, p) standardised modifiers of the study's episodes.
        confidence: level of the one-sided limit.
    """
    spread = features.T @ features / len(features)
    z = NormalDist().inv_cdf(confidence)
    limits = [0.0]
    for k in range(1, len(linear.coefficients)):
        limits.append(_upper_limit(linear.coefficients[k, 1:], linear.covariance[k, 1:, k, 1:], spread, z))
    return np.asarray(limits)


def _upper_limit(slopes: FloatArray, covariance: FloatArray, spread: FloatArray, z: float) -> float:
    """Largest θ with θ - estimate <= z sqrt(2 tr((ΣV)²) + 4 θ r), r = β̂'ΣVΣβ̂ / β̂'Σβ̂ the noise along β̂."""
    noise = spread @ covariance
    total = float(slopes @ spread @ slopes)
    estimate = max(total - float(np.trace(noise)), 0.0)
    along = float(slopes @ noise @ spread @ slopes) / total if total > 0 else 0.0
    half = estimate + 2 * z**2 * along
    return half + float(np.sqrt(half**2 - estimate**2 + 2 * z**2 * np.trace(noise @ noise)))
