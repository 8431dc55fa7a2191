"""The other outcomes of the simulated clinic, known exactly: what follows from the PHQ-9, nausea, and hours of care.

Nausea and hours are assumptions, made plausible and nothing more: antidepressants make some sick, more at the start
and in those who are anxious; a course of therapy takes hours that a prescription does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from estimators.worlds.clinic_effects import ARMS, NOISE_SD
from estimators.worlds.clinic_patients import AGE_MEAN, AGE_SD, GAD7_MEAN, GAD7_SD, PHQ9_MEAN, PHQ9_SD
from estimators.worlds.world import expit, of_arm

DERIVED = ("response", "remission", "reliable_improvement", "reliable_deterioration", "dropout")
RESPONSE, REMISSION, RELIABLE_CHANGE = 0.5, 5, 6
"""The PHQ-9's rules, written down once more: a study reads them from the instrument."""

NAUSEA = (-2.6, -2.7, -2.7, -1.2, -1.1)
"""Log-odds of nausea in each arm at the typical patient: about 7 % without a drug, 23-25 % with one."""
NAUSEA_BY = {"gad7": 0.25, "age": -0.2, "female": 0.4}
"""The same for one SD of anxiety, one of age, and for women; in every arm."""

HOURS = (2.0, 6.0, 14.0, 3.0, 16.0)
"""Mean hours of care in each arm."""
HOURS_PER_PHQ9_SD = 0.5
HOURS_SHAPE = 6.0
"""Of the gamma law of hours: the higher, the more alike."""

SECONDARY: tuple[dict[str, Any], ...] = (
    {
        "column": "nausea",
        "direction": "lower_is_better",
        "unit": "share of patients",
        "kind": "yes_no",
        "role": "side_effect",
        "side_effect": "nausea",
    },
    {"column": "care_hours", "direction": "lower_is_better", "unit": "hours", "kind": "points", "role": "burden"},
)
"""Blocks of the protocol; nausea is asked with the PHQ-9 at week 12, hours are on record for everybody."""


def record_others(
    patients: pd.DataFrame, arm: IntArray, seen: BoolArray, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Nausea (NaN where the patient was lost) and hours of care under the arms received."""
    sick = rng.random(len(arm)) < of_arm(nausea(patients), arm)
    hours = rng.gamma(HOURS_SHAPE, of_arm(care_hours(patients), arm) / HOURS_SHAPE)
    return {"nausea": np.where(seen, sick.astype(np.float64), np.nan), "care_hours": hours.round(2)}


def true_others(patients: pd.DataFrame, mean: FloatArray, observed: FloatArray) -> dict[str, FloatArray]:
    """Expectation of every other outcome under each arm, (n, K) by name; the derived ones before dropout.

    Args:
        patients: as ``draw_patients`` gives them.
        mean: (n, K) expected PHQ-9, before noise, rounding and clipping.
        observed: (n, K) probability that the outcome is observed under each arm.
    """
    start = patients["phq9_week0"].to_numpy(dtype=np.float64)[:, None]
    return {
        "response": at_most(np.floor(start * RESPONSE), mean),
        "remission": at_most(np.full_like(start, REMISSION - 1), mean),
        "reliable_improvement": at_most(start - RELIABLE_CHANGE, mean),
        "reliable_deterioration": 1 - at_most(start + RELIABLE_CHANGE - 1, mean),
        "dropout": 1 - observed,
        "nausea": nausea(patients),
        "care_hours": care_hours(patients),
    }


def at_most(score: FloatArray, mean: FloatArray) -> FloatArray:
    """Probability that the recorded PHQ-9, a whole number from 0 to 27, is at most a whole ``score``."""
    return np.where(score >= 27, 1.0, np.where(score < 0, 0.0, ndtr((score + 0.5 - mean) / NOISE_SD)))


def nausea(patients: pd.DataFrame) -> FloatArray:
    """(n, K) probability of nausea under each arm."""
    lean = NAUSEA_BY["gad7"] * (patients["gad7"].to_numpy() - GAD7_MEAN) / GAD7_SD
    lean = lean + NAUSEA_BY["age"] * (patients["age"].to_numpy() - AGE_MEAN) / AGE_SD
    lean = lean + NAUSEA_BY["female"] * (patients["sex"] == "female").to_numpy()
    return expit(lean[:, None] + np.asarray(NAUSEA))


def care_hours(patients: pd.DataFrame) -> FloatArray:
    """(n, K) mean hours of care under each arm."""
    severity = (patients["phq9_week0"].to_numpy(dtype=np.float64) - PHQ9_MEAN) / PHQ9_SD
    return np.asarray(np.maximum(np.asarray(HOURS) + HOURS_PER_PHQ9_SD * severity[:, None], 0.5))


def truth_of_others(expected: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Columns of the truth, ``<outcome>_mu_<arm>`` and ``<outcome>_effect_<arm>``, the latter positive if better."""
    columns: dict[str, FloatArray] = {}
    for name, mu in expected.items():
        sign = 1.0 if name in ("response", "remission", "reliable_improvement") else -1.0
        columns |= {f"{name}_mu_{arm}": mu[:, k] for k, arm in enumerate(ARMS)}
        columns |= {f"{name}_effect_{arm}": sign * (mu[:, k] - mu[:, 0]) + 0.0 for k, arm in enumerate(ARMS)}
    return columns
