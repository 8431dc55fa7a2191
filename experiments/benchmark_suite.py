"""What a suite is asked for and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from matplotlib.figure import Figure

from data_contracts.errors import BadUsage

Cell: TypeAlias = str | float | int | tuple[float, float] | None
"""One cell of a table; a pair is a figure and its Monte Carlo error, None a figure that there is not."""

Peers: TypeAlias = Literal["all", "fast", "none"]
"""Which peers run: all of them, those that cost little, or none."""


@dataclass(frozen=True)
class Request:
    """One call of `equipoise-lab benchmark`.

    Attributes:
        out: folder for the results.
        quick: few draws, for a look rather than a verdict.
        draws: of every cell; None for the suite's own numbers.
        sizes: numbers of episodes; empty for the suite's own.
        worlds: names of worlds; empty for all.
        data: folder of a public data set that the suite reads.
        jobs: processes that draw at the same time.
        patients: fresh patients that each draw is judged on.
        peers: which peers run beside ours.
    """

    out: Path
    quick: bool = False
    draws: int | None = None
    sizes: tuple[int, ...] = ()
    worlds: tuple[str, ...] = ()
    data: Path | None = None
    jobs: int = 1
    patients: int = 4000
    peers: Peers = "fast"

    @property
    def n(self) -> int | None:
        """The one number of episodes, for a suite that takes one; None for the suite's own.

        Raises:
            BadUsage: there are several.
        """
        if len(self.sizes) > 1:
            raise BadUsage("this suite takes one number of episodes: give --n one")
        return self.sizes[0] if self.sizes else None


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
