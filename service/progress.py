"""Shows how far long work has come: a bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.console import warn

Item = TypeVar("Item")
LINES = 10
"""Plain lines for the whole of the work."""


def followed(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items one by one while telling how many of them are done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _plainly(items, what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield from progress.track(items, description=what)


def _plainly(items: Sequence[Item], what: str) -> Iterable[Item]:
    step = max(1, -(-len(items) // LINES))
    for done, item in enumerate(items, start=1):
        yield item
        if done % step == 0 or done == len(items):
            warn(f"{what}: {done} of {len(items)}")
