"""Runs independent draws, here or in processes of their own; results come in the order of the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

from estimators.learn import Progress

Result = dict[str, Any]


def run_all(
    work: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int, report: Progress
) -> list[Result]:
    """The result of ``work(*call)`` for each call; an error of one ends the run.

    Args:
        work: a function at a module's top level.
        calls: arguments; their first words name the call in the progress.
        jobs: processes at the same time; 1 stays in this process.
        report: told of each call that ended.
    """
    if jobs == 1:
        found = []
        for i, call in enumerate(calls):
            report(_name(call), i / len(calls))
            found.append(work(*call))
        return found
    results: dict[int, Result] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(work, *call): i for i, call in enumerate(calls)}
        for done in as_completed(waiting):
            results[waiting[done]] = done.result()
            report(_name(calls[waiting[done]]), len(results) / len(calls))
    return [results[i] for i in range(len(calls))]


def _name(call: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in call if isinstance(part, str | int) and not isinstance(part, bool))
