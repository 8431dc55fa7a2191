"""An OMOP CDM as the source of a study: the same episodes, and everything that is wrong with one told at once."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.target_trial import TargetTrial
from experiments.cohort.build import build_cohort
from experiments.cohort.event_checks import event_problems
from experiments.cohort.event_source import EventSource
from experiments.cohort.open_records import open_records
from experiments.cohort.place import Place, name_of, place_of
from experiments.records_writer import write_duckdb

TODAY = datetime.date(2025, 1, 1)
CANARY = "Zebedee-7731"
SERTRALINE, PHQ9, CBT, SCHOOL, EPISODE = 739138, 3042932, 2_000_000_001, 2_000_000_002, 2_000_000_003
TABLET = 2_000_000_100

CONTENT: dict[str, Any] = {
    "name": "small",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "cbt", "offered": ["sertraline"]},
    "outcome": {"column": "later", "baseline": "now", "direction": "lower_is_better", "unit": "PHQ-9 points"},
    "effect_modifiers": ["now", "age"],
    "confounders": ["school", "sex", "before"],
    "target_trial": {
        "strategies": {"cbt": "cbt", "sertraline": "sertraline"},
        "time_zero": {"washout_days": 90},
        "covariates": {
            "age": {"table": "patients", "take": "age"},
            "school": {"table": "patients"},
            "sex": {"table": "patients"},
            "now": {"table": "measures", "of": "PHQ-9", "from_day": -60},
            "before": {"table": "events", "of": "episode", "take": "count", "from_day": -100},
        },
        "outcomes": {"later": {"measure": "PHQ-9", "at_weeks": 8, "window_weeks": 4}},
        "words": {
            "treatments": {"cbt": {"OMOP": CBT}},
            "events": {"episode": {"OMOP": EPISODE}},
            "patients": {"school": {"OMOP": SCHOOL}},
        },
    },
}
PROTOCOL = StudyProtocol.model_validate(CONTENT)
Cdm = dict[str, pd.DataFrame]


def trial() -> TargetTrial:
    assert PROTOCOL.target_trial is not None
    return PROTOCOL.target_trial


def rows(columns: str, *cells: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(cells), columns=columns.split())


def small() -> Cdm:
    """Two patients: one starts CBT, one tablets, both measured before and after, both with a diagnosis before."""
    return {
        "person": rows(
            "person_id gender_concept_id year_of_birth month_of_birth day_of_birth",
            (1, 8532, 1980, 2, 29),
            (2, 8507, 1990, 1, 1),
        ),
        "observation_period": rows(
            "person_id observation_period_start_date observation_period_end_date",
            (1, "2010-01-01", "2024-01-01"),
            (2, "2010-01-01", "2024-01-01"),
        ),
        "death": rows("person_id death_date", (1, "2024-01-01")),
        "concept_ancestor": rows("ancestor_concept_id descendant_concept_id", (SERTRALINE, TABLET)),
        "procedure_occurrence": rows(
            "procedure_occurrence_id person_id procedure_concept_id procedure_date",
            (11, 1, CBT, "2020-03-01"),
            (12, 1, CBT, "2020-03-15"),
        ),
        "drug_exposure": rows(
            "drug_exposure_id person_id drug_concept_id drug_exposure_start_date drug_exposure_end_date",
            (21, 2, TABLET, "2020-03-01", "2020-03-28"),
            (22, 2, TABLET, "2020-03-25", "2020-04-20"),
        ),
        "measurement": rows(
            "measurement_id person_id measurement_concept_id measurement_date value_as_number unit_concept_id",
            (31, 1, PHQ9, "2020-02-20", 15.0, 0),
            (32, 1, PHQ9, "2020-05-01", 7.0, 0),
            (33, 2, PHQ9, "2020-02-20", 12.0, 0),
            (34, 2, PHQ9, "2020-05-01", 9.0, 0),
        ),
        "condition_occurrence": rows(
            "condition_occurrence_id person_id condition_concept_id condition_start_date condition_source_concept_id",
            (41, 1, EPISODE, "2020-02-01", 0),
            (42, 2, EPISODE, "2020-02-01", 0),
            (43, 2, EPISODE, "2020-02-01", 0),
        ),
        "observation": rows(
            "observation_id person_id observation_concept_id observation_date value_as_string value_as_number",
            (51, 1, SCHOOL, "2015-01-01", "college", None),
            (52, 2, SCHOOL, "2015-01-01", None, 12.0),
        ),
    }


def added(table: pd.DataFrame, *cells: tuple[Any, ...]) -> pd.DataFrame:
    more = pd.DataFrame(list(cells), columns=list(table.columns))
    return pd.concat([table, more], ignore_index=True).astype(table.dtypes.to_dict())


Put = Callable[[Cdm], Place]


@pytest.fixture(params=["duckdb", "postgres"])
def put(request: pytest.FixtureRequest, tmp_path: Path) -> Put:
    """Writes tables into a database and says where they are: everything here holds of both."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres").load

    def write(cdm: Cdm) -> Place:
        write_duckdb(cdm, tmp_path / "cdm.duckdb")
        return tmp_path / "cdm.duckdb"

    return write


