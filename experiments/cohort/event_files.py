"""Opens a folder of event tables in DuckDB, through ibis; the files stay as they are."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import ibis

from data_contracts.errors import BadInput, Problem
from data_contracts.event_tables import EVENT_TABLES, EventColumn, EventTable
from data_contracts.tables import MISSING_MARKERS

Expression: TypeAlias = Any
"""An ibis expression or table; ibis makes their methods while it runs, so a type could not say more."""

ROW = "file_row"
"""The number of a row in its file, as a spreadsheet counts them: the header is row 1."""


@dataclass(frozen=True)
class EventSource:
    """Event tables in a database.

    Attributes:
        connection: the ibis backend that runs expressions.
        names: what each table is called in messages.
        raw: each table's cells as they were read, with ``ROW``.
        tables: the same with dates and numbers as such; what could not be read as one is empty.
    """

    connection: Any
    names: Mapping[str, str]
    raw: Mapping[str, Expression]
    tables: Mapping[str, Expression]


def open_events(folder: Path) -> EventSource:
    """Open a folder with one CSV or Parquet file an event table.

    Raises:
        BadInput: no such folder, or files or columns are missing or cannot be read; all are listed.
    """
    if not folder.is_dir():
        step = "Give the folder that holds patients, treatments and measures as CSV or Parquet."
        raise BadInput([Problem(str(folder), "a folder with event tables", "no such folder", step)])
    connection = ibis.duckdb.connect(threads=os.cpu_count() or 1, temp_directory=tempfile.gettempdir())
    problems: list[Problem] = []
    raw, names = {}, {}
    for name, table in EVENT_TABLES.items():
        paths = [found for end in ("parquet", "csv") if (found := folder / f"{name}.{end}").is_file()]
        path: Path | None = paths[0] if paths else None
        names[name] = path.name if path else name
        if len(paths) > 1:
            problems.append(Problem(folder.name, f"one file of {name}", "CSV and Parquet", "Take one of them away."))
        if path is None and table.there:
            step = "Export the table into the folder under that name."
            problems.append(Problem(folder.name, f"{name}.csv or {name}.parquet", "no such file", step))
        try:
            raw[name] = _load(connection, path, name, table)
        except (duckdb.Error, UnicodeDecodeError):
            step = "Export it again: UTF-8, commas, a header, as many cells in each row."
            problems.append(Problem(names[name], "a CSV or Parquet table", "a file that cannot be read as one", step))
            continue
        problems += _column_problems(names[name], table, raw[name].columns)
    if problems:
        raise BadInput(problems)
    # Kept as tables of their own: what is asked of them later is then a short query each.
    typed = {
        name: connection.create_table(name, _typed(raw[name], table), temp=True)
        for name, table in EVENT_TABLES.items()
    }
    return EventSource(connection, names, raw, typed)


def _load(connection: Any, path: Path | None, name: str, table: EventTable) -> Expression:
    """The file's rows in a table of the database, so that row numbers are counted once; without a file, no rows."""
    if path is None:
        return ibis.memtable([], schema=dict.fromkeys(table.columns, "string") | {ROW: "int64"})
    if path.suffix == ".parquet":
        read = connection.read_parquet(path)
    else:
        # Every cell as text: what a date or a number is, the contract says, and no look at the first rows.
        read = connection.read_csv(
            path, all_varchar=True, header=True, delim=",", quote='"', escape='"', nullstr=list(MISSING_MARKERS)
        )
    read = read.rename({column.strip(): column for column in read.columns})
    return connection.create_table(f"read_{name}", read.mutate(**{ROW: ibis.row_number() + 2}), temp=True)


def _column_problems(source: str, table: EventTable, present: tuple[str, ...]) -> Iterator[Problem]:
    for name, column in table.columns.items():
        if column.there and name not in present:
            near = difflib.get_close_matches(name, present, n=1)
            step = f"Did you mean {near[0]}?" if near else "Add the column."
            yield Problem(source, f"a column {name}", "no such column", step)


def _typed(raw: Expression, table: EventTable) -> Expression:
    cells = {name: as_kind(raw, name, column) for name, column in table.columns.items()}
    return raw.mutate(**cells)


def as_kind(raw: Expression, name: str, column: EventColumn) -> Expression:
    """A column as text, date or number; empty where a cell is none, or where there is no such column."""
    type_ = {"text": "string", "date": "date", "number": "float64"}[column.kind]
    if name not in raw.columns:
        return ibis.null(type_)
    found = raw[name]
    if column.kind == "text":
        text = found.cast("string").strip()
        return text.nullif("")
    return found.try_cast(type_) if found.type().is_string() else found.cast(type_)
