"""What learning costs in CPU-seconds and memory, beside EconML's LinearDRLearner on the same records."""

from __future__ import annotations

import resource
import sys
import time

from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from estimators.learn import Progress, learn
from experiments.benchmark_fresh import draw_study
from experiments.benchmark_peers import linear_dr
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_summary import describe
from experiments.report.drawing import BLUE, GREY, bare

WORLD, EPISODES, SEED = "five_arm", 20_000, 1
DRAWS, QUICK_DRAWS = 5, 2
MARK = 5.0
"""Times the peer's CPU-seconds that the whole selection may take."""


def benchmark_cost(request: Request, report: Progress) -> SuiteResult:
    """Learn from the five-arm world, each draw in a process of its own so that its memory is its own."""
    n, draws = request.n or EPISODES, request.draws or (QUICK_DRAWS if request.quick else DRAWS)
    found = run_all(_apart, [(WORLD, n, SEED + i) for i in range(draws)], 1, report)
    shared = [name for name in found[0] if all(name in draw for draw in found)]
    summary = {name: describe([draw[name] for draw in found]) for name in shared}
    rows = [(name, (x["mean"], x["mc_error"]) if draws > 1 else x["mean"]) for name, x in summary.items()]
    figures = {"world": WORLD, "n": n, "draws": draws, "seeds": [SEED, SEED + draws - 1], "figures": summary}
    note = (
        f"{WORLD}, n = {n}, {draws} draws, seeds from {SEED}, one thread each; the whole selection is asked to cost "
        f"at most {MARK:g} times the peer. Memory is the process's peak; libraries and records are in it."
    )

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        means = [summary[name]["mean"] for name in ("cpu", "cpu.LinearDRLearner")]
        axes.barh(["ours, whole selection", "EconML LinearDRLearner"], means, color=[BLUE, GREY], height=0.5)
        axes.set_xlabel(f"CPU-seconds, n = {n}")
        bare(axes)

    return SuiteResult(figures, (Table("Cost of learning", ("what", "value"), rows, note),), draw, 1.5)


def measure_cost(world: str, n: int, seed: int) -> dict[str, float]:
    """CPU-seconds of ``learn``, in all and by step, and of the peer; megabytes before and at the peak of ``learn``.

    The peer fits and predicts one patient, with outcome models and propensities of its own.
    """
    episodes, protocol = draw_study(world, n, seed)
    marks: list[tuple[str, float]] = []
    before, start = _megabytes(), time.process_time()
    learned = learn(episodes, protocol, lambda step, _share: marks.append((step, time.process_time())))
    end = time.process_time()
    peak = _megabytes()
    with threadpool_limits(1):
        linear_dr(episodes, learned, learned.covariates[:1], learned.scored.features[:1])
    peer = time.process_time() - end
    ends = [at for _, at in marks[1:]] + [end]
    steps = {f"cpu.step: {step}": stop - at for (step, at), stop in zip(marks, ends, strict=True)}
    found = {"cpu": end - start, "cpu.LinearDRLearner": peer, "ratio": (end - start) / peer}
    return found | steps | {"megabytes before": before, "megabytes peak": peak}


def _apart(world: str, n: int, seed: int) -> dict[str, float]:
    """One measurement in a fresh process, whose peak of memory is that of this draw alone."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure_cost, world, n, seed).result()


def _megabytes() -> float:
    """The process's largest resident size so far; Linux counts in kilobytes, macOS in bytes."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size * (1 if sys.platform == "darwin" else 1024) / 1e6
