"""`equipoise-lab benchmark`: what it writes, what it leaves out, and how it sums up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.errors import BadInput, BadUsage
from data_contracts.support import Support
from experiments import benchmark_table
from experiments.benchmark import benchmark
from experiments.benchmark_fresh import Fresh, draw_fresh, draw_study, population_effects
from experiments.benchmark_judges import (
    abstention_figures,
    average_figures,
    calibration_figures,
    interval_figures,
    rank_figures,
)
from experiments.benchmark_marks import Mark, at_least, at_most, judge_marks
from experiments.benchmark_page import cell
from experiments.benchmark_suite import Request
from experiments.benchmark_world_marks import APART, MARKS
from experiments.benchmark_worlds import summarise_draws

PATIENTS = 400


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite `worlds` run on one small cell."""
    out = tmp_path_factory.mktemp("benchmark")
    assert benchmark("worlds", Request(out, draws=2, sizes=(300,), worlds=("null",), patients=PATIENTS)) == 0
    return out


def test_the_suite_writes_what_it_states(ran: Path) -> None:
    """JSON with figures, errors, seeds, versions and machine; Markdown with the tables; an SVG."""
    found = json.loads((ran / "worlds.json").read_text(encoding="utf-8"))
    assert set(found["cells"]) == {"null 300"}
    assert found["seeds"] == {"null 300": [1, 2]}
    assert found["fresh_patients"] == PATIENTS
    assert {"machine", "versions", "threads", "run"} <= set(found)
    figures = found["cells"]["null 300"]
    names = {"loss", "loss_above_0.1", "coverage", "width", "ranks_hold", "constant", "false_abstention"}
    names |= {"coverage_least_arm", "coverage_least_fifth", "average_coverage", "average_error.a"}
    assert names | {"regret.S-learner", "regret_minus.S-learner", "cpu.S-learner", "regret.no effect"} <= set(figures)
    assert "regret.CausalForestDML" not in figures
    told = {"mean", "mc_error", "median", "median_mc_error", "draws"}
    assert all(told == set(figure) for figure in figures.values())
    page = (ran / "worlds.md").read_text(encoding="utf-8")
    assert all(f"## {title}" in page for title in ("Marks", "Advice", "Honesty", "Regret"))
    assert (ran / "worlds.svg").read_bytes().startswith(b"<?xml")


def test_paired_differences_are_differences(ran: Path) -> None:
    """Regret less a peer's has the difference of the two means, and the loss is that against the best average."""
    figures = json.loads((ran / "worlds.json").read_text(encoding="utf-8"))["cells"]["null 300"]
    mean = {name: figure["mean"] for name, figure in figures.items()}
    for peer in ("S-learner", "LinearDML", "no effect"):
        assert mean[f"regret_minus.{peer}"] == pytest.approx(mean["regret"] - mean[f"regret.{peer}"], abs=1e-12)
    assert mean["regret_minus.best average"] == pytest.approx(mean["loss"], abs=1e-12)


def _judged(world: str, n: int, seed: int, **_rest: object) -> dict[str, float]:
    """A draw's figures without the work; the world apart loses 9 points, and one draw is refused as too thin."""
    if (n, seed) == (400, 2):
        raise BadInput(["too thin"])
    loss = 9.0 if world == APART else 0.0
    return {"loss": loss, "oracle_gain": 1.0, "coverage": 0.9, "ranks_hold": 1.0, "false_abstention": 0.0}


def test_the_hidden_confounder_counts_in_no_mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It stands in tables of its own and in no line that sums up; a draw that is refused is counted as such."""
    monkeypatch.setattr(benchmark_table, "judge_draw", _judged)
    assert benchmark("worlds", Request(tmp_path, draws=2, sizes=(400,), worlds=("null", APART))) == 0
    found = json.loads((tmp_path / "worlds.json").read_text(encoding="utf-8"))
    assert found["refused_draws"] == {"null 400": 1, f"{APART} 400": 1}
    measured = [mark for mark in found["marks"] if mark["cells"]]
    assert {mark["verdict"] for mark in measured} == {"met"}
    assert all((mark["cells"], mark["met"], mark["fewest_draws"]) == (1, 1, 1) for mark in measured)
    assert {mark["verdict"] for mark in found["marks"] if not mark["cells"]} == {"not measured"}
    before, apart = (tmp_path / "worlds.md").read_text(encoding="utf-8").split("reported apart", 1)
    assert f"| {APART} |" not in before
    assert f"| {APART} |" in apart
    assert "| null | 400 | 1 |" in apart.split("refused")[1]


def _effects(rng: np.random.Generator, learned: Any, supported: Any) -> Fresh:
    terms = rng.normal(size=(len(supported), learned.scored.basis.terms))
    covariates = rng.normal(size=(len(supported), learned.covariates.shape[1]))
    return Fresh(terms, covariates, learned.served.over(terms), supported)


@pytest.fixture(scope="module")
def learned() -> Any:
    """A small study of the world in which some can never get arm d."""
    from estimators.learn import learn

    episodes, protocol = draw_study("never_given", 300, 1)
    return episodes, protocol, learn(episodes, protocol)


def test_unsupported_pairs_are_marked_by_the_truth(learned: Any) -> None:
    """Fresh patients who can never get d are those, and its average effect is not judged."""
    episodes, protocol, found = learned
    fresh = draw_fresh("never_given", 1, PATIENTS, episodes.arms, protocol, found)
    barred = ~fresh.supported[:, episodes.arms.index("d")]
    assert 0 < barred.sum() < PATIENTS
    assert fresh.supported[:, :-1].all()
    truth, everyone = population_effects("never_given", episodes.arms)
    averages = found.averages[protocol.outcome.column]
    assert "average_error.d" not in average_figures(averages, truth, everyone, episodes.arms, 0.9)


def test_unsupported_pairs_count_in_no_figure(learned: Any) -> None:
    """Whatever the truth of a pair that cannot be had, coverage, ranks, slope and values stay what they are."""
    found = learned[2]
    rng = np.random.default_rng(1)
    supported = np.ones((60, 5), dtype=np.bool_)
    supported[:30, 4] = False
    first = _effects(rng, found, supported)
    wild = first.effects.copy()
    wild[:30, 4] = 1000.0
    second = Fresh(first.terms, first.covariates, wild, supported)
    for figures in (interval_figures, rank_figures):
        assert figures(found, first, 0.9) == figures(found, second, 0.9)
    advice = rng.normal(size=(60, 5))
    advice[:, 4] = 9.0
    assert first.value(advice) == second.value(advice)
    assert first.oracle == second.oracle < 100
    assert calibration_figures(advice, first) == calibration_figures(advice, second)
    assert interval_figures(found, first, 0.9)["coverage"] == 1.0


def test_abstention_is_counted_on_either_side(learned: Any) -> None:
    """Where nobody has similar patients all pairs abstain, where all have some none does."""
    found = learned[2]
    supported = np.ones((60, 5), dtype=np.bool_)
    supported[:30, 4] = False
    fresh = _effects(np.random.default_rng(1), found, supported)
    for similar, share in ((0.0, 1.0), (22.0, 0.0)):
        support = Support.of_propensity(np.zeros_like(found.support.logits))
        support = replace(support, similar=np.full_like(support.similar, similar))
        figures = abstention_figures(replace(found, support=support), fresh)
        assert figures == {"false_abstention": share, "abstention_recall": share}
    everyone = Fresh(fresh.terms, fresh.covariates, fresh.effects, np.ones((60, 5), dtype=np.bool_))
    assert set(abstention_figures(found, everyone)) == {"false_abstention"}


def test_the_slope_of_exaggerated_deviations() -> None:
    """Deviations served twice too large have slope 0.5; averages do not enter; constants have no slope."""
    rng = np.random.default_rng(1)
    truth = np.column_stack([np.zeros(50), rng.normal(size=(50, 2))])
    fresh = Fresh(truth, truth, truth, np.ones((50, 3), dtype=np.bool_))
    assert calibration_figures(2 * truth + [0.0, 7.0, -3.0], fresh)["calibration_slope"] == pytest.approx(0.5)
    assert calibration_figures(np.tile([0.0, 1.0, 2.0], (50, 1)), fresh) == {}


def test_summaries_equal_a_hand_computation() -> None:
    """Means, errors, medians, the share above 0.1 and the captured share; a figure that some draws lack is theirs."""
    draws = [
        {"loss": 0.2, "oracle_gain": 1.0, "slope": 0.5},
        {"loss": -0.5, "oracle_gain": 1.0},
        {"loss": -0.3, "oracle_gain": 2.0, "slope": 1.5},
    ]
    summary = summarise_draws(draws)
    assert summary["loss"]["mean"] == pytest.approx(-0.2)
    assert summary["loss"]["mc_error"] == pytest.approx(np.sqrt((0.16 + 0.09 + 0.01) / 2 / 3))
    assert summary["loss"]["median"] == pytest.approx(-0.3)
    assert (summary["slope"]["mean"], summary["slope"]["draws"]) == (1.0, 2.0)
    assert summary["slope"]["mc_error"] == pytest.approx(0.5)
    assert 0.2 < summary["slope"]["median_mc_error"] < 0.5  # 0.5, 1 or 1.5 with chances 1, 2, 1: about 0.35
    assert summary["loss_above_0.1"]["mean"] == pytest.approx(1 / 3)
    assert summary["loss_above_0.1"]["mc_error"] == pytest.approx(1 / 3)
    assert summary["captured"]["mean"] == pytest.approx(0.6 / 4.0)
    spread = np.array([-0.2 - 0.15, 0.5 - 0.15, 0.3 - 0.3]) / (4 / 3)
    assert summary["captured"]["mc_error"] == pytest.approx(spread.std(ddof=1) / np.sqrt(3))


def test_the_least_covered_arm_is_the_one_with_the_lowest_mean() -> None:
    """Over draws, not within each: an arm that is low in one draw and another in the next make no low mean."""
    draws = [
        {"loss": 0.0, "oracle_gain": 0.0, "coverage.arm.1": 0.8, "coverage.arm.2": 1.0},
        {"loss": 0.0, "oracle_gain": 0.0, "coverage.arm.1": 1.0, "coverage.arm.2": 0.7},
    ]
    assert summarise_draws(draws)["coverage_least_arm"]["mean"] == pytest.approx(0.85)


def test_a_missed_mark_is_told_with_its_cell() -> None:
    """A loss of 0.03 misses 0.02 where it stands, and is not looked for in the world apart."""
    bad = summarise_draws([{"loss": 0.03, "oracle_gain": 0.0}])
    good = summarise_draws([{"loss": 0.0, "oracle_gain": 0.0}])
    told = judge_marks(MARKS, {("null", 500): bad, ("rough", 500): good, (APART, 500): bad}, {APART})
    loss = next(mark for mark in told if mark["mark"].startswith("mean loss"))
    assert (loss["verdict"], loss["cells"], loss["met"], loss["missed"]) == ("missed", 2, 1, {"null 500": 0.03})


def test_a_difference_within_its_error_misses_nothing() -> None:
    """0.1 more regret with an error of 0.1 is no miss, with one of 0.05 it is (1.645 errors are allowed)."""
    mark = Mark("", ("gap", "beyond_error"), at_most(0))
    verdicts = [
        judge_marks([mark], {("a", 1): {"gap": {"mean": 0.1, "mc_error": error, "draws": 9}}})[0]["verdict"]
        for error in (0.1, 0.05)
    ]
    assert verdicts == ["met", "missed"]


@pytest.mark.parametrize(
    ("values", "verdict"), [([1.0], "not measured"), ([1, 1, 0], "met"), ([1, 0, 0], "missed"), ([], "not measured")]
)
def test_a_mark_of_some_cells(values: list[float], verdict: str) -> None:
    """Two cells of three are asked for: fewer than two give no verdict, one of three is a miss."""
    mark = Mark("", ("x", "mean"), at_least(1), of_cells=2)
    cells = {("w", i): {"x": {"mean": value, "draws": 1}} for i, value in enumerate(values)}
    assert judge_marks([mark], cells)[0]["verdict"] == verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (3, "3"), ("a", "a"), ((0.81234, 0.0213), "0.812 ± 0.021"), ((12.3, 0.0), "12.30 ± 0.00")],
)
def test_cells_are_written_as_precisely_as_they_are_known(value: Any, text: str) -> None:
    """Two digits of the error decide how many places are told."""
    assert cell(value) == text


@pytest.mark.parametrize(
    ("suite", "request_"),
    [
        ("worlds", {"worlds": ("nowhere",)}),
        ("worlds", {"draws": 0}),
        ("ihdp", {}),
        ("worlds", {"sizes": (2000, 0)}),
        ("ihdp", {"data": Path(__file__).parent}),
        ("acic2016", {}),
        ("acic2016", {"data": Path(__file__).parent}),
        ("contrasts", {"sizes": (400, 500)}),
    ],
)
def test_bad_usage_is_told(suite: str, request_: dict[str, Any], tmp_path: Path) -> None:
    """Unknown worlds, no draws and missing data end before any work."""
    with pytest.raises(BadUsage):
        benchmark(suite, Request(tmp_path, **request_))
