"""A world built on other principles than the rest, so that nothing can be tuned to all of them at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from estimators.worlds.other_outcomes import ARMS, expected_score, noise_scale, record, recorded_mean
from estimators.worlds.other_patients import MODIFIERS, draw_patients
from estimators.worlds.other_practice import propensities
from estimators.worlds.world import (
    SimulatedWorld,
    as_text,
    draw_arms,
    generator,
    of_arm,
    patient_ids,
    phq9_outcome,
    truth_table,
)


def other_principles(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients with skewed, correlated covariates; choice in steps; effects by trees; heavy, uneven noise.

    The outcome is a whole number from 0 to 27, lower is better, a twentieth of them at the floor; always observed.
    Nothing here is a logit, a softmax, a sum of smooth terms or normal noise of one size. All shapes and sizes are
    ours.
    """
    rng = generator(n, seed)
    patients = draw_patients(n, rng)
    chances = propensities(patients)
    arm = draw_arms(chances, rng)
    latent, scale = expected_score(patients), noise_scale(patients)
    score = record(of_arm(latent, arm) + of_arm(scale, arm) * rng.standard_t(4, size=n))
    columns = {"patient_id": patient_ids(n), **patients, "therapy": as_text(ARMS, arm), "phq9_week12": score}
    truth = truth_table(ARMS, recorded_mean(latent, scale), chances, np.ones(n), sign=-1)
    return SimulatedWorld(pd.DataFrame(columns), _protocol(), truth)


def _protocol() -> dict[str, Any]:
    return {
        "name": "other_principles",
        "records": {"patient_id": "patient_id", "arm": "therapy"},
        "arms": {"reference": ARMS[0], "offered": list(ARMS[1:])},
        "outcome": phq9_outcome(),
        "effect_modifiers": list(MODIFIERS),
        "categorical": ["living"],
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }
