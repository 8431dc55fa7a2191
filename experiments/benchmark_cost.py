"""What learning costs in time and memory, beside EconML's LinearDRLearner, set three ways, on the same records."""

from __future__ import annotations

import resource
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial

from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from data_contracts.episode import Episodes
from data_contracts.protocol import StudyProtocol
from estimators.hierarchical_family import family
from estimators.learn import learn
from estimators.progress import Progress
from estimators.scored_study import score_study
from estimators.sufficient import sufficient
from experiments.benchmark_econml import linear_dr, linear_dr_boosted, linear_dr_default
from experiments.benchmark_fresh import draw_study
from experiments.benchmark_marks import Cell, Mark, Summary, at_most, in_cell, judge_marks, marks_table
from experiments.benchmark_peer_data import PeerData, peer_data
from experiments.benchmark_runs import apart, run_all
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_summary import describe_all, told
from experiments.report.drawing import BLUE, GREY, bare

WORLD, EPISODES, SEED = "five_arm", 20_000, 1
DRAWS, QUICK_DRAWS = 5, 2

ALONE = 100_000
"""Episodes beyond which ``learn`` alone is measured, once by default."""

PEERS = {
    "LinearDRLearner, logistic propensities": linear_dr,
    "LinearDRLearner, boosted trees": linear_dr_boosted,
    "LinearDRLearner, defaults": linear_dr_default,
}
"""The least that a careful user would spend; as it was when the marks were made, by which they judge; as it comes."""

JUDGE, SLOW = "LinearDRLearner, boosted trees", "LinearDRLearner, defaults"
"""The peer that judges, and the one that takes half a minute at 20,000 episodes: it is left out beyond them."""

ALONE_FORM, WHOLE = "served form alone", "whole selection"

MARKS = (
    Mark("the served form alone, over the peer with boosted trees: at most 0.9",
         (f"ratio.{ALONE_FORM} / {JUDGE}", "mean"), at_most(0.9), in_cell(WORLD, EPISODES)),
    Mark("the whole selection, over the peer with boosted trees: at most 5",
         (f"ratio.{WHOLE} / {JUDGE}", "mean"), at_most(5), in_cell(WORLD, EPISODES)),
    Mark("1,000,000 episodes: at most 20 minutes", ("wall", "mean"), at_most(1200), in_cell(WORLD, 1_000_000)),
    Mark("… at most 10 GB", ("megabytes peak", "mean"), at_most(10_000), in_cell(WORLD, 1_000_000)),
    Mark("… CPU-seconds at most 12 times those at 100,000", ("growth", "mean"), at_most(12),
         in_cell(WORLD, 1_000_000)),
)  # fmt: skip


def benchmark_cost(request: Request, report: Progress) -> SuiteResult:
    """Learn from the five-arm world, each draw in a process of its own so that its memory is its own.

    --n may name several sizes; --jobs means nothing here, since draws at the same time would disturb each other.
    """
    plan = {n: request.draws or _draws(n, request.quick) for n in request.sizes or (EPISODES,)}
    calls = [(WORLD, n, SEED + i) for n, draws in plan.items() for i in range(draws)]
    found = run_all(_apart, calls, 1, report)
    cells: dict[Cell, Summary] = {
        (WORLD, n): describe_all([draw for call, draw in zip(calls, found, strict=True) if call[1] == n]) for n in plan
    }
    if {100_000, 1_000_000} <= set(plan):
        less, more = cells[WORLD, 100_000]["cpu"]["mean"], cells[WORLD, 1_000_000]
        cells[WORLD, 1_000_000] = {**more, "growth": {**more["cpu"], "mean": more["cpu"]["mean"] / less}}
    judged = judge_marks(MARKS, cells)
    figures = {
        "world": WORLD,
        "seeds": {str(n): [SEED, SEED + draws - 1] for n, draws in plan.items()},
        "figures": {str(n): summary for (_, n), summary in cells.items()},
        "marks": judged,
    }
    tables = (marks_table(judged), *(_table(n, plan[n], summary) for (_, n), summary in cells.items()))
    return SuiteResult(figures, tables, partial(_draw, cells), 0.9 + 1.2 * len(cells))


