"""Records that each say one word of a patient, and the event tables that are made of them (OMOP and FHIR alike)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data_contracts.episode import LeftOut
from data_contracts.event_tables import EVENT_TABLES, WHAT
from experiments.cohort.event_source import FILE, ROW, Expression
from experiments.cohort.joins import lacking


def of_table(said: Expression, name: str) -> Expression:
    """The rows of one event table, under the contract's names.

    Args:
        said: one row a record and word: ``FILE``, ``ROW``, ``patient_id``, ``kind`` (the event table), ``word``,
            ``date``, ``end_date``, ``value``, ``text`` and ``unit``.
        name: the event table.
    """
    rows = said.filter(said.kind == name)
    cells = {FILE: rows[FILE], ROW: rows[ROW], "patient_id": rows.patient_id, WHAT[name]: rows.word}
    cells[str(EVENT_TABLES[name].day)] = rows.date
    more = {"treatments": ("end_date",), "measures": ("value", "unit")}.get(name, ())
    return rows.select(**cells, **{column: rows[column] for column in more})


def observed(people: Expression, said: Expression) -> tuple[Expression, Expression, Expression]:
    """Those of whom it is known since when they are on record, what is said of them, and the others.

    Of the others nothing could be known before any time zero: they are no part of a study, and are counted.
    """
    unseen = people.filter(people.observed_from.isnull())
    return people.filter(people.observed_from.notnull()), lacking(said, unseen, "patient_id"), unseen


def left_out(connection: Any, rows: Expression, what: str) -> Iterator[LeftOut]:
    """Rows that are no part of a study, if there are any."""
    if count := int(connection.to_pyarrow(rows.count()).as_py()):
        yield LeftOut(what, count)
