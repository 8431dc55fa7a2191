"""Joining records with trials, from agreement to conflict: squared error, coverage, alarms and refusals.

Everything is in standard deviations of the outcome. Trials are as the shipped tables are: an error of 0.1, a standard
deviation of 0.3 between settings, and the default local bias. Conflict is in standard errors of records and trials
together; at 0 both differ as the model says, by settings and bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.episode import FloatArray
from data_contracts.protocol import TrialEvidence
from estimators.progress import Progress
from estimators.trial_pooling import ALARM, TrialPrior, pool
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_marks import Cell, Mark, Summary, at_least, at_most, between, judge_marks, marks_table
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_summary import describe, told
from experiments.report.drawing import BLUE, GREY, INK, bare

SETTINGS: Mapping[str, tuple[int, int]] = {"one arm": (1, 1), "one of four": (4, 1), "all four": (4, 4)}
"""How many arms there are beside the reference, and how many of them conflict."""

ERRORS = (0.05, 0.1, 0.2, 0.3)
"""Standard errors of the records' averages: some 1,600, 400, 100 and 40 effective episodes an arm."""

CONFLICTS = (0, 1, 2, 3, 4, 5, 6)
TRIAL_ERROR, TAU = 0.1, 0.3
BLOCK, BLOCKS, QUICK = 100, 20, 2
Z = 1.6448536269514722
"""Of 90 % intervals."""

MARKS = (
    Mark("squared error at most 1.1 times the better of both at agreement", ("ratio", "mean"), at_most(1.1),
         counts=lambda _name, conflict: conflict == 0),
    Mark("squared error at most 1.1 times the better of both from 5 standard errors", ("ratio", "mean"), at_most(1.1),
         counts=lambda _name, conflict: conflict >= 5),
    Mark("coverage 0.88 to 0.95 at agreement and from 5 standard errors", ("covered", "mean"), between(0.88, 0.95),
         counts=lambda _name, conflict: conflict in (0, 5, 6)),
    Mark("coverage 0.88 to 0.95 in between", ("covered", "mean"), between(0.88, 0.95),
         counts=lambda _name, conflict: 0 < conflict < 5),
    Mark("alarm (z beyond 2) with a power of at least 0.8 at 3 standard errors", ("alarm", "mean"), at_least(0.8),
         counts=lambda _name, conflict: conflict == 3),
)  # fmt: skip


def benchmark_evidence(request: Request, report: Progress) -> SuiteResult:
    """Every setting, error and conflict in --draws blocks (20) of 100 draws."""
    blocks = request.draws or (QUICK if request.quick else BLOCKS)
    plan = [(name, error, conflict) for name in SETTINGS for error in ERRORS for conflict in CONFLICTS]
    calls = [(*cell, seed) for cell in plan for seed in range(1, blocks + 1)]
    found = run_all(judge_conflict, calls, request.jobs, report, DrawFile(request.out / "evidence.draws.jsonl"))
    cells: dict[Cell, Summary] = {
        (f"{name}, error {error}", conflict): summarise_conflict(found[i * blocks : (i + 1) * blocks])
        for i, (name, error, conflict) in enumerate(plan)
    }
    judged = judge_marks(MARKS, cells)
    figures = {
        "draws": blocks * BLOCK,
        "cells": {f"{name} {conflict}": summary for (name, conflict), summary in cells.items()},
        "marks": judged,
    }
    tables = (marks_table(judged, "Cells are counted by setting and conflict."), _table(cells, blocks * BLOCK))
    return SuiteResult(figures, tables, partial(_draw, cells), 3.4)


def judge_conflict(setting: str, error: float, conflict: int, seed: int) -> dict[str, float]:
    """Means over a block of draws.

    Returns:
        Squared errors of an arm in conflict, ``pooled``, ``local`` and ``trials`` (the better of the latter two is the
        measure); ``covered``, whether its 90 % interval holds the truth; ``width`` of it, that of the records being 1;
        ``alarm`` and ``refused``, whether |z| is beyond 2 and beyond 3.
    """
    arms, conflicting = SETTINGS[setting]
    rng = np.random.default_rng((seed, list(SETTINGS).index(setting), round(1000 * error), conflict))
    draws = [_draw_one(rng, arms, conflicting, error, conflict) for _ in range(BLOCK)]
    return {name: float(np.mean([draw[name] for draw in draws])) for name in draws[0]}


