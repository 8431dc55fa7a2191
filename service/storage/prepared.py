"""Statements that every answer takes, compiled once for each kind of database and handed straight to its driver.

What SQLAlchemy does for each execution (a context, a result, events) takes several times what SQLite needs for the
statement itself. Everything else stays with SQLAlchemy, and so does how a driver's error is told.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Insert, Select, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Process = Callable[[Any], Any]
Statement: TypeAlias = Select[Any] | Insert | TextClause


@dataclass(frozen=True)
class _Form:
    """A statement as one kind of database takes it.

    Attributes:
        sql: its text.
        order: names of its parameters by their places; None where the driver takes them by name.
        given: its own values, such as that of a limit.
        inwards: by parameter, what makes of a value what the driver takes.
        outwards: by place in a row, what makes of the driver's value ours.
    """

    sql: str
    order: Sequence[str] | None
    given: Mapping[str, Any]
    inwards: Mapping[str, Process]
    outwards: Sequence[tuple[int, Process]]

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver takes them."""
        held = {**self.given, **values}
        for name, process in self.inwards.items():
            held[name] = process(held[name])
        return held if self.order is None else tuple([held[name] for name in self.order])

    def read(self, row: Sequence[Any]) -> list[Any]:
        """A row of the driver's with our values."""
        found = list(row)
        for place, process in self.outwards:
            found[place] = process(found[place])
        return found


class Prepared:
    """A statement of SQLAlchemy's for a driver; its methods raise what SQLAlchemy would raise."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}
        self._row = _row_of(statement)

    def rows(self, connection: Connection, **values: Any) -> list[Any]:
        """All that is selected, each row with the names of its columns."""
        form = self._form(connection.dialect)

        def work(cursor: Any) -> list[Any]:
            cursor.execute(form.sql, form.bound(values))
            return [self._row._make(form.read(row)) for row in cursor.fetchall()]

        found: list[Any] = _on(connection, work)
        return found

    def first(self, connection: Connection, **values: Any) -> Any | None:
        """The first row that is selected; None if there is none."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> None:
        """Do it, once for each set of values."""
        form = self._form(connection.dialect)

        def work(cursor: Any) -> None:
            if len(rows) == 1:
                cursor.execute(form.sql, form.bound(rows[0]))
            else:
                cursor.executemany(form.sql, [form.bound(values) for values in rows])

        _on(connection, work)

    def _form(self, dialect: Dialect) -> _Form:
        if dialect.name not in self._forms:
            self._forms[dialect.name] = _formed(self._statement, dialect)
        return self._forms[dialect.name]


def _row_of(statement: Statement) -> Any:
    """The kind of a statement's rows: tuples with the names of its columns."""
    names = statement.selected_columns.keys() if isinstance(statement, Select) else []
    return namedtuple("Row", names)


def _formed(statement: Statement, dialect: Dialect) -> _Form:
    compiled: Any = statement.compile(dialect=dialect)
    inwards = {name: process for name, bind in compiled.binds.items() if (process := _inwards(bind.type, dialect))}
    columns = statement.selected_columns if isinstance(statement, Select) else ()
    outwards = [(place, process) for place, one in enumerate(columns) if (process := _outwards(one.type, dialect))]
    return _Form(compiled.string, compiled.positiontup, compiled.params, inwards, outwards)


def _inwards(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _outwards(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _on(connection: Connection, work: Callable[[Any], Any]) -> Any:
    """Do something on a cursor of the driver's; its errors are told as SQLAlchemy tells them, without any value."""
    dialect, raw = connection.dialect, connection.connection
    cursor = raw.cursor()
    try:
        return work(cursor)
    except dialect.loaded_dbapi.Error as error:
        lost = dialect.is_disconnect(error, raw.dbapi_connection, cursor)
        if lost:
            connection.invalidate(error)
        base = dialect.loaded_dbapi.Error
        told = DBAPIError.instance("", None, error, base, True, lost, dialect)
        raise told from None
    finally:
        cursor.close()
