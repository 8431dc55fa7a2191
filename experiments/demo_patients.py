"""The demo's three patients: one for whom the answer is clear, one tie, one for whom there is none."""

from __future__ import annotations

from typing import Any

TYPICAL: dict[str, float | str | None] = {
    "age": 41,
    "phq9_week0": 15,
    "phq9_item9": 0,
    "decision_support_consent": "yes",
    "gad7": 11,
    "prior_episodes": 1,
    "prior_ssri": 0,
    "employed": 1,
    "wait_days": 30,
    "sex": "female",
    "ethnicity": "white",
    "education": "some_college",
    "income_ratio": 2.0,
    "bmi": 27.0,
    "insured": 1,
}

PATIENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "Clear: no medicine wanted, no internet at home",
        {
            "patient_id": "demo-clear",
            "values": TYPICAL | {"phq9_week0": 18, "gad7": 13},
            "exclusions": {
                "ssri": "patient declines medication",
                "cbt_ssri": "patient declines medication",
                "icbt": "no internet access",
            },
        },
    ),
    ("A tie: nothing excluded", {"patient_id": "demo-tie", "values": TYPICAL}),
    (
        "No ranking: the PHQ-9 was not taken",
        {"patient_id": "demo-abstain", "values": TYPICAL | {"phq9_week0": None}},
    ),
)
