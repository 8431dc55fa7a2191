"""The suite `acic2016`, on made-up data sets in either layout."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_contracts.effects import ScoredEpisodes
from data_contracts.episode import FloatArray
from estimators.scored_study import score_study
from estimators.scores import score_matrix
from experiments.benchmark import benchmark
from experiments.benchmark_acic_data import open_acic
from experiments.benchmark_acic_satt import summarise_satt
from experiments.benchmark_suite import Request
from experiments.benchmark_treated import effect_on_treated
from experiments.benchmark_two_arms import study_of

N = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Covariates with a category, two of causallib's files (the second's effect is 3 for everyone), one setting."""
    out = tmp_path_factory.mktemp("acic")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 2))
    kind = rng.choice(["A", "B"], size=N)
    pd.DataFrame({"x_1": x[:, 0], "x_2": kind, "x_3": x[:, 1]}).to_csv(out / "x.csv", index=False)
    for i, effect in ((1, 2 + x[:, 0]), (2, np.full(N, 3.0))):
        z = (rng.random(N) < 1 / (1 + np.exp(-x[:, 1]))).astype(int)
        mu0 = x[:, 1] + (kind == "B")
        mu1 = mu0 + effect
        noise = rng.normal(size=N)
        frame = pd.DataFrame({"z": z, "y0": mu0 + noise, "y1": mu1 + noise, "mu0": mu0, "mu1": mu1})
        frame.to_csv(out / f"zymu_{i}.csv", index=False)
        y = np.where(z == 1, mu1, mu0) + noise
        arrays = {"z": z[None], "y": y[None], "mu0": mu0[None], "mu1": mu1[None]}
        if i == 1:
            np.savez(out / "settings.npz", **arrays)
    rows = [("second", 231, 0.02, 0.001, 0.9, 0.04), ("best", 231, 0.01, 0.002, 0.8, 0.03)]
    names = ["method", "n", "rmse", "bias", "cover", "width"]
    pd.DataFrame(rows, columns=names).to_csv(out / "bakeoff_summary.csv", index=False)
    return out


def test_the_suite_tells_null_sets_apart(folder: Path, tmp_path: Path) -> None:
    """Errors over all sets, over those that vary and those that do not; SATT beside the published; verdicts."""
    assert benchmark("acic2016", Request(tmp_path, data=folder, peers="none")) == 0
    found = json.loads((tmp_path / "acic2016.json").read_text(encoding="utf-8"))
    assert found["sets"] == ["causallib 1", "causallib 2"]
    assert found["settings"] == [1]
    error = {name: cell["pehe.ours"]["mean"] for name, cell in found["cells"].items() if name != "satt"}
    assert error["all"] == pytest.approx((error["varied"] + error["null"]) / 2)
    assert error["null"] == found["by_set"]["2"]["pehe.ours"] < 1.0
    satt = found["by_setting"]["1"]
    assert abs(satt["error.ours"]) < satt["width.ours"]
    page = (tmp_path / "acic2016.md").read_text(encoding="utf-8")
    assert page.index("best (published, 231 sets)") < page.index("second (published, 231 sets)")
    assert [mark["verdict"] for mark in found["marks"]].count("not measured") == 0


def test_either_layout_holds_the_same_data(folder: Path, tmp_path: Path) -> None:
    """The outcome observed is that of the arm given, in causallib's files as in the arrays; --data may have either."""
    opened = open_acic(folder)
    first, again = opened.read("causallib", 1), opened.read("setting", 1)
    assert np.allclose(first.outcome, again.outcome)
    assert np.allclose(first.effect, again.effect)
    assert (first.arm == again.arm).all()
    assert set(first.columns["x_2"]) == {"A", "B"}
    for name in ("x.csv", "settings.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    alone = open_acic(tmp_path)
    assert (alone.ten, alone.settings, alone.published) == ({}, 1, None)


@pytest.fixture(scope="module")
def scored(folder: Path) -> ScoredEpisodes:
    """The varied set, scored."""
    episodes, protocol = study_of("acic", open_acic(folder).read("causallib", 1), np.ones(N, dtype=np.bool_))
    return score_study(episodes, protocol).primary


def test_the_effect_on_the_treated_equals_a_hand_computation(scored: ScoredEpisodes) -> None:
    """Written out row by row; outcomes moved by a constant move nothing."""
    total, treated = 0.0, int((scored.arm == 1).sum())
    for i, arm in enumerate(scored.arm):
        residual = scored.outcome[i] - scored.expected[i, 0]
        odds = min(scored.propensity[i, 1] / max(scored.propensity[i, 0], 0.01), 99.0)
        total += residual if arm else -odds * residual
    found = effect_on_treated(scored)
    assert found.effect == pytest.approx(total / treated)
    moved = effect_on_treated(replace(scored, outcome=scored.outcome + 7, expected=scored.expected + 7))
    assert moved.effect == pytest.approx(found.effect)
    assert moved.standard_error == pytest.approx(found.standard_error)


def test_the_interval_on_the_treated_covers(scored: ScoredEpisodes) -> None:
    """With true nuisances and varying effects, 95 % intervals hold the sample's effect in 0.95 of 400 draws.

    The Monte Carlo error is 0.011; three times that is allowed.
    """
    rng = np.random.default_rng(1)
    held = [_held(scored, rng) for _ in range(400)]
    assert abs(float(np.mean(held)) - 0.95) < 0.033


def _held(scored: ScoredEpisodes, rng: np.random.Generator) -> bool:
    n = len(scored.arm)
    x = rng.normal(size=n)
    chance = 1 / (1 + np.exp(-x))
    arm = (rng.random(n) < chance).astype(np.int64)
    expected: FloatArray = np.column_stack([x, x + 2 + x])
    outcome = expected[np.arange(n), arm] + rng.normal(size=n)
    propensity = np.column_stack([1 - chance, chance])
    scores = score_matrix(arm, outcome, expected, propensity, np.ones((n, 2)))
    data = replace(scored, arm=arm, outcome=outcome, expected=expected, propensity=propensity, scores=scores)
    found = effect_on_treated(data)
    truth = (expected[:, 1] - expected[:, 0])[arm == 1].mean()
    return bool(abs(found.effect - truth) <= 1.96 * found.standard_error)


def test_the_root_mean_square_error_is_one() -> None:
    """Errors of 3 and -4 have a root mean square of √12.5 and a mean of -0.5."""
    summary = summarise_satt([{"error.ours": 3.0}, {"error.ours": -4.0}])
    assert summary["satt.ours"]["mean"] == pytest.approx(np.sqrt(12.5))
    assert summary["error.ours"]["mean"] == pytest.approx(-0.5)
