"""The demo's patients: one for whom the answer is clear, one tie, one for whom there is none, and one over time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
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

VISITS = ((70, 19), (56, 18), (42, 16), (28, 15), (14, 12), (0, 11))
"""Days ago, and the PHQ-9 total of that day. The last is today's, as is whatever is told without a day."""


def visits(today: date) -> Iterator[dict[str, Any]]:
    """One patient, asked for with the score of each visit, the oldest first."""
    for ago, total in VISITS:
        day = today - timedelta(days=ago)
        values = TYPICAL | {"phq9_week0": total, "phq9_total": total}
        yield {"patient_id": "demo-course", "values": values, "as_of": {"phq9_total": day.isoformat()}}