Open = Callable[[Cdm], EventSource]


@pytest.fixture
def opened(put: Put) -> Iterator[Open]:
    """Writes tables into a database and opens it as a source."""
    with ExitStack() as sources:
        yield lambda cdm: sources.enter_context(open_records(put(cdm), trial()))


def built(put: Put, cdm: Cdm) -> pd.DataFrame:
    return pd.DataFrame(dict(build_cohort(put(cdm), PROTOCOL, trial(), TODAY).table.columns))


def test_a_cdm_is_read_as_what_it_says(put: Put, opened: Open) -> None:
    """Products count as their ingredient, sessions and refills as courses, a diagnosis twice a day once."""
    frame = built(put, small())
    assert frame.to_dict("list") == {
        "pid": ["1", "2"],
        "therapy": ["cbt", "sertraline"],
        "age": [40.0, 30.0],
        "school": ["college", "12"],
        "sex": ["female", "male"],
        "now": [15.0, 12.0],
        "before": [1.0, 1.0],
        "later": [7.0, 9.0],
    }
    source = opened(small())
    courses = source.connection.to_pyarrow(source.joined["treatments"].order_by("patient_id")).to_pandas()
    assert courses["end_date"].astype(str).tolist() == ["2020-03-15", "2020-04-20"]


def test_the_file_is_not_written_to(tmp_path: Path) -> None:
    """The database is the same bytes after a study as before."""
    write_duckdb(small(), tmp_path / "cdm.duckdb")
    before = hashlib.sha256((tmp_path / "cdm.duckdb").read_bytes()).hexdigest()
    build_cohort(tmp_path / "cdm.duckdb", PROTOCOL, trial(), TODAY)
    assert hashlib.sha256((tmp_path / "cdm.duckdb").read_bytes()).hexdigest() == before


def test_what_came_before_a_gap_in_observation_is_unknown(put: Put) -> None:
    """Periods that touch are one; after a gap the record begins anew, and a washout over it is not on record."""
    cdm = small()
    columns = "person_id observation_period_start_date observation_period_end_date"
    one = (2, "2010-01-01", "2024-01-01")
    touching = rows(columns, (1, "2010-01-01", "2020-01-31"), (1, "2020-02-01", "2024-01-01"), one)
    assert built(put, cdm | {"observation_period": touching})["pid"].tolist() == ["1", "2"]
    apart = rows(columns, (1, "2010-01-01", "2020-01-31"), (1, "2020-02-02", "2024-01-01"), one)
    assert built(put, cdm | {"observation_period": apart})["pid"].tolist() == ["2"]


