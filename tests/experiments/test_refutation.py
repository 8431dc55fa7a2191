"""Gates on refuters in planted worlds, what a study tells of them, and DoWhy's beside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.gate import Gate, Waiver
from data_contracts.protocol import StudyProtocol
from data_contracts.refutation import Refutation
from estimators.refutation.material import Material
from estimators.refutation.refute import REFUTERS, refute
from estimators.sensitivity.benchmarks import outcome_shares
from estimators.worlds import simulate
from experiments import benchmark_refutation as suite
from experiments.benchmark_refutation_faults import FAULTS, with_leak, with_midway
from experiments.gates import with_waivers
from experiments.leakage_gate import leakage_gate
from experiments.refutation_gates import refutation_gates
from experiments.refuters_beside import NOT_ASKED, beside

BROKEN = {
    "placebo_treatment": "stale propensities",
    "redrawn_treatment": "confounding ignored",
    "placebo_outcome": "stale outcomes",
    "dummy_outcome": "confounding ignored",
    "random_cause": "overfitted",
    "subset_stability": "overfitted",
    "planted_leak": "not cross-fitted",
}
"""By gate, an estimator in which it must fail."""


@pytest.fixture(scope="module")
def planted() -> tuple[StudyProtocol, Material]:
    """A study of 500 patients in which arm b is better; its estimator is sound.

    Of what is drawn by other seeds one in twenty is refuted by chance, as p values are uniform; this is none of those.
    """
    drawn = simulate("null", 500, 4)
    records = drawn.records.assign(outcome=drawn.records["outcome"] + (drawn.records["therapy"] == "b"))
    protocol, material = suite.study_of(records, drawn.protocol | {"seed": 8})
    return protocol, replace(material, draws=30)


def judged(protocol: StudyProtocol, material: Material) -> Mapping[str, Gate]:
    """The gates by name."""
    found = Refutation(refuters=refute(material, protocol.gates))
    return {gate.name: gate for gate in refutation_gates(found, protocol)}


def test_a_sound_estimator_passes_every_gate(planted: Any) -> None:
    """Although an arm has an effect, and arms were chosen by what decides the outcome."""
    gates = judged(*planted)
    assert list(gates) == list(REFUTERS) == list(BROKEN)
    assert {gate.state for gate in gates.values()} == {"passed"}


@pytest.mark.parametrize("fault", sorted(set(BROKEN.values())))
def test_a_broken_estimator_fails_its_gate_and_a_waiver_stands_beside(fault: str, planted: Any) -> None:
    """Each gate fails for what it is there to find; waived it says so, and is never passed."""
    protocol, material = planted
    broken = replace(material, estimator=FAULTS[fault](material))
    mine = {name for name, one in BROKEN.items() if one == fault}
    gates = judged(protocol, broken)
    assert {name for name in mine if gates[name].state == "failed"} == mine
    waived = with_waivers(tuple(gates.values()), [Waiver(gate=name, by="A. Nalyst", why="known") for name in mine])
    assert {gate.name for gate in waived if gate.state == "waived" and gate.waiver is not None} == mine


def test_a_covariate_made_of_the_outcome_or_measured_midway_fails_the_gate_on_leakage() -> None:
    """Adjusting for either takes most of a gain of 1 away; the gate names it."""
    drawn = simulate("null", 700, 5)
    helped = drawn.records.assign(outcome=drawn.records["outcome"] + (drawn.records["therapy"] == "b"))
    for column, records in (("leak", with_leak(helped, 5, 0.5)), ("midway", with_midway(drawn.records, 5, 1.0))):
        protocol, study, _ = suite.scored(records, drawn.protocol, [column])
        names = [feature.name for feature in study.encoding.features]
        shares = outcome_shares(study.primary, study.covariates, study.encoding.owner, names)
        gate = leakage_gate(shares, protocol)
        assert gate.state == "failed"
        assert gate.sentence.startswith(f"{column} explains")
        assert study.averages["outcome"].effects[2] < 0.5


def test_a_study_tells_its_refuters(registry: Any) -> None:
    """gates.json and report.json hold every refuter with its draws, pairs and p; the page has table and picture."""
    told = json.loads((registry.out / "gates.json").read_text(encoding="utf-8"))["refutation"]
    report = json.loads((registry.out / "report.json").read_text(encoding="utf-8"))
    assert report["refutation"] == told
    assert [one["name"] for one in told["refuters"]] == list(REFUTERS)
    assert {one["draws"] for one in told["refuters"]} == {20}
    assert all(len(one["pairs"]) == 3 for one in told["refuters"] if one["name"] != "planted_leak")
    page = (registry.out / "report.html").read_text(encoding="utf-8")
    assert "Does the method find effects where there are none?" in page
    assert "Farthest any pair of arms lay from 0 under each refuter" in page
    assert NOT_ASKED in page.replace("&#39;", "'")


def test_the_run_has_the_gates_numbers(registry: Any, client: Any) -> None:
    """Each refuter's figure is a metric of the run."""
    (version,) = client.search_model_versions("name='null'")
    metrics = client.get_run(version.run_id).data.metrics
    assert {f"gate.{name}" for name in REFUTERS} <= set(metrics)


def test_dowhy_says_the_same_beside(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its placebo and dummy are near 0, and a random cause leaves its estimate; chance outside is left as it was."""
    pytest.importorskip("dowhy")
    protocol, material = planted
    before = np.random.get_state()[1].tolist()  # type: ignore[index,union-attr]  # noqa: NPY002 - DoWhy draws from it
    found = beside(Refutation(refuters=()), material, protocol)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index,union-attr]  # noqa: NPY002
    assert [peer.name for peer in found.peers] == ["placebo treatment", "random common cause", "dummy outcome"]
    # Means of 100 simulations, each with a standard error of about 0.1: within four errors of what is wanted.
    assert all(abs(peer.estimate - peer.wanted) < 0.04 for peer in found.peers)
    assert all(0 <= peer.p <= 1 for peer in found.peers)
    assert any("1728" in one.why for one in found.not_run)
    assert "the pair with the most episodes" in found.peer_note
    monkeypatch.setattr("estimators.refutation.dowhy_refuters.SIMULATIONS", 10)
    again = [beside(Refutation(refuters=()), material, protocol) for _ in range(2)]
    assert again[0] == again[1] != found


def test_the_suite_runs_and_judges_its_marks(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One small draw of a sound study, a broken estimator, a leak and the cost; every figure has its mark."""
    from experiments.benchmark_suite import Request

    small = [(judge, name, 300, 1, 1) for judge, name, *_ in suite.PLAN if name in SMALL]
    monkeypatch.setattr(suite, "PLAN", small)
    monkeypatch.setattr(suite, "DRAWS", 20)
    monkeypatch.setattr("estimators.refutation.dowhy_refuters.SIMULATIONS", 20)
    found = suite.benchmark_refutation(Request(tmp_path, quick=True), lambda _step, _share: None)
    assert {row["verdict"] for row in found.figures["marks"]} <= {"met", "missed"}
    power = next(row for row in found.figures["marks"] if "power" in row["mark"])
    assert (power["cells"], power["met"]) == (2, 2)


SMALL = ("null", "confounding ignored", "measured midway", "nothing planted", "clinic")
