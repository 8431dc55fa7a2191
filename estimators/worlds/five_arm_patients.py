"""The patients of the five-arm world: thirty covariates that hang together through three hidden traits."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.world import expit

Patients: TypeAlias = dict[str, FloatArray]
"""Covariates by name, each (n,); categories as whole numbers from 0."""

YES_OR_NO = {
    "female": (0.62, 0.0),
    "prior_ssri": (0.38, 0.4),
    "prior_cbt": (0.25, 0.2),
    "comorb_pain": (0.30, 0.3),
    "comorb_diab": (0.12, 0.0),
    "smoker": (0.22, 0.2),
    "employed": (0.63, -0.4),
    "lives_alone": (0.28, 0.1),
    "suicidal_idea": (0.18, 0.9),
    "fam_history": (0.35, 0.1),
}
"""Share of ones at average severity, and the log-odds that one SD of severity adds."""

CATEGORIES = {"region": "r", "ethnicity": "e", "referral": "f", "language": "l"}
"""Covariates that are categories, and the letter before their number in the records."""


def draw_patients(n: int, rng: np.random.Generator) -> Patients:
    """Covariates of n patients; everything but the hidden traits (severity, anxiety, adversity) is recorded."""
    severity, anxiety, adversity = rng.normal(size=(n, 3)).T
    patients = _questionnaires(severity, anxiety, adversity, rng)
    patients |= _history(severity, adversity, rng)
    patients |= _habits(severity, rng)
    for name, (share, lean) in YES_OR_NO.items():
        chance = expit(np.log(share / (1 - share)) + lean * severity)
        patients[name] = (rng.random(n) < chance).astype(np.float64)
    return patients | _categories(n, rng)


def _score(values: FloatArray, lowest: float, highest: float, digits: int = 0) -> FloatArray:
    """Rounded, within the scale."""
    return np.asarray(np.clip(np.round(values, digits), lowest, highest), dtype=np.float64)


def _questionnaires(
    severity: FloatArray, anxiety: FloatArray, adversity: FloatArray, rng: np.random.Generator
) -> Patients:
    """Sum scores, and the age: PHQ-9, GAD-7, ISI (insomnia), WSAS (functioning), PCL-5 (trauma), AUDIT (alcohol)."""
    n = len(severity)
    return {
        "phq9": _score(14.5 + 3.6 * severity + 1.5 * anxiety + 2.0 * rng.normal(size=n), 5, 27),
        "gad7": _score(11 + 1.5 * severity + 3.5 * anxiety + 2.0 * rng.normal(size=n), 0, 21),
        "age": _score(rng.gamma(7, 5.6, size=n) + 3, 18, 85),
        "isi": _score(12 + 2.5 * severity + 4 * rng.normal(size=n), 0, 28),
        "wsas": _score(20 + 5 * severity + 6 * rng.normal(size=n), 0, 40),
        "pcl5": _score(25 + 6 * anxiety + 9 * adversity + 8 * rng.normal(size=n), 0, 80),
        "audit": _score(rng.gamma(1.6, 3.4, size=n), 0, 40),
    }


def _history(severity: FloatArray, adversity: FloatArray, rng: np.random.Generator) -> Patients:
    """Body mass index, earlier episodes, months of this one, adverse experiences in childhood, motivation (0-10)."""
    n = len(severity)
    return {
        "bmi": _score(27 + 5.2 * rng.normal(size=n), 16, 55, digits=1),
        "prior_episodes": np.clip(rng.poisson(np.exp(0.5 + 0.35 * severity)), 0, 12).astype(np.float64),
        "duration_months": _score(rng.lognormal(2.0, 0.9, size=n), 1, 240),
        "childhood_adv": np.clip(rng.poisson(np.exp(0.3 + 0.5 * adversity)), 0, 10).astype(np.float64),
        "motivation": _score(6 + 2 * rng.normal(size=n), 0, 10),
    }


def _habits(severity: FloatArray, rng: np.random.Generator) -> Patients:
    """Thousand steps a day, hours of sleep, resting heart rate, fifth of income (1-5)."""
    n = len(severity)
    return {
        "steps_k": _score(6.5 - 0.6 * severity + 2.5 * rng.normal(size=n), 0.3, 22, digits=1),
        "sleep_h": _score(6.6 - 0.3 * severity + 1.1 * rng.normal(size=n), 2, 12, digits=1),
        "hr_rest": _score(72 + 9 * rng.normal(size=n), 45, 120),
        "income_q": rng.integers(1, 6, size=n).astype(np.float64),
    }


def _categories(n: int, rng: np.random.Generator) -> Patients:
    """Categories that hang together with nothing."""
    return {
        "region": rng.integers(0, 8, size=n).astype(np.float64),
        "ethnicity": rng.choice(6, size=n, p=[0.62, 0.12, 0.12, 0.07, 0.05, 0.02]).astype(np.float64),
        "referral": rng.choice(4, size=n, p=[0.5, 0.25, 0.15, 0.1]).astype(np.float64),
        "language": rng.choice(3, size=n, p=[0.85, 0.1, 0.05]).astype(np.float64),
    }
