"""Progress of long work: a bar on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from estimators.progress import Progress as Report


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Yield a function that is told of each step and the share (0-1) of the work behind it."""
    if not sys.stderr.isatty():
        yield lambda step, share: print(f"{title}: {share:4.0%} {step}", file=sys.stderr, flush=True)
        return
    columns = (TextColumn("{task.fields[title]}"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0, title=title)
        yield lambda step, share: bar.update(task, completed=share, description=step)
        bar.update(task, completed=1.0, description="done")
