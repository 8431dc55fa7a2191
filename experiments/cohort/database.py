"""Opens records in a database: a DuckDB file or the address of a server; event tables, or an OMOP CDM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ibis

from data_contracts.errors import BadInput, Problem, RowName
from data_contracts.event_tables import EVENT_TABLES
from data_contracts.target_trial import TargetTrial
from experiments.cohort.cleaning import clean, joined_courses
from experiments.cohort.database_errors import database_problem
from experiments.cohort.event_files import column_problems, duckdb_in_memory
from experiments.cohort.event_source import FILE, ROW, EventSource, Expression, kept_typed
from experiments.cohort.omop import open_omop
from experiments.cohort.omop_tables import BESIDE, CLINICAL, IS_CDM
from experiments.cohort.place import name_of
from experiments.cohort.spark import SCHEME, spark_connection, spark_tables

ATTACHED = "records"
"""What a DuckDB file is called while it is open."""
SHEETS = {"date": "dates", "number": "numbers"}
CDM_TABLES = (*IS_CDM, *BESIDE, *CLINICAL)
WANTED = frozenset((*EVENT_TABLES, *CDM_TABLES))


def open_file(path: Path, trial: TargetTrial) -> EventSource:
    """Open a DuckDB file, which is not written to.

    Raises:
        BadInput: it is none, or holds neither event tables nor a CDM.
    """
    connection = duckdb_in_memory()
    try:
        connection.attach(path, name=ATTACHED, read_only=True)
    except Exception as error:
        step = "Check the path; another program may have the file open for writing."
        raise BadInput([Problem(path.name, "a DuckDB file", "a file that cannot be opened as one", step)]) from error
    return _open(connection, lambda: _in_file(connection), path.name, trial)


def open_address(address: str, trial: TargetTrial) -> EventSource:
    """Open a database by its address; tables of the session are written, and nothing else.

    Raises:
        BadInput: it does not answer, or holds neither event tables nor a CDM.
    """
    if address.startswith(SCHEME):
        return _open_spark(address, trial)
    try:
        connection = ibis.connect(address)
        there = _prepared(connection) if connection.name == "postgres" else True
    except Exception as error:  # each driver has errors of its own, and they may repeat the address
        raise BadInput([database_problem(address, error)]) from None
    place = name_of(address)
    if not there:
        connection.disconnect()
        step = "Check the schema that the address names, and that the user may use it."
        raise BadInput([Problem(place, "the schema of the records", "none of that name for this user", step)])
    return _open(connection, lambda: _tables(connection, connection.list_tables()), place, trial)


def _open_spark(address: str, trial: TargetTrial) -> EventSource:
    """Records in Spark, in views of its session."""
    try:
        connection = spark_connection(address)
    except BadInput:
        raise
    except Exception as error:  # of Spark, of Java, or of what lies between them
        raise BadInput([database_problem(address, error)]) from None
    return _open(connection, lambda: _lower(spark_tables(connection, address, WANTED)), name_of(address), trial)


def _prepared(connection: Any) -> bool:
    """Whether a PostgreSQL session has a schema to read; without one ibis would list tables that cannot be opened."""
    # The server expects one row of what is chosen by its place in an order, and would go through all of it for each
    # patient: a hundred times as long. Every join here is by equal patients.
    connection.raw_sql("SET enable_nestloop = off").close()
    with connection.raw_sql("SELECT current_schema()") as cursor:
        return cursor.fetchone()[0] is not None


def _tables(connection: Any, names: Iterable[str], database: tuple[str, str] | None = None) -> dict[str, Expression]:
    """The tables that a study may read, by name in lower case, with their columns in lower case."""
    return _lower({name: connection.table(name, database=database) for name in names if name.lower() in WANTED})


def _lower(tables: Mapping[str, Expression]) -> dict[str, Expression]:
    """The same by their names in lower case, without columns of a type that nothing of a study has (JSON, arrays)."""
    found = {}
    for name, table in tables.items():
        plain = [column for column, type_ in table.schema().items() if not _is_composite(type_)]
        found[name.lower()] = table.select(**{column.lower(): table[column] for column in plain})
    return found


def _is_composite(type_: Any) -> bool:
    return bool(type_.is_nested() or type_.is_json() or type_.is_geospatial())


def _in_file(connection: Any) -> dict[str, Expression]:
    """The tables of the attached file: those of its main schema or, if that has none, of its first that has."""
    # Asked of DuckDB itself: ibis 12 lists tables by a call that DuckDB has deprecated.
    every = connection.con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [ATTACHED]
    )
    by_schema = defaultdict(list)
    for schema, name in every.fetchall():
        if name.lower() in WANTED:
            by_schema[schema].append(name)
    schema = min(by_schema, key=lambda name: (name != "main", name), default="main")
    return _tables(connection, by_schema[schema], (ATTACHED, schema))


def _open(
    connection: Any, listed: Callable[[], Mapping[str, Expression]], place: str, trial: TargetTrial
) -> EventSource:
    """The source of an open connection, which is closed if it holds none."""
    try:
        tables = listed()
        if all(name in tables for name in IS_CDM):
            return open_omop(connection, tables, trial)
        if problems := list(_problems(tables, place)):
            raise BadInput(problems)
        typed = kept_typed(connection, {name: _numbered(tables.get(name), name) for name in EVENT_TABLES})
        desk = clean(connection, typed, trial.cleaning)
        joined = joined_courses(desk, trial.cleaning)
    except BaseException:
        connection.disconnect()
        raise
    names = {name: name for name in EVENT_TABLES}
    done, unknown = tuple(desk.done), tuple(desk.problems)
    return EventSource(connection, names, desk.tables, joined, _row_name, done, problems=unknown)


def _problems(tables: Mapping[str, Expression], place: str) -> Iterator[Problem]:
    for name, table in EVENT_TABLES.items():
        if name not in tables:
            if table.there:
                made = f"Make the table (of an OMOP CDM {' and '.join(IS_CDM)}) or let this user read it"
                step = f"{made}; name the schema in the address."
                yield Problem(place, f"a table {name}", "none that can be read", step)
            continue
        yield from column_problems(name, table, tables[name].columns)
        schema = tables[name].schema()
        for column, kind in table.columns.items():
            right = {"text": True}
            if column in schema:
                type_ = schema[column]
                right = {"text": True, "date": type_.is_temporal(), "number": type_.is_numeric()}
            if not right.get(kind.kind, True):
                step = "Give the column that type: a database can check it, and this could not."
                yield Problem(f"{name}, {column}", SHEETS[kind.kind], "a column of another type", step)


def _numbered(table: Expression | None, name: str) -> Expression:
    """Rows numbered in the order of their key, as a table has none; no rows where there is no table."""
    contract = EVENT_TABLES[name]
    if table is None:
        types = {"text": "string", "date": "date", "number": "float64"}
        schema = {column: types[kind.kind] for column, kind in contract.columns.items()}
        return ibis.memtable([], schema=schema | {ROW: "int64", FILE: "string"})
    order = ibis.window(order_by=[table[column] for column in contract.key])
    return table.mutate(**{ROW: ibis.row_number().over(order) + 1, FILE: ibis.literal(name)})


def _row_name(table: str) -> RowName:
    return RowName("row", "row", f"in the order of {', '.join(EVENT_TABLES[table].key)}")
