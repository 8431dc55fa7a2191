"""Kinds of patients of whom a study tells apart what holds on average: its groups, and the severity at the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from data_contracts.column_checks import is_missing
from data_contracts.effects import BoolArray
from data_contracts.episode import Column, Episodes, FloatArray
from data_contracts.protocol import StudyProtocol

MORE_SEVERE = 16
"""PHQ-9 score from which NICE NG222 calls depression more severe."""

MOST = 12
"""Levels of a group that are told apart; a column with more is a number, and is cut at its median."""


def kinds_of(episodes: Episodes, protocol: StudyProtocol) -> Mapping[str, BoolArray]:
    """(n,) patients of each kind by its name, in words."""
    found: dict[str, BoolArray] = {}
    baseline = protocol.outcome.baseline
    if baseline is not None and "PHQ-9" in protocol.outcome.unit:
        found |= _cut(baseline, _numbers(episodes.columns[baseline]), MORE_SEVERE)
    for name in protocol.groups:
        if name in episodes.columns:
            found |= dict(_levels(name, episodes.columns[name]))
    return found


def _levels(name: str, column: Column) -> Iterator[tuple[str, BoolArray]]:
    missing = is_missing(column)
    levels = sorted({str(value) for value in column[~missing].tolist()})
    if len(levels) > MOST:
        numbers = _numbers(column)
        yield from _cut(name, numbers, float(np.nanmedian(numbers))).items()
    else:
        texts = np.array([str(value) for value in column.tolist()])
        for level in levels:
            yield f"{name} {level}", np.asarray((texts == level) & ~missing)
    if missing.any():
        yield f"{name} not recorded", missing


def _cut(name: str, numbers: FloatArray, at: float) -> dict[str, BoolArray]:
    return {f"{name} below {at:g}": numbers < at, f"{name} of {at:g} or more": numbers >= at}


def _numbers(column: Column) -> FloatArray:
    return np.asarray(column, dtype=np.float64)
