"""Random records as event tables, and a protocol that makes episodes of them: for the benchmark and for tests."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd

Tables: TypeAlias = dict[str, pd.DataFrame]

CONTENT: dict[str, Any] = {
    "name": "small",
    "records": {"patient_id": "pid", "arm": "therapy", "time": "start", "site": "site"},
    "arms": {"reference": "usual_care", "offered": ["cbt", "ssri", "both"]},
    "outcome": {
        "column": "later",
        "baseline": "now",
        "direction": "lower_is_better",
        "unit": "PHQ-9 points",
    },
    "effect_modifiers": ["now", "age"],
    "confounders": ["visits", "drug_before", "crisis_before", "waited"],
    "target_trial": {
        "therapies": {"ssri": ["N06AB06", "N06AB04"]},
        "strategies": {"usual_care": "usual_care", "cbt": "cbt", "ssri": "ssri", "both": ["cbt", "ssri"]},
        "time_zero": {"washout_days": 90, "grace_days": 10, "first_day": "2020-06-01", "last_day": "2021-06-30"},
        "eligibility": [{"field": "age", "op": ">=", "value": 18}, {"field": "now", "op": ">=", "value": 5}],
        "covariates": {
            "site": {"table": "patients"},
            "age": {"table": "patients", "take": "age"},
            "now": {"table": "measures", "of": "PHQ-9", "from_day": -60},
            "visits": {"table": "events", "of": ["contact", "referral"], "take": "count", "from_day": -200},
            "waited": {"table": "events", "of": "referral", "take": "days_since", "from_day": -300},
            "crisis_before": {"table": "events", "of": "crisis", "take": "any", "from_day": -400, "to_day": -10},
            "drug_before": {"table": "treatments", "of": "ssri", "take": "any", "from_day": -500},
        },
        "outcomes": {"later": {"measure": "PHQ-9", "at_weeks": 8, "window_weeks": 4}},
        "controls": {
            "contact_later": {"table": "events", "of": "contact", "from_day": 11, "to_day": 60},
            "turns": {
                "table": "events",
                "of": ["referral", "crisis"],
                "take": "count",
                "from_day": 20,
                "to_day": 90,
            },
            "gad7_later": {"table": "measures", "of": "GAD-7", "from_day": 30, "to_day": 90},
            "ssri_later": {"table": "treatments", "of": "ssri", "from_day": 12, "to_day": 300},
            "crisis_earlier": {"table": "events", "of": "crisis", "from_day": -420, "to_day": -1},
        },
    },
    "negative_controls": {
        "outcomes": ["contact_later", "turns", "gad7_later", "ssri_later", "crisis_earlier"],
    },
}
"""The protocol: three arms and every kind of covariate, outcome and negative control that a target trial can have."""


def random_tables(seed: int, n: int = 120) -> Tables:
    """Records without order or plan: courses, scores and events on random days, some before the record begins.

    Args:
        seed: of the draw.
        n: patients; each has about 2.3 courses, 20 scores and 10 events.
    """
    rng = np.random.default_rng(seed)
    ids = [f"{number:03d}" for number in range(n)]

    def day(low: int, high: int, size: int) -> Any:
        return np.datetime64("2020-01-01") + rng.integers(low, high, size)

    patients = pd.DataFrame(
        {
            "patient_id": ids,
            "birth_date": day(-20000, -6000, n),
            "observed_from": day(-600, 200, n),
            "site": rng.choice(["north", "south"], n),
        }
    )
    m = 2 * n
    start = day(-300, 600, m)
    treatments = pd.DataFrame(
        {
            "patient_id": rng.choice(ids, m),
            "therapy": rng.choice(["usual_care", "cbt", "N06AB06", "N06AB04", "art"], m),
            "start_date": start,
            "end_date": start + rng.integers(0, 60, m),
        }
    )
    # Some things are started together, or nearly so.
    with_it = treatments.sample(n // 2, random_state=seed).assign(therapy="cbt")
    with_it["start_date"] += pd.to_timedelta(rng.integers(0, 15, len(with_it)), unit="D")
    with_it["end_date"] = with_it["start_date"]
    treatments = pd.concat([treatments, with_it])
    treatments["end_date"] = treatments["end_date"].where(rng.random(len(treatments)) > 0.1)
    k = 20 * n
    measures = pd.DataFrame(
        {
            "patient_id": rng.choice(ids, k),
            "measure": rng.choice(["PHQ-9", "GAD-7"], k),
            "date": day(-300, 800, k),
            "value": rng.integers(0, 22, k),
        }
    )
    events = pd.DataFrame(
        {
            "patient_id": rng.choice(ids, k // 2),
            "event": rng.choice(["contact", "referral", "crisis"], k // 2),
            "date": day(-500, 800, k // 2),
        }
    )
    tables = {"patients": patients, "treatments": treatments, "measures": measures, "events": events}
    return {name: whole(name, table) for name, table in tables.items()}


def whole(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table without what the contract refuses: copies, and courses that overlap others of their therapy."""
    if name == "treatments":
        table = table.sort_values(["patient_id", "therapy", "start_date"])
        by = [table["patient_id"], table["therapy"]]
        known = table["end_date"].fillna(table["start_date"])
        table = table[~(table["start_date"] <= known.groupby(by).cummax().groupby(by).shift())]
    return table.drop_duplicates(list(table.columns[: 1 if name == "patients" else 3]), ignore_index=True)
