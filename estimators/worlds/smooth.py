"""Worlds of smooth effects, from barely there to stronger than any trial has shown."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.ground import draw_covariates, ground_world, prognosis, propensity
from estimators.worlds.world import SimulatedWorld, generator

AVERAGE = (0.0, 1.8, 2.2, 2.4, 3.0)
"""Average benefit of each arm, points: guided iCBT 1.76, CBT and drug 2.32 each, moved apart, in a service (trials'
effects times 0.8, as in ``clinic_effects``); both together 3.0, half of what the clinic assumes beyond either. So
close that the oracle gains 0.12, 0.50, 0.93, 1.85 points over the best single arm at spreads of 0.5, 1, 1.5, 2.5."""
SPREAD = 1.0
"""SD of each arm's effect, points, in worlds about something else; about what trials of depression allow (Munkholm et
al. 2020, PLoS ONE 15:e0237950)."""


def smooth(n: int, seed: int, *, spread: float = 1.5) -> SimulatedWorld:
    """Draw n patients: a confounded choice among five arms, smooth effects of x1-x4; x5-x10 modify nothing.

    Args:
        n: patients.
        seed: of everything random.
        spread: SD over patients of each arm's effect, points, exact under the covariates' law.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    return ground_world(f"smooth_{round(10 * spread):02d}", x, smooth_means(x, spread), propensity(x), rng)


def smooth_means(x: FloatArray, spread: float = SPREAD) -> FloatArray:
    """(n, 10) covariates to (n, 5) expected scores; linear in every covariate but x1 and x3, given the others."""
    return np.asarray(prognosis(x)[:, None] - AVERAGE - spread * deviations(x), dtype=np.float64)


def deviations(x: FloatArray) -> FloatArray:
    """(n, 10) covariates to (n, 5) deviations from each arm's average, of mean 0 and variance 1 under normal x1-x4.

    sin of a N(0, 2) variable has variance (1 - exp(-4)) / 2; the other terms are Hermite polynomials.
    """
    x1, x2, x3, x4 = x[:, 0], x[:, 1], x[:, 2], x[:, 3]
    bend = (x2 + (x1**2 - 1) / np.sqrt(2)) / np.sqrt(2)
    wave = np.sin(x1 + x3) / np.sqrt((1 - np.exp(-4)) / 2)
    cross = (x2 * x3 + x4) / np.sqrt(2)
    return np.stack([np.zeros(len(x)), x1, bend, wave, cross], axis=1)
