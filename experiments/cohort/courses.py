"""Joins what is recorded piece by piece, as prescriptions and sessions are, to what event tables hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from data_contracts.event_tables import EVENT_TABLES
from experiments.cohort.event_source import FILE, ROW, Expression, kept
from experiments.cohort.time_zero import RUNNING


def joined(connection: Any, tables: Mapping[str, Expression], gap_days: int) -> dict[str, Expression]:
    """Typed tables with a row a record, as event tables: one row a course, an event a day, a value once.

    Args:
        connection: the ibis backend.
        tables: by name, as ``event_source.typed`` makes them.
        gap_days: pieces of one therapy with at most so many days between them are one course.
    """
    return {
        "patients": tables["patients"],
        "treatments": kept(connection, "courses", courses(tables["treatments"], gap_days)),
        "measures": kept(connection, "measured", _once(tables["measures"], (*EVENT_TABLES["measures"].columns,))),
        "events": kept(connection, "happened", _once(tables["events"], EVENT_TABLES["events"].key)),
    }


def courses(pieces: Expression, gap_days: int) -> Expression:
    """Courses, with the first piece's row; a piece without an end is still running, and takes in what follows it."""
    pieces = pieces.filter(pieces.start_date.notnull(), pieces.therapy.notnull(), pieces.patient_id.notnull())
    pieces = pieces.mutate(end=ibis.coalesce(pieces.end_date, ibis.literal(RUNNING)))
    same = [pieces.patient_id, pieces.therapy]
    order = [pieces.start_date, pieces[FILE], pieces[ROW]]
    earlier = ibis.window(group_by=same, order_by=order, preceding=(None, 1))
    gaps = pieces.mutate(ended=pieces.end.max().over(earlier))
    begins = gaps.ended.isnull() | (gaps.start_date.delta(gaps.ended, unit="day") > gap_days)
    gaps = gaps.mutate(begins=ibis.ifelse(begins, 1, 0))
    until_now = ibis.window(
        group_by=[gaps.patient_id, gaps.therapy],
        order_by=[gaps.start_date, gaps[FILE], gaps[ROW]],
        preceding=(None, 0),
    )
    numbered = gaps.mutate(number=gaps.begins.sum().over(until_now))
    first = numbered.begins == 1
    courses = numbered.group_by("patient_id", "therapy", "number").agg(
        start_date=numbered.start_date.min(),
        end=numbered.end.max(),
        **{ROW: numbered[ROW].max(where=first), FILE: numbered[FILE].max(where=first)},
    )
    return courses.mutate(end_date=courses.end.nullif(RUNNING)).drop("number", "end")


def _once(table: Expression, names: tuple[str, ...]) -> Expression:
    """Rows that say the same once, under the first one's number."""
    return table.group_by(*names).agg(**{FILE: table[FILE].min(), ROW: table[ROW].argmin(table[FILE])})
