"""Shows how far long work has come: a bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.console import warn

Item = TypeVar("Item")
LINES = 10
"""Plain lines for the whole of the work, at most."""


def followed(items: Iterable[Item], size: Callable[[Item], int], total: int, what: str) -> Iterator[Item]:
    """Yield the items one by one while telling how much of the total is done.

    Args:
        items: pieces of the work, made as they are asked for.
        size: of one piece.
        total: of all pieces.
        what: is done.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _plainly(items, size, total, what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        for item in items:
            yield item
            progress.advance(task, size(item))


def _plainly(items: Iterable[Item], size: Callable[[Item], int], total: int, what: str) -> Iterator[Item]:
    done, told = 0, 0
    for item in items:
        yield item
        done += size(item)
        if done == total or done - told >= total / LINES:
            told = done
            warn(f"{what}: {done} of {total}")
