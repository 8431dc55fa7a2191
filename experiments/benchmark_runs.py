"""Runs independent draws, here or in processes of their own; results come in the order of the calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

from estimators.progress import Progress
from experiments.benchmark_draws import DrawFile, Result

Made = TypeVar("Made")


def run_all(
    work: Callable[..., Result],
    calls: Sequence[tuple[Any, ...]],
    jobs: int,
    report: Progress,
    kept: DrawFile | None = None,
) -> list[Result]:
    """The result of ``work(*call)`` for each call; an error of one ends the run.

    Args:
        work: a function at a module's top level.
        calls: arguments, each of which JSON can hold; those that are text or whole numbers name it in the progress.
        jobs: processes at the same time; 1 stays in this process.
        report: told of each call that ended.
        kept: draws of earlier runs, which are not run again; new ones are written there as they end.
    """
    known = {i: kept.find((work.__name__, *call)) for i, call in enumerate(calls)} if kept else {}
    results = {i: found for i, found in known.items() if found is not None}
    report(f"{len(results)} of {len(calls)} known from earlier", len(results) / max(len(calls), 1))
    waiting = {i: call for i, call in enumerate(calls) if i not in results}
    for i, found in _run(work, waiting, jobs):
        results[i] = found
        if kept:
            kept.keep((work.__name__, *calls[i]), found)
        report(_name(calls[i]), len(results) / len(calls))
    return [results[i] for i in range(len(calls))]


def apart(work: Callable[..., Made], *arguments: object) -> Made:
    """The result of ``work(*arguments)`` in a fresh process, whose peak of memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _run(work: Callable[..., Result], calls: dict[int, tuple[Any, ...]], jobs: int) -> Iterator[tuple[int, Result]]:
    """Numbers of calls and their results, as they end."""
    if jobs == 1:
        for i, call in calls.items():
            yield i, work(*call)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        started = {pool.submit(work, *call): i for i, call in calls.items()}
        for done in as_completed(started):
            yield started[done], done.result()


def _name(call: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in call if isinstance(part, str | int) and not isinstance(part, bool))
