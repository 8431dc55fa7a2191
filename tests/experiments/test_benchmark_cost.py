"""The suite `cost`: what it measures, and what it leaves out of large records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments import benchmark_cost
from experiments.benchmark import benchmark
from experiments.benchmark_cost import JUDGE, PEERS, SLOW, measure_cost
from experiments.benchmark_suite import Request


def test_large_records_are_measured_once_and_without_the_peer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At 1,000,000 episodes one draw of ours alone; growth is over the mean at 100,000; verdicts for each."""

    def apart(_world: str, n: int, _seed: int) -> dict[str, float]:
        found = {"cpu": n / 1000, "wall": n / 500, "megabytes before": 100.0, "megabytes peak": n / 50}
        beside = {"cpu.served form alone": 1.0, f"cpu.{JUDGE}": 2.0, f"ratio.served form alone / {JUDGE}": 0.5}
        return found if n > 100_000 else found | beside | {f"ratio.whole selection / {JUDGE}": 5.5}

    monkeypatch.setattr(benchmark_cost, "_apart", apart)
    sizes = (20_000, 100_000, 1_000_000)
    assert benchmark("cost", Request(tmp_path, quick=True, sizes=sizes)) == 0
    found = json.loads((tmp_path / "cost.json").read_text(encoding="utf-8"))
    assert found["seeds"] == {"20000": [1, 2], "100000": [1, 2], "1000000": [1, 1]}
    assert found["figures"]["1000000"]["growth"]["mean"] == pytest.approx(10)
    assert [mark["verdict"] for mark in found["marks"]] == ["met", "missed", "missed", "missed", "met"]
    last = (tmp_path / "cost.md").read_text(encoding="utf-8").split("n = 1000000")[1]
    assert "are not run" in last
    assert "LinearDRLearner" not in last


def test_a_measurement_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps sum to the whole but for what comes before the first; ratios are to each peer; large records have none."""
    monkeypatch.setattr(benchmark_cost, "EPISODES", 299)
    found = measure_cost("null", 300, 1)
    steps = [value for name, value in found.items() if name.startswith("cpu.step: ")]
    assert 0 < sum(steps) <= found["cpu"]
    for peer in PEERS:
        ratio = found.get(f"ratio.whole selection / {peer}")
        assert ratio == (None if peer == SLOW else pytest.approx(found["cpu"] / found[f"cpu.{peer}"]))
    assert found["megabytes before"] <= found["megabytes peak"]
    monkeypatch.setattr(benchmark_cost, "ALONE", 299)
    assert not {name for name in measure_cost("null", 300, 1) if "LinearDR" in name or "ratio" in name}
