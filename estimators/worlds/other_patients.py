"""The patients of the world built on other principles: skewed, bounded, heavy-tailed and correlated covariates."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from scipy.special import ndtr

from data_contracts.episode import FloatArray
from estimators.worlds.world import as_text

Patients: TypeAlias = dict[str, Any]
"""Covariates by name, each (n,): numbers, or text for ``living``."""

LOADINGS = (
    (0.8, 0.0, 0.0),  # severity
    (0.6, 0.4, 0.0),  # anxiety
    (-0.2, 0.0, 0.8),  # age
    (0.3, 0.0, 0.4),  # months ill
    (0.4, 0.2, 0.2),  # episodes
    (-0.3, -0.5, 0.2),  # income
    (0.2, 0.5, -0.3),  # alcohol
    (0.3, 0.3, 0.4),  # pain
    (0.0, 0.0, 0.0),  # waiting
    (-0.4, -0.3, 0.0),  # work
)
"""What each covariate shares with illness, hardship and age; the rest of its unit variance is its own."""
LIVING = ("alone", "partner", "family", "shared")
INCOME_BANDS = (0.35, 0.60, 0.80, 0.93)
"""Share of patients below the second, third, fourth and fifth band."""
SEVERE, ANXIOUS = 14, 12
"""PHQ-9 and GAD-7 from which a patient counts as severe (about a quarter) and as anxious (half)."""
MODIFIERS = (
    "phq9_week0",
    "gad7",
    "age",
    "months_ill",
    "prior_episodes",
    "income_band",
    "drinks_a_week",
    "pain",
    "wait_days",
    "employed",
    "living",
)


def draw_patients(n: int, rng: np.random.Generator) -> Patients:
    """Covariates of n patients: a Gaussian copula of ten traits (``LOADINGS``), each with its own law."""
    traits = _traits(n, rng)
    severity, anxiety, age, months, episodes, income, alcohol, pain, waiting, work = traits.T
    years = np.round(18 + 67 * ndtr(age) ** 1.3)
    living = (rng.random(n)[:, None] > _living_bounds(years)).sum(axis=1)
    return {
        "phq9_week0": np.minimum(5 + np.floor(6 * np.exp(0.6 * severity)), 27),
        "gad7": np.round(21 * ndtr(0.9 * anxiety) ** 0.8),
        "age": years,
        "months_ill": np.round(np.clip(np.exp(2.0 + 1.2 * months), 1, 480)),
        "prior_episodes": np.minimum(np.floor(np.exp(0.9 * episodes)), 20),
        "income_band": 1.0 + np.searchsorted(INCOME_BANDS, ndtr(income)),
        "drinks_a_week": np.maximum(np.round(8 * alcohol - 2), 0),
        "pain": (pain > 0.4).astype(np.float64),
        "wait_days": np.round(30 * waiting**2 + 7),
        "employed": (work > -0.2).astype(np.float64),
        "living": as_text(LIVING, living),
    }


def _traits(n: int, rng: np.random.Generator) -> FloatArray:
    """(n, 10) standard normal traits with the correlations that ``LOADINGS`` makes."""
    loadings = np.asarray(LOADINGS)
    own = np.sqrt(1 - (loadings**2).sum(axis=1))
    return np.asarray(rng.normal(size=(n, 3)) @ loadings.T + own * rng.normal(size=(n, len(loadings))))


def _living_bounds(years: FloatArray) -> FloatArray:
    """(n, 3) running shares of living alone, with a partner, with family: the young share, the old live alone."""
    stage = np.digitize(years, (30, 66))
    return np.asarray(((0.20, 0.35, 0.60), (0.25, 0.75, 0.92), (0.50, 0.90, 0.97)))[stage]
