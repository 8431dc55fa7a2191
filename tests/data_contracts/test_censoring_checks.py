"""Last visits: taken where they agree with the outcome, refused with every disagreement and no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode import Episodes

BLOCK = {"last_visit": "seen", "visits": [4, 8, 12]}
Check = Callable[..., Episodes]
Refusal = Callable[..., str]


@pytest.fixture
def followed(records: pd.DataFrame) -> pd.DataFrame:
    """The records with last visits: patient 0 at none, 1 at week 4, 2 at week 8, the others at week 12."""
    frame = records.assign(seen=12.0)
    frame.loc[0, "seen"], frame.loc[1, "seen"], frame.loc[2, "seen"] = np.nan, 4.0, 8.0
    frame.loc[:2, "phq9_week12"] = np.nan
    return frame


def test_visits_are_counted(followed: pd.DataFrame, check: Check) -> None:
    """Episodes know how many visits each patient stayed; a file in another order gives the same."""
    found = check(followed, censoring=BLOCK)
    assert found.stayed is not None
    np.testing.assert_array_equal(found.stayed[:4], [0, 1, 2, 3])
    again = check(followed.sample(frac=1, random_state=1), censoring=BLOCK)
    assert again.fingerprint == found.fingerprint


def test_without_the_block_nothing_is_asked(followed: pd.DataFrame, check: Check) -> None:
    """No censoring block, no visits."""
    assert check(followed.drop(columns="seen")).stayed is None


def test_other_visits_are_another_study(followed: pd.DataFrame, check: Check) -> None:
    """A last visit that changes changes the fingerprint."""
    changed = followed.copy()
    changed.loc[1, "seen"] = 8.0
    assert check(changed, censoring=BLOCK).fingerprint != check(followed, censoring=BLOCK).fingerprint


FAULTS: list[tuple[str, Callable[[pd.DataFrame], pd.DataFrame], list[str]]] = [
    ("no such column", lambda f: f.rename(columns={"seen": "seen_"}), ["a column seen", "Did you mean seen_?"]),
    ("another visit", lambda f: f.assign(seen=f.seen.replace(8.0, 7.31)), ["one of 4, 8, 12", "1 row (row 4;"]),
    ("text", lambda f: f.assign(seen="Zebedee"), ["t.csv, seen", "text in some rows"]),
    (
        "outcome of a lost patient",
        lambda f: f.assign(phq9_week12=f.phq9_week12.where(f.pid != "P001", 9.0)),
        ["no phq9_week12 of patients lost before visit 12", "1 row (row 3;"],
    ),
    (
        "no outcome at the last visit",
        lambda f: f.assign(phq9_week12=f.phq9_week12.where(f.pid != "P005")),
        ["a phq9_week12 of every patient seen at visit 12", "1 row (row 7;"],
    ),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_each_fault_is_named(change: Any, said: list[str], followed: pd.DataFrame, refusal: Refusal) -> None:
    """One fault gives one problem that says where and what is expected, and never quotes a cell."""
    message = refusal(change(followed), censoring=BLOCK)
    for part in said:
        assert part in message
    assert message.count("\n") == 0, message
    assert "7.31" not in message
    assert "Zebedee" not in message


def test_all_faults_come_at_once(followed: pd.DataFrame, refusal: Refusal) -> None:
    """A stranger among visits, an outcome too many and one too few are three problems of one refusal."""
    for _, change, _ in FAULTS[1:2] + FAULTS[3:]:
        followed = change(followed)
    assert refusal(followed, censoring=BLOCK).count("\n") == 2


COURSE = BLOCK | {"course": ["week4", "week8"]}


@pytest.fixture
def coursed(followed: pd.DataFrame) -> pd.DataFrame:
    """The same with scores at weeks 4 and 8 of those who were seen then; one of these was not measured at week 4."""
    frame = followed.assign(week4=9.0, week8=8.0)
    frame.loc[0, ["week4", "week8"]] = np.nan
    frame.loc[1, "week8"] = np.nan
    frame.loc[5, "week4"] = np.nan
    return frame


def test_the_course_is_read_in_order(coursed: pd.DataFrame, check: Check) -> None:
    """Episodes hold the scores in between, visit by visit; without the key they hold none, and other scores make
    another fingerprint.
    """
    found = check(coursed, censoring=COURSE)
    assert found.course is not None
    np.testing.assert_array_equal(found.course[:3], [[np.nan, np.nan], [9, np.nan], [9, 8]])
    assert np.isnan(found.course[5, 0])
    assert check(coursed, censoring=BLOCK).course is None
    other = coursed.assign(week8=coursed.week8.where(coursed.pid != "P007", 3.0))
    assert check(other, censoring=COURSE).fingerprint != found.fingerprint


def test_a_course_that_contradicts_the_last_visit_is_refused(coursed: pd.DataFrame, refusal: Refusal) -> None:
    """A score after the patient was lost, and text, are told together, without a value."""
    coursed.loc[1, "week8"] = 7.31
    said = refusal(coursed.assign(week4="Zebedee"), censoring=COURSE)
    assert "no week8 of patients lost before visit 8" in said
    assert "1 row (row 3;" in said
    assert "week4" in said
    assert "7.31" not in said
    assert "Zebedee" not in said
    assert "a column week4" in refusal(coursed.drop(columns="week4"), censoring=COURSE)
