"""Kinds of patients of whom a study tells apart what holds on average: its groups, and the severity at the start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.encoding import MISSING_LEVEL
from data_contracts.episode import Episodes, FloatArray
from data_contracts.protocol import StudyProtocol
from engine.patient import MORE_SEVERE_FROM
from experiments.group_levels import levels_of


def kinds_of(episodes: Episodes, protocol: StudyProtocol) -> list[Mapping[str, BoolArray]]:
    """(n,) patients of each kind by its name, in words; every patient is in one kind of each list."""
    found: list[Mapping[str, BoolArray]] = []
    baseline = protocol.outcome.baseline
    if baseline is not None and "PHQ-9" in protocol.outcome.unit:
        found.append(_cut(baseline, np.asarray(episodes.columns[baseline], dtype=np.float64), MORE_SEVERE_FROM))
    for name in protocol.groups:
        levels = levels_of(name, episodes.columns[name])
        found.append({f"{name} {level}": rows for level, rows in levels.items()})
    return found


def _cut(name: str, numbers: FloatArray, at: float) -> dict[str, BoolArray]:
    missing = np.isnan(numbers)
    found = {f"{name} below {at:g}": numbers < at, f"{name} of {at:g} or more": numbers >= at}
    return {**found, **({f"{name} {MISSING_LEVEL}": missing} if missing.any() else {})}
