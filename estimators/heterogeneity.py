"""How much effects may differ between patients although no difference could be shown.

A constant effect served with the interval of an average would cover the effects of few patients. So its variance is
raised by an upper confidence limit of the variance of the linear part of the effect:
V = β'Σβ - tr(Σ V_β), with standard error from Var(β'Σβ) = 2 tr((Σ V_β)²) + 4 β'Σ V_β Σ β for normal β
(Searle 1971, Linear Models, theorem 2.2). Differences that no linear form in the modifiers shows are not in it.
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
        slopes = linear.coefficients[k, 1:]
        noise = spread @ linear.covariance[k, 1:, k, 1:]
        variance = float(slopes @ spread @ slopes - np.trace(noise))
        error = np.sqrt(2 * np.trace(noise @ noise) + 4 * max(float(slopes @ noise @ spread @ slopes), 0.0))
        limits.append(max(0.0, variance + z * float(error)))
    return np.asarray(limits)
