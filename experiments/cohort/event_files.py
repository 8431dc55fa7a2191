"""Opens a folder of event tables in DuckDB, through ibis; the files stay as they are."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import ibis

from data_contracts.cleaning import Cleaning
from data_contracts.errors import TABLE_ROWS, BadInput, Problem
from data_contracts.event_tables import EVENT_TABLES, EventTable
from data_contracts.tables import MISSING_MARKERS
from experiments.cohort.cleaning import clean, joined_courses
from experiments.cohort.event_source import FILE, ROW, EventSource, Expression, kept_typed


def duckdb_in_memory() -> Any:
    """A database of this process, which may spill to the machine's place for passing files, and prints nothing."""
    connection = ibis.duckdb.connect(threads=os.cpu_count() or 1, temp_directory=tempfile.gettempdir())
    # What takes long would draw its own bar on standard output, into what `--json` prints.
    connection.raw_sql("SET enable_progress_bar = false")
    return connection


def open_events(folder: Path, rules: Cleaning = Cleaning()) -> EventSource:  # noqa: B008 - frozen
    """Open a folder with one CSV or Parquet file an event table.

    Args:
        folder: of the files.
        rules: what is done with rows that would be refused.

    Raises:
        BadInput: no such folder, or files or columns are missing or cannot be read; all are listed.
    """
    if not folder.is_dir():
        step = "Give the folder that holds patients, treatments and measures as CSV or Parquet."
        raise BadInput([Problem(str(folder), "a folder with event tables", "no such folder", step)])
    connection = duckdb_in_memory()
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
        problems += column_problems(names[name], table, raw[name].columns)
    if problems:
        raise BadInput(problems)
    tables = kept_typed(connection, {name: _stripped(raw[name], table) for name, table in EVENT_TABLES.items()})
    desk = clean(connection, tables, rules)
    joined = joined_courses(desk, rules)
    return EventSource(
        connection,
        names,
        desk.tables,
        joined,
        lambda _file: TABLE_ROWS,
        tuple(desk.done),
        problems=tuple(desk.problems),
    )


def _load(connection: Any, path: Path | None, name: str, table: EventTable) -> Expression:
    """The file's rows in a table of the database, so that row numbers are counted once; without a file, no rows."""
    if path is None:
        return ibis.memtable([], schema=dict.fromkeys(table.columns, "string") | {ROW: "int64", FILE: "string"})
    if path.suffix == ".parquet":
        read = connection.read_parquet(path)
    else:
        # Every cell as text: what a date or a number is, the contract says, and no look at the first rows.
        read = connection.read_csv(
            path, all_varchar=True, header=True, delim=",", quote='"', escape='"', nullstr=list(MISSING_MARKERS)
        )
    read = read.rename({column.strip(): column for column in read.columns})
    return connection.create_table(
        f"read_{name}", read.mutate(**{ROW: ibis.row_number() + 2, FILE: ibis.literal(path.name)}), temp=True
    )


def _stripped(raw: Expression, table: EventTable) -> Expression:
    """Names without the blanks around them, which only files have.

    Not done with what databases hold: ibis 12 has Spark strip the letters of its escapes, an f among them, as well.
    """
    texts = [name for name, column in table.columns.items() if column.kind == "text" and name in raw.columns]
    return raw.mutate(**{name: raw[name].cast("string").strip() for name in texts})


def column_problems(source: str, table: EventTable, present: tuple[str, ...]) -> Iterator[Problem]:
    """Columns that an event table has to have and has not."""
    for name, column in table.columns.items():
        if column.there and name not in present:
            near = difflib.get_close_matches(name, present, n=1)
            step = f"Did you mean {near[0]}?" if near else "Add the column."
            yield Problem(source, f"a column {name}", "no such column", step)
