"""The synthetic clinic as event tables: the same patients, and around them what a real record holds beside the trial.

Some started before the records show them, some are children or hardly ill, some start something else later, and scores
go on being taken in between. None of that belongs in the trial; whoever builds the cohort has to leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from data_contracts.errors import BadUsage
from estimators.worlds.world import SimulatedWorld

DAY = np.timedelta64(1, "D")
FIRST_DAY, LAST_DAY = np.datetime64("2022-01-01"), np.datetime64("2023-12-31")
"""Of enrolment: the clinic's own two years."""
LONG_AGO = np.datetime64("2021-03-01")
"""Earlier courses began before this day, and were over half a year before enrolment."""
WASHOUT_DAYS, GRACE_DAYS = 180, 14
LOOK_BACK_DAYS = 3650
DUE_DAYS, WINDOW_DAYS = 84, 21
BYSTANDERS = 0.1
"""Patients who are not in the trial, as a share of those who are."""
CHILD, MILD, NEW_HERE, UNDER_WAY, MIXED = range(5)
"""Why not: under 18; PHQ-9 under 10; a record shorter than the washout; already treated; therapies of no arm."""

STARTED: Mapping[str, tuple[str, ...]] = {
    "usual_care": ("usual_care",),
    "icbt": ("icbt",),
    "cbt": ("cbt",),
    "ssri": ("ssri",),
    "cbt_ssri": ("cbt", "ssri"),
}
DRUGS = ("sertraline", "citalopram", "fluoxetine")
FIXED = ("source_row", "site", "sex", "ethnicity", "education")
SCORES = {"phq9_week0": "PHQ-9", "gad7": "GAD-7"}
FACTS = ("income_ratio", "bmi", "insured", "employed")
EARLIER = "depressive_episode"


@dataclass(frozen=True)
class EventWorld:
    """A world's records as event tables, by name, and the protocol that makes episodes of them."""

    tables: Mapping[str, pd.DataFrame]
    protocol: dict[str, Any]


def clinic_events(drawn: SimulatedWorld, seed: int) -> EventWorld:
    """Write the clinic's records as event tables; its truth stays as it is.

    Args:
        drawn: of the world ``clinic``.
        seed: of dates and of everything that is not in the trial.

    Raises:
        BadUsage: the records are another world's.
    """
    records = drawn.records
    if "start_date" not in records or "prior_episodes" not in records:
        raise BadUsage(
            "only the world clinic can be written as event tables: take --shape episodes, or --world clinic"
        )
    rng = np.random.default_rng([seed, 5])
    beside = records.iloc[: int(BYSTANDERS * len(records))].copy()
    beside["patient_id"] = [f"Q{number:06d}" for number in range(1, len(beside) + 1)]
    out_of_trial = np.zeros(len(records) + len(beside), dtype=np.bool_)
    out_of_trial[len(records) :] = True
    people = _with_dates(pd.concat([records, beside], ignore_index=True), out_of_trial, rng)
    tables = {
        "patients": people[["patient_id", "birth_date", "observed_from", *FIXED]],
        "treatments": _treatments(people, rng),
        "measures": _measures(people, rng),
        "events": _events(people, rng),
    }
    return EventWorld(
        {name: _in_order(table) for name, table in tables.items()}, clinic_events_protocol(drawn.protocol)
    )


def _with_dates(people: pd.DataFrame, out: BoolArray, rng: np.random.Generator) -> pd.DataFrame:
    """Dates of birth and of the record's beginning; those out of the trial are so for one of five reasons."""
    n, start = len(people), people["start_date"].to_numpy(dtype="datetime64[D]")
    reason = np.where(out, np.arange(n) % 5, -1)
    start = np.where(reason == UNDER_WAY, FIRST_DAY + rng.integers(5, 30, size=n) * DAY, start)
    people = people.assign(reason=reason, start=start)
    people["therapy"] = np.select([reason == UNDER_WAY, reason == MIXED], ["ssri", "icbt"], people["therapy"])
    people["age"] = np.where(reason == CHILD, 16, people["age"])
    people["phq9_week0"] = np.where(reason == MILD, 7, people["phq9_week0"])
    people["observed_from"] = (
        start - np.where(reason == NEW_HERE, 60, LOOK_BACK_DAYS + rng.integers(1, 400, size=n)) * DAY
    )
    people["birth_date"] = _born(start, people["age"].to_numpy(dtype=np.int64), rng)
    return people


def _born(start: np.ndarray[Any, Any], age: np.ndarray[Any, Any], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A date of birth for each age in whole years on a day."""
    month = start.astype("datetime64[M]")
    day = (start - month.astype("datetime64[D]")).astype(np.int64)
    birthday = (month - 12 * age).astype("datetime64[D]") + np.minimum(day, 27) * DAY
    return np.asarray(birthday - rng.integers(0, 360, size=len(start)) * DAY)


def _treatments(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for arm, therapies in STARTED.items():
        mine = people[people["therapy"] == arm]
        for place, therapy in enumerate(therapies):
            later = rng.integers(0, GRACE_DAYS + 1, size=len(mine)) * (place > 0)
            rows.append(_course(mine, therapy, mine["start"].to_numpy() + later * DAY, 70, rng))
    earlier = people[people["prior_ssri"] == 1]
    rows.append(_course(earlier, "ssri", LONG_AGO - rng.integers(0, 2000, size=len(earlier)) * DAY, 90, rng))
    under_way, mixed = people[people["reason"] == UNDER_WAY], people[people["reason"] == MIXED]
    rows.append(_course(under_way, "cbt", np.full(len(under_way), FIRST_DAY - 60 * DAY), 70, rng))
    rows.append(_course(mixed, "ssri", mixed["start"].to_numpy() + 3 * DAY, 90, rng))
    # Those who change to something else after the grace stay in the arm that they started.
    changed = people[(people["therapy"] == "icbt") & (rng.random(len(people)) < 0.2)]
    after = rng.integers(GRACE_DAYS + 10, 80, size=len(changed))
    rows.append(_course(changed, "cbt", changed["start"].to_numpy() + after * DAY, 90, rng))
    return pd.concat(rows, ignore_index=True)


def _course(people: pd.DataFrame, therapy: str, start: Any, days: int, rng: np.random.Generator) -> pd.DataFrame:
    names = rng.choice(DRUGS, size=len(people)) if therapy == "ssri" else np.full(len(people), therapy)
    return pd.DataFrame(
        {
            "patient_id": people["patient_id"].to_numpy(),
            "therapy": names.astype(object),
            "start_date": start,
            "end_date": start + days * DAY,
        }
    )


def _measures(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n, start = len(people), people["start"].to_numpy()
    rows = []
    for column, measure in SCORES.items():
        rows.append(_measured(people, measure, start - rng.integers(0, 14, size=n) * DAY, people[column]))
        # An older score, and one of the first weeks, which nobody may adjust for.
        old = start - rng.integers(40, 400, size=n) * DAY
        rows.append(_measured(people, measure, old, pd.Series(rng.integers(0, 22, size=n))))
        soon = start + rng.integers(20, 50, size=n) * DAY
        rows.append(_measured(people, measure, soon, pd.Series(rng.integers(0, 22, size=n))))
    for name in FACTS:
        rows.append(_measured(people, name, start - rng.integers(0, 30, size=n) * DAY, people[name]))
    due = start + (DUE_DAYS + rng.integers(-10, 11, size=n)) * DAY
    rows.append(_measured(people, "PHQ-9", due, people["phq9_week12"]))
    rows.append(_measured(people, "nausea", due, people["nausea"]))
    rows.append(_measured(people, "care hours", start + DUE_DAYS * DAY, people["care_hours"]))
    return pd.concat(rows, ignore_index=True)


def _measured(people: pd.DataFrame, measure: str, date: Any, value: pd.Series[Any]) -> pd.DataFrame:
    values: FloatArray = value.to_numpy(dtype=np.float64)
    table = {"patient_id": people["patient_id"].to_numpy(), "measure": measure, "date": date, "value": values}
    return pd.DataFrame(table)[~np.isnan(values)]


def _events(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    start = people["start"].to_numpy()
    referred = start - people["wait_days"].to_numpy(dtype=np.int64) * DAY
    rows = [pd.DataFrame({"patient_id": people["patient_id"], "event": "referral", "date": referred})]
    for number in range(int(people["prior_episodes"].max())):
        mine = people[people["prior_episodes"] > number]
        ago = 365 * number // 2 + rng.integers(200, 350, size=len(mine))
        dates = mine["start"].to_numpy() - ago * DAY
        rows.append(pd.DataFrame({"patient_id": mine["patient_id"], "event": EARLIER, "date": dates}))
    return pd.concat(rows, ignore_index=True)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as text, rows by their content."""
    days = [str(name) for name in table.select_dtypes("datetime").columns]
    dates = {name: table[name].dt.strftime("%Y-%m-%d") for name in days}
    return table.assign(**dates).sort_values(list(table.columns[:3]), ignore_index=True)


def clinic_events_protocol(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """The clinic's protocol, with the target trial that makes its episodes of the event tables."""
    recent = {name: {"table": "measures", "of": of, "from_day": -30} for name, of in SCORES.items()}
    facts = {name: {"table": "measures", "of": name, "from_day": -60} for name in FACTS}
    history: dict[str, dict[str, Any]] = {
        "prior_episodes": {"table": "events", "of": EARLIER, "take": "count", "from_day": -LOOK_BACK_DAYS},
        "prior_ssri": {"table": "treatments", "of": "ssri", "take": "any", "from_day": -LOOK_BACK_DAYS},
        "wait_days": {"table": "events", "of": "referral", "take": "days_since", "from_day": -1000},
    }
    weeks = {"at_weeks": DUE_DAYS / 7, "window_weeks": WINDOW_DAYS / 7}
    measured = {"phq9_week12": "PHQ-9", "nausea": "nausea", "care_hours": "care hours"}
    trial = {
        "therapies": {"ssri": list(DRUGS)},
        "strategies": {arm: list(therapies) for arm, therapies in STARTED.items()},
        "time_zero": {
            "washout_days": WASHOUT_DAYS,
            "grace_days": GRACE_DAYS,
            "first_day": FIRST_DAY.item(),
            "last_day": LAST_DAY.item(),
        },
        "eligibility": [
            {"field": "age", "op": ">=", "value": 18},
            {"field": "phq9_week0", "op": ">=", "value": 10},
        ],
        "covariates": {
            **{name: {"table": "patients"} for name in FIXED},
            "age": {"table": "patients", "take": "age"},
            **recent,
            **facts,
            **history,
        },
        "outcomes": {name: {"measure": measure, **weeks} for name, measure in measured.items()},
        "estimand": "first_treatment_started",
    }
    return {**protocol, "target_trial": trial}
