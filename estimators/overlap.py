"""Overlap: how far patients who got one arm could as well have got another, and how honest the propensities are."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray

EQUIPOISE_BAND = (0.3, 0.7)
BINS = 10


def support_scores(propensity: FloatArray) -> FloatArray:
    """(n, K) each patient's support for each arm: their probability of it, relative to the arm's share, at most 1.

    1 means that such patients got the arm at least as often as patients at large.
    """
    return np.asarray(np.minimum(propensity / propensity.mean(axis=0), 1.0), dtype=np.float64)


def supported(propensity: FloatArray, min_propensity: float) -> BoolArray:
    """(n, K) whether each arm counts as one that such patients really got."""
    return np.asarray(propensity >= min_propensity)


def equipoise(propensity: FloatArray, arm: IntArray, first: int, second: int) -> float:
    """Share of a pair's episodes whose preference score lies in 0.3-0.7 (Walker et al. 2013).

    The preference score is the pairwise propensity with the arms' shares taken out:
    logit F = logit P - logit(share of the first arm).
    """
    pair = (arm == first) | (arm == second)
    odds = propensity[pair, first] / propensity[pair, second]
    share = float((arm == first).sum() / max((arm == second).sum(), 1))
    preference = odds / (odds + share)
    low, high = EQUIPOISE_BAND
    return float(np.mean((preference >= low) & (preference <= high)))


def calibration_error(propensity: FloatArray, arm: IntArray) -> tuple[float, float]:
    """Largest class-wise expected calibration error, and how much of it chance explains.

    For each arm: mean over ten bins of equal size of |share that got it - mean probability|. For calibrated
    probabilities that mean has expectation sqrt(2 / pi) times the bins' standard errors.
    """
    worst, chance = 0.0, 0.0
    for k in range(propensity.shape[1]):
        bins = np.array_split(np.argsort(propensity[:, k], kind="stable"), BINS)
        got, said, by_chance = [], [], []
        for rows in bins:
            p = propensity[rows, k]
            got.append(float(np.mean(arm[rows] == k)))
            said.append(float(p.mean()))
            by_chance.append(float(np.sqrt(2 / np.pi * np.sum(p * (1 - p))) / len(rows)))
        error = float(np.mean(np.abs(np.asarray(got) - np.asarray(said))))
        if error - np.mean(by_chance) > worst - chance or k == 0:
            worst, chance = error, float(np.mean(by_chance))
    return worst, chance
