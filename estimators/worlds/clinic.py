"""A synthetic service for depression: real survey respondents, published effects, confounding by indication."""

from __future__ import annotations

from typing import Any

import numpy as np

from estimators.worlds.clinic_effects import ARMS, MODIFIERS, NOISE_SD, expected_outcome, record, recorded_mean
from estimators.worlds.clinic_outcomes import DERIVED, SECONDARY, record_others, true_others, truth_of_others
from estimators.worlds.clinic_patients import draw_patients
from estimators.worlds.clinic_practice import assignment, observed
from estimators.worlds.world import SimulatedWorld, draw_arms, generator, of_arm, phq9_outcome, truth_table

MEANINGS: dict[str, dict[str, Any]] = {
    "prior_episodes": {"words": "earlier episodes of depression"},
    "prior_ssri": {"words": "an SSRI before this episode", "answer": True},
    "employed": {"words": "in paid work", "answer": True},
    "wait_days": {"words": "days waited before the start"},
    "income_ratio": {"words": "family income, as a multiple of the poverty line"},
    "bmi": {"words": "body mass index", "unit": "kg/m²"},
    "insured": {"words": "health insurance", "answer": True},
}
"""What the columns hold whose names do not say it."""

HETEROGENEITY = 1.0
"""SD between patients of the difference between two active arms, PHQ-9 points; see ``clinic_effects``."""


def clinic(n: int, seed: int, *, heterogeneity: float = HETEROGENEITY, hidden: float = 0.0) -> SimulatedWorld:
    """Draw n patients of the synthetic clinic.

    Arms usual_care (the reference), icbt (guided), cbt, ssri and cbt_ssri; outcome PHQ-9 at week 12, 0-27, lower is
    better, NaN where the patient was lost; beside it what is derived from it, nausea and hours of care. Severe cases
    get the combination, so its unadjusted effect is hidden.
    Rounding and the floor at zero leave an SD of the effects of 0.03-0.1 even at a heterogeneity of 0.

    Args:
        n: patients; at 4,000 each survey respondent appears about nine times.
        seed: of everything random.
        heterogeneity: SD between patients of the difference between two active arms, PHQ-9 points, 0 to 2.5.
        hidden: an unmeasured cause, standard normal, adds this to the log-odds of the drug arms and this many PHQ-9
            points to the outcome, whatever the arm. 0 leaves nothing unmeasured.
    """
    rng = generator(n, seed)
    patients = draw_patients(n, rng)
    cause = rng.normal(size=n)
    chances, propensity = assignment(patients, hidden * cause)
    arm = draw_arms(chances, rng)
    mean = expected_outcome(patients, heterogeneity, hidden * cause)
    outcome = record(of_arm(mean, arm) + NOISE_SD * rng.normal(size=n))
    chance_seen = observed(patients)
    seen = of_arm(chance_seen, arm)
    records = patients.assign(therapy=np.asarray(ARMS, dtype=object)[arm])
    records["therapy"] = records["therapy"].astype("str")
    records["phq9_week12"] = np.where(rng.random(n) < seen, outcome, np.nan)
    records = records.assign(**record_others(patients, arm, records["phq9_week12"].notna().to_numpy(), rng))
    truth = truth_table(ARMS, recorded_mean(mean), propensity, seen, sign=-1, hidden={"cause": cause})
    others = truth_of_others(true_others(patients, mean, chance_seen))
    return SimulatedWorld(records, clinic_protocol(), truth.assign(**others))


def clinic_protocol() -> dict[str, Any]:
    """The study protocol of the synthetic clinic."""
    return {
        "name": "clinic",
        "records": {
            "patient_id": "patient_id",
            "arm": "therapy",
            "time": "start_date",
            "site": "site",
            "cluster": "source_row",
        },
        "arms": {"reference": ARMS[0], "offered": list(ARMS[1:])},
        "outcome": phq9_outcome(),
        "secondary_outcomes": [dict(block) for block in SECONDARY],
        "derived_outcomes": list(DERIVED),
        "effect_modifiers": list(MODIFIERS),
        "confounders": ["wait_days", "sex", "ethnicity", "education", "income_ratio", "bmi", "insured"],
        "groups": ["sex", "ethnicity"],
        "meanings": {name: dict(meaning) for name, meaning in MEANINGS.items()},
        "confidence": 0.90,
        "folds": 5,
        "seed": 7,
    }