def _draw_one(rng: np.random.Generator, arms: int, conflicting: int, error: float, conflict: int) -> dict[str, float]:
    shared = 0.5 * (np.eye(arms) + 1.0)
    local, sampling = error**2 * shared, TRIAL_ERROR**2 * np.eye(arms)
    between_settings, bias = TAU**2 * shared, TrialEvidence().tau_bias ** 2 * shared
    total = local + sampling + between_settings + bias
    shift = np.where(np.arange(arms) < conflicting, conflict * np.sqrt(total[0, 0]), 0.0)
    truth = rng.multivariate_normal(shift, between_settings + bias)
    effects, covariance = np.zeros(arms + 1), np.zeros((arms + 1, arms + 1))
    effects[1:], covariance[1:, 1:] = rng.multivariate_normal(truth, local), local
    trials = rng.normal(size=arms) * TRIAL_ERROR
    prior = TrialPrior(np.arange(1, arms + 1), trials, sampling, between_settings, bias, 1.0)
    found = pool(effects, covariance, prior)
    spread = float(np.sqrt(found.covariance[1, 1]))
    return {
        "pooled": float((found.effects[1] - truth[0]) ** 2),
        "local": float((effects[1] - truth[0]) ** 2),
        "trials": float((trials[0] - truth[0]) ** 2),
        "covered": float(abs(found.effects[1] - truth[0]) <= Z * spread),
        "width": spread / error,
        "alarm": float(abs(found.z[0]) > ALARM),
        "refused": float(found.refused[0]),
    }


def summarise_conflict(blocks: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Figures of one cell; beside their own ``ratio``, pooled squared error over the smaller of the two others."""
    summary = {name: describe([block[name] for block in blocks]) for name in blocks[0]}
    best = min(("local", "trials"), key=lambda name: summary[name]["mean"])
    pooled, other = (np.array([block[name] for block in blocks]) for name in ("pooled", best))
    ratio = float(pooled.mean() / other.mean())
    residual = (pooled - ratio * other) / other.mean()
    described = describe(residual + ratio)
    return summary | {"ratio": described}


def _table(cells: Mapping[Cell, Summary], draws: int) -> Table:
    heads = ("setting", "conflict", "squared error, times the better", "coverage", "width", "alarm", "not pooled")
    names = ("ratio", "covered", "width", "alarm", "refused")
    rows: list[list[Any]] = [
        [setting, conflict, *(told(summary[name]) for name in names)] for (setting, conflict), summary in cells.items()
    ]
    note = (
        f"{draws} draws a row, of an arm in conflict. Error: standard error of the records' average in SD of the "
        "outcome; conflict: in standard errors of records and trials together. Width: of the records' own interval."
    )
    return Table("From agreement to conflict", heads, rows, note)


def _draw(cells: Mapping[Cell, Summary], figure: Figure) -> None:
    """Squared error and coverage by conflict, a line for each error, of one arm alone."""
    panels = figure.subplots(1, 2)
    for axes, name, mark, text in (
        (panels[0], "ratio", 1.1, "squared error, times the better of both (asked: 1.1)"),
        (panels[1], "covered", 0.9, "coverage (asked: 0.88 to 0.95)"),
    ):
        axes.axhline(mark, color=INK, lw=0.8, ls=(0, (3, 2)))
        for i, error in enumerate(ERRORS):
            values: FloatArray = np.array([cells[f"one arm, error {error}", c][name]["mean"] for c in CONFLICTS])
            axes.plot(CONFLICTS, values, color=BLUE if i == 0 else GREY, lw=0.8 + 0.5 * i)
            axes.text(CONFLICTS[-1] + 0.1, float(values[-1]), f"{error}" if i in (0, len(ERRORS) - 1) else "", size=7)
        axes.set_xlabel(f"conflict, standard errors; {text}", size=7)
        bare(axes, left=True)
