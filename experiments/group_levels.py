"""The levels of a column by which patients are grouped: the unrecorded are one, and all that hardly anybody has."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from data_contracts.column_checks import is_missing
from data_contracts.effects import BoolArray
from data_contracts.encoding import MISSING_LEVEL
from data_contracts.episode import Column, FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, count_patients, each_its_own
from experiments.report.table_one import RARE_LEVELS

MOST = 12
"""Levels that are told apart; a column with more is a number, and comes in bands."""

AGES = (18.0, 26.0, 45.0, 65.0)
"""Years at which bands of age begin, as in NICE's and OHDSI's tables: young adults, middle ages, 65 and older."""


def levels_of(name: str, column: Column, patient: IntArray | None = None) -> Mapping[str, BoolArray]:
    """(n,) episodes of each level, in words: every one is in one.

    As in Table 1, levels of fewer than 11 patients are one: the name of such a level may itself point at a person.

    Args:
        name: the column's.
        column: (n,) values.
        patient: (n,) whose each episode is; where it is not given each is another patient's.
    """
    whose = each_its_own(len(column)) if patient is None else patient
    missing, bands = is_missing(column), bands_of(name, column)
    if bands:
        inside = {band: (column >= start) & (column < end) for band, (start, end) in bands.items()}
        found = {band: np.asarray(rows) for band, rows in inside.items() if rows.any()}
    else:
        texts = np.array([f"{value:g}" if isinstance(value, float) else str(value) for value in column.tolist()])
        found = {level: np.asarray((texts == level) & ~missing) for level in sorted(set(texts[~missing].tolist()))}
    return _rare_together({**found, **({MISSING_LEVEL: missing} if missing.any() else {})}, whose)


def _rare_together(levels: dict[str, BoolArray], patient: IntArray) -> dict[str, BoolArray]:
    rare = [level for level, rows in levels.items() if count_patients(patient[rows]) < MINIMUM_CELL]
    together = {RARE_LEVELS: np.logical_or.reduce([levels[level] for level in rare])} if rare else {}
    return {**{level: rows for level, rows in levels.items() if level not in rare}, **together}


def bands_of(name: str, column: Column) -> Mapping[str, tuple[float, float]]:
    """Where each band of a column of numbers starts, and below what it ends, by its name; none where levels are told.

    What lies below the first start is a band of its own.
    """
    known = column[~is_missing(column)]
    if column.dtype == object or len(np.unique(known)) <= MOST:
        return {}
    starts = AGES if name == "age" else _thirds(known)
    bands = {f"below {starts[0]:g}": (-np.inf, starts[0])}
    for start, end in pairwise([*starts, np.inf]):
        bands[f"{start:g} or more" if end == np.inf else f"{start:g} to below {end:g}"] = (start, end)
    return bands


def _thirds(values: FloatArray) -> tuple[float, ...]:
    return tuple(dict.fromkeys(float(cut) for cut in np.quantile(values, (1 / 3, 2 / 3))))
