"""The suite `worlds`: the table of worlds at several sizes, judged, summarised and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.errors import BadInput, BadUsage
from estimators.progress import Progress
from estimators.worlds import WORLDS
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_marks import Cell, judge_marks, marks_table
from experiments.benchmark_peers import FAST, SLOW
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Peers, Request, SuiteResult, Table
from experiments.benchmark_summary import told
from experiments.benchmark_world_marks import APART, MARKS
from experiments.benchmark_worlds import judge_draw, summarise_draws
from experiments.report.drawing import BLUE, GREY, INK, bare

DRAWS: Mapping[int, int] = {500: 50, 2000: 50, 8000: 20}
QUICK: Mapping[int, int] = {500: 2, 2000: 2}
FEWER, LARGE, FEWEST = 20, 10_000, 5
"""Draws at sizes that are not in the table: up to ``LARGE`` episodes, and beyond."""

FIRST_SEED = 1

ADVICE = (
    ("loss", "loss"), ("loss > 0.1", "loss_above_0.1"), ("oracle's gain", "oracle_gain"), ("captured", "captured"),
    ("individualised", "individualised"), ("slope", "calibration_slope"),
)  # fmt: skip
HONESTY = (
    ("coverage", "coverage"), ("least arm", "coverage_least_arm"), ("least fifth", "coverage_least_fifth"),
    ("width", "width"), ("ranks hold", "ranks_hold"),
    ("best in top set", "best_in_top_set"), ("top set", "top_set"), ("average contrasts", "average_coverage"),
    ("abstention recall", "abstention_recall"), ("false abstention", "false_abstention"),
    ("outcome ranges", "outcome_coverage"), ("… least fifth", "outcome_coverage_least_fifth"),
)  # fmt: skip
RIVALS = ("best average", "no effect", *FAST, *SLOW)
REGRET = (("ours", "regret"), *((name, f"regret.{name}") for name in RIVALS))
PAIRED = tuple((name, f"regret_minus.{name}") for name in RIVALS)
COST = (("ours", "cpu"), *((name, f"cpu.{name}") for name in RIVALS))


def benchmark_worlds(request: Request, report: Progress) -> SuiteResult:
    """Draw and judge every cell; a draw whose records are refused as too thin is counted apart."""
    plan = _plan(request)
    drawn = _draws(plan, request, report)
    cells = {cell: summarise_draws(draws) for cell, draws in drawn.items() if draws}
    judged = judge_marks(MARKS, cells, {APART})
    figures = {
        "seeds": {f"{world} {n}": [FIRST_SEED, FIRST_SEED + draws - 1] for (world, n), draws in plan.items()},
        "refused_draws": {f"{w} {n}": plan[w, n] - len(draws) for (w, n), draws in drawn.items()},
        "fresh_patients": request.patients,
        "peers": request.peers,
        "cells": {f"{world} {n}": summary for (world, n), summary in cells.items()},
        "marks": judged,
    }
    counted = {cell: summary for cell, summary in cells.items() if cell[0] != APART}
    apart = {cell: summary for cell, summary in cells.items() if cell[0] == APART}
    tables = [marks_table(judged, f"{APART} counts in none."), *_tables(counted, "")]
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
    table = QUICK if request.quick else DRAWS
    other = min(table.values()) if request.quick else FEWER
    sizes = {n: table.get(n, other if n <= LARGE else min(other, FEWEST)) for n in request.sizes or table}
    return {(w, n): request.draws or draws for w in request.worlds or WORLDS for n, draws in sizes.items()}


def _draws(plan: Mapping[Cell, int], request: Request, report: Progress) -> dict[Cell, list[dict[str, float]]]:
    """The draws of each cell that were not refused, run now or known from earlier."""
    rest = (request.peers, request.patients)
    calls = [(world, n, FIRST_SEED + i, *rest) for (world, n), draws in plan.items() for i in range(draws)]
    results = run_all(judge_world, calls, request.jobs, report, DrawFile(request.out / "worlds.draws.jsonl"))
    drawn: dict[Cell, list[dict[str, float]]] = {cell: [] for cell in plan}
    for call, found in zip(calls, results, strict=True):
        if "refused" not in found:
            drawn[call[0], call[1]].append(found)
    return drawn


def judge_world(world: str, n: int, seed: int, peers: Peers, fresh_patients: int) -> dict[str, float]:
    """One draw's figures; one that says so if its records are refused as too thin."""
    try:
        return judge_draw(world, n, seed, peers=peers, fresh_patients=fresh_patients)
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
        (f"Regret against the oracle{more}", REGRET, "Points a patient; same data, same fresh patients."),
        (f"Regret less each peer's{more}", PAIRED, "Paired draw by draw; below 0 ours is better."),
        (f"CPU-seconds{more}", COST, "Peers use our encoded covariates, and have nuisances of their own."),
    )
    return [_table(cells, title, columns, note) for title, columns, note in kinds]


def _table(
    cells: Mapping[Cell, dict[str, dict[str, float]]], title: str, columns: tuple[tuple[str, str], ...], note: str
) -> Table:
    """A row a cell; figures that no cell has get no column."""
    shown = tuple((head, name) for head, name in columns if any(name in found for found in cells.values()))
    return Table(title, ("world", "n", "draws", *(head for head, _ in shown)), _rows(cells, shown), note)


def _rows(cells: Mapping[Cell, dict[str, dict[str, float]]], columns: tuple[tuple[str, str], ...]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for (world, n), summary in cells.items():
        rows.append([world, n, int(summary["loss"]["draws"]), *(told(summary.get(name)) for _, name in columns)])
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