def measure_cost(world: str, n: int, seed: int) -> dict[str, float]:
    """What ``learn`` costs, and up to ``ALONE`` episodes what the served form alone and the peers do.

    Returns:
        ``cpu`` and ``wall`` seconds of ``learn``, ``cpu.step: …`` of its steps, ``megabytes before`` it and at its
        ``peak``; ``cpu.served form alone`` (nuisances, scores, averages and the leading models' posteriors, without
        the held-out fits that weigh and judge them); ``cpu.…`` of each of ``PEERS``, which fits and predicts one
        patient with nuisances of its own; ``ratio.… / …`` to each of them.
    """
    episodes, protocol = draw_study(world, n, seed)
    marks: list[tuple[str, float]] = []
    before, wall, start = peak_megabytes(), time.perf_counter(), time.process_time()
    learned = learn(episodes, protocol, lambda step, _share: marks.append((step, time.process_time())))
    end = time.process_time()
    found = {"cpu": end - start, "wall": time.perf_counter() - wall}
    ends = [at for _, at in marks[1:]] + [end]
    found |= {f"cpu.step: {step}": stop - at for (step, at), stop in zip(marks, ends, strict=True)}
    found |= {"megabytes before": before, "megabytes peak": peak_megabytes()}
    if n > ALONE:
        return found
    return found | _beside(episodes, protocol, peer_data(learned.scored, learned.covariates), found["cpu"])


def _beside(episodes: Episodes, protocol: StudyProtocol, data: PeerData, whole: float) -> dict[str, float]:
    """CPU-seconds of the served form alone and of the peers, and ratios to each of theirs."""

    def served_form() -> None:
        scored = score_study(episodes, protocol).primary
        sums = sufficient(scored)
        for model in family(scored.basis):
            model.posterior(sums, scored)

    alone = _cpu(served_form)
    peers = {
        name: _cpu(partial(fit, data, data.covariates[:1]))
        for name, fit in PEERS.items()
        if name != SLOW or len(data.covariates) <= EPISODES
    }
    ours = {ALONE_FORM: alone, WHOLE: whole}
    ratios = {f"ratio.{what} / {name}": cpu / peer for name, peer in peers.items() for what, cpu in ours.items()}
    return {f"cpu.{ALONE_FORM}": alone} | {f"cpu.{name}": peer for name, peer in peers.items()} | ratios


def _cpu(work: Callable[[], object]) -> float:
    """CPU-seconds that it takes on one thread."""
    start = time.process_time()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work()
    return time.process_time() - start


def _draws(n: int, quick: bool) -> int:
    return 1 if n > ALONE else QUICK_DRAWS if quick else DRAWS


def _apart(world: str, n: int, seed: int) -> dict[str, float]:
    """One measurement in a fresh process, whose peak of memory is that of this draw alone."""
    return apart(measure_cost, world, n, seed)


def peak_megabytes() -> float:
    """The process's largest resident size so far; Linux counts in kilobytes, macOS in bytes."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size * (1 if sys.platform == "darwin" else 1024) / 1e6


def _table(n: int, draws: int, summary: Summary) -> Table:
    rows = [(name, told(x)) for name, x in summary.items()]
    note = f"{draws} draws, seeds from {SEED}, one thread; seconds, megabytes, ratios to the peers' CPU-seconds. "
    note += "Memory is the process's peak; libraries and records are in it."
    if n > ALONE:
        note += f" Beyond {ALONE} episodes the peers and the served form alone are not run."
    return Table(f"Cost of learning, {WORLD}, n = {n}", ("what", "value"), rows, note)


def _draw(cells: Mapping[Cell, Summary], figure: Figure) -> None:
    names = {"cpu": WHOLE, f"cpu.{ALONE_FORM}": ALONE_FORM} | {f"cpu.{name}": name for name in PEERS}
    bars = [
        (f"{text}, n = {n}", summary[name]["mean"], GREY if text in PEERS else BLUE)
        for (_, n), summary in cells.items()
        for name, text in names.items()
        if name in summary
    ]
    axes = figure.subplots()
    axes.barh([bar[0] for bar in bars], [bar[1] for bar in bars], color=[bar[2] for bar in bars], height=0.5)
    axes.set_xlabel("CPU-seconds")
    bare(axes)
