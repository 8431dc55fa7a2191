"""Until when a patient was seen, made of the events: the same by hand, and blind to what comes after follow-up."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_contracts.censoring_checks import censoring_problems, visits_stayed
from data_contracts.protocol import StudyProtocol

RANDOM = runpy.run_path(str(Path(__file__).with_name("random_records.py")))
CONTENT, Tables = RANDOM["CONTENT"], RANDOM["Tables"]
build, frame, random_tables = RANDOM["build"], RANDOM["frame"], RANDOM["random_tables"]

VISITS = (2, 4, 6, 8)
PROTOCOL = StudyProtocol.model_validate(CONTENT | {"censoring": {"last_visit": "seen", "visits": list(VISITS)}})
UNTIL = 84
"""Last day of the outcome's window."""


def lost(seed: int, n: int = 400) -> Tables:
    """Random records of which each patient's end on a day of their own, so that some are lost before each visit."""
    tables = random_tables(seed, n)
    ends = np.datetime64("2020-06-01") + np.random.default_rng(seed).integers(0, 500, n).astype("timedelta64[D]")
    by_patient = pd.Series(ends, index=tables["patients"]["patient_id"])
    kept = {
        name: tables[name]["date"] <= tables[name]["patient_id"].map(by_patient) for name in ("measures", "events")
    }
    return tables | {name: tables[name][rows] for name, rows in kept.items()}


def by_hand(tables: Tables, cohort: pd.DataFrame) -> list[float]:
    """The visit nearest to the last record within follow-up, patient by patient."""
    found = []
    for row in cohort.itertuples():
        zero = pd.Timestamp(str(row.start))
        days = [
            (date - zero).days
            for name in ("measures", "events")
            for date in tables[name].loc[tables[name]["patient_id"] == row.pid, "date"]
        ]
        last = max((day for day in days if 0 < day <= UNTIL), default=0)
        near = min((0, *VISITS[:-1]), key=lambda visit: (abs(7 * visit - last), -visit))
        found.append(float(VISITS[-1]) if not np.isnan(row.later) else float(near) if near else np.nan)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_the_last_visit_is_the_one_nearest_to_the_last_record(seed: int, tmp_path: Path) -> None:
    """Every cell as a loop over patients finds it, some lost at each visit; nothing else of the cohort changes."""
    tables = lost(seed)
    cohort = frame(build(tmp_path / "a", tables, PROTOCOL))
    expected = np.array(by_hand(tables, cohort))
    np.testing.assert_array_equal(cohort["seen"], expected)
    assert set(expected[~np.isnan(expected)]) == set(map(float, VISITS))
    assert np.isnan(expected).any()
    pd.testing.assert_frame_equal(cohort.drop(columns="seen"), frame(build(tmp_path / "b", tables)))


def test_what_comes_after_the_outcomes_window_changes_nothing(tmp_path: Path) -> None:
    """With all later records gone, and others in their place, every patient was seen as long as before."""
    tables = lost(3)
    before = frame(build(tmp_path / "a", tables, PROTOCOL))
    zero = before.set_index("pid")["start"].astype("datetime64[s]")
    changed = dict(tables)
    for name in ("measures", "events"):
        table = tables[name]
        ends = table["patient_id"].map(zero) + pd.Timedelta(days=UNTIL)
        late = pd.DataFrame({"patient_id": zero.index, "date": zero.to_numpy() + pd.Timedelta(days=UNTIL + 1)})
        late = late.assign(**({"measure": "PHQ-9", "value": 3} if name == "measures" else {"event": "contact"}))
        changed[name] = pd.concat([table[~(table["date"] > ends)], late], ignore_index=True)
    after = frame(build(tmp_path / "b", changed, PROTOCOL))
    pd.testing.assert_frame_equal(after[after["pid"].isin(before["pid"])].reset_index(drop=True), before)


def test_the_learners_are_told_of_it(tmp_path: Path) -> None:
    """Visits stayed are counted from the column that was made, and pass the checks of a ready-made one."""
    built = build(tmp_path, lost(4), PROTOCOL)
    assert list(censoring_problems(built.table, PROTOCOL)) == []
    stayed = visits_stayed(built.table, PROTOCOL, np.arange(built.table.n))
    assert stayed is not None
    assert set(stayed) == {0, 1, 2, 3, 4}
    np.testing.assert_array_equal(stayed == 4, frame(built)["later"].notna())


def test_the_course_ends_with_the_last_visit(tmp_path: Path) -> None:
    """Scores near each visit are those of the trial's outcomes; none is kept of a visit after the patient was lost."""
    measured = {f"week{visit}": {"measure": "PHQ-9", "at_weeks": visit, "window_weeks": 2} for visit in VISITS[1:-1]}
    outcomes = CONTENT["target_trial"]["outcomes"] | measured
    content = CONTENT | {"target_trial": CONTENT["target_trial"] | {"outcomes": outcomes}}
    block = {"last_visit": "seen", "visits": list(VISITS[1:]), "course": list(measured)}
    protocol = StudyProtocol.model_validate(content | {"censoring": block})
    tables = lost(3, 900)
    built = build(tmp_path / "a", tables, protocol)
    assert list(censoring_problems(built.table, protocol)) == []
    cohort = frame(built)
    zero = pd.to_datetime(cohort.set_index("pid")["start"])
    scores = tables["measures"].query("measure == 'PHQ-9'")
    days = (scores["date"] - scores["patient_id"].map(zero)).dt.days
    some = 0
    for visit, name in zip(VISITS[1:-1], measured, strict=True):
        near = scores[(days > 10) & ((days - 7 * visit).abs() <= 14)]
        there = cohort["pid"].isin(near["patient_id"]) & (cohort["seen"] >= visit)
        np.testing.assert_array_equal(cohort[name].notna(), there)
        some += int(there.sum())
    assert some > 20
