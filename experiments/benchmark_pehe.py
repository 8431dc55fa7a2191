"""Errors of effects (√PEHE) of several methods as rows of a table and as bars."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from experiments.benchmark_suite import Cell
from experiments.benchmark_summary import told
from experiments.report.drawing import BLUE, GREY, bare

PREFIX = "pehe."


def pehe_rows(summary: Mapping[str, Mapping[str, float]]) -> list[tuple[Cell, ...]]:
    """Each method with its mean and median and their Monte Carlo errors."""
    return [
        (name.removeprefix(PREFIX), told(x), told(x, "median"))
        for name, x in summary.items()
        if name.startswith(PREFIX)
    ]


def draw_pehe(figure: Figure, summary: Mapping[str, Mapping[str, float]], text: str) -> None:
    """A bar a method, as long as its median error."""
    found = {name.removeprefix(PREFIX): x["median"] for name, x in summary.items() if name.startswith(PREFIX)}
    axes = figure.subplots()
    colours = [BLUE if name.startswith("ours") else GREY for name in found]
    axes.barh(list(found)[::-1], list(found.values())[::-1], color=colours[::-1], height=0.5)
    axes.set_xlabel(text)
    bare(axes)
