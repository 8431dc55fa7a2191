"""The five-arm world with 30 covariates of mixed kinds, in which the first comparisons of estimators were made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data_contracts.episode import FloatArray
from estimators.worlds.five_arm_effects import ARMS, AVERAGE, SD, benefits, prognosis
from estimators.worlds.five_arm_patients import CATEGORIES, Patients, draw_patients
from estimators.worlds.five_arm_practice import propensities
from estimators.worlds.world import (
    SimulatedWorld,
    as_text,
    draw_arms,
    generator,
    of_arm,
    patient_ids,
    truth_table,
)

NOISE_SD = 4.5


def five_arm(n: int, seed: int, *, spread: float | None = None) -> SimulatedWorld:
    """Draw n patients of usual care, drug, CBT, a digital programme or drug with CBT.

    The outcome is improvement (score before less score at week 12), higher is better, always observed. Definition and
    sizes are ours; effects vary more than trials suggest, in order that estimators can be told apart: the oracle gains
    0.57 points over the best single arm.

    Args:
        n: patients.
        seed: of everything random.
        spread: SD over patients of each arm's effect, points, reached by stretching its deviations from the average;
            0 leaves the averages alone; by default each arm has its own, 0.8 to 1.2.
    """
    rng = generator(n, seed)
    patients = draw_patients(n, rng)
    chances = propensities(patients)
    arm = draw_arms(chances, rng)
    mu = prognosis(patients)[:, None] + _effects(patients, spread)
    improvement = of_arm(mu, arm) + NOISE_SD * rng.normal(size=n)
    truth = truth_table(ARMS, mu, chances, np.ones(n), sign=1)
    name = "five_arm" + ("" if spread is None else f"_{round(10 * spread):02d}" if spread else "_null")
    columns = {
        "patient_id": patient_ids(n),
        **_recorded(patients),
        "therapy": as_text(ARMS, arm),
        "improvement_week12": improvement,
    }
    return SimulatedWorld(pd.DataFrame(columns), _protocol(name, list(patients)), truth)


def _effects(patients: Patients, spread: float | None) -> FloatArray:
    """(n, 5) points of improvement over usual care."""
    effect = benefits(patients)
    if spread is None:
        return effect
    return np.asarray(AVERAGE + spread * (effect - AVERAGE) / SD, dtype=np.float64)


def _recorded(patients: Patients) -> dict[str, Any]:
    """The covariates as a record system holds them: categories as text (r0, r1 …), the rest as numbers."""
    return {
        name: as_text([f"{CATEGORIES[name]}{code}" for code in range(int(values.max()) + 1)], values.astype(np.int64))
        if name in CATEGORIES
        else values
        for name, values in patients.items()
    }


def _protocol(name: str, covariates: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "records": {"patient_id": "patient_id", "arm": "therapy"},
        "arms": {"reference": ARMS[0], "offered": list(ARMS[1:])},
        "outcome": {"column": "improvement_week12", "direction": "higher_is_better", "unit": "points", "mcid": 5},
        "effect_modifiers": covariates,
        "categorical": list(CATEGORIES),
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }
