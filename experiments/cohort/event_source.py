"""Event tables in a database, whatever shape they came in: what the checks and the cohort's builder are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from data_contracts.episode import LeftOut
from data_contracts.errors import Problem, RowName
from data_contracts.event_tables import EVENT_TABLES, EventColumn, EventTable

Expression: TypeAlias = Any
"""An ibis expression or table; ibis makes their methods while it runs, so a type could not say more."""

ROW = "equipoise_row"
"""The number of a row where it came from: of a file, as a spreadsheet counts; of a CDM table, its key; else a line."""
FILE = "equipoise_file"
"""The file or table that a row came from."""
UNREAD = "equipoise_unread_"
"""Before a column's name: whether its cell holds something that is not of its kind."""


@dataclass(frozen=True)
class EventSource:
    """Event tables in a database.

    Attributes:
        connection: the ibis backend that runs expressions.
        names: what each table is called in messages that concern no row.
        tables: the cells of each row of the source as their kinds, with ``ROW``, ``FILE`` and, for what can be
            unreadable, ``UNREAD``; what could not be read is empty.
        joined: the same as the cohort takes them: where the source holds prescriptions, these joined to courses.
        rows: how a row of the source is called.
        left_out: what is no part of the tables, counted.
        fixed: observations of what does not change in a patient, where the source holds such.
        miscoded: records that mean a word by a code in another terminology's place.
        problems: what was found wrong while reading, to be told with the rest.
    """

    connection: Any
    names: Mapping[str, str]
    tables: Mapping[str, Expression]
    joined: Mapping[str, Expression]
    rows: Callable[[str], RowName]
    left_out: tuple[LeftOut, ...] = ()
    fixed: Expression | None = None
    miscoded: Expression | None = None
    problems: tuple[Problem, ...] = ()

    def __enter__(self) -> EventSource:
        """The source itself; its connection is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection; tables of the session go with it."""
        self.connection.disconnect()


def typed(raw: Expression, table: EventTable) -> Expression:
    """A table's cells as their kinds, with a mark beside each that could not be read; further columns stay."""
    cells = {name: as_kind(raw, name, column) for name, column in table.columns.items()}
    marks = {}
    for name, column in table.columns.items():
        if name in raw.columns and column.kind != "text" and raw[name].type().is_string():
            marks[UNREAD + name] = (raw[name].strip() != "").fill_null(False) & cells[name].isnull()
    return raw.mutate(**cells, **marks)


def as_kind(raw: Expression, name: str, column: EventColumn) -> Expression:
    """A column as text, date or number; empty where a cell is none, or where there is no such column."""
    import ibis

    type_ = {"text": "string", "date": "date", "number": "float64"}[column.kind]
    if name not in raw.columns:
        return ibis.null(type_)
    found = raw[name]
    if column.kind == "text":
        return found.cast("string").nullif("")
    return found.try_cast(type_) if found.type().is_string() else found.cast(type_)


def kept(connection: Any, name: str, rows: Expression) -> Expression:
    """Rows in a table of the session: what is asked of them later is then a short query each."""
    if connection.name == "pyspark":
        # Spark has no tables of a session, but views of one, which it can keep.
        return connection.create_view(f"equipoise_{name}", rows, overwrite=True).cache()
    table = connection.create_table(f"equipoise_{name}", rows, temp=True)
    if connection.name == "postgres":
        # Of a table of the session PostgreSQL knows nothing until told to look: it would plan for hardly any rows.
        connection.raw_sql(f"ANALYZE equipoise_{name}").close()
    return table


def kept_typed(connection: Any, raw: Mapping[str, Expression]) -> dict[str, Expression]:
    """Event tables with their cells as their kinds, each in a table of the session."""
    return {name: kept(connection, name, typed(raw[name], table)) for name, table in EVENT_TABLES.items()}
