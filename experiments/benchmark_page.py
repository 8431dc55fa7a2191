"""Results of a benchmark for people: Markdown and one plot."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

from matplotlib import rc_context
from matplotlib.figure import Figure

from experiments.benchmark_suite import Cell, SuiteResult, Table
from experiments.report.drawing import STYLE, WIDTH


def markdown(title: str, about: Mapping[str, str], result: SuiteResult) -> str:
    """A page: on what it ran, then the tables; a figure stands with its Monte Carlo standard error, as 0.81 ± 0.02."""
    facts = "\n".join(f"* {name}: {value}" for name, value in about.items())
    return "\n\n".join([f"# Benchmark: {title}", facts, *(_table(table) for table in result.tables)]) + "\n"


def plot(result: SuiteResult, salt: str) -> bytes:
    """The suite's plot as SVG; the same figures give the same bytes."""
    with rc_context({**STYLE, "svg.hashsalt": salt, "savefig.facecolor": "white"}):
        figure = Figure(figsize=(WIDTH, result.height), layout="constrained")
        result.draw(figure)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def cell(value: Cell) -> str:
    """A cell as text."""
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return f"{_number(value[0], value[1])} ± {_number(value[1], value[1])}"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float, error: float | None = None) -> str:
    """Three significant digits, or as many places as two digits of the error ask for, at most four."""
    size = abs(value) / 10 if error is None else error
    places = 2 if size <= 0 else min(4, max(0, 1 - math.floor(math.log10(size))))
    return f"{value + 0.0:.{places}f}"


def _table(table: Table) -> str:
    lines = [_line(table.heads), _line(["---"] * len(table.heads))]
    lines += [_line([cell(value) for value in row]) for row in table.rows]
    return "\n\n".join(part for part in (f"## {table.title}", table.note, "\n".join(lines)) if part)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
