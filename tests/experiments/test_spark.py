"""The expressions that build a cohort, on Spark: the same rows as in DuckDB."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
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

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # pyspark's own, of pandas and of files that it leaves to the collector
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark runs on Java, which this machine lacks"),
]


@pytest.fixture(scope="module")
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