@pytest.mark.parametrize("seed", range(2))
def test_pieces_are_joined_as_a_loop_joins_them(seed: int, opened: Open) -> None:
    """Courses by the database and by a loop over each patient's prescriptions are the same, also without order."""
    rng = np.random.default_rng(seed)
    n = 400
    start = np.datetime64("2018-01-01") + rng.integers(0, 900, n)
    end = start + rng.integers(0, 60, n)
    cells = zip(range(1, n + 1), rng.integers(1, 41, n), [TABLET] * n, start.astype(str), end.astype(str), strict=True)
    cdm = small()
    cdm["drug_exposure"] = rows(" ".join(cdm["drug_exposure"].columns), *cells)
    source = opened(cdm)
    treatments = source.joined["treatments"]
    found = source.connection.to_pyarrow(treatments.filter(treatments.therapy == "sertraline")).to_pandas()
    got = sorted((row.patient_id, str(row.start_date)[:10], str(row.end_date)[:10]) for row in found.itertuples())
    expected: list[tuple[str, str, str]] = []
    ordered = cdm["drug_exposure"].sort_values(["person_id", "drug_exposure_start_date"])
    for row in ordered.itertuples(index=False):
        person, first, last = str(row.person_id), row.drug_exposure_start_date, row.drug_exposure_end_date
        before = expected[-1] if expected and expected[-1][0] == person else None
        if before and (np.datetime64(first) - np.datetime64(before[2])).astype(int) <= 30:
            expected[-1] = (person, before[1], max(before[2], last))
        else:
            expected.append((person, first, last))
    assert got == sorted(expected)
    assert 100 < len(got) < n - 50


def test_everything_wrong_is_told_at_once_by_keys(opened: Open) -> None:
    """Orphans, life and death, impossible births, scores, units, contradictions, codes: each by its table and key."""
    cdm = small()
    cdm["person"] = added(cdm["person"], (3, 8507, 1990, 13, 1), (4, 8507, 1990, 2, 29))
    period = cdm["observation_period"]
    cdm["observation_period"] = added(period, (3, "2010-01-01", "2020-01-01"), (4, "2010-01-01", "2020-01-01"))
    cdm["measurement"] = added(
        cdm["measurement"],
        (61, 99, PHQ9, "2020-01-01", 5.0, 0),
        (62, 1, PHQ9, "1979-01-01", 5.0, 0),
        (63, 1, PHQ9, "2024-02-01", 5.0, 0),
        (64, 1, PHQ9, "2020-06-01", 28.0, 0),
        (65, 1, PHQ9, "2020-06-02", 1.5, 0),
        (66, 1, PHQ9, "2020-06-03", 20.0, 8554),
        (67, 1, PHQ9, "2020-05-01", 8.0, 0),
        (68, 2, PHQ9, "2020-05-01", 9.0, 0),
        (69, 2, 3038553, "2020-05-01", 24.0, 9531),
        (70, 2, 3038553, "2020-05-02", 24.0, 9531),
        (71, 2, 3038553, "2020-05-03", 24.0, 9529),
    )
    cdm["drug_exposure"] = added(cdm["drug_exposure"], (72, 2, TABLET, "2022-03-01", "2022-01-01"))
    cdm["condition_occurrence"] = added(cdm["condition_occurrence"], (73, 1, 4711, "2020-01-01", EPISODE))
    cdm["observation"] = added(cdm["observation"], (74, 1, SCHOOL, "2016-01-01", CANARY, None))
    problems = event_problems(opened(cdm), TODAY)
    assert {(problem.where, problem.found) for problem in problems} == {
        ("person, birth_date", "none in 2 rows (person_id 3, 4)"),
        ("measurement, patient_id", "a patient who is not there in 1 row (measurement_id 61)"),
        ("measurement, date", "one in 1 row (measurement_id 62)"),
        ("measurement, date", "one in 1 row (measurement_id 63)"),
        ("measurement, value", "a score outside in 1 row (measurement_id 64)"),
        ("measurement, value", "a fraction in 1 row (measurement_id 65)"),
        ("measurement, unit", "a percentage in 1 row (measurement_id 66)"),
        ("measurement, unit", "another in 1 row (measurement_id 71)"),
        ("measurement, patient_id and measure and date", "the same again in 1 row (measurement_id 67)"),
        ("drug_exposure, end_date", "one in 1 row (drug_exposure_id 72)"),
        ("condition_occurrence, code", "one in another's in 1 row (condition_occurrence_id 73)"),
        ("observation, value", "another in 2 rows (observation_id 51, 74)"),
    }
    assert len(problems) == 12
    assert CANARY not in "\n".join(map(str, problems))


