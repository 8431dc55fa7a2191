"""The suite `refutation`: how often refuters refute a sound estimator, how often a broken one, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.refutation import Refutation
from data_contracts.tables import table_from_frame
from estimators.learn import learn
from estimators.progress import Progress
from estimators.refutation.material import Material, material_of
from estimators.refutation.refute import REFUTERS, refute
from estimators.scored_study import ScoredStudy, score_study
from estimators.sensitivity.benchmarks import outcome_shares
from estimators.worlds import simulate
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_found import found_table
from experiments.benchmark_marks import Cell, Mark, Summary, at_least, at_most, between, judge_marks, marks_table
from experiments.benchmark_refutation_faults import FAULTS, with_leak, with_midway
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Request, SuiteResult
from experiments.benchmark_summary import describe_all
from experiments.leakage_gate import leakage_gate
from experiments.refuters_beside import beside
from experiments.report.drawing import BLUE, INK, bare

EPISODES, LARGE = 1000, 5000
LEVEL = 0.05
DRAWS = 100
"""Of each refuter, as in a study."""

GAIN = 1.0
"""Of arm b, in standard deviations of the null world's noise, where something has an effect."""

NOISE, FAINT = 0.5, 0.85
"""Of a column made of the outcome: it explains 80 %, and 58 %, which is just below the mark of the gate `leakage`."""

NOTHING = Refutation(refuters=())

LEAKS = ("leaked covariate", "leak below the mark", "measured midway", "nothing planted")

Judge = Callable[[str, int, int], dict[str, Any]]
Work = tuple[Judge, str, int, int, int]
"""What judges a draw, the cell's name, its episodes, how many draws of it, and how many with --quick."""


def study_of(records: pd.DataFrame, world: dict[str, Any], more: Sequence[str] = ()) -> tuple[StudyProtocol, Material]:
    """A study of one outcome and its refuters' material.

    Args:
        world: its protocol.
        more: columns that are adjusted for as well.
    """
    protocol, study, arms = scored(records, world, more)
    pairs = [(arm, over) for over, arm in combinations(range(len(arms)), 2)]
    averages = study.averages[protocol.outcome.column]
    return protocol, material_of(
        arms, pairs, study.primary, study.covariates, averages, seed=protocol.seed, draws=DRAWS
    )


def scored(
    records: pd.DataFrame, world: dict[str, Any], more: Sequence[str]
) -> tuple[StudyProtocol, ScoredStudy, Sequence[str]]:
    """The same study up to its scores, with the names of its arms."""
    asked = {**world, "secondary_outcomes": [], "derived_outcomes": []}
    asked["confounders"] = [*asked.get("confounders", []), *more]
    protocol = StudyProtocol.model_validate(asked)
    episodes = check_episodes(table_from_frame(records), protocol)
    return protocol, score_study(episodes, protocol), episodes.arms


def _null(name: str, n: int, seed: int) -> dict[str, float]:
    """Of a sound study: whether each refuter's p is at most 0.05, and whether any refuted it, all together."""
    drawn = simulate(name, n, seed)
    protocol, material = study_of(drawn.records, drawn.protocol | {"seed": seed})
    found = refute(material, protocol.gates)
    alarms = {f"alarm.{one.name}": float(one.p <= LEVEL) for one in found if one.p is not None}
    return alarms | {"refuted": float(any(one.verdict == "refuted" for one in found))}


def _fault(name: str, n: int, seed: int) -> dict[str, float]:
    """Of a broken estimator, in a study in which arm b is better: which refuters refute it."""
    drawn = simulate("null", n, seed)
    records = drawn.records.assign(outcome=drawn.records["outcome"] + GAIN * (drawn.records["therapy"] == "b"))
    protocol, material = study_of(records, drawn.protocol | {"seed": seed})
    found = refute(replace(material, estimator=FAULTS[name](material)), protocol.gates)
    by_name = {f"refuted by.{one.name}": float(one.verdict == "refuted") for one in found}
    return by_name | {"power": max(by_name.values())}


def _leaked(name: str, n: int, seed: int) -> dict[str, float]:
    """Whether the gate `leakage` fails over the planted column, and how far adjusting for it takes the gain away."""
    drawn = simulate("null", n, seed)
    helped = drawn.records.assign(outcome=drawn.records["outcome"] + GAIN * (drawn.records["therapy"] == "b"))
    column, records = {
        "leaked covariate": ("leak", with_leak(helped, seed, NOISE)),
        "leak below the mark": ("leak", with_leak(helped, seed, FAINT)),
        "measured midway": ("midway", with_midway(drawn.records, seed, GAIN)),
        "nothing planted": ("noise", helped.assign(noise=np.random.default_rng((seed, 3)).normal(size=n))),
    }[name]
    protocol, study, _ = scored(records, drawn.protocol, [column])
    names = [feature.name for feature in study.encoding.features]
    gate = leakage_gate(outcome_shares(study.primary, study.covariates, study.encoding.owner, names), protocol)
    gain = float(study.averages[protocol.outcome.column].effects[2])
    judged = float(gate.state == "failed")
    figure = {"nothing planted": "false alarm", "leak below the mark": "noticed"}.get(name, "power")
    return {figure: judged, "gain found": gain}


