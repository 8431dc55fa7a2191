"""The suite `attack`: does what attacks a study find what was planted, and nothing where nothing was?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode_checks import check_episodes
from data_contracts.gate_marks import GateMarks
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.group_fairness import Group, judge_groups
from estimators.progress import Progress
from estimators.scored_study import score_study
from estimators.sensitivity.marginal_model import LARGEST, flip_gamma, tail_of
from estimators.sensitivity.missing_outcomes import flip_missing
from estimators.sensitivity.omitted_variable import Strength, bias_scale
from estimators.worlds import simulate
from experiments.benchmark_attack_groups import ALARM, planted_groups
from experiments.benchmark_attack_worlds import (
    biased_controls,
    lost_by_prognosis,
    spread_draw,
    three_arms,
    tipped_by_the_lost,
    true_flip,
    true_strengths,
    two_arms,
)
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_found import found_table
from experiments.benchmark_marks import Cell, Mark, Summary, at_least, at_most, judge_marks, marks_table, named
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Request, SuiteResult
from experiments.benchmark_summary import describe_all
from experiments.effect_gates import negative_control_gate
from experiments.report.drawing import BLUE, INK, bare

Z = 1.6448536269514722
"""Of 90 % intervals."""

CONTROLS = 20
FLIPS = {"one half each": (0.0, 0.4), "chosen by x": (0.7, 0.4), "chosen by x, twice as far": (0.7, 0.8)}
"""How strongly x leads to b, and how much better b is, where the odds ratio that turns them is known."""

Judge = Callable[[str, int, int], dict[str, Any]]
Work = tuple[Judge, str, int, int]
"""What judges a draw, the cell's name, its episodes, and how many draws of it."""


def _hidden(_name: str, n: int, seed: int) -> dict[str, float]:
    """Shares of four arms whose bounds hold their true effect over the reference; a hidden cause biases all."""
    world = simulate("hidden_confounder", n, seed)
    protocol = StudyProtocol.model_validate(world.protocol | {"folds": 3})
    study = score_study(check_episodes(table_from_frame(world.records), protocol), protocol)
    data, arms = study.primary, protocol.arms.names
    tails = [tail_of(data, study.covariates, arm) for arm in range(len(arms))]
    held: dict[str, list[float]] = {"omitted": [], "marginal": [], "interval": []}
    for arm, (outcome, choice, gamma, of_reference) in _strengths().items():
        contrast = data.scores[:, arm] - data.scores[:, 0]
        off = float(contrast.mean()) - float(world.truth[f"effect_{arms[arm]}"].mean())
        margin = Z * float(contrast.std() / math.sqrt(n))
        reach = bias_scale(data, arm, 0) * Strength(outcome, choice).reach
        above = float((tails[arm].excess(gamma, 1) + tails[0].excess(of_reference, -1)).mean())
        below = float((tails[arm].excess(gamma, -1) + tails[0].excess(of_reference, 1)).mean())
        held["interval"].append(abs(off) <= margin)
        held["omitted"].append(abs(off) <= reach + margin)
        held["marginal"].append(-above - margin <= off <= below + margin)
    return {name: float(np.mean(values)) for name, values in held.items()}


@cache
def _strengths() -> dict[int, tuple[float, float, float, float]]:
    return true_strengths()


def _controls(name: str, n: int, seed: int) -> dict[str, float]:
    """How far the expected absolute systematic error lies from the planted bias (the cell's name)."""
    bias = float(name.rsplit(maxsplit=1)[-1])
    frame, names = biased_controls(n, seed, bias, CONTROLS)
    (found,) = two_arms(frame, names).systematic_errors
    off = found.expected - bias
    return {"ease_error": off, "ease_near": float(abs(off) <= 0.05)}


def _no_controls(_name: str, n: int, seed: int) -> dict[str, float]:
    """Whether a study without negative controls is "not assessed", whatever bias it has."""
    frame, _ = biased_controls(n, seed, 0.3, 1)
    errors = two_arms(frame).systematic_errors
    return {"silent": float(negative_control_gate(errors, 0, GateMarks()).state == "not_assessed")}


def _flip(name: str, n: int, seed: int) -> dict[str, float]:
    """The odds ratio at which b is no longer ahead, less its true value."""
    study = two_arms(spread_draw(n, seed, *FLIPS[name]))
    data = study.primary
    tails, everyone = [tail_of(data, study.covariates, arm) for arm in range(2)], np.ones(n, dtype=np.bool_)
    found = flip_gamma(data, tails, 1, 0, everyone)
    error = (LARGEST if found is None else found) - _flips(name)
    return {"flip_error": error, "flip_near": float(abs(error) <= 0.1)}


@cache
def _flips(name: str) -> float:
    return true_flip(*FLIPS[name])


def _groups(name: str, n: int, seed: int) -> dict[str, float]:
    """Whether a sure gap was found: in the right group where one was planted, anywhere where none was."""
    extra = float(name.split()[-2])
    study, groups = planted_groups(seed, extra, n)
    counts = {group: np.bincount(study.data.arm[rows], minlength=3) for group, rows in groups.items()}
    found = judge_groups(study, groups, counts, {})
    if extra:
        right: Group = ("language", "other")
        gap = next(one for one in found.groups if (one.column, one.level) == right).gaps[0].gap
        return {"power": float(gap.p < ALARM)}
    return {"alarm": float(min(one.gap.p for group in found.groups for one in group.gaps) < ALARM)}


