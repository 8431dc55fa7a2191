"""What therapies do in the world built on other principles: trees, and a scale with floor and ceiling."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.other_patients import ANXIOUS, SEVERE, Patients

ARMS = ("usual", "drug", "talking", "group", "both")
HIGHEST = 27
NOISE_BY_ARM = (1.0, 1.15, 0.9, 0.9, 1.1)
"""Size of the noise in each arm: outcomes of drugs scatter more, of talking less (variance ratios near 1.0 and 0.94 in
trials; here further apart)."""


def expected_score(patients: Patients) -> FloatArray:
    """(n, 5) centre of the latent PHQ-9 at week 12 under each arm, before rounding and the ends of the scale."""
    return np.asarray(_course(patients)[:, None] - _benefit(patients), dtype=np.float64)


def _course(patients: Patients) -> FloatArray:
    """(n,) under usual care; the worst of several burdens counts, not their sum."""
    burden = np.maximum(0.5 * np.sqrt(patients["drinks_a_week"]), 2.0 * patients["pain"])
    burden = np.maximum(burden, 0.9 * np.log1p(patients["prior_episodes"]))
    course = 0.5 + 0.75 * patients["phq9_week0"] + burden - 1.2 * (patients["income_band"] >= 4)
    course += np.where(patients["living"] == "alone", 1.2 * (1 - patients["employed"]), 0.0)
    return np.asarray(course + 0.5 * (patients["months_ill"] > 24), dtype=np.float64)


def _benefit(patients: Patients) -> FloatArray:
    """(n, 5) latent points that each arm is better than usual care: one small tree an arm."""
    severe, anxious = patients["phq9_week0"] >= SEVERE, patients["gad7"] >= ANXIOUS
    young, often = patients["age"] < 40, patients["prior_episodes"] >= 2
    drug = np.where(severe, np.where(often, 2.4, 4.6), np.where(young, 0.6, 2.2))
    talking = np.where(anxious, np.where(young, 4.2, 2.6), np.where(often, 0.8, 2.4))
    group = np.where(patients["employed"] > 0, np.where(patients["income_band"] >= 3, 3.4, 2.4), 1.0)
    both = np.where(severe, np.where(anxious, 4.8, 3.2), np.where(patients["pain"] > 0, 0.6, 1.8))
    return np.stack([np.zeros(len(drug)), drug, talking, group, both], axis=1)


def noise_scale(patients: Patients) -> FloatArray:
    """(n, 5) scale of the t noise with 4 degrees of freedom; its SD is that times the square root of 2."""
    uneven = 2.0 + 0.12 * (patients["phq9_week0"] - 5) + 0.8 * (patients["gad7"] >= 16)
    return np.asarray(uneven[:, None] * NOISE_BY_ARM, dtype=np.float64)


def record(score: FloatArray) -> FloatArray:
    """A score as a questionnaire gives it: a whole number from 0 to 27."""
    return np.clip(np.round(score), 0, HIGHEST)


def recorded_mean(centre: FloatArray, scale: FloatArray) -> FloatArray:
    """Exact expectation of ``record(centre + scale * t4)``: the sum over j = 1..27 of P(recorded >= j)."""
    top, step = (centre + 0.5) / scale, 1 / scale
    return np.asarray(sum(t4_below(top - j * step) for j in range(1, HIGHEST + 1)), dtype=np.float64)


def t4_below(t: FloatArray) -> FloatArray:
    """Distribution function of Student's t with 4 degrees of freedom, in closed form."""
    u = t / np.sqrt(4 + t * t)
    return np.asarray(0.5 + u * (0.75 - 0.25 * u * u), dtype=np.float64)
