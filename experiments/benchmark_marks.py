"""The marks that the worlds are judged by, and in which cells each was met and missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.benchmark_suite import Table

APART = "hidden_confounder"
"""Reported apart: no estimator can be right there, so that it counts in no mark."""

NULL = ("null", "five_arm_null", "equal", "constant")
"""Worlds whose effects are the same for everyone."""

LOW = ("null", "five_arm_null", "smooth_05", "five_arm_05", "other_principles")

Cell = tuple[str, int]
"""A world and a number of episodes."""


@dataclass(frozen=True)
class Mark:
    """One mark.

    Attributes:
        text: what is asked.
        figure: name of the figure and which of its statistics counts.
        met: whether a value meets it.
        counts: whether it is asked of a cell.
    """

    text: str
    figure: tuple[str, str]
    met: Callable[[float], bool]
    counts: Callable[[str, int], bool] = lambda _world, _n: True


def _captured(world: str, n: int, asked: float) -> Mark:
    text = f"share of the oracle's gain in {world} at {n}: at least {asked}"
    return Mark(text, ("captured", "mean"), lambda x: x >= asked, lambda w, m: (w, m) == (world, n))


MARKS = (
    Mark("mean loss against the best average arm at most 0.02", ("loss", "mean"), lambda x: x <= 0.02),
    Mark("loss above 0.1 in at most 5 % of draws", ("loss_above_0.1", "mean"), lambda x: x <= 0.05),
    Mark("coverage at least 0.87 where effects differ little", ("coverage", "mean"), lambda x: x >= 0.87,
         lambda world, _n: world in LOW),
    Mark("true ranks inside the rank sets: at least 0.90", ("ranks_hold", "mean"), lambda x: x >= 0.9),
    Mark("true best arm in the top set: at least 0.90", ("best_in_top_set", "mean"), lambda x: x >= 0.9),
    Mark("calibration slope, median, 0.9 to 1.1", ("calibration_slope", "median"), lambda x: 0.9 <= x <= 1.1),
    Mark("constants served in at least 90 % of draws where effects do not differ", ("constant", "mean"),
         lambda x: x >= 0.9, lambda world, _n: world in NULL),
    Mark("unsupported pairs told as such: at least 0.95", ("abstention_recall", "mean"), lambda x: x >= 0.95),
    Mark("supported pairs told as unsupported: at most 0.05", ("false_abstention", "mean"), lambda x: x <= 0.05),
    _captured("smooth_15", 2000, 0.5),
    _captured("smooth_25", 2000, 0.85),
    _captured("smooth_15", 8000, 0.8),
    _captured("smooth_25", 8000, 0.94),
)  # fmt: skip


def judge_marks(cells: Mapping[Cell, Mapping[str, Mapping[str, float]]]) -> list[dict[str, Any]]:
    """For each mark that some cell is asked for: in how many cells it was met, and the misses."""
    told = []
    for mark in MARKS:
        name, statistic = mark.figure
        values = {
            cell: summary[name][statistic]
            for cell, summary in cells.items()
            if cell[0] != APART and name in summary and mark.counts(*cell)
        }
        if values:
            missed = {f"{world} {n}": x for (world, n), x in values.items() if not mark.met(x)}
            told.append({"mark": mark.text, "cells": len(values), "met": len(values) - len(missed), "missed": missed})
    return told


def marks_table(judged: list[dict[str, Any]]) -> Table:
    """The marks as a table; judged by the figures as they came, whatever their Monte Carlo error."""
    rows = [
        (row["mark"], f"{row['met']} of {row['cells']}", ", ".join(f"{k} ({x:.2f})" for k, x in row["missed"].items()))
        for row in judged
    ]
    note = f"Judged by the mean (or median) as it came. {APART} counts in none."
    return Table("Marks", ("asked", "met", "missed in"), rows, note)
