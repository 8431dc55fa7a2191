"""Writes tables as a DuckDB file; it appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd


def write_duckdb(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables into a new database; columns that end in ``_date`` become dates, whole numbers integers.

    An existing file of that name is replaced.
    """
    with TemporaryDirectory(dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        with duckdb.connect(str(fresh)) as connection:
            for name, table in tables.items():
                columns = ", ".join(
                    f'CAST("{column}" AS {_type(table, column)}) AS "{column}"' for column in map(str, table)
                )
                connection.register("given", table)
                connection.execute(f'CREATE TABLE "{name}" AS SELECT {columns} FROM given')  # noqa: S608 - own names
                connection.unregister("given")
        os.replace(fresh, path)  # noqa: PTH105 - Path.replace is the same call


def _type(table: pd.DataFrame, column: str) -> str:
    if column.endswith("_date"):
        return "DATE"
    kind = table[column].dtype.kind
    return {"i": "BIGINT", "f": "DOUBLE", "M": "DATE"}.get(kind, "VARCHAR")
