"""Checks of when patients were lost, and what the learners are told of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from data_contracts.column_checks import number_problems
from data_contracts.episode import FloatArray, IntArray
from data_contracts.errors import Problem
from data_contracts.protocol import Censoring, StudyProtocol
from data_contracts.tables import Table


def censoring_problems(table: Table, protocol: StudyProtocol) -> Iterator[Problem]:
    """Last visits that are none of the protocol's, or that contradict the course or the primary outcome."""
    block = protocol.censoring
    if block is None or block.last_visit not in table.columns:
        return
    yield from _course_problems(table, protocol, block)
    last = table.columns[block.last_visit]
    where, due = f"{table.source}, {block.last_visit}", ", ".join(f"{visit:g}" for visit in block.visits)
    step = "Correct the cells, or the protocol's visits."
    if last.dtype == object:
        yield Problem(where, f"numbers, each one of {due}, or empty cells", "text in some rows", step)
        return
    if strangers := table.rows.told(~np.isnan(last) & ~np.isin(last, block.visits)):
        yield Problem(where, f"one of {due}, or an empty cell", f"something else in {strangers}", step)
    measured = table.columns.get(protocol.outcome.column)
    if measured is None or measured.dtype == object:
        return
    there, known = last == block.visits[-1], np.isin(last, block.visits) | np.isnan(last)
    column = protocol.outcome.column
    if early := table.rows.told(known & ~there & ~np.isnan(measured)):
        expected, found = f"no {column} of patients lost before visit {block.visits[-1]:g}", "one"
        yield Problem(where, expected, f"{found} in {early}", "Correct the last visit or the outcome.")
    if absent := table.rows.told(there & np.isnan(measured)):
        expected = f"a {column} of every patient seen at visit {block.visits[-1]:g}"
        yield Problem(where, expected, f"none in {absent}", "Correct the last visit or the outcome.")


def visits_stayed(table: Table, protocol: StudyProtocol, order: IntArray) -> IntArray | None:
    """(n,) number of visits up to which each patient of the chosen rows was seen; None without a censoring block."""
    if protocol.censoring is None:
        return None
    last = table.columns[protocol.censoring.last_visit][order]
    return np.where(np.isnan(last), 0, np.searchsorted(protocol.censoring.visits, np.nan_to_num(last)) + 1)


def course_measured(table: Table, protocol: StudyProtocol, order: IntArray) -> FloatArray | None:
    """(n, visits - 1) what the chosen rows hold of the course; None where the protocol names none."""
    if protocol.censoring is None or not protocol.censoring.course:
        return None
    return np.stack([table.columns[name].astype(float)[order] for name in protocol.censoring.course], axis=1) + 0.0


def _course_problems(table: Table, protocol: StudyProtocol, block: Censoring) -> Iterator[Problem]:
    """Columns of the course that are no numbers, or hold some of patients who were lost before."""
    last = table.columns[block.last_visit]
    for visit, name in zip(block.visits, block.course, strict=False):
        if name not in table.columns:
            continue
        where, column = f"{table.source}, {name}", table.columns[name]
        if name not in {outcome.column for outcome in protocol.recorded_outcomes}:
            yield from number_problems(column, name, where, protocol, table.rows)
        if object in (column.dtype, last.dtype):
            continue
        if after := table.rows.told(~np.isnan(column) & ~(last >= visit)):
            expected = f"no {name} of patients lost before visit {visit:g}"
            yield Problem(where, expected, f"one in {after}", "Correct the last visit or the measure.")
