"""IHDP (Hill 2011): real covariates, simulated outcomes; errors out of sample on the official split.

The folder that --data names holds one .npz with x (747, 25), t (747,), yf, mu0 and mu1 (747, R) and
test_index_1_100 (75, R): what it is and where it comes from is told in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data_contracts.effects import BoolArray
from data_contracts.errors import BadUsage
from estimators.progress import Progress
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_low_signal import NOISE_SD, SPREADS, columns_of, low_signal
from experiments.benchmark_marks import Mark, at_most, judge_marks, marks_table, named
from experiments.benchmark_pehe import draw_pehe, pehe_rows
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Peers, Request, SuiteResult, Table
from experiments.benchmark_summary import describe_all
from experiments.benchmark_two_arms import MIN_EFFECTIVE, TwoArms, judge_split

KEYS = ("x", "t", "yf", "mu0", "mu1", "test_index_1_100")
REPLICATIONS, QUICK = 100, 10
LOW_SIGNAL, QUICK_LOW_SIGNAL = 20, 3
Replications = Mapping[str, NDArray[Any]]

MARKS = (
    Mark("√PEHE, mean: at most 1.0, asked of a system without the generator's link", ("pehe.ours", "mean"),
         at_most(1.0), named("ihdp")),
    Mark("√PEHE, median: at most 0.60, asked of the same", ("pehe.ours", "median"), at_most(0.6),
         named("ihdp")),
    Mark("√PEHE, mean: at most 0.60", ("pehe.ours", "mean"), at_most(0.6), named("ihdp")),
    Mark("√PEHE, median: at most 0.45", ("pehe.ours", "median"), at_most(0.45), named("ihdp")),
    *(
        Mark(f"low signal, SD(effect) {spread:g}: √PEHE at most the constant's + 0.1", ("over_constant", "mean"),
             at_most(0.1), named(f"SD {spread:g}"))
        for spread in SPREADS
    ),
)  # fmt: skip


def benchmark_ihdp(request: Request, report: Progress) -> SuiteResult:
    """√PEHE out of sample on --draws replications, then the low-signal check on as many draws, at most 20."""
    if request.data is None:
        raise BadUsage("the suite ihdp reads replications: name their folder with --data")
    data = read_replications(request.data)
    draws = min(request.draws or (QUICK if request.quick else REPLICATIONS), data["yf"].shape[1])
    low = min(request.draws or LOW_SIGNAL, QUICK_LOW_SIGNAL if request.quick else LOW_SIGNAL)
    kept, folder = DrawFile(request.out / "ihdp.draws.jsonl"), str(request.data)
    calls = [(folder, i, request.peers) for i in range(draws)]
    found = run_all(judge_replication, calls, request.jobs, report, kept)
    again = [(folder, spread, seed, request.peers) for spread in SPREADS for seed in range(1, low + 1)]
    checked = run_all(judge_low_signal, again, request.jobs, report, kept)
    train = len(data["t"]) - len(data["test_index_1_100"])
    cells = {("ihdp", draws): describe_all(found)}
    for i, spread in enumerate(SPREADS):
        cells[f"SD {spread:g}", train] = describe_all(checked[i * low : (i + 1) * low])
    judged = judge_marks(MARKS, cells)
    figures = {
        "replications": [1, draws],
        "min_effective": MIN_EFFECTIVE,
        "figures": cells["ihdp", draws],
        "low_signal": {"seeds": [1, low], **{name: found for (name, n), found in cells.items() if name != "ihdp"}},
        "marks": judged,
    }
    tables = (marks_table(judged), *_tables(list(cells.values()), draws, low))
    return SuiteResult(figures, tables, partial(_draw, cells["ihdp", draws]), 2.4)


def read_replications(folder: Path) -> Replications:
    """The arrays of the one .npz in a folder that has them all."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            if set(KEYS) <= set(arrays.files):
                return {key: arrays[key] for key in KEYS}
    raise BadUsage(f"--data holds no .npz with the arrays {', '.join(KEYS)}")


def judge_replication(folder: str, i: int, peers: Peers) -> dict[str, float]:
    """√PEHE on replication i's test patients, learned from the others."""
    data = read_replications(Path(folder))
    effect = (data["mu1"] - data["mu0"])[:, i]
    rows = TwoArms(columns_of(data["x"]), data["t"].astype(np.int64), data["yf"][:, i], effect)
    return judge_split("ihdp", rows, _test(data, i), peers)


def judge_low_signal(folder: str, spread: float, seed: int, peers: Peers) -> dict[str, float]:
    """√PEHE on simulated outcomes of clinical size, on the split of the replication that the seed counts to."""
    data = read_replications(Path(folder))
    rows = low_signal(data["x"], data["t"].astype(np.int64), spread, seed)
    found = judge_split("ihdp-low-signal", rows, _test(data, (seed - 1) % data["yf"].shape[1]), peers)
    return found | {"over_constant": found["pehe.ours"] - found["pehe.average for everyone"]}


def _test(data: Replications, i: int) -> BoolArray:
    test = np.zeros(len(data["t"]), dtype=np.bool_)
    test[data["test_index_1_100"][:, i]] = True
    return test


def _tables(cells: Sequence[Mapping[str, Mapping[str, float]]], draws: int, low: int) -> list[Table]:
    notes = [
        f"Replications 1 to {draws}, official split. Effects varied with the patient in "
        f"{100 * cells[0]['individualised']['mean']:.0f} % of the replications; elsewhere ours is the average effect. "
        f"Ours asks for {MIN_EFFECTIVE} effective episodes in an arm; its default marks for 200.",
        *(f"Noise SD {NOISE_SD}, SD of effects {spread:g}, seeds 1 to {low}; marks as above." for spread in SPREADS),
    ]
    titles = ["IHDP out of sample", *(f"Low-signal check, SD of effects {spread:g}" for spread in SPREADS)]
    return [
        Table(title, ("method", "√PEHE, mean", "√PEHE, median"), pehe_rows(cell), note)
        for title, cell, note in zip(titles, cells, notes, strict=True)
    ]


def _draw(summary: Mapping[str, Mapping[str, float]], figure: Figure) -> None:
    draw_pehe(figure, summary, "√PEHE out of sample, median over replications")
