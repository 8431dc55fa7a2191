"""What a suite is asked for and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from matplotlib.figure import Figure

Cell: TypeAlias = str | float | int | tuple[float, float] | None
"""One cell of a table; a pair is a figure and its Monte Carlo error, None a figure that there is not."""


@dataclass(frozen=True)
class Request:
    """One call of `equipoise-lab benchmark`.

    Attributes:
        out: folder for the results.
        quick: few draws, for a look rather than a verdict.
        draws: of every cell; None for the suite's own numbers.
        n: episodes; None for the suite's own.
        worlds: names of worlds; empty for all.
        data: folder of a public data set that the suite reads.
        jobs: processes that draw at the same time.
        patients: fresh patients that each draw is judged on.
    """

    out: Path
    quick: bool = False
    draws: int | None = None
    n: int | None = None
    worlds: tuple[str, ...] = ()
    data: Path | None = None
    jobs: int = 1
    patients: int = 4000


@dataclass(frozen=True)
class Table:
    """A table of the results.

    Attributes:
        title: what it shows.
        heads: of its columns.
        rows: of its cells.
        note: what has to be known to read it.
    """

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True)
class SuiteResult:
    """What a suite found.

    Attributes:
        figures: for machines; must be JSON.
        tables: for people.
        draw: draws the suite's plot.
        height: of the plot, inches.
    """

    figures: dict[str, Any]
    tables: tuple[Table, ...]
    draw: Callable[[Figure], None]
    height: float = 3.0
