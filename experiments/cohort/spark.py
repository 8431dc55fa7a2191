"""Opens records in Spark: the tables of a schema that its catalog knows, or a folder of Parquet tables."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from data_contracts.errors import BadInput, Problem
from experiments.cohort.event_source import Expression
from experiments.cohort.place import name_of

SCHEME = "spark://"
SETTINGS = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
INSTALL = "Install the extra `spark`: pip install --require-hashes --requirement requirements-spark.lock"
JAVA = "Install Java 17 or later (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME."


def spark_connection(address: str) -> Any:
    """A session of Spark as an ibis backend; settings that the address does not tell are those of spark-defaults.conf.

    Raises:
        BadInput: pyspark or Java are not installed.
    """
    expected = "Spark on this machine"
    if find_spec("pyspark") is None:
        raise BadInput([Problem(name_of(address), expected, "no pyspark", INSTALL)])
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise BadInput([Problem(name_of(address), expected, "no Java", JAVA)])
    import ibis

    builder = import_module("pyspark.sql").SparkSession.builder.appName("equipoise")
    if host := urlsplit(address).netloc:
        builder = builder.master(f"{SCHEME}{host}")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return ibis.pyspark.connect(builder.getOrCreate())


def spark_tables(connection: Any, address: str, wanted: frozenset[str]) -> Mapping[str, Expression]:
    """The tables that the address tells, by their names there, as far as a study may read them.

    Raises:
        BadInput: there is no such folder, or no such schema.
    """
    parts = urlsplit(address)
    if parts.path.strip("/"):
        return _in_folder(connection, Path(parts.path), wanted)
    schema = _schema(parts) or connection.current_database
    if schema not in connection.list_databases():
        step = "Check the schema that the address names, and that Spark's settings name the catalog that holds it."
        raise BadInput([Problem(name_of(address), "the schema of the records", "none of that name", step)])
    names = [name for name in connection.list_tables(database=schema) if name.lower() in wanted]
    return {name: connection.table(name, database=schema) for name in names}


def _in_folder(connection: Any, folder: Path, wanted: frozenset[str]) -> Mapping[str, Expression]:
    """Tables of Parquet, each a file or, as Spark writes them, a folder of files."""
    if not folder.is_dir():
        step = "Give the folder that holds the tables as NAME.parquet, with three slashes: spark:///data/cdm."
        raise BadInput([Problem(str(folder), "a folder with tables", "no such folder", step)])
    paths = {path.stem: path for path in folder.glob("*.parquet") if path.stem.lower() in wanted}
    return {name: connection.read_parquet(str(path)) for name, path in sorted(paths.items())}


def _schema(parts: SplitResult) -> str | None:
    return next(iter(parse_qs(parts.query).get("schema", [])), None)
