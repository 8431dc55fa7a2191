"""The suite `contrasts`: what counts as covered, and what as bias."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data_contracts.effects import AverageEffects
from estimators.learn import learn
from estimators.scored_study import score_study
from experiments import benchmark_contrasts
from experiments.benchmark import benchmark
from experiments.benchmark_contrasts import WORLDS, summarise_averages
from experiments.benchmark_fresh import draw_study
from experiments.benchmark_suite import Request


def test_the_suite_tells_coverage_and_bias(tmp_path: Path) -> None:
    """Two draws of one world: each method's figures, and a mark that eight worlds are asked for has no verdict."""
    assert benchmark("contrasts", Request(tmp_path, draws=2, sizes=(400,), worlds=("rare_arm",))) == 0
    found = json.loads((tmp_path / "contrasts.json").read_text(encoding="utf-8"))
    cell = found["cells"]["rare_arm"]
    names = {"covered_together", "covered.ours", "width.ours", "worst_bias.ours", "covered.unadjusted"}
    assert names <= set(cell)
    assert cell["covered.ours"]["draws"] == 2
    assert found["marks"][0]["verdict"] == "not measured"
    assert "| rare_arm |" in (tmp_path / "contrasts.md").read_text(encoding="utf-8")


def test_eight_worlds_are_judged_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Seven of eight within 0.87 to 0.93 meet the mark; a bias of 0.06 SD in one world misses the other."""

    def judged(world: str, _n: int, seed: int, _peers: str) -> dict[str, float]:
        bad = world == "rough"
        covered = 0.5 if bad else 0.9
        return {"covered_together": 0.9, "covered.ours": covered, "width.ours": 1.0, "bias.ours.a": -0.06 * bad}

    monkeypatch.setattr(benchmark_contrasts, "judge_averages", judged)
    assert benchmark("contrasts", Request(tmp_path, draws=2)) == 0
    marks = json.loads((tmp_path / "contrasts.json").read_text(encoding="utf-8"))["marks"]
    assert [mark["verdict"] for mark in marks] == ["met", "missed"]
    assert (marks[0]["cells"], marks[0]["met"]) == (len(WORLDS), 7)
    assert marks[1]["missed"] == {"rough 2000": pytest.approx(0.06)}


def test_the_worst_arm_is_judged_by_its_mean() -> None:
    """Errors of 0.3 and -0.3 are no bias; of -0.1 twice they are one of 0.1."""
    draws = [
        {"covered.ours": 1.0, "bias.ours.a": 0.3, "bias.ours.b": -0.1},
        {"covered.ours": 1.0, "bias.ours.a": -0.3, "bias.ours.b": -0.1},
    ]
    assert summarise_averages(draws)["worst_bias.ours"]["mean"] == pytest.approx(0.1)


def test_together_means_every_pair() -> None:
    """An interval of 2 standard errors: each effect is within 1.5 of its own, the pair of arms is 3 / √2 apart."""
    covariance = np.diag([0.0, 1.0, 1.0])
    averages = AverageEffects(np.zeros(3), np.array([0.0, 1.5, -1.5]), covariance, 2.0)
    assert not benchmark_contrasts._together(averages, np.zeros(3))
    assert benchmark_contrasts._together(averages, np.array([0.0, 1.5, -1.4]))


def test_the_averages_are_those_of_learning() -> None:
    """Stopping after the averages changes none of them, nor a score."""
    episodes, protocol = draw_study("null", 300, 1)
    short, whole = score_study(episodes, protocol), learn(episodes, protocol)
    assert np.array_equal(short.primary.scores, whole.scored.scores)
    name = protocol.outcome.column
    assert np.array_equal(short.averages[name].effects, whole.averages[name].effects)
    assert np.array_equal(short.averages[name].covariance, whole.averages[name].covariance)
