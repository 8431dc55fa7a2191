"""Kinds of patients of whom a study tells apart what holds on average: its groups, and the severity at the start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.encoding import MISSING_LEVEL
from data_contracts.episode import Column, Episodes, FloatArray
from data_contracts.kind import Kind
from data_contracts.protocol import StudyProtocol
from engine.patient import MORE_SEVERE_FROM
from experiments.group_levels import bands_of, levels_of
from experiments.report.table_one import RARE_LEVELS


def kinds_of(episodes: Episodes, protocol: StudyProtocol) -> list[Mapping[Kind, BoolArray]]:
    """(n,) patients of each kind; every patient is in one kind of each list."""
    found: list[Mapping[Kind, BoolArray]] = []
    baseline = protocol.outcome.baseline
    if baseline is not None and "PHQ-9" in protocol.outcome.unit:
        found.append(_cut(baseline, np.asarray(episodes.columns[baseline], dtype=np.float64), MORE_SEVERE_FROM))
    for name in protocol.groups:
        column = episodes.columns[name]
        levels = levels_of(name, column, episodes.patient)
        found.append({_kind(name, level, column): rows for level, rows in levels.items()})
    return found


def _kind(name: str, level: str, column: Column) -> Kind:
    """What a level says of a patient; nothing where it is unknown or one of several rare ones."""
    bands, words = bands_of(name, column), f"{name} {level}"
    if level in bands:
        start, end = bands[level]
        return Kind(words=words, column=name, at_least=_finite(start), below=_finite(end))
    return Kind(words=words, column=name, level=None if level in (MISSING_LEVEL, RARE_LEVELS) else level)


def _finite(end: float) -> float | None:
    """An end as its words tell it, no finer: it may be some patient's value."""
    return float(f"{end:g}") if np.isfinite(end) else None


def _cut(name: str, numbers: FloatArray, at: float) -> dict[Kind, BoolArray]:
    missing = np.isnan(numbers)
    found = {
        Kind(words=f"{name} below {at:g}", column=name, below=at): numbers < at,
        Kind(words=f"{name} of {at:g} or more", column=name, at_least=at): numbers >= at,
    }
    unknown = Kind(words=f"{name} {MISSING_LEVEL}", column=name)
    return {**found, **({unknown: missing} if missing.any() else {})}
