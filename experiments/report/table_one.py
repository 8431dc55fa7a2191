"""Table 1: who was in the study, by arm: what was known at time zero, with no count of fewer than 11 patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from data_contracts.encoding import MISSING_LEVEL
from data_contracts.episode import Column, Episodes, IntArray
from data_contracts.patient_count import MINIMUM_CELL, Count, Split, are_enough, count_patients
from data_contracts.protocol import StudyProtocol
from experiments.report.disclosure import Shown, disclose, disclose_all_patients, disclose_patients
from experiments.report.wording import decimals

RARE_LEVELS = "(levels with fewer than 11 patients)"
"""Levels this rare are shown together: the name of one may itself point at a person."""

DIGITS = 4
"""Significant digits of means and standard deviations."""


def table_one(episodes: Episodes, protocol: StudyProtocol) -> dict[str, Any]:
    """Episodes and patients by arm, and a row for each covariate and group: mean and SD, or counts by level."""
    by_arm = episodes.by_arm
    return {
        "episodes": episodes.counts,
        "patients": {name: disclose_patients(count) for name, count in by_arm.items()},
        "patients_in_all": disclose_all_patients([*by_arm.values()], episodes.patients),
        "rows": [
            {"column": name, "part": _part(name, protocol), **_row(column, episodes)}
            for name, column in episodes.columns.items()
        ],
    }


def _part(name: str, protocol: StudyProtocol) -> str:
    if name in protocol.effect_modifiers:
        return "effect modifier"
    return "adjusted for" if name in protocol.covariates else "group"


def _row(column: Column, episodes: Episodes) -> dict[str, Any]:
    """A number that takes two values is shown as counts: its mean would give them away."""
    if column.dtype == object:
        return _categorical(np.array([MISSING_LEVEL if value is None else str(value) for value in column]), episodes)
    present = np.unique(column[~np.isnan(column)])
    if len(present) <= 2:
        texts = np.array([MISSING_LEVEL if np.isnan(value) else f"{value:g}" for value in column])
        return _categorical(texts, episodes)
    by_arm = {name: _numeric(column, episodes, k) for k, name in enumerate(episodes.arms)}
    digits = decimals(cell["sd"] for cell in by_arm.values() if cell["sd"] is not None)
    return {"kind": "numeric", "digits": digits, "by_arm": by_arm}


def _numeric(column: Column, episodes: Episodes, k: int) -> dict[str, Any]:
    values, patient = column[episodes.arm == k], episodes.patient[episodes.arm == k]
    known = ~np.isnan(values)
    present, split = values[known], Split.of(known, patient)
    missing, _ = disclose([split.outside, split.inside])
    told = are_enough(patient[known])
    return {
        "mean": float(f"{present.mean():.{DIGITS}g}") if told else None,
        "sd": float(f"{present.std(ddof=1):.{DIGITS}g}") if told else None,
        "missing": missing,
        "missing_percent": _percent(missing, len(values)),
    }


def _categorical(texts: Column, episodes: Episodes) -> dict[str, Any]:
    overall = Counter(texts.tolist())
    patients = {text: count_patients(episodes.patient[texts == text]) for text in overall}
    named = np.array([RARE_LEVELS if patients[text] < MINIMUM_CELL else text for text in texts.tolist()])
    levels = in_order({level: overall[level] for level in named.tolist()})
    started = [episodes.arm == k for k in range(len(episodes.arms))]
    shown = [_shown(named[rows], episodes.patient[rows], levels) for rows in started]
    by_arm = dict(zip(episodes.arms, shown, strict=True))
    rows = [
        {"level": level, "by_arm": {arm: cells[i] for arm, cells in by_arm.items()}} for i, level in enumerate(levels)
    ]
    return {"kind": "categorical", "levels": rows}


def in_order(levels: Mapping[str, int]) -> list[str]:
    """Levels as a list of them is disclosed: the most frequent first, what is no level of its own last."""
    return sorted(levels, key=lambda level: (level in (MISSING_LEVEL, RARE_LEVELS), -levels[level], level))


def _shown(named: Column, patient: IntArray, levels: list[str]) -> list[dict[str, Any]]:
    """One arm's counts, disclosed together: they add up to the arm's episodes."""
    counts = disclose([Count.of(patient[named == level]) for level in levels])
    return [{"n": count, "percent": _percent(count, len(named))} for count in counts]


def _percent(count: Shown, total: int) -> float | None:
    return round(100 * count / total, 1) if isinstance(count, int) else None
