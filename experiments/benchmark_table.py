"""The suite `worlds`: the table of worlds at several sizes, judged, summarised and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.errors import BadInput, BadUsage
from estimators.learn import Progress
from estimators.worlds import WORLDS
from experiments.benchmark_marks import APART, Cell, judge_marks, marks_table
from experiments.benchmark_peers import PEERS
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_worlds import judge_draw, summarise_draws
from experiments.report.drawing import BLUE, GREY, INK, bare

DRAWS: Mapping[int, int] = {500: 50, 2000: 50, 8000: 20}
QUICK: Mapping[int, int] = {500: 2, 2000: 2}
FIRST_SEED = 1

ADVICE = (
    ("loss", "loss"), ("loss > 0.1", "loss_above_0.1"), ("oracle's gain", "oracle_gain"), ("captured", "captured"),
    ("individualised", "individualised"), ("slope", "calibration_slope"),
)  # fmt: skip
HONESTY = (
    ("coverage", "coverage"), ("least arm", "coverage_least_arm"), ("width", "width"), ("ranks hold", "ranks_hold"),
    ("best in top set", "best_in_top_set"), ("top set", "top_set"), ("average contrasts", "average_coverage"),
    ("abstention recall", "abstention_recall"), ("false abstention", "false_abstention"),
)  # fmt: skip
REGRET = (
    ("ours", "regret"), ("best average", "regret.best average"), *((name, f"regret.{name}") for name in PEERS),
    ("CPU s, ours", "cpu"), *((f"CPU s, {name}", f"cpu.{name}") for name in PEERS),
)  # fmt: skip


def benchmark_worlds(request: Request, report: Progress) -> SuiteResult:
    """Draw and judge every cell; a draw whose records are refused as too thin is counted apart."""
    plan = _plan(request)
    calls = [(w, n, FIRST_SEED + i, request.patients) for (w, n), draws in plan.items() for i in range(draws)]
    results = run_all(_one, calls, request.jobs, report)
    drawn: dict[Cell, list[dict[str, float]]] = {cell: [] for cell in plan}
    for (world, n, _, _), found in zip(calls, results, strict=True):
        if "refused" not in found:
            drawn[world, n].append(found)
    cells = {cell: summarise_draws(draws) for cell, draws in drawn.items() if draws}
    judged = judge_marks(cells)
    figures = {
        "seeds": {f"{world} {n}": [FIRST_SEED, FIRST_SEED + draws - 1] for (world, n), draws in plan.items()},
        "refused_draws": {f"{w} {n}": plan[w, n] - len(draws) for (w, n), draws in drawn.items()},
        "fresh_patients": request.patients,
        "cells": {f"{world} {n}": summary for (world, n), summary in cells.items()},
        "marks": judged,
    }
    counted = {cell: summary for cell, summary in cells.items() if cell[0] != APART}
    apart = {cell: summary for cell, summary in cells.items() if cell[0] == APART}
    tables = [marks_table(judged), *_tables(counted, "")]
    if apart:
        tables += _tables(apart, ", reported apart: a confounder that no record holds")
    if refused := [(w, n, plan[w, n] - len(draws)) for (w, n), draws in drawn.items() if len(draws) < plan[w, n]]:
        tables.append(Table("Draws whose records were refused as too thin", ("world", "n", "draws"), refused))
    return SuiteResult(figures, tuple(tables), partial(_draw, counted), 0.9 + 0.17 * len(counted))


def _plan(request: Request) -> dict[Cell, int]:
    """Draws of each cell."""
    strangers = sorted(set(request.worlds) - set(WORLDS))
    if strangers:
        raise BadUsage(f"no such world: {', '.join(strangers)}; the worlds are {', '.join(sorted(WORLDS))}")
    sizes = dict(QUICK if request.quick else DRAWS)
    if request.n is not None:
        sizes = {request.n: sizes.get(request.n, min(sizes.values()))}
    return {(w, n): request.draws or draws for w in request.worlds or WORLDS for n, draws in sizes.items()}


def _one(world: str, n: int, seed: int, fresh_patients: int) -> dict[str, float]:
    try:
        return judge_draw(world, n, seed, peers=True, fresh_patients=fresh_patients)
    except BadInput:
        return {"refused": 1.0}


def _tables(cells: Mapping[Cell, dict[str, dict[str, float]]], more: str) -> list[Table]:
    kinds = (
        (
            f"Advice{more}",
            ADVICE,
            "Loss is points against the arm that the same data's averages rank first; errors are Monte Carlo standard "
            "errors, and one of 0 only says that the draws agree.",
        ),
        (f"Honesty{more}", HONESTY, "Coverage of effects at nominal confidence, over fresh patients and arms."),
        (f"Regret against the oracle and cost{more}", REGRET, "Points a patient; same data, same fresh patients."),
    )
    return [
        Table(title, ("world", "n", "draws", *(head for head, _ in columns)), _rows(cells, columns), note)
        for title, columns, note in kinds
    ]


def _rows(cells: Mapping[Cell, dict[str, dict[str, float]]], columns: tuple[tuple[str, str], ...]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for (world, n), summary in cells.items():
        found = [summary.get(name) for _, name in columns]
        values = [x and ((x["mean"], x["mc_error"]) if x["draws"] > 1 else x["mean"]) for x in found]
        rows.append([world, n, int(summary["loss"]["draws"]), *values])
    return rows


def _draw(cells: Mapping[Cell, dict[str, dict[str, float]]], figure: Figure) -> None:
    """Loss and coverage of each cell with 90 % Monte Carlo intervals."""
    place = np.arange(len(cells))[::-1]
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name, mark, text in (
        (panels[0], "loss", 0.0, "loss of the advice, points (below 0: gain)"),
        (panels[1], "coverage", 0.9, "coverage of effects (asked: 0.90)"),
    ):
        mean = np.array([summary[name]["mean"] for summary in cells.values()])
        error = 1.645 * np.array([summary[name]["mc_error"] for summary in cells.values()])
        axes.axvline(mark, color=INK, lw=0.8, ls=(0, (3, 2)))
        axes.hlines(place, mean - error, mean + error, color=GREY, lw=1)
        axes.plot(mean, place, "o", color=BLUE, ms=4)
        axes.set_xlabel(text, size=7.5)
        bare(axes)
    panels[0].set(yticks=place, yticklabels=[f"{world}, n = {n}" for world, n in cells])
