"""Average contrasts over many draws of confounded worlds: coverage of their intervals, and bias.

Only nuisances, scores and averages are learned, no effect model, so that hundreds of draws are affordable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.effects import AverageEffects
from data_contracts.episode import FloatArray
from estimators.progress import Progress
from estimators.scored_study import score_study
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_fresh import draw_study, population_effects
from experiments.benchmark_marks import Cell, Mark, Summary, at_most, between, judge_marks, marks_table
from experiments.benchmark_peer_averages import averages_of_peers
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Peers, Request, SuiteResult, Table
from experiments.benchmark_summary import describe_all, told
from experiments.report.drawing import BLUE, GREY, INK, bare

WORLDS = (
    "smooth_05", "smooth_10", "smooth_15", "smooth_25", "rough", "strong_confounding", "rare_arm",
    "informative_dropout",
)  # fmt: skip
EPISODES, DRAWS, QUICK, FIRST_SEED = 2000, 500, 10, 1

MARKS = (
    Mark("pointwise coverage 0.87 to 0.93 in at least 7 of 8 worlds", ("covered.ours", "mean"), between(0.87, 0.93),
         of_cells=7),
    Mark("bias of every arm at most 0.05 SD of the outcome", ("worst_bias.ours", "mean"), at_most(0.05)),
)  # fmt: skip


def benchmark_contrasts(request: Request, report: Progress) -> SuiteResult:
    """Draw every world at --n episodes (2,000) --draws times (500)."""
    n, draws = request.n or EPISODES, request.draws or (QUICK if request.quick else DRAWS)
    worlds = request.worlds or WORLDS
    calls = [(world, n, FIRST_SEED + i, request.peers) for world in worlds for i in range(draws)]
    kept = DrawFile(request.out / "contrasts.draws.jsonl")
    found = run_all(judge_averages, calls, request.jobs, report, kept)
    cells: dict[Cell, Summary] = {
        (world, n): summarise_averages(found[i * draws : (i + 1) * draws]) for i, world in enumerate(worlds)
    }
    judged = judge_marks(MARKS, cells)
    figures = {
        "n": n,
        "seeds": [FIRST_SEED, FIRST_SEED + draws - 1],
        "cells": {world: summary for (world, _), summary in cells.items()},
        "marks": judged,
    }
    tables = (marks_table(judged), *_tables(cells, draws))
    return SuiteResult(figures, tables, partial(_draw, cells), 0.9 + 0.25 * len(cells))


def judge_averages(world: str, n: int, seed: int, peers: Peers) -> dict[str, float]:
    """Errors of one draw's averages.

    Returns:
        By METHOD (ours, the unadjusted difference of means, and DoubleML's where it runs): ``bias.METHOD.ARM``, the
        error in standard deviations of the observed outcome; ``covered.METHOD``, the share of arms whose pointwise
        interval holds the truth; for ours ``covered_together``, whether the simultaneous intervals of all pairs do;
        ``width.METHOD``, mean width of the pointwise intervals, outcome units.
    """
    episodes, protocol = draw_study(world, n, seed)
    study = score_study(episodes, protocol)
    truth, _ = population_effects(world, episodes.arms)
    ours, data = study.averages[protocol.outcome.column], study.primary
    methods = {"ours": (ours.effects, ours.standard_errors), **averages_of_peers(data, study.covariates, peers)}
    scale = float(np.nanstd(data.outcome))
    z = NormalDist().inv_cdf(0.5 + protocol.confidence / 2)
    found = {"covered_together": float(_together(ours, truth))}
    for method, (effects, errors) in methods.items():
        error = (effects - truth)[1:]
        found[f"covered.{method}"] = float((np.abs(error) <= z * errors[1:]).mean())
        found[f"width.{method}"] = float(2 * z * errors[1:].mean())
        found |= {f"bias.{method}.{arm}": float(error[k] / scale) for k, arm in enumerate(episodes.arms[1:])}
    return found


def _together(averages: AverageEffects, truth: FloatArray) -> bool:
    """Whether every pair's true difference lies in its simultaneous interval."""
    error, covariance = averages.effects - truth, averages.covariance
    variance = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    gap = np.abs(error[:, None] - error[None, :])
    return bool((gap <= averages.critical_value * np.sqrt(np.maximum(variance, 0)) + 1e-12).all())


def summarise_averages(draws: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Beside the figures' own summaries ``worst_bias.METHOD``: the largest mean error of an arm, without sign."""
    summary = describe_all(draws)
    for method in [name.removeprefix("covered.") for name in summary if name.startswith("covered.")]:
        arms = [found for name, found in summary.items() if name.startswith(f"bias.{method}.")]
        worst = max(arms, key=lambda found: abs(found["mean"]))
        summary[f"worst_bias.{method}"] = worst | {"mean": abs(worst["mean"]), "median": abs(worst["median"])}
    return summary


def _tables(cells: Mapping[Cell, Summary], draws: int) -> list[Table]:
    first = next(iter(cells.values()))
    methods = [name.removeprefix("covered.") for name in first if name.startswith("covered.")]
    kinds = ("covered", "worst_bias", "width")
    heads = ("world", "simultaneous", *(f"{kind.replace('_', ' ')}, {method}" for method in methods for kind in kinds))
    names = ["covered_together", *(f"{kind}.{method}" for method in methods for kind in kinds)]
    rows: list[Sequence[Any]] = [
        (world, *(told(summary[name]) for name in names)) for (world, _), summary in cells.items()
    ]
    note = (
        f"n = {next(iter(cells))[1]}, {draws} draws, 90 % intervals. Covered: share of pointwise intervals that hold "
        "the population's average effect; simultaneous: of all pairs together, ours. Bias is the worst arm's, in SD "
        "of the outcome; it is never below 0, and mostly chance where draws are few."
    )
    return [Table("Average contrasts", heads, rows, note)]


def _draw(cells: Mapping[Cell, Summary], figure: Figure) -> None:
    """Pointwise coverage of each world with its 90 % Monte Carlo interval."""
    place = np.arange(len(cells))[::-1]
    mean = np.array([summary["covered.ours"]["mean"] for summary in cells.values()])
    error = 1.645 * np.array([summary["covered.ours"]["mc_error"] for summary in cells.values()])
    axes = figure.subplots()
    axes.axvspan(0.87, 0.93, color=GREY, alpha=0.15, lw=0)
    axes.axvline(0.9, color=INK, lw=0.8, ls=(0, (3, 2)))
    axes.hlines(place, mean - error, mean + error, color=GREY, lw=1)
    axes.plot(mean, place, "o", color=BLUE, ms=4)
    axes.set(yticks=place, yticklabels=[world for world, _ in cells])
    axes.set_xlabel("coverage of average effects (asked: 0.87 to 0.93)", size=7.5)
    bare(axes)
