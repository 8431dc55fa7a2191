"""Event tables with everything wrong: all of it told at once, by counts and rows, and nothing of what they hold."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
import pytest

from data_contracts.errors import BadInput
from experiments.cohort.event_checks import event_problems
from experiments.cohort.event_files import open_events

TODAY = datetime.date(2025, 1, 1)
CANARY = "Zebedee-7731"

PATIENTS = f"""\
patient_id,birth_date,observed_from,death_date,site
A,1980-05-05,2015-01-01,,north
B,1970-02-30,2015-01-01,,north
C,1990-01-01,2015-01-01,2020-06-01,north
D,1990-01-01,2015-01-01,1985-01-01,north
{CANARY},1880-01-01,2015-01-01,,south
A,1980-05-05,2015-01-01,,north
,1980-05-05,2015-01-01,,north
"""
TREATMENTS = f"""\
patient_id,therapy,start_date,end_date
A,cbt,2020-01-01,2020-03-01
A,cbt,2020-02-01,2020-04-01
A,ssri,2020-02-01,2020-01-01
{CANARY}-2,ssri,2020-02-01,
C,ssri,2020-06-02,
A,ssri,soon,
A,cbt,2020-01-01,2020-03-01
"""
MEASURES = f"""\
patient_id,measure,date,value
A,PHQ-9,2020-01-01,28
A,phq9,2020-01-02,-1
A,GAD-7,2020-01-01,{CANARY}
A,GAD-7,1979-01-01,5
A,weight,2026-01-01,inf
A,weight,2020-01-01,900
"""

EXPECTED = {
    ("patients.csv, patient_id", "the same again in 1 row (row 7;"),
    ("patients.csv, patient_id", "none in 1 row (row 8;"),
    ("patients.csv, birth_date", "something else in 1 row (row 3;"),
    ("patients.csv, birth_date", "an impossible date in 1 row (row 6;"),
    ("patients.csv, death_date", "one in 1 row (row 5;"),
    ("patients.csv, observed_from", "one in 1 row (row 5;"),
    ("treatments.csv, patient_id and therapy and start_date", "the same again in 1 row (row 8;"),
    ("treatments.csv, start_date", "something else in 1 row (row 7;"),
    ("treatments.csv, patient_id", "a patient who is not there in 1 row (row 5;"),
    ("treatments.csv, start_date", "one in 1 row (row 6;"),
    ("treatments.csv, end_date", "one in 1 row (row 4;"),
    ("treatments.csv, start_date", "one that begins before the last has ended in 1 row (row 3;"),
    ("measures.csv, value", "something else in 1 row (row 4;"),
    ("measures.csv, date", "an impossible date in 1 row (row 6;"),
    ("measures.csv, value", "another in 1 row (row 6;"),
    ("measures.csv, date", "one in 1 row (row 5;"),
    ("measures.csv, value", "a score outside in 1 row (row 2;"),
    ("measures.csv, value", "a score outside in 1 row (row 3;"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything wrong."""
    for name, text in (("patients", PATIENTS), ("treatments", TREATMENTS), ("measures", MEASURES)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_every_problem_is_told_once_and_no_value(folder: Path) -> None:
    """Orphans, events before birth and after death, overlaps, copies, impossible dates, scores: each with its row."""
    problems = event_problems(open_events(folder), TODAY)
    found = {(problem.where, problem.found.split("; the header")[0] + ";") for problem in problems}
    # The overlapping copy is told as a copy; nothing is told twice or beside the point.
    assert found == EXPECTED
    assert len(problems) == len(EXPECTED)
    assert CANARY not in "\n".join(map(str, problems))


def test_the_same_rows_as_parquet_are_the_same_problems(folder: Path, tmp_path: Path) -> None:
    """The kind of file changes the files' names in the messages and nothing else."""
    text = {str(problem).replace(".csv", "") for problem in event_problems(open_events(folder), TODAY)}
    (tmp_path / "parquet").mkdir()
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path, dtype=str)
        table.to_parquet(tmp_path / "parquet" / f"{path.stem}.parquet")
    other = event_problems(open_events(tmp_path / "parquet"), TODAY)
    assert {str(problem).replace(".parquet", "") for problem in other} == text


def test_missing_files_and_columns_are_told_together(folder: Path) -> None:
    """A file that is not there, a column under another name, a file twice, one that cannot be read: four problems."""
    (folder / "measures.csv").unlink()
    (folder / "patients.csv").write_text(PATIENTS.replace("observed_from", "observed_form"), encoding="utf-8")
    (folder / "treatments.parquet").write_bytes(b"not a table")
    with pytest.raises(BadInput) as told:
        open_events(folder)
    text = str(told.value)
    assert len(told.value.problems) == 4
    assert "measures.csv or measures.parquet" in text
    assert "Did you mean observed_form?" in text
    assert "CSV and Parquet" in text
    assert "treatments.parquet: expected a CSV or Parquet table" in text


@pytest.mark.parametrize("cells", ["A,PHQ-9,2020-01-01,5,6\n", 'A,"PHQ-9,2020-01-01,5\n', "A,PHQ-9\n"])
def test_rows_of_another_length_are_refused(folder: Path, cells: str) -> None:
    """A row with too many or too few cells, or a quote that does not close, is not read as something else."""
    (folder / "measures.csv").write_text("patient_id,measure,date,value\n" + cells, encoding="utf-8")
    with pytest.raises(BadInput, match=r"measures\.csv"):
        open_events(folder)


def test_a_file_that_is_no_folder_is_told(folder: Path) -> None:
    """A table of episodes where event tables are due is named as what it is."""
    with pytest.raises(BadInput, match="a folder with event tables"):
        open_events(folder / "patients.csv")
