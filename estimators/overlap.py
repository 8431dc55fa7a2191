"""Overlap: how far patients who got one arm could as well have got another, and how honest the propensities are."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.patient_count import Split
from estimators.design_effect import design_effects

EQUIPOISE_BAND = (0.3, 0.7)
BINS = 10

CHANCE = 0.95
"""Level of the one-sided limit of a calibration error that chance explains."""


def support_scores(propensity: FloatArray) -> FloatArray:
    """(n, K) each patient's support for each arm: their probability of it, relative to the arm's share, at most 1.

    1 means that such patients got the arm at least as often as patients at large.
    """
    return np.asarray(np.minimum(propensity / propensity.mean(axis=0), 1.0), dtype=np.float64)


def preference_scores(propensity: FloatArray, arm: IntArray, first: int, second: int) -> FloatArray:
    """(n,) preference scores of all episodes for a pair: the pairwise propensity with the arms' shares taken out.

    logit F = logit P - logit(share of the first arm) (Walker et al. 2013).
    """
    odds = propensity[:, first] / propensity[:, second]
    share = float((arm == first).sum() / max((arm == second).sum(), 1))
    return np.asarray(odds / (odds + share), dtype=np.float64)


def equipoise(propensity: FloatArray, arm: IntArray, first: int, second: int, patient: IntArray) -> Split:
    """A pair's episodes whose preference score lies in 0.3-0.7 (Walker et al. 2013), and the others."""
    theirs = (arm == first) | (arm == second)
    preference = preference_scores(propensity, arm, first, second)[theirs]
    low, high = EQUIPOISE_BAND
    return Split.of((preference >= low) & (preference <= high), patient[theirs])


def effective_counts(observed: BoolArray, arm: IntArray, probability: FloatArray, arms: int) -> FloatArray:
    """(K,) Kish's effective number of episodes behind each arm's mean, weighted by one over a probability.

    Args:
        observed: (n,) whether the outcome was.
        arm: (n,) codes.
        probability: (n,) of getting the arm received and being observed.
        arms: number K of arms.
    """
    weight = observed / probability
    by_arm = [weight[arm == k] for k in range(arms)]
    return np.array([own.sum() ** 2 / max((own**2).sum(), 1e-12) for own in by_arm])


def calibration_error(propensity: FloatArray, arm: IntArray, cluster: IntArray) -> tuple[float, float]:
    """Class-wise expected calibration error of the arm that errs most beyond chance, and how much chance explains.

    For each arm: mean over ten bins of equal size of |share that got it - mean probability|. For calibrated
    probabilities each bin's part is the absolute value of a normal with the bin's standard error s, so it has mean
    s sqrt(2 / π) and variance s² (1 - 2 / π); chance explains up to the one-sided 0.95 limit of their mean. (By the
    expectation alone, true propensities of 100 patients would miss a mark of 0.03 in one study of seven with two
    arms, and in two of five with five.) Where patients have several episodes, variances are times the arm's design
    effect.

    Args:
        propensity: (n, K) held out.
        arm: (n,) codes.
        cluster: (n,) codes of units that vary together.
    """
    alike = design_effects(np.eye(propensity.shape[1])[arm] - propensity, cluster)
    found = [_class_error(propensity[:, k], arm == k, alike[k]) for k in range(propensity.shape[1])]
    return max(found, key=lambda pair: pair[0] - pair[1])


def _class_error(probability: FloatArray, got: BoolArray, alike: float) -> tuple[float, float]:
    """Calibration error of one arm's (n,) probabilities, and the one-sided limit of what chance explains."""
    bins = np.array_split(np.argsort(probability, kind="stable"), BINS)
    gaps = np.array([np.mean(got[rows]) - probability[rows].mean() for rows in bins])
    spread = probability * (1 - probability)
    variance = alike * np.array([np.sum(spread[rows]) / len(rows) ** 2 for rows in bins])
    expected = np.sqrt(2 / np.pi * variance).mean()
    error = np.sqrt((1 - 2 / np.pi) * variance.sum()) / BINS
    return float(np.abs(gaps).mean()), float(expected + NormalDist().inv_cdf(CHANCE) * error)
