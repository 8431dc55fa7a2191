"""The ground that most worlds stand on: ten covariates, five arms, a score like PHQ-9 at week 12.

A world that stands here says only what is its own. Shapes and sizes are ours where no source is named; the covariates
have no clinical names because nothing is claimed of any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.episode import FloatArray, IntArray
from estimators.worlds.world import SimulatedWorld, as_text, draw_arms, of_arm, patient_ids, softmax, truth_table

ARMS = ("usual", "a", "b", "c", "d")
COVARIATES = ("x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10")
YES_OR_NO = (0.5, 0.3)
"""Share of ones in x9 and x10; the other eight are standard normal. All are independent."""
NOISE_SD = 4.5
"""With the prognosis below the SD after usual care is about 5.2, the median of the Metapsy trials of depression that
report PHQ-9 (controls 5.3)."""
MIN_PROPENSITY = 0.03
USUAL_CARE_MEAN = 11.0
"""Points; the controls' median in the same trials is 11.3."""
CHOICE = (
    (-0.4, 0.0, 0.0, 0.0, 0.0, 0.0, -0.2, 0.0, 0.0, 0.0),
    (0.3, 0.2, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.3, 0.0),
    (0.0, 0.4, -0.3, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0),
    (0.0, -0.3, 0.3, 0.2, 0.0, 0.0, 0.2, 0.0, 0.0, 0.4),
    (0.5, 0.0, 0.3, 0.0, 0.0, 0.3, 0.0, 0.0, 0.2, 0.0),
)
"""Log-odds of each arm for one unit of each covariate: x1, x2, x3, x5, x7 and x9 confound, x6, x8 and x10 do not."""


def draw_covariates(n: int, rng: np.random.Generator) -> FloatArray:
    """(n, 10) covariates of n patients."""
    normal = rng.normal(size=(n, len(COVARIATES) - len(YES_OR_NO)))
    return np.concatenate([normal, rng.random((n, len(YES_OR_NO))) < YES_OR_NO], axis=1)


def prognosis(x: FloatArray) -> FloatArray:
    """(n, 10) covariates to (n,) expected points after usual care; linear in all but x3."""
    course = USUAL_CARE_MEAN + 2.0 * x[:, 0] - 1.0 * x[:, 1] + 1.5 * np.tanh(x[:, 2])
    return np.asarray(course + 0.5 * x[:, 4] + 0.8 * x[:, 6] + 0.6 * (x[:, 8] - YES_OR_NO[0]), dtype=np.float64)


def propensity(
    x: FloatArray,
    *,
    strength: float = 1.0,
    log_odds: FloatArray | Sequence[float] = (0.0, 0.0, 0.0, 0.0, 0.0),
    floor: float = MIN_PROPENSITY,
) -> FloatArray:
    """How likely each patient is to get each arm: a logit choice, no arm less likely than ``floor``.

    Args:
        x: (n, 10) covariates.
        strength: what ``CHOICE`` is multiplied by.
        log_odds: (5,) or (n, 5) added to those of ``CHOICE``.
        floor: smallest probability of any arm, under 0.2.
    """
    return softmax(strength * x @ np.transpose(CHOICE) + np.asarray(log_odds), floor=floor)


def outcome(mu: FloatArray, arm: IntArray, rng: np.random.Generator) -> FloatArray:
    """(n,) scores under the arms received: (n, 5) means plus normal noise; not rounded, not clipped."""
    return np.asarray(of_arm(mu, arm) + NOISE_SD * rng.normal(size=len(arm)), dtype=np.float64)


def records_of(x: FloatArray, arm: IntArray, score: FloatArray) -> pd.DataFrame:
    """One row a patient: covariates, therapy, score at week 12."""
    records = pd.DataFrame(x, columns=list(COVARIATES))
    records.insert(0, "patient_id", patient_ids(len(x)))
    records["therapy"] = as_text(ARMS, arm)
    records["score_week12"] = score
    return records


def ground_world(
    name: str, x: FloatArray, mu: FloatArray, chances: FloatArray, rng: np.random.Generator
) -> SimulatedWorld:
    """A world in which all is recorded: (n, 10) covariates, (n, 5) mean scores, (n, 5) propensities, no dropout."""
    arm = draw_arms(chances, rng)
    records = records_of(x, arm, outcome(mu, arm, rng))
    return SimulatedWorld(records, ground_protocol(name), truth_table(ARMS, mu, chances, np.ones(len(x)), sign=-1))


def ground_protocol(name: str, **records: str) -> dict[str, Any]:
    """The study protocol; ``records`` names further columns of the block of that name, which may modify effects."""
    return {
        "name": name,
        "records": {"patient_id": "patient_id", "arm": "therapy", **records},
        "arms": {"reference": ARMS[0], "offered": list(ARMS[1:])},
        "outcome": {"column": "score_week12", "direction": "lower_is_better", "unit": "points", "mcid": 5},
        "effect_modifiers": [*COVARIATES, *records.values()],
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }
