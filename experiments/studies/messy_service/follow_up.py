"""How the PHQ-9 is followed up: too early, too late, in between, and not at all for those who do badly and leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from estimators.worlds.world import expit

DUE, SPREAD = 84, 14
"""Day of the last questionnaire, and the standard deviation of the day on which it is filled in: one in eight is
outside three weeks around it."""
LEAVING, PER_POINT, USUAL = -3.0, 0.15, 9
"""Log-odds of leaving after week 8 at the usual score there, and for each point above it: the worse the rather."""
LOSING, LOST_MORE = ("site_10", "site_11", "site_12"), 0.8
"""Sites that lose more, and by how much more on the same scale."""
BEFORE_WEEK_4 = 0.4
"""Share of those lost by the clinic's own law of whom nothing at all is on record after the start."""


def followed(tables: Mapping[str, pd.DataFrame], records: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The measures, those after the start made anew for the clinic's own patients.

    A score moves from the start to week 12 along the logarithm of the weeks, as most change comes early.

    Args:
        tables: of ``clinic_events``.
        records: of the clinic, one row a patient, with the outcome at week 12 where it was observed.
        rng: of everything random.
    """
    start = records["start_date"].to_numpy(dtype="datetime64[D]")
    outcome = records["phq9_week12"].to_numpy(dtype=np.float64)
    seen = ~np.isnan(outcome)
    week_4, week_8 = (_score(records, np.full(len(records), w), rng.normal(size=len(records))) for w in (4.0, 8.0))
    bad = records["site"].isin(LOSING).to_numpy()
    odds = LEAVING + PER_POINT * (np.nan_to_num(week_8) - USUAL) + LOST_MORE * bad
    left = seen & (rng.random(len(records)) < expit(odds))
    day = np.clip(np.round(DUE + SPREAD * rng.normal(size=len(records))), 62, 150)
    last = _score(records, day / 7, np.zeros(len(records)))
    early, later = (due + rng.integers(-4, 5, len(records)) for due in (28, 56))
    kept = _without_what_was_not_seen(tables["measures"], records, start, seen & ~left, rng)
    made = [
        _rows(records, start, early, week_4, seen),
        _rows(records, start, later, week_8, seen),
        _rows(records, start, day, last, seen & ~left),
    ]
    return pd.concat([kept, *made], ignore_index=True)


def _score(records: pd.DataFrame, week: FloatArray, noise: FloatArray) -> FloatArray:
    """(n,) PHQ-9 in a week, whole points from 0 to 27; NaN of those without an outcome."""
    first = records["phq9_week0"].to_numpy(dtype=np.float64)
    moved = np.log1p(week) / np.log1p(DUE / 7) * (records["phq9_week12"].to_numpy(dtype=np.float64) - first)
    return np.asarray(np.clip(np.round(first + moved + noise), 0, 27))


def _rows(
    records: pd.DataFrame, start: NDArray[Any], day: NDArray[Any], score: FloatArray, these: BoolArray
) -> pd.DataFrame:
    date = (start + day.astype("timedelta64[D]")).astype(str)
    table = {"patient_id": records["patient_id"], "measure": "PHQ-9", "date": date, "value": score}
    return pd.DataFrame(table)[these]


def _without_what_was_not_seen(
    measures: pd.DataFrame, records: pd.DataFrame, start: NDArray[Any], stayed: BoolArray, rng: np.random.Generator
) -> pd.DataFrame:
    """The measures but for scores after the start and, of those lost, for all that comes with the last visit."""
    never = ~stayed & records["phq9_week12"].isna().to_numpy() & (rng.random(len(records)) < BEFORE_WEEK_4)
    of_patient = pd.DataFrame({"start": start.astype(str), "stayed": stayed, "never": never})
    place = of_patient.set_index(records["patient_id"]).reindex(measures["patient_id"])
    mine = place["start"].notna().to_numpy()  # bystanders keep what they have
    after = mine & (measures["date"].to_numpy() > place["start"].fillna("").to_numpy())
    lost = mine & (place["stayed"] == False).to_numpy()  # noqa: E712 - empty of bystanders
    silent = mine & (place["never"] == True).to_numpy()  # noqa: E712 - likewise
    gone = after & ((measures["measure"] == "PHQ-9").to_numpy() | silent)
    gone |= lost & measures["measure"].isin(["nausea", "care hours"]).to_numpy()
    return measures[~gone]
