"""A world in which no therapy does anything: whatever a method finds here it has invented."""

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

ARMS = ("control", "a", "b")
COVARIATES = ("x1", "x2", "x3", "x4", "x5", "x6")
PROGNOSIS = (1.0, 0.8, -0.5, 0.3, 0.0, 0.0)
"""Points of outcome for one unit of each covariate."""
CHOICE = ((0.0,) * 6, (0.5, 0.3, 0.0, 0.0, 0.2, 0.0), (-0.4, 0.0, 0.5, 0.0, 0.0, 0.2))
"""Log-odds of each arm for one unit of each covariate: x1, x2 and x3 confound."""


def null(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients: six standard normal covariates, a confounded choice of arm, no effect of any arm on anybody.

    The outcome is linear in the covariates plus standard normal noise, higher is better, always observed. Sizes are
    ours. Such a world is needed because 62 % of published-style effect estimates do worse than predicting zero
    (arXiv:2410.07021).
    """
    rng = generator(n, seed)
    records, x = normal_covariates(n, COVARIATES, rng)
    propensity = softmax(x @ np.transpose(CHOICE))
    arm = draw_arms(propensity, rng)
    mu: FloatArray = np.repeat((x @ np.asarray(PROGNOSIS))[:, None], len(ARMS), axis=1)
    records["therapy"] = pd.Series(np.asarray(ARMS, dtype=object)[arm], dtype="str")
    records["outcome"] = of_arm(mu, arm) + rng.normal(size=n)
    return SimulatedWorld(records, _protocol(), truth_table(ARMS, mu, propensity, np.ones(n), sign=1))


def _protocol() -> dict[str, Any]:
    return {
        "name": "null",
        "records": {"patient_id": "patient_id", "arm": "therapy"},
        "arms": {"reference": ARMS[0], "offered": list(ARMS[1:])},
        "outcome": {"column": "outcome", "direction": "higher_is_better", "unit": "points"},
        "effect_modifiers": list(COVARIATES),
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }
