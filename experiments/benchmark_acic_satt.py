"""ACIC 2016: the effect on the treated of the whole sample (SATT), as the competition asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from estimators.scored_study import score_study
from experiments.benchmark_acic_data import AcicFolder, open_acic
from experiments.benchmark_marks import Cell, Summary
from experiments.benchmark_peer_data import peer_data
from experiments.benchmark_peers import peers_of
from experiments.benchmark_suite import Peers, Table
from experiments.benchmark_summary import describe, describe_all, told
from experiments.benchmark_treated import effect_on_treated
from experiments.benchmark_two_arms import study_of

CONFIDENCE, PUBLISHED = 0.95, 5


def judge_satt(folder: str, setting: int, peers: Peers) -> dict[str, float]:
    """Errors of the SATT in SD(y), learned from all rows of a setting.

    Returns:
        ``error.METHOD`` for ours and the peers; ``held.ours`` (0 or 1) and ``width.ours`` of our 95 % interval.
    """
    data = open_acic(Path(folder)).read("setting", setting)
    truth, scale = float(data.effect[data.arm == 1].mean()), float(data.outcome.std())
    episodes, protocol = study_of("acic2016-satt", data, np.ones(len(data.arm), dtype=np.bool_))
    study = score_study(episodes, protocol)
    ours = effect_on_treated(study.primary)
    margin = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * ours.standard_error
    known = peer_data(study.primary, study.covariates)
    treated = known.covariates[known.arm == 1]
    effects = {"ours": ours.effect} | {
        name: float(peer(known, treated)[:, 1].mean()) for name, peer in peers_of(peers).items()
    }
    errors = {f"error.{method}": (effect - truth) / scale for method, effect in effects.items()}
    held = {"held.ours": float(abs(ours.effect - truth) <= margin), "width.ours": 2 * margin / scale}
    return errors | held


def summarise_satt(draws: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Beside the figures' own summaries ``satt.METHOD``: root mean square error, its error by linearisation."""
    summary = describe_all(draws)
    for name in [name for name in summary if name.startswith("error.")]:
        squared = np.array([draw[name] ** 2 for draw in draws])
        root = float(np.sqrt(squared.mean()))
        summary[name.replace("error.", "satt.")] = describe(root + (squared - root**2) / max(2 * root, 1e-12))
    return summary


def satt_tables(cells: Mapping[Cell, Summary], folder: AcicFolder, settings: Sequence[int]) -> list[Table]:
    """One table: RMSE, bias, coverage and width, then the competition's best where the folder has them."""
    found = next((summary for (name, _), summary in cells.items() if name == "satt"), None)
    if found is None:
        return []
    methods = [name.removeprefix("satt.") for name in found if name.startswith("satt.")]
    kinds = ("satt", "error", "held", "width")
    rows: list[list[Any]] = [[method, *(told(found.get(f"{kind}.{method}")) for kind in kinds)] for method in methods]
    note = f"Settings {', '.join(str(i) for i in settings)}, replicate 1, all rows; errors are over settings."
    if (published := folder.published) is not None:
        best = published.head(PUBLISHED)
        rows += [
            [f"{row.method} (published, {row.n} sets)", row.rmse, row.bias, row.cover, row.width]
            for row in best.itertuples()
        ]
        note += " Published figures are over all 77 settings and more replicates: an anchor, not the same sets."
    heads = ("method", "RMSE / SD(y)", "bias / SD(y)", "95 % intervals hold", "width / SD(y)")
    return [Table("ACIC 2016, effect on the treated", heads, rows, note)]
