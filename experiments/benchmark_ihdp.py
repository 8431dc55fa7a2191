"""IHDP (Hill 2011): real covariates, simulated outcomes; errors out of sample on the official split.

The folder that --data names holds one .npz with x (747, 25), t (747,), yf, mu0 and mu1 (747, R) and
test_index_1_100 (75, R): what it is and where it comes from is told in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.learn import Progress, learn
from experiments.benchmark_peers import PEERS
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Request, SuiteResult, Table
from experiments.benchmark_summary import describe
from experiments.report.drawing import BLUE, GREY, bare

KEYS = ("x", "t", "yf", "mu0", "mu1", "test_index_1_100")
REPLICATIONS, QUICK = 100, 10
ARMS = ("control", "treated")
Replications = Mapping[str, NDArray[Any]]


def benchmark_ihdp(request: Request, report: Progress) -> SuiteResult:
    """√PEHE out of sample of ours, of the average effect for everyone, and of the peers; --draws replications."""
    if request.data is None:
        raise BadUsage("the suite ihdp reads replications: name their folder with --data")
    available = read_replications(request.data)["yf"].shape[1]
    draws = min(request.draws or (QUICK if request.quick else REPLICATIONS), available)
    found = run_all(_one, [(str(request.data), i) for i in range(draws)], request.jobs, report)
    summary = {name: describe([draw[name] for draw in found]) for name in found[0]}
    rows = [
        (name.removeprefix("pehe."), (x["mean"], x["mc_error"]), (x["median"], x["median_mc_error"]))
        for name, x in summary.items()
        if name.startswith("pehe.")
    ]
    note = (
        f"Replications 1 to {draws}, official split. Effects varied with the patient in "
        f"{100 * summary['individualised']['mean']:.0f} % of the replications; elsewhere ours is the average effect."
    )

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        colours = [BLUE if row[0] == "ours" else GREY for row in rows]
        axes.barh([row[0] for row in rows], [row[2][0] for row in rows], color=colours, height=0.5)
        axes.set_xlabel("√PEHE out of sample, median over replications")
        bare(axes)

    table = Table("IHDP out of sample", ("method", "√PEHE, mean", "√PEHE, median"), rows, note)
    return SuiteResult({"replications": [1, draws], "figures": summary}, (table,), draw, 2.0)


def read_replications(folder: Path) -> Replications:
    """The arrays of the one .npz in a folder that has them all."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            if set(KEYS) <= set(arrays.files):
                return {key: arrays[key] for key in KEYS}
    raise BadUsage(f"--data holds no .npz with the arrays {', '.join(KEYS)}")


def judge_replication(data: Replications, i: int) -> dict[str, float]:
    """√PEHE on replication i's test patients, learned from the others."""
    test = np.zeros(len(data["t"]), dtype=np.bool_)
    test[data["test_index_1_100"][:, i]] = True
    names = [f"x{j + 1}" for j in range(data["x"].shape[1])]
    protocol = _protocol(names)
    records = pd.DataFrame(data["x"][~test], columns=names)
    records.insert(0, "patient_id", [f"P{k}" for k in np.flatnonzero(~test)])
    records["therapy"] = pd.Series(np.asarray(ARMS, dtype=object)[data["t"][~test]], dtype="str")
    records["outcome"] = data["yf"][~test, i]
    episodes = check_episodes(table_from_frame(records), protocol)
    learned = learn(episodes, protocol)
    columns = {name: data["x"][test, j] for j, name in enumerate(names)}
    covariates = learned.encoding.encode({name: columns[name] for name in protocol.covariates})
    basis = learned.scored.basis
    terms = basis.expand(covariates[:, : basis.columns])
    truth = (data["mu1"] - data["mu0"])[test, i]
    effects = {
        "ours": learned.served.over(terms)[:, 1],
        "average for everyone": np.full(len(truth), learned.averages["outcome"].effects[1]),
    } | {name: peer(episodes, learned, covariates, terms)[:, 1] for name, peer in PEERS.items()}
    found = {f"pehe.{name}": float(np.sqrt(np.mean((effect - truth) ** 2))) for name, effect in effects.items()}
    return found | {"individualised": float(learned.served.individualised.any())}


def _one(folder: str, i: int) -> dict[str, float]:
    return judge_replication(read_replications(Path(folder)), i)


def _protocol(names: list[str]) -> StudyProtocol:
    return StudyProtocol.model_validate(
        {
            "name": "ihdp",
            "records": {"patient_id": "patient_id", "arm": "therapy"},
            "arms": {"reference": ARMS[0], "offered": [ARMS[1]]},
            "outcome": {"column": "outcome", "direction": "higher_is_better", "unit": "points"},
            "effect_modifiers": names,
        }
    )
