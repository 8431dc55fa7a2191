"""What a suite found of what was planted, a row a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.benchmark_marks import Cell, Summary
from experiments.benchmark_suite import Table
from experiments.benchmark_summary import told


def found_table(cells: Mapping[Cell, Summary], note: str) -> Table:
    """By what was planted and at how many episodes, each figure's mean and median with their Monte Carlo errors.

    Args:
        cells: the described figures.
        note: what the figures mean.
    """
    rows: list[list[Any]] = []
    for (name, n), summary in cells.items():
        for figure, found in summary.items():
            rows.append([name, n, figure.replace("_", " "), told(found), told(found, "median"), int(found["draws"])])
    return Table("What was found", ("planted", "episodes", "figure", "mean", "median", "draws"), rows, note)
