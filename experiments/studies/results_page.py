"""The short page of what came of a study: effects, gates, dropout, individual advice; the report has the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_contracts.errors import Problem
from data_contracts.gate import GateState
from experiments.design_result import Result
from experiments.report.summary import summarise
from experiments.studies.example import TRUTH
from experiments.studies.truth import true_effects
from experiments.study_result import StudyResult, outcomes_of

TOLD: Mapping[GateState, str] = {
    "passed": "Passed",
    "failed": "Failed",
    "waived": "Waived, not passed",
    "unearned": "Not earned",
    "not_assessed": "Not assessed",
}


def results_page(result: Result, folder: Path, refused: Sequence[Problem] = (), beside: Sequence[str] = ()) -> str:
    """The page as Markdown.

    Args:
        result: of the study.
        folder: of its records; a ``truth.csv`` in it is set beside the effects.
        refused: what the records were refused with at first.
        beside: lines that stand after the effects.
    """
    summary = summarise(result)
    lines = [
        f"# What came of {result.protocol.name}",
        "",
        f"Made by `equipoise-lab example {result.protocol.name}`; the same command writes the report that says more.",
        "",
        f"**{summary['question']}**",
        "",
        " ".join(summary["answer"]),
        "",
        *_refused(refused),
        *_left_out(summary["left_out"]),
    ]
    if isinstance(result, StudyResult):
        lines += [*_effects(result, folder), "", summary["dropout"], "", *_lost(result)]
    lines += [*beside, ""] if beside else []
    return "\n".join([*lines, *_gates(result), ""])


def _refused(problems: Sequence[Problem]) -> Iterator[str]:
    """Where each problem was and in how many rows, without their numbers."""
    if not problems:
        return
    yield f"At first the records were refused, {len(problems)} problems told at once:"
    yield ""
    for problem in problems:
        yield f"* {problem.where}: expected {problem.expected}; found {problem.found.split(' (')[0]}."
    yield ""


def _left_out(left: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if left:
        yield "What the rules of source and protocol did, before any episode was made:"
        yield ""
        yield from (f"* {one['done']}: {one['count']} {one['what']}." for one in left)
        yield ""


def _effects(result: StudyResult, folder: Path) -> Iterator[str]:
    path, protocol = folder / TRUTH, result.protocol
    truth = true_effects(path, protocol) if path.is_file() else None
    names = ["outcome", "arm", f"benefit over {protocol.arms.reference}", "standard error"]
    yield _row([*names, *(["truth"] if truth else [])])
    yield _row(["---"] * (len(names) + bool(truth)))
    for outcome, averages in outcomes_of(result):
        for k, arm in list(enumerate(result.episodes.arms))[1:]:
            cells = [outcome.column, arm, f"{averages.effects[k]:+.2f} {outcome.unit}"]
            known = [f"{truth[outcome.column, arm]:+.2f}"] if truth else []
            yield _row([*cells, f"{averages.standard_errors[k]:.2f}", *known])


def _lost(result: StudyResult) -> Iterator[str]:
    """How much worse than expected those lost would have to be for two arms to change places."""
    unit = result.protocol.outcome.unit
    means = result.learned.averages[result.protocol.outcome.column].effects
    best = result.episodes.arms[int(means.argmax())]
    for pair in result.sensitivity.pairs if result.sensitivity else ():
        if pair.better == best and pair.flip_missing is not None:
            yield (
                f"* {pair.better} would no longer be ahead of {pair.worse} (by {pair.difference:.2f}) if all those "
                f"lost under it were {pair.flip_missing:.1f} {unit} worse than patients like them who stayed."
            )
    yield ""


def _gates(result: Result) -> Iterator[str]:
    by_state: dict[GateState, list[str]] = {}
    for gate in result.gates:
        by_state.setdefault(gate.state, []).append(gate.name.replace("_", " "))
    for state, word in TOLD.items():
        if state in by_state:
            yield f"* {word}: {', '.join(by_state[state])}."


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
