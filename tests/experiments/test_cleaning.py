"""The protocol's rules for cleaning event tables: each does what it says, tells how often, and nothing besides."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from data_contracts.cleaning import Cleaning
from experiments.cohort.event_checks import event_problems
from experiments.cohort.event_files import open_events

TODAY = datetime.date(2025, 1, 1)
CANARY = "Zebedee-7731"
TABLES = {
    "patients": f"patient_id,birth_date,observed_from\nA,1980-05-05,2015-01-01\n{CANARY},1970-01-01,2015-01-01\n",
    "treatments": "patient_id,therapy,start_date,end_date\n"
    "A,ssri,2020-01-01,2020-01-31\nA,ssri,2020-01-27,2020-02-26\n"
    "A,ssri,2020-06-01,2020-06-30\nA,cbt,2020-06-01,\n",
    "measures": "patient_id,measure,date,value,unit\n"
    "A,PHQ-9,2020-01-01,10,points\n"
    "A,PHQ-9,2020-01-01,10,points\n"  # a copy
    "A,44261-6,2020-01-02,12,points\n"  # another name
    "A,PHQ-9,2020-01-03,51.9,%\n"  # 14 of 27
    "A,PHQ-9,2020-01-04,,points\n"  # empty
    "A,PHQ-9,2020-01-05,114,points\n"  # no score
    "A,PHQ-9,2020-01-06,9,points\nA,PHQ-9,2020-01-06,11,points\n"  # two of a day
    f"{CANARY}-2,PHQ-9,2020-01-07,8,points\n"  # of nobody
    "A,PHQ-9,1901-01-01,8,points\n"  # before birth
    "A,hours,2020-01-08,2,h\nA,hours,2020-01-09,120,min\nA,hours,2020-01-10,120,\n",
}
RULES: dict[str, Any] = {
    "copies": "once",
    "empty": "left_out",
    "strays": "left_out",
    "out_of_range": "left_out",
    "overlaps": "joined",
    "measures": {
        "PHQ-9": {"called": "44261-6", "units": {"points": 1, "%": 0.27}, "of_a_day": "left_out"},
        "hours": {"units": {"h": 1, "min": 1 / 60}, "range": [0, 60]},
    },
}
DONE = [
    ("Read", 1, "rows of measures that are called 44261-6, as PHQ-9"),
    ("Converted", 1, "values of PHQ-9 from % to points"),
    ("Converted", 1, "values of hours from min to h"),
    ("Left out", 1, "rows of measures without a value"),
    ("Left out", 1, "rows of measures of patients who are not there"),
    ("Left out", 1, "rows of measures from before birth or after death"),
    ("Left out", 1, "values of PHQ-9 outside 0 to 27"),
    ("Left out", 1, "values of hours outside 0 to 60"),
    ("Left out", 1, "rows of measures that say the same as another"),
    ("Left out", 2, "values of PHQ-9 of a day with several, of which none counts"),
    ("Joined", 1, "courses to one that they overlap with"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Event tables with one of each fault."""
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def _measures(source: Any) -> pd.DataFrame:
    table = source.connection.to_pyarrow(source.tables["measures"]).to_pandas()
    return table.sort_values("date")[["measure", "date", "value", "unit"]]


def test_every_rule_does_what_it_says_and_counts(folder: Path) -> None:
    """One row of each fault is read, converted, left out or joined; what is left passes every check."""
    rules, before = Cleaning.model_validate(RULES), {path: path.read_bytes() for path in folder.iterdir()}
    with open_events(folder, rules) as source:
        assert [(one.done, one.count, one.what) for one in source.left_out] == DONE
        assert event_problems(source, TODAY, rules) == []
        measures = _measures(source)
        assert measures["value"].tolist() == [10, 12, 14, 2, 2]
        assert measures["measure"].tolist() == ["PHQ-9"] * 3 + ["hours"] * 2
        assert measures["unit"].tolist() == ["points"] * 3 + ["h"] * 2
        courses = source.connection.to_pyarrow(source.joined["treatments"]).to_pandas()
    ends = courses.loc[courses["therapy"] == "ssri", ["start_date", "end_date"]].astype(str)
    spans = sorted(ends.itertuples(index=False, name=None))
    assert spans == [("2020-01-01", "2020-02-26"), ("2020-06-01", "2020-06-30")]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_without_rules_everything_is_refused(folder: Path) -> None:
    """Of the same tables each fault is told, by the rule that could deal with it, and none was dealt with."""
    with open_events(folder) as source:
        assert source.left_out == ()
        text = "\n".join(map(str, event_problems(source, TODAY)))
    for rule in ("copies", "empty", "strays", "out_of_range", "overlaps", "units"):
        assert f"({rule}" in text, rule
    assert CANARY not in text


@pytest.mark.parametrize(("chosen", "kept"), [("highest", 11), ("lowest", 9)])
def test_of_several_a_day_one_may_count(folder: Path, chosen: str, kept: float) -> None:
    """The highest or the lowest of a day's scores stays where the protocol says so, and one row is left out."""
    measures = {**RULES["measures"], "PHQ-9": RULES["measures"]["PHQ-9"] | {"of_a_day": chosen}}
    with open_events(folder, Cleaning.model_validate(RULES | {"measures": measures})) as source:
        rows = _measures(source)
        assert rows.loc[rows["date"].astype(str) == "2020-01-06", "value"].tolist() == [kept]
        assert source.left_out[-2].count == 1


def test_names_and_units_without_a_row_are_told(folder: Path) -> None:
    """A slip in the rules is a problem: it would otherwise count as a fault that did not occur."""
    slip = {"called": "44261-7", "units": {"points": 1, "pct": 0.27}}
    rules = Cleaning.model_validate({"measures": {"PHQ-9": slip}})
    with open_events(folder, rules) as source:
        where = [problem.where for problem in event_problems(source, TODAY, rules) if "protocol" in problem.where]
    keys = ["called", "units"]
    assert where == [f"protocol, target_trial.cleaning.measures.PHQ-9.{key}" for key in keys]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"measures": {"hours": {"units": {"h": 2, "min": 3}}}}, "one unit with the factor 1"),
        ({"measures": {"hours": {"units": {"h": 1, "min": 0}}}}, "greater than 0"),
        ({"measures": {"hours": {"range": [60, 0]}}}, "to a larger one"),
        ({"measures": {"a": {"called": "b"}, "b": {}}}, "name two measures: b"),
        ({"copies": "twice"}, "once"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: dict[str, Any], told: str) -> None:
    """Units without a common one, an empty range, one name of two measures, and words that mean no rule."""
    with pytest.raises(ValidationError, match=told):
        Cleaning.model_validate(rules)
