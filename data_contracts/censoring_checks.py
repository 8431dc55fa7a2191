"""Checks of when patients were lost, and what the learners are told of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from data_contracts.episode import IntArray
from data_contracts.errors import Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import Table


def censoring_problems(table: Table, protocol: StudyProtocol) -> Iterator[Problem]:
    """Last visits that are none of the protocol's, or that contradict the primary outcome."""
    block = protocol.censoring
    if block is None or block.last_visit not in table.columns:
        return
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
