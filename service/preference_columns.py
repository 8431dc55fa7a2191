"""Reads weights from a table of patients: one column an attribute, named ``prefer_`` and its key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray
from data_contracts.errors import Problem, rows_text
from data_contracts.preferences import MEDICATION, NO_MEDICATION, SIDE_EFFECT, WEIGHTS, is_weight, weight_text
from service.needs import Needs, nearest

if TYPE_CHECKING:
    from data_contracts.tables import Table

PREFER = "prefer_"


def weight_columns(needs: Needs) -> tuple[str, ...]:
    """Every column that tells a weight."""
    return tuple(PREFER + key for key in (*WEIGHTS, *(SIDE_EFFECT + kind for kind in needs.side_effects)))


def weights_in(table: Table, needs: Needs) -> dict[str, FloatArray]:
    """The (n,) weights by key, 0 for patients without preferences; nothing if the table has no such column."""
    return {name.removeprefix(PREFER): np.nan_to_num(weights) for name, weights in _columns(table, needs).items()}


def weight_problems(table: Table, needs: Needs) -> Iterator[Problem]:
    """What is wrong with the weights; a row without any has no preferences, and that is right."""
    known = weight_columns(needs)
    for name in table.columns:
        if name.startswith(PREFER) and name not in known and name not in needs.names:
            step = nearest(name, known, f"Known: {', '.join(known)}.")
            yield Problem(table.source, f"after {PREFER} the key of a weight", "an unknown one", step)
    if columns := _columns(table, needs):
        yield from _cell_problems(table.source, columns)
        yield from _row_problems(f"{table.source}, {PREFER}…", columns)


def _cell_problems(source: str, columns: Mapping[str, FloatArray]) -> Iterator[Problem]:
    some = ~np.isnan(np.stack(list(columns.values()), axis=1)).all(axis=1)
    for name, weights in columns.items():
        if rows := _rows(np.isinf(weights)):
            yield Problem(
                f"{source}, {name}", weight_text(), f"something else in {rows_text(rows)}", "Correct the cells."
            )
        if rows := _rows(some & np.isnan(weights)):
            step = "Write 0 for no weight, or clear all weights of the row."
            yield Problem(f"{source}, {name}", "a weight in rows that have others", f"none in {rows_text(rows)}", step)


def _row_problems(where: str, columns: Mapping[str, FloatArray]) -> Iterator[Problem]:
    if rows := _rows((np.stack(list(columns.values()), axis=1) == 0).all(axis=1)):
        step = "Set one, or clear all weights of the row."
        yield Problem(where, "a weight above 0", f"none in {rows_text(rows)}", step)
    one, other = (columns.get(PREFER + key, np.zeros(1)) > 0 for key in (MEDICATION, NO_MEDICATION))
    if rows := _rows(one & other):
        expected = f"a weight on {MEDICATION} or {NO_MEDICATION}"
        yield Problem(where, expected, f"one on both in {rows_text(rows)}", "Set one to 0.")


def _columns(table: Table, needs: Needs) -> dict[str, FloatArray]:
    """(n,) weights by column, NaN for an empty cell and infinity for what is no weight."""
    names = [name for name in weight_columns(needs) if name in table.columns]
    return {name: np.array([_number(cell) for cell in table.columns[name]]) for name in names}


def _number(cell: object) -> float:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return math.nan
    try:
        weight = float(str(cell))
    except ValueError:
        return math.inf
    return weight if is_weight(weight) else math.inf


def _rows(wrong: BoolArray) -> list[int]:
    """Numbers of the rows that are wrong; the header is row 1."""
    return (np.flatnonzero(wrong) + 2).tolist()
