"""What tells records from others: a stage that was made of the ones is never taken up with the others."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from data_contracts.errors import BadInput
from experiments.cohort.place import Place
from experiments.records_writer import write_duckdb
from experiments.study_records import open_study

RANDOM = runpy.run_path(str(Path(__file__).with_name("random_records.py")))
CONTENT, Tables, random_tables, write = (RANDOM[name] for name in ("CONTENT", "Tables", "random_tables", "write"))


@pytest.fixture
def protocol_path(tmp_path: Path) -> Path:
    """The protocol of the random records as a file."""
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(CONTENT), encoding="utf-8")
    return path


def identity(protocol_path: Path, place: Place) -> str:
    with open_study(protocol_path, place) as records:
        return records.identity


def changed(tables: Tables) -> dict[str, Tables]:
    """Records that differ little: one score, two scores exchanged, an empty cell, a patient whom no study takes."""
    found = {}
    for name in ("one score", "exchanged", "emptied"):
        found[name] = tables | {"measures": tables["measures"].copy()}
    scores = tables["measures"]["value"]
    other = int((scores != scores.iloc[0]).idxmax())
    found["one score"]["measures"].loc[0, "value"] = (scores.iloc[0] + 1) % 20
    found["exchanged"]["measures"].loc[[0, other], "value"] = scores.loc[[other, 0]].to_numpy()
    treatments = tables["treatments"].copy()
    treatments.loc[treatments["end_date"].first_valid_index(), "end_date"] = pd.NaT
    found["emptied"] = tables | {"treatments": treatments}
    child = tables["patients"].iloc[[0]].assign(patient_id="child", birth_date=pd.Timestamp("2019-01-01"))
    found["child"] = tables | {"patients": pd.concat([tables["patients"], child], ignore_index=True)}
    return found


@pytest.mark.parametrize("store", ["folder", "duckdb", "postgres"])
def test_records_are_told_from_others_by_what_they_hold(
    store: str, protocol_path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The same records are the same wherever they lie anew; whatever changes in them makes them others."""

    def put(tables: Tables, name: str) -> Place:
        if store == "folder":
            return write(tmp_path / name, tables)
        if store == "duckdb":
            write_duckdb(tables, tmp_path / name)
            return tmp_path / name
        address: str = request.getfixturevalue("postgres").load(tables)
        return address

    tables = random_tables(4, 40)
    place = put(tables, "records.duckdb")
    first = identity(protocol_path, place)
    assert identity(protocol_path, place) == first
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in tables.items()}
    if store == "postgres":
        assert identity(protocol_path, put(shuffled, "")) == first
    for name, others in changed(tables).items():
        (tmp_path / name).mkdir()
        assert identity(protocol_path, put(others, f"{name}/records.duckdb")) != first, name
    with_other_protocol = tmp_path / "other.yaml"
    with_other_protocol.write_text(yaml.safe_dump(CONTENT | {"seed": 8}), encoding="utf-8")
    assert identity(with_other_protocol, place) != first


def test_a_database_may_hold_columns_of_any_type(protocol_path: Path, postgres: Any) -> None:
    """What no study reads is left alone where it is (JSON, arrays, shapes); anything else counts among the content."""
    import psycopg

    address = postgres.load(random_tables(4, 40))
    schema = address.rpartition("=")[2]
    bare, found = identity(protocol_path, address), {}
    kinds = {"jsonb": '{"a": 1}', "integer[]": "{1,2}", "point": "(1,2)", "bytea": "x", "inet": "10.0.0.1"}
    with psycopg.connect(postgres.address, autocommit=True) as connection:
        for kind, value in kinds.items():
            connection.execute(f"ALTER TABLE {schema}.patients ADD COLUMN more {kind} DEFAULT '{value}'")
            found[kind] = identity(protocol_path, address)
            connection.execute(f"ALTER TABLE {schema}.patients DROP COLUMN more")
    assert [kind for kind in kinds if found[kind] == bare] == ["jsonb", "integer[]", "point"]
    assert len(set(found.values())) == 3


def test_records_that_change_while_they_are_read_are_refused(
    study: Any, records: pd.DataFrame, tmp_path: Path
) -> None:
    """What was digested has to be what was read; otherwise a stage would be named by other records than it holds."""
    path = tmp_path / "records.csv"
    records.to_csv(path, index=False)
    with open_study(study.protocol, path) as found:
        assert found.episodes().n == len(records)
        records.assign(x1=records["x1"] + 1).to_csv(path, index=False)
        with pytest.raises(BadInput, match="expected records that stay as they are"):
            found.episodes()


def test_what_is_refused_after_the_cohort_leaves_nothing(lab: Any, study: Any, tmp_path: Path) -> None:
    """A study that is refused once its cohort was kept removes it again: no patient's row stays."""
    asked = yaml.safe_load(study.protocol.read_text(encoding="utf-8")) | {"trial_evidence": {"tables": ["nowhere"]}}
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(asked), encoding="utf-8")
    ran = lab("study", path, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert (ran.code, "names of evidence tables" in ran.err) == (3, True)
    assert not (tmp_path / "out").exists()


def test_a_refused_graph_tells_what_is_wrong_with_the_records_too(
    lab: Any, study: Any, records: pd.DataFrame, tmp_path: Path
) -> None:
    """Graph and table are refused at once, also where the same study was stopped before: nothing is taken up."""
    asked = yaml.safe_load(study.protocol.read_text(encoding="utf-8")) | {"dag": {"file": "dag.yaml", "version": 1}}
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(asked), encoding="utf-8")
    records.assign(therapy="another").to_csv(tmp_path / "records.csv", index=False)
    with pytest.raises(BadInput) as refused, open_study(path, tmp_path / "records.csv"):
        pass
    assert {"dag.yaml", "records.csv, therapy"} <= {Path(problem.where).name for problem in refused.value.problems}