def _lost(_name: str, n: int, seed: int) -> dict[str, float]:
    """Errors of two average effects with lost outcomes weighted for, and of the same analysis of complete cases."""
    frame, effects = lost_by_prognosis(n, seed)
    ours = three_arms(frame).averages["outcome"].effects[1:] - effects
    complete = three_arms(frame[frame["outcome"].notna()]).averages["outcome"].effects[1:] - effects
    return {f"{who}_{arm}": float(off[i]) for who, off in (("ours", ours), ("complete", complete))
            for i, arm in enumerate("bc")}  # fmt: skip


def _tipped(_name: str, n: int, seed: int) -> dict[str, float]:
    """The tipping point of lost outcomes, over where it was planted."""
    frame, worse = tipped_by_the_lost(n, seed)
    data: ScoredEpisodes = two_arms(frame).primary
    lead = float((data.scores[:, 1] - data.scores[:, 0]).mean())
    found = flip_missing(data, 1, max(lead, 0.0))
    return {"tipping_ratio": (found or 0.0) / worse}


PLAN: Sequence[Work] = (
    (_hidden, "hidden cause", 1000, 150),
    (_controls, "bias 0.2", 1500, 100),
    (_controls, "bias 0.4", 1500, 100),
    (_no_controls, "no controls", 600, 2),
    *((_flip, name, 4000, 100) for name in FLIPS),
    (_groups, "gap of 0.6 SD", 3000, 600),
    (_groups, "gap of 0.0 SD", 3000, 600),
    (_lost, "lost by prognosis", 1000, 100),
    (_tipped, "lost ones worse", 2000, 100),
)
QUICK = 2

NOTE = (
    "Shares, or errors in the figure's own unit; ± Monte Carlo error, seeds from 1. Omitted, marginal: whether "
    "the bounds with sampling error hold the truth; interval: the same without bounds. EASE error: found less "
    "planted, SD; near: within 0.05 of it. Flip error: odds ratio found less true; near: within 0.1. "
    "Bias left: over that of complete cases."
)

MARKS = (
    Mark("bounds by an omitted cause's true strength hold the truth in 0.95", ("omitted", "mean"), at_least(0.95)),
    Mark("bounds by the true odds ratio hold the truth in 0.95", ("marginal", "mean"), at_least(0.95)),
    Mark("expected systematic error at most 0.05 above the planted bias", ("ease_error", "mean"), at_most(0.05)),
    Mark("and at most 0.05 below it", ("ease_error", "mean"), at_least(-0.05)),
    Mark("no negative controls: not assessed", ("silent", "mean"), at_least(1.0)),
    Mark("odds ratio that turns the order at most 0.1 above its true value", ("flip_error", "median"), at_most(0.1)),
    Mark("and at most 0.1 below it", ("flip_error", "median"), at_least(-0.1)),
    Mark("a gap of 0.6 SD in 300 patients found with a power of 0.8", ("power", "mean"), at_least(0.8)),
    Mark("family-wise false alarm at most 0.10", ("alarm", "mean"), at_most(0.10)),
    Mark("weighting takes away 80 % of the bias of complete cases", ("bias_left", "mean"), at_most(0.2)),
    Mark("tipping point of lost outcomes within 10 % of where it was planted", ("tipping_ratio", "mean"),
         lambda ratio: abs(ratio - 1) <= 0.1, counts=named("lost ones worse")),
)  # fmt: skip


def benchmark_attack(request: Request, report: Progress) -> SuiteResult:
    """Every cell of the plan in its own number of draws, or --draws of each."""
    kept = DrawFile(request.out / "attack.draws.jsonl")
    cells: dict[Cell, Summary] = {}
    for i, (judge, name, n, draws) in enumerate(PLAN):
        many = request.draws or (QUICK if request.quick else draws)
        calls = [(name, n, seed) for seed in range(1, many + 1)]
        found = run_all(judge, calls, request.jobs, partial(_part, report, i), kept)
        cells[name, n] = describe_all(found) | _bias_left(found)
    judged = judge_marks(MARKS, cells)
    figures = {
        "cells": {f"{name} {n}": summary for (name, n), summary in cells.items()},
        "marks": judged,
        "true_strengths": {str(arm): list(strength) for arm, strength in _strengths().items()},
        "true_flips": {name: _flips(name) for name in FLIPS},
    }
    return SuiteResult(figures, (marks_table(judged), found_table(cells, NOTE)), partial(_draw, cells), 2.6)


def _part(report: Progress, i: int, step: str, share: float) -> None:
    report(step, (i + share) / len(PLAN))


def _bias_left(draws: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Bias of both effects that is left, over that of complete cases, with its error by the delta method."""
    if "ours_b" not in draws[0]:
        return {}
    means = {name: np.array([draw[name] for draw in draws]) for name in draws[0]}
    ours, complete = (sum(abs(means[f"{who}_{arm}"].mean()) for arm in "bc") for who in ("ours", "complete"))
    spread = math.sqrt(sum(float(means[f"ours_{arm}"].var(ddof=1)) for arm in "bc") / len(draws))
    ratio, error = float(ours / complete), spread / float(complete)
    told_as = {"mean": ratio, "mc_error": error, "median": ratio, "median_mc_error": error}
    return {"bias_left": {**told_as, "draws": float(len(draws))}}


def _draw(cells: Mapping[Cell, Summary], figure: Figure) -> None:
    """Coverage of the true effect with and without bounds, where a cause is hidden."""
    axes = figure.subplots()
    summary = next(found for found in cells.values() if "omitted" in found)
    names = {"interval": "interval alone", "omitted": "with an omitted cause", "marginal": "with its odds ratio"}
    axes.barh(list(names.values()), [summary[name]["mean"] for name in names], color=BLUE, height=0.5)
    axes.axvline(0.95, color=INK, lw=0.8, ls=(0, (3, 2)))
    axes.set_xlabel("share of true effects inside, with a hidden cause of the true strength (asked: 0.95)")
    bare(axes)