def test_what_a_study_cannot_use_is_left_out_and_counted(put: Put, opened: Open) -> None:
    """Persons whose observation nobody recorded, and rows without a standard concept, are no error and no secret."""
    cdm = small()
    cdm["person"] = added(cdm["person"], (3, 8507, 1990, 1, 1))
    none = (63, 1, PHQ9, "2020-04-30", float("nan"), 0)
    cdm["measurement"] = added(
        cdm["measurement"], (61, 3, PHQ9, "2020-01-01", 5.0, 0), (62, 1, 0, "2020-01-01", 5.0, 0), none
    )
    source = opened(cdm)
    assert event_problems(source, TODAY) == []
    assert {one.what: one.count for one in source.left_out} == {
        "persons without an observation period, with all that they have": 1,
        "rows of measurement whose code has no standard concept": 1,
        "rows of measures without a number": 1,
    }
    assert built(put, cdm)["pid"].tolist() == ["1", "2"]


def test_a_cdm_is_cleaned_as_the_protocol_says(put: Put) -> None:
    """Two scores of a day, one in per cent and one that is none are refused; rules of the protocol deal with them."""
    cdm = small()
    cdm["measurement"]["unit_concept_id"] = 44777566
    cdm["measurement"] = added(
        cdm["measurement"],
        (61, 1, PHQ9, "2020-02-20", 16.0, 44777566),
        (62, 2, PHQ9, "2020-02-28", 51.9, 8554),
        (63, 2, PHQ9, "2020-05-02", 99.0, 44777566),
    )
    place = put(cdm)
    with open_records(place, trial()) as source:
        assert len(event_problems(source, TODAY)) == 4
    rules = {
        "out_of_range": "left_out",
        "measures": {"PHQ-9": {"units": {"44777566": 1, "8554": 0.27}, "of_a_day": "highest"}},
    }
    block = CONTENT["target_trial"] | {"cleaning": rules}
    cleaned = StudyProtocol.model_validate(CONTENT | {"target_trial": block})
    assert cleaned.target_trial is not None
    made = build_cohort(place, cleaned, cleaned.target_trial, TODAY)
    assert made.table.columns["now"].tolist() == [16, 14]
    assert made.table.columns["later"].tolist() == [7, 9]
    assert [(one.done, one.count) for one in made.left_out] == [("Converted", 1), ("Left out", 1), ("Left out", 1)]


def test_missing_tables_and_columns_are_told_together(opened: Open) -> None:
    """A column that is not there, dates that are text, and neither event tables nor a CDM: what to do is said."""
    cdm = small()
    cdm["measurement"] = cdm["measurement"].drop(columns="value_as_number")
    cdm["drug_exposure"] = cdm["drug_exposure"].rename(columns={"drug_exposure_start_date": "drug_exposure_start"})
    with pytest.raises(BadInput) as told:
        opened(cdm)
    assert [problem.where for problem in told.value.problems] == ["drug_exposure", "measurement"]
    cdm = small()
    cdm["observation"]["value_as_number"] = "12"
    with pytest.raises(
        BadInput, match="observation, value_as_number: expected numbers; found a column of another type"
    ):
        opened(cdm)
    with pytest.raises(BadInput) as told:
        opened({"person": cdm["person"]})
    assert {problem.expected for problem in told.value.problems} == {
        "a table patients", "a table treatments", "a table measures",
    }  # fmt: skip


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    """A file that is none, and an address that nobody answers at: what was looked for, and no secret."""
    (tmp_path / "other.duckdb").write_bytes(b"no database")
    with pytest.raises(BadInput, match=r"other\.duckdb: expected a DuckDB file"):
        open_records(tmp_path / "other.duckdb", trial())
    with pytest.raises(BadInput) as told:
        open_records(f"postgres://ann:{CANARY}@localhost:1/clinic", trial())
    assert "postgres://localhost:1/clinic: expected a database that answers" in str(told.value)
    assert CANARY not in str(told.value)


def test_event_tables_in_a_database_are_event_tables(opened: Open) -> None:
    """The contract's tables in DuckDB are read as in files; columns of another type are told, not guessed."""
    born = np.array(["1980-01-01"], dtype="datetime64[s]")
    patients = pd.DataFrame({"patient_id": ["A"], "birth_date": born, "observed_from": ["2010-01-01"]})
    treatments = rows("patient_id therapy start_date", ("A", "cbt", "2020-03-01"), ("B", "cbt", "2020-03-01"))
    measures = pd.DataFrame({"patient_id": ["A"], "measure": ["PHQ-9"], "date": ["2020-01-01"], "value": ["5"]})
    tables = {"patients": patients, "treatments": treatments, "measures": measures}
    with pytest.raises(BadInput) as told:
        opened(tables)
    wrong = ["patients, observed_from", "measures, date", "measures, value"]
    assert [problem.where for problem in told.value.problems] == wrong
    typed = {
        "patients": patients.assign(observed_from=born),
        "treatments": treatments,
        "measures": measures.assign(date=born + np.timedelta64(30, "D"), value=5.0),
    }
    problems = event_problems(opened(typed), TODAY)
    assert [problem.found for problem in problems] == [
        "a patient who is not there in 1 row (row 2; in the order of patient_id, therapy, start_date)"
    ]


def test_event_tables_in_a_database_are_cleaned(put: Put) -> None:
    """Copies, rows of nobody and courses that overlap, in DuckDB and PostgreSQL, are dealt with as in files."""

    def day(*dates: str) -> Any:
        return np.array(dates, dtype="datetime64[s]")

    people, courses = ["A", "A", "A", "B"], ["2020-03-01", "2020-03-01", "2020-03-20", "2020-03-01"]
    tables = {
        "patients": pd.DataFrame(
            {"patient_id": ["A"], "birth_date": day("1980-01-01"), "observed_from": day("2010-01-01")}
        ),
        "treatments": pd.DataFrame(
            {
                "patient_id": people,
                "therapy": "cbt",
                "start_date": day(*courses),
                "end_date": day("2020-04-01", "2020-04-01", "2020-05-01", "2020-04-01"),
            }
        ),
        "measures": pd.DataFrame(
            {"patient_id": ["A", "A"], "measure": "PHQ-9", "date": day("2020-01-01", "2020-01-01"), "value": 5.0}
        ),
    }
    rules = {"copies": "once", "strays": "left_out", "overlaps": "joined"}
    block = TargetTrial.model_validate(CONTENT["target_trial"] | {"cleaning": rules})
    with open_records(put(tables), block) as source:
        assert event_problems(source, TODAY, block.cleaning) == []
        assert [(one.done, one.count) for one in source.left_out] == [
            ("Left out", 1), ("Left out", 1), ("Left out", 1), ("Joined", 1),
        ]  # fmt: skip
        joined = source.connection.to_pyarrow(source.joined["treatments"]).to_pandas()
    assert joined["end_date"].astype(str).tolist() == ["2020-05-01"]


def test_an_address_is_shown_without_its_secrets() -> None:
    """What a person wrote as an address is one; no message holds user, password or settings."""
    address = f"postgres://ann:{CANARY}@records.example:5433/clinic?password={CANARY}"
    assert place_of(address) == address
    assert name_of(address) == "postgres://records.example:5433/clinic"
    assert place_of("records/clinic.duckdb") == Path("records/clinic.duckdb")
