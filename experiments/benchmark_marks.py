"""Marks: what is asked of a suite's figures, and in which of its cells each was met, missed or not measured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from experiments.benchmark_suite import Table

Cell = tuple[str, int]
"""A world or a data set, and a number of episodes."""

Summary = Mapping[str, Mapping[str, float]]
"""Figures of one cell by name, each as ``describe`` tells it."""

WITHIN_ERROR = NormalDist().inv_cdf(0.95)
"""Monte Carlo errors by which a difference must exceed zero before it counts."""


@dataclass(frozen=True)
class Mark:
    """One mark.

    Attributes:
        text: what is asked.
        figure: name of the figure and which of its statistics counts: mean, median, or ``beyond_error``, the mean
            less what chance makes of it (one-sided, 95 %).
        met: whether a value meets it.
        counts: whether it is asked of a cell.
        of_cells: in how many of its cells it has to be met; None for all.
    """

    text: str
    figure: tuple[str, str]
    met: Callable[[float], bool]
    counts: Callable[[str, int], bool] = lambda _name, _n: True
    of_cells: int | None = None


def at_most(limit: float) -> Callable[[float], bool]:
    """Whether a value is at most the limit."""
    return lambda value: value <= limit


def at_least(limit: float) -> Callable[[float], bool]:
    """Whether a value is at least the limit."""
    return lambda value: value >= limit


def between(lower: float, upper: float) -> Callable[[float], bool]:
    """Whether a value lies between two limits, or on one."""
    return lambda value: lower <= value <= upper


def named(*names: str) -> Callable[[str, int], bool]:
    """Whether a cell has one of these names, whatever its number of episodes."""
    return lambda other, _n: other in names


def in_cell(name: str, n: int) -> Callable[[str, int], bool]:
    """Whether a cell is this one."""
    return lambda other, m: (other, m) == (name, n)


def judge_marks(
    marks: Sequence[Mark], cells: Mapping[Cell, Summary], apart: Collection[str] = ()
) -> list[dict[str, Any]]:
    """For each mark: the verdict, in how many cells it was met, the misses, and the fewest draws behind a cell.

    Args:
        apart: names of cells that count in no mark.
    """
    return [_judge(mark, {cell: found for cell, found in cells.items() if cell[0] not in apart}) for mark in marks]


def _judge(mark: Mark, cells: Mapping[Cell, Summary]) -> dict[str, Any]:
    name, statistic = mark.figure
    found = {cell: summary[name] for cell, summary in cells.items() if name in summary and mark.counts(*cell)}
    values = {f"{cell[0]} {cell[1]}": _value(figure, statistic) for cell, figure in found.items()}
    missed = {cell: value for cell, value in values.items() if not mark.met(value)}
    return {
        "mark": mark.text,
        "verdict": _verdict(mark, len(values), len(missed)),
        "cells": len(values),
        "met": len(values) - len(missed),
        "missed": missed,
        "fewest_draws": int(min((figure["draws"] for figure in found.values()), default=0)),
    }


def _verdict(mark: Mark, cells: int, missed: int) -> str:
    if cells == 0:
        return "not measured"
    if mark.of_cells is None:
        return "missed" if missed else "met"
    if cells - missed >= mark.of_cells:
        return "met"
    return "not measured" if cells < mark.of_cells else "missed"


def _value(figure: Mapping[str, float], statistic: str) -> float:
    if statistic == "beyond_error":
        return figure["mean"] - WITHIN_ERROR * figure["mc_error"]
    return figure[statistic]


def marks_table(judged: list[dict[str, Any]], note: str = "") -> Table:
    """The marks as a table; judged by the figures as they came, whatever their Monte Carlo error."""
    rows = [
        (
            row["mark"],
            row["verdict"],
            f"{row['met']} of {row['cells']}" if row["cells"] else None,
            row["fewest_draws"] or None,
            ", ".join(f"{cell} ({value:.2g})" for cell, value in row["missed"].items()) or None,
        )
        for row in judged
    ]
    told = f"Judged by the mean (or median) as it came; few draws give no verdict. {note}".rstrip()
    return Table("Marks", ("asked", "verdict", "cells", "fewest draws", "missed in"), rows, told)