def _cost(name: str, n: int, seed: int) -> dict[str, float]:
    """Seconds of all refuters, DoWhy's among them, over those of learning the same study once; four arms.

    What takes time once in a process, DoWhy's import, is left out of both.
    """
    drawn = simulate(name, 2 * n, seed)
    *kept, gone = drawn.protocol["arms"]["offered"]
    records = drawn.records[drawn.records[drawn.protocol["records"]["arm"]] != gone].head(n)
    world = drawn.protocol | {"arms": drawn.protocol["arms"] | {"offered": kept}}
    protocol, material = study_of(records, world)
    beside(NOTHING, material, protocol)
    clock = [time.perf_counter()]
    learn(check_episodes(table_from_frame(records), protocol), protocol)
    clock.append(time.perf_counter())
    refute(material, protocol.gates)
    clock.append(time.perf_counter())
    beside(NOTHING, material, protocol)
    clock.append(time.perf_counter())
    fit, ours, peers = np.diff(clock).tolist()
    seconds = {"seconds of a fit": fit, "seconds of our refuters": ours, "seconds of DoWhy's": peers}
    return seconds | {"times a fit": (ours + peers) / fit}


PLAN: Sequence[Work] = (
    (_null, "null", EPISODES, 500, 4),
    *((_fault, name, EPISODES, 100, 2) for name in FAULTS),
    *((_leaked, name, EPISODES, 100, 2) for name in LEAKS),
    (_cost, "clinic", LARGE, 5, 1),
)

NOTE = (
    "Shares of draws, ± Monte Carlo error, seeds from 1. Alarm: share of sound studies in which a refuter's own p "
    "is at most 0.05; refuted: by any refuter's verdict. Refuted by, power: share of studies with the broken "
    "estimator that this refuter, or any, refutes by its verdict. Power, noticed and false alarm of planted "
    "columns: share of studies in which the gate `leakage` fails."
)

MARKS = (
    *(
        Mark(f"{name.replace('_', ' ')}: p at most 0.05 in 0.03 to 0.07 of sound studies", (f"alarm.{name}", "mean"),
             between(0.03, 0.07))
        for name in REFUTERS
    ),
    Mark("a sound study refuted by any, all together: at most 0.07", ("refuted", "mean"), at_most(0.07)),
    Mark("every planted fault found with a power of 0.9", ("power", "mean"), at_least(0.9)),
    Mark("no leak called where none is: at most 0.05", ("false alarm", "mean"), at_most(0.05)),
    Mark("all refuters cost at most 30 times a fit", ("times a fit", "mean"), at_most(30)),
)  # fmt: skip


def benchmark_refutation(request: Request, report: Progress) -> SuiteResult:
    """Every cell of the plan in its own number of draws, or --draws of each; --worlds names further sound worlds.

    Costs are drawn one at a time, whatever --jobs says.
    """
    kept = DrawFile(request.out / "refutation.draws.jsonl")
    n = request.n or EPISODES
    more: list[Work] = [(_null, world, n, 200, 4) for world in request.worlds]
    plan = [*PLAN, *more]
    cells: dict[Cell, Summary] = {}
    for i, (judge, name, size, draws, quick) in enumerate(plan):
        many = request.draws or (quick if request.quick else draws)
        calls = [(name, size, seed) for seed in range(1, many + 1)]
        alone = judge is _cost
        found = run_all(judge, calls, 1 if alone else request.jobs, partial(_part, report, i, len(plan)),
                        None if alone else kept)  # fmt: skip
        cells[name, size] = describe_all(found)
    judged = judge_marks(MARKS, cells)
    figures = {"cells": {f"{name} {size}": summary for (name, size), summary in cells.items()}, "marks": judged}
    return SuiteResult(figures, (marks_table(judged), found_table(cells, NOTE)), partial(_draw, cells), 2.6)


def _part(report: Progress, i: int, parts: int, step: str, share: float) -> None:
    report(step, (i + share) / parts)


def _draw(cells: Mapping[Cell, Summary], figure: Figure) -> None:
    """False alarms of each refuter in sound studies."""
    axes = figure.subplots()
    summary = next(found for found in cells.values() if "refuted" in found)
    names = [name for name in REFUTERS if f"alarm.{name}" in summary]
    means = [summary[f"alarm.{name}"]["mean"] for name in names]
    errors = [summary[f"alarm.{name}"]["mc_error"] for name in names]
    axes.errorbar(means, range(len(names)), xerr=errors, fmt="o", color=BLUE)
    for end in (0.03, 0.07):
        axes.axvline(end, color=INK, lw=0.8, ls=(0, (3, 2)))
    axes.set(yticks=range(len(names)), yticklabels=[name.replace("_", " ") for name in names], xlim=(0, None))
    axes.set_xlabel("share of sound studies with p at most 0.05 (asked: between the lines)")
    bare(axes)
