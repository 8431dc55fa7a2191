"""The suite `ihdp`, on made-up replications with the data set's arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments import benchmark_two_arms
from experiments.benchmark import benchmark
from experiments.benchmark_ihdp import judge_replication, read_replications
from experiments.benchmark_low_signal import NOISE_SD, PROGNOSIS_SD, columns_of, low_signal
from experiments.benchmark_suite import Request
from experiments.benchmark_two_arms import TwoArms, study_of

N, TEST = 300, 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One replication, whose effect is 4 on average and 2 more for each unit of x2."""
    out = tmp_path_factory.mktemp("ihdp")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 3))
    arm = rng.integers(0, 2, size=N)
    mu0, mu1 = x[:, :1], x[:, :1] + 4 + 2 * x[:, 1:2]
    outcome = np.where(arm[:, None] == 1, mu1, mu0) + rng.normal(size=(N, 1))
    np.savez(out / "made_up.npz", x=x, t=arm, yf=outcome, mu0=mu0, mu1=mu1, test_index_1_100=np.arange(TEST)[:, None])
    return out


def test_the_suite_tells_both_tables(folder: Path, tmp_path: Path) -> None:
    """Each method's error on the official split, the low-signal check at both spreads, and the verdicts."""
    assert benchmark("ihdp", Request(tmp_path, data=folder, draws=1)) == 0
    found = json.loads((tmp_path / "ihdp.json").read_text(encoding="utf-8"))
    assert found["replications"] == [1, 1]
    assert found["figures"]["pehe.ours"]["mean"] < 1.0
    data = read_replications(folder)
    truth = (data["mu1"] - data["mu0"])[:TEST, 0]
    assert found["figures"]["pehe.no effect"]["mean"] == pytest.approx(np.sqrt(np.mean(truth**2)))
    methods = {"pehe.ours, default marks", "pehe.average for everyone", "pehe.S-learner", "pehe.LinearDML"}
    assert methods <= set(found["figures"])
    low = found["low_signal"]
    for name in ("SD 0", "SD 1"):
        gap = low[name]["pehe.ours"]["mean"] - low[name]["pehe.average for everyone"]["mean"]
        assert low[name]["over_constant"]["mean"] == pytest.approx(gap)
    assert all(mark["verdict"] in {"met", "missed"} for mark in found["marks"])
    page = (tmp_path / "ihdp.md").read_text(encoding="utf-8")
    assert all(f"## {title}" in page for title in ("Marks", "IHDP out of sample", "Low-signal check, SD of effects 1"))


def test_default_marks_are_what_a_study_with_them_serves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning again with 200 effective episodes asked gives the error that the suite tells for the default marks."""
    told = judge_replication(str(folder), 0, "none")
    monkeypatch.setattr(benchmark_two_arms, "MIN_EFFECTIVE", 200)
    asked = judge_replication(str(folder), 0, "none")
    assert asked["pehe.ours"] == pytest.approx(told["pehe.ours, default marks"], abs=1e-9)
    assert asked["pehe.ours"] > 1.5 > told["pehe.ours"]  # the treated arm has too few episodes for it


def test_low_signal_has_the_stated_sizes() -> None:
    """Spreads of effect and noise are as stated, and one seed's prognosis and noise are the same at every spread."""
    rng = np.random.default_rng(1)
    x, arm = rng.normal(size=(4000, 6)), rng.integers(0, 2, size=4000)
    null, varied = (low_signal(x, arm, spread, 3) for spread in (0.0, 1.0))
    assert np.allclose(null.effect, 2.0)
    assert varied.effect.std() == pytest.approx(1.0)
    assert varied.effect.mean() == pytest.approx(2.0)
    rest = null.outcome - arm * null.effect
    assert np.allclose(rest, varied.outcome - arm * varied.effect)
    # The variance of 4,000 normal values is known to 2.2 %: three times that is allowed.
    assert rest.var() == pytest.approx(NOISE_SD**2 + PROGNOSIS_SD**2, rel=0.07)
    other = low_signal(x, arm, 1.0, 4)
    assert np.abs(other.effect - varied.effect).max() > 0.1


def test_a_study_has_the_chosen_rows_only(folder: Path) -> None:
    """The rows that are judged are in no fit."""
    data = read_replications(folder)
    rows = TwoArms(columns_of(data["x"]), data["t"], data["yf"][:, 0], np.zeros(N))
    train = np.arange(N) >= TEST
    episodes, protocol = study_of("made-up", rows, train)
    assert episodes.n == N - TEST
    assert sorted(episodes.columns["x1"]) == sorted(data["x"][train, 0])
    assert episodes.counts["treated"] == data["t"][train].sum()
    assert protocol.gates.min_effective == 30


def test_a_covariate_that_hardly_varies_is_left_out(folder: Path) -> None:
    """Ten rows with another value are too few for a study to adjust for, eleven are enough."""
    data = read_replications(folder)
    columns = columns_of(data["x"]) | {"rare": 1.0 * (np.arange(N) < 10), "kept": 1.0 * (np.arange(N) < 11)}
    rows = TwoArms(columns, data["t"], data["yf"][:, 0], np.zeros(N))
    protocol = study_of("made-up", rows, np.ones(N, dtype=np.bool_))[1]
    assert protocol.effect_modifiers == ("x1", "x2", "x3", "kept")
