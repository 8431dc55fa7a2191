"""A world of smooth effects, strong enough that individual advice is worth having."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data_contracts.episode import FloatArray
from estimators.worlds.world import (
    SimulatedWorld,
    draw_arms,
    generator,
    normal_covariates,
    of_arm,
    softmax,
    truth_table,
)

ARMS = ("usual", "a", "b", "c", "d")
COVARIATES = ("x1", "x2", "x3", "x4", "x5", "x6")
AVERAGE = (0.0, 1.5, 2.0, 2.5, 2.0)
"""Average benefit of each arm, PHQ-9-like points: the size of therapies against usual care."""
SPREAD = 1.5
"""SD of each arm's effect, points; about 1.0 is what trials of depression allow (Munkholm et al. 2020, PLoS ONE
15:e0237950), so this world is somewhat kinder than practice."""
NOISE_SD = 4.5
MIN_PROPENSITY = 0.03
CHOICE = (
    (-0.4, 0.0, 0.0, 0.0, 0.0, 0.0),
    (0.3, 0.2, 0.0, 0.0, 0.2, 0.0),
    (0.0, 0.4, -0.3, 0.0, 0.0, 0.0),
    (0.0, -0.3, 0.3, 0.2, 0.0, 0.0),
    (0.5, 0.0, 0.3, 0.0, 0.0, 0.3),
)
"""Log-odds of each arm for one unit of each covariate: x1, x2 and x3 confound."""


def smooth(n: int, seed: int, *, spread: float = SPREAD) -> SimulatedWorld:
    """Draw n patients: six standard normal covariates, a confounded choice among five arms, smooth effects.

    Lower outcomes are better; every outcome is observed; x5 and x6 modify nothing. Shapes and sizes are ours.

    Args:
        n: patients.
        seed: of everything random.
        spread: SD over patients of each arm's effect, points, exact under the covariates' law.
    """
    rng = generator(n, seed)
    records, x = normal_covariates(n, COVARIATES, rng)
    propensity = softmax(x @ np.transpose(CHOICE), floor=MIN_PROPENSITY)
    arm = draw_arms(propensity, rng)
    mu = _prognosis(x)[:, None] - np.asarray(AVERAGE) - spread * _shapes(x)
    records["therapy"] = pd.Series(np.asarray(ARMS, dtype=object)[arm], dtype="str")
    records["score_week12"] = of_arm(mu, arm) + NOISE_SD * rng.normal(size=n)
    return SimulatedWorld(records, _protocol(), truth_table(ARMS, mu, propensity, np.ones(n), sign=-1))


def _prognosis(x: FloatArray) -> FloatArray:
    """(n, 6) covariates to (n,) expected outcome under the reference, points."""
    return np.asarray(11 + 2.0 * x[:, 0] - 1.0 * x[:, 1] + 1.5 * np.tanh(x[:, 2]) + 0.5 * x[:, 4], dtype=np.float64)


def _shapes(x: FloatArray) -> FloatArray:
    """(n, 6) covariates to (n, 5) deviations from each arm's average, of mean 0 and variance 1 under normal x.

    sin of a N(0, 2) variable has variance (1 - exp(-4)) / 2; the other terms are Hermite polynomials.
    """
    x1, x2, x3, x4 = x[:, 0], x[:, 1], x[:, 2], x[:, 3]
    bend = (x2 + (x1**2 - 1) / np.sqrt(2)) / np.sqrt(2)
    wave = np.sin(x1 + x3) / np.sqrt((1 - np.exp(-4)) / 2)
    cross = (x2 * x3 + x4) / np.sqrt(2)
    return np.stack([np.zeros(len(x)), x1, bend, wave, cross], axis=1)


def _protocol() -> dict[str, Any]:
    return {
        "name": "smooth",
        "records": {"patient_id": "patient_id", "arm": "therapy"},
        "arms": {"reference": ARMS[0], "offered": list(ARMS[1:])},
        "outcome": {"column": "score_week12", "direction": "lower_is_better", "unit": "points", "mcid": 5},
        "effect_modifiers": list(COVARIATES),
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }
