"""Records in Spark: the cohort's expressions give the same rows as in DuckDB, and the command opens them there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import read_protocol
from experiments.cohort.build import cohort_expression
from experiments.cohort.event_source import Expression
from experiments.cohort.omop import open_omop
from experiments.cohort.open_records import open_records
from experiments.simulate import simulate_to
from experiments.study_records import read_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # pyspark's own, of pandas and of files that it leaves to the collector
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark runs on Java, which this machine lacks"),
]


@pytest.fixture
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark on this machine alone, as an ibis backend."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: make test-spark installs it")
    import ibis

    patch = pytest.MonkeyPatch()
    patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield ibis.pyspark.connect(session)
    session.stop()
    patch.undo()


def rows(connection: Any, tables: dict[str, Expression], protocol: StudyProtocol) -> pd.DataFrame:
    """The cohort before anybody is left out, by patient."""
    assert protocol.target_trial is not None
    found = connection.to_pyarrow(cohort_expression(tables, protocol, protocol.target_trial)).to_pandas()
    return found.sort_values(protocol.records.patient_id, ignore_index=True)


def on_spark(spark: Any, connection: Any, tables: dict[str, str], folder: Path) -> dict[str, Expression]:
    """Tables of a DuckDB connection, named by the SQL that tells them, as tables of Spark."""
    found = {}
    for name, select in tables.items():
        connection.execute(f"COPY ({select}) TO '{folder / name}.parquet'")
        found[name] = spark.read_parquet(str(folder / f"{name}.parquet"))
    return found


def test_event_tables_and_a_cdm_give_the_same_rows_on_spark(spark: Any, tmp_path: Path) -> None:
    """One expression from event tables, and from the clinical tables of a CDM, on DuckDB and on Spark: each cell."""
    simulate_to("clinic", 400, 3, tmp_path, "omop")
    protocol = read_protocol(tmp_path / "protocol.yaml")
    assert protocol.target_trial is not None
    with open_records(tmp_path / "records.duckdb", protocol.target_trial) as source:
        expected = rows(source.connection, dict(source.joined), protocol)
        selects = {name: str(source.connection.compile(table)) for name, table in source.joined.items()}
        tables = on_spark(spark, source.connection.con, selects, tmp_path)
    assert len(expected) > 400
    pd.testing.assert_frame_equal(rows(spark, tables, protocol), expected, check_dtype=False)
    with duckdb.connect(str(tmp_path / "records.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        cdm = on_spark(spark, connection, {name: f"FROM {name}" for name in names}, tmp_path)
    source = open_omop(spark, cdm, protocol.target_trial)
    pd.testing.assert_frame_equal(rows(spark, dict(source.joined), protocol), expected, check_dtype=False)
    assert source.left_out == ()


def test_a_schema_of_the_catalog_gives_the_episodes_of_the_file(spark: Any, tmp_path: Path) -> None:
    """A CDM that Spark knows by name, opened by its address, is that of the DuckDB file: fingerprint and counts."""
    simulate_to("clinic", 400, 3, tmp_path, "omop")
    _, expected = read_study(tmp_path / "protocol.yaml", tmp_path / "records.duckdb")
    with duckdb.connect(str(tmp_path / "records.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        cdm = on_spark(spark, connection, {name: f"FROM {name}" for name in names}, tmp_path)
    spark.create_database("clinic_cdm")
    for name, table in cdm.items():
        spark.create_table(name.upper(), table, database="clinic_cdm")
    _, found = read_study(tmp_path / "protocol.yaml", "spark:///?schema=clinic_cdm")
    assert found.fingerprint == expected.fingerprint
    assert (found.chosen, found.left_out) == (expected.chosen, expected.left_out)


def command(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """`equipoise-lab` as a process of its own."""
    line = [sys.executable, "-m", "experiments", *map(str, words)]
    given = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PYSPARK_PYTHON": sys.executable}
    return subprocess.run(line, env=os.environ | given | environment, capture_output=True, text=True, check=False)


def test_the_command_opens_a_folder_in_spark(small_protocol: Callable[[Path], None], tmp_path: Path) -> None:
    """`fit` on event tables in Parquet through Spark writes the bytes that it writes through DuckDB."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark installs it")
    simulate_to("clinic", 400, 3, tmp_path, "events")
    small_protocol(tmp_path / "protocol.yaml")
    for path in list((tmp_path / "records").glob("*.csv")):
        duckdb.sql(f"COPY (FROM '{path}') TO '{path.with_suffix('.parquet')}'")
        path.unlink()
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "spark-defaults.conf").write_text(
        "spark.ui.enabled false\nspark.sql.shuffle.partitions 2\nspark.master local[1]\n"
    )
    home = {"EQUIPOISE_HOME": str(tmp_path / "home"), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(settings)}
    for place, out in ((f"spark://{tmp_path}/records", "spark"), (tmp_path / "records", "duckdb")):
        ran = command("fit", tmp_path / "protocol.yaml", "--data", place, "--out", tmp_path / out, **home)
        assert ran.returncode in (0, 4), ran.stderr
    for name in ("gates.json", "policy/manifest.json", "policy/arrays.npz"):
        assert (tmp_path / "spark" / name).read_bytes() == (tmp_path / "duckdb" / name).read_bytes(), name


def test_a_cluster_that_does_not_answer_is_one_clear_problem(tmp_path: Path) -> None:
    """Exit 3 with the place and what to do, no traceback, nothing written."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark installs it")
    simulate_to("clinic", 50, 3, tmp_path, "events")
    out = tmp_path / "out"
    ran = command("fit", tmp_path / "protocol.yaml", "--data", "spark://127.0.0.1:1?schema=cdm", "--out", out)
    assert ran.returncode == 3, ran.stderr
    assert "spark://127.0.0.1:1: expected a database that answers" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not out.exists()
