"""ACIC 2016: errors of effects out of sample, and of the effect on the treated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split

from data_contracts.errors import BadUsage
from estimators.progress import Progress
from experiments.benchmark_acic_data import TEN, AcicFolder, open_acic
from experiments.benchmark_acic_satt import judge_satt, satt_tables, summarise_satt
from experiments.benchmark_draws import DrawFile, Result
from experiments.benchmark_marks import Cell, Mark, Summary, at_least, at_most, judge_marks, marks_table, named
from experiments.benchmark_pehe import draw_pehe, pehe_rows
from experiments.benchmark_runs import run_all
from experiments.benchmark_suite import Peers, Request, SuiteResult, Table
from experiments.benchmark_summary import describe_all
from experiments.benchmark_two_arms import judge_split

SPLIT_SEED, TEST_SHARE = 42, 0.1
"""Data set i is split by scikit-learn's train_test_split with seed 42 + i: 4,321 rows to learn from, 481 to judge."""

SETTINGS, NULL_SPREAD = 11, 1e-6
QUICK = 2

MARKS = (
    Mark("√PEHE over all sets, mean: at most 0.70", ("pehe.ours", "mean"), at_most(0.7), named("all")),
    Mark("√PEHE in the sets whose effect does not vary: at most 0.05", ("pehe.ours", "mean"), at_most(0.05),
         named("null")),
    Mark("SATT, settings 1 to 11: RMSE at most 0.015 SD(y)", ("satt.ours", "mean"), at_most(0.015), named("satt")),
    Mark("SATT: 95 % intervals hold in at least 10 of 11 (reached for)", ("held.ours", "mean"), at_least(10 / 11),
         named("satt")),
)  # fmt: skip


def benchmark_acic(request: Request, report: Progress) -> SuiteResult:
    """√PEHE of every data set in the folder, out of sample, and SATT of its settings; --draws takes the first ones."""
    if request.data is None:
        raise BadUsage("the suite acic2016 reads data sets: name their folder with --data")
    folder = open_acic(request.data)
    kind, numbers = _sets(folder)
    limit = request.draws or (QUICK if request.quick else None)
    kept, rest = DrawFile(request.out / "acic2016.draws.jsonl"), (request.jobs, report)
    sets, settings = numbers[:limit], list(range(1, min(folder.settings, SETTINGS) + 1))[:limit]
    where = str(request.data)
    split = run_all(judge_set, [(where, kind, i, request.peers) for i in sets], *rest, kept)
    satt = run_all(judge_satt, [(where, i, request.peers) for i in settings], *rest, kept)
    cells = _cells(split, satt)
    judged = judge_marks(MARKS, cells)
    figures = {
        "sets": [f"{kind} {i}" for i in sets],
        "settings": settings,
        "cells": {name: found for (name, _), found in cells.items()},
        "by_set": dict(zip([str(i) for i in sets], split, strict=True)),
        "by_setting": dict(zip([str(i) for i in settings], satt, strict=True)),
        "marks": judged,
    }
    tables = (marks_table(judged), *_tables(cells, kind, sets), *satt_tables(cells, folder, settings))
    return SuiteResult(figures, tables, partial(_draw, cells), 2.4)


def judge_set(folder: str, kind: str, number: int, peers: Peers) -> Result:
    """√PEHE on a tenth of one data set, learned from the others."""
    data = open_acic(Path(folder)).read(kind, number)
    test = np.zeros(len(data.arm), dtype=np.bool_)
    chosen = train_test_split(np.arange(len(test)), test_size=TEST_SHARE, random_state=SPLIT_SEED + number)[1]
    test[chosen] = True
    return judge_split("acic2016", data, test, peers)


def _sets(folder: AcicFolder) -> tuple[str, list[int]]:
    """The ten of causallib where they are; else the first ten settings, of which eight are the same data."""
    if folder.ten:
        return "causallib", sorted(folder.ten)
    return "setting", [i for i in TEN if i <= folder.settings]


def _cells(split: list[Result], satt: list[Result]) -> dict[Cell, Summary]:
    """Summaries of all sets, of those whose effect varies and does not, and of the SATT."""
    null = [draw for draw in split if draw["spread"] < NULL_SPREAD]
    varied = [draw for draw in split if draw["spread"] >= NULL_SPREAD]
    groups = {"all": split, "varied": varied, "null": null}
    cells: dict[Cell, Summary] = {(name, len(draws)): describe_all(draws) for name, draws in groups.items() if draws}
    return cells | ({("satt", len(satt)): summarise_satt(satt)} if satt else {})


def _tables(cells: Mapping[Cell, Summary], kind: str, sets: list[int]) -> list[Table]:
    titles = {"all": "all sets", "varied": "effects vary", "null": "effects do not vary"}
    source = "causallib's sets" if kind == "causallib" else "replicate 1 of settings (causallib's sets but 3 and 4)"
    note = f"{source} {', '.join(str(i) for i in sets)}; a tenth held out, seed 42 + i; errors are over sets."
    return [
        Table(f"ACIC 2016 out of sample, {titles[name]} ({n})", ("method", "√PEHE, mean", "median"), rows, note)
        for (name, n), summary in cells.items()
        if name in titles and (rows := pehe_rows(summary))
    ]


def _draw(cells: Mapping[Cell, Summary], figure: Figure) -> None:
    summary = next(found for (name, _), found in cells.items() if name == "all")
    draw_pehe(figure, summary, "√PEHE out of sample, median over all sets")
