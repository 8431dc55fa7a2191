"""A protocol with a causal graph: refused by the variable's name, or told one implication at a time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.identification import Identification, Implication
from data_contracts.protocol import StudyProtocol
from estimators.progress import untold
from experiments.blinded import judge_design
from experiments.identification_gates import identification_gate, implications_gate
from experiments.identified import argued, confronted, identified
from experiments.report.figures import figures
from experiments.report.page import page
from experiments.report.summary import summarise

GRAPH: dict[str, Any] = {
    "name": "null world",
    "version": 2,
    "treatment": "therapy",
    "outcome": "outcome",
    "edges": {
        "x1": ["therapy", "outcome"],
        "x2": ["therapy", "outcome"],
        "x3": ["therapy", "outcome"],
        **{f"x{i}": ["outcome"] for i in range(4, 7)},
        "region": ["x1"],
        "therapy": ["outcome"],
    },
}


@pytest.fixture
def with_graph(tmp_path: Path, records: Any, protocol: dict[str, Any], new_study: Callable[..., Any]) -> Any:
    """Writes a study whose protocol names a graph: ``with_graph(changes of the graph, **changes of the protocol)``."""

    def write(graph: dict[str, Any] | None = None, **changes: Any) -> Any:
        asked = {"dag": {"file": "dag.yaml", "version": 2}}
        found = new_study(tmp_path / "study", records, protocol | asked | changes)
        (tmp_path / "study" / "dag.yaml").write_text(yaml.safe_dump(GRAPH | (graph or {})), encoding="utf-8")
        return found

    return write


def test_no_graph_needs_no_dowhy() -> None:
    """Everything that a study without a graph imports leaves DoWhy alone: it takes seconds."""
    asked = "import sys, experiments.study, experiments.commands; sys.exit('dowhy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_a_graph_of_another_study_is_refused(with_graph: Any, lab: Callable[..., Any], tmp_path: Path) -> None:
    """Version, treatment and outcome have to be the protocol's; all that differs is told at once, exit 3."""
    study = with_graph({"version": 3, "outcome": "x1", "edges": GRAPH["edges"] | {"therapy": ["x6"], "x1": ["x6"]}})
    ran = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert "dag.yaml, version: expected 2, as in the protocol; found 3" in ran.err
    assert "dag.yaml, outcome: expected outcome" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_missing_graph_is_refused(with_graph: Any, lab: Callable[..., Any], tmp_path: Path) -> None:
    """A file that is not there is told as such."""
    study = with_graph(dag={"file": "other.yaml", "version": 2})
    ran = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert "no readable file" in ran.err


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ({"therapy": ["x3", "outcome"], "x3": ["outcome"]}, "x3 is a mediator"),
        ({"outcome": ["x4"], "x4": []}, "x4 is a collider"),
        ({"therapy": ["x5", "outcome"], "x5": []}, "x5 is a descendant of therapy"),
        ({"ability": ["therapy", "outcome"]}, "ability is not adjusted for"),
        ({"x2": []}, "x2 is adjusted for, but the graph does not say"),
    ],
)
def test_what_the_graph_forbids_is_refused_by_name(
    with_graph: Any, lab: Callable[..., Any], tmp_path: Path, edges: dict[str, Any], told: str
) -> None:
    """A mediator, a collider, a descendant, a missing confounder and a stranger end with exit 3 and their name."""
    pytest.importorskip("dowhy")
    changed = {cause: effects for cause, effects in (GRAPH["edges"] | edges).items() if effects}
    study = with_graph({"edges": changed})
    ran = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert told in ran.err
    assert not (tmp_path / "out").exists()


def test_problems_of_graph_and_table_are_told_together(
    with_graph: Any, records: Any, lab: Callable[..., Any], tmp_path: Path
) -> None:
    """Whoever has to mend both reads of both."""
    study = with_graph({"version": 7})
    records.drop(columns="x6").to_csv(study.data, index=False)
    ran = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert "as in the protocol; found 7" in ran.err
    assert "x6" in ran.err


@pytest.fixture
def told(with_graph: Any, result: Any) -> Identification:
    """The graph, confronted with the records."""
    pytest.importorskip("dowhy")
    study = with_graph()
    asked = StudyProtocol.model_validate(yaml.safe_load(study.protocol.read_text(encoding="utf-8")))
    design = judge_design(result.episodes, asked, untold)
    found = confronted(identified(study.protocol, asked), design)
    assert found is not None
    return found


def test_every_implication_is_told_with_its_test(told: Identification) -> None:
    """All pairs that no arrow joins, each with statistic and p value: of fifteen pairs of causes one is joined through
    the region, which is independent of all but x1, and of outcome and arm given their causes.
    """
    assert len(told.tested) == len(told.implications)
    pairs = {frozenset((one.first, one.second)) for one in told.implications}
    assert {frozenset(("x1", "x2")), frozenset(("region", "outcome")), frozenset(("therapy", "x4"))} <= pairs
    assert frozenset(("x1", "region")) not in pairs
    assert len(pairs) == 15 + 3 + 6 + 1
    assert told.maximal == ("region", "x1", "x2", "x3", "x4", "x5", "x6")


def test_a_graph_is_never_called_validated(told: Identification, result: Any) -> None:
    """Gate and report tell the implications one by one and say that records cannot confirm a graph."""
    gates = (identification_gate(told), implications_gate(told, result.protocol.gates), *result.gates[2:])
    assert [gate.name for gate in gates] == [gate.name for gate in result.gates]
    assert [gate.state for gate in gates[:2]] == ["passed", "passed"]
    assert "does not say that the graph is right" in gates[1].sentence
    shown = replace(result, identification=told, gates=gates)
    summary = summarise(shown)
    text = page(summary, figures(shown, summary))
    assert "records can contradict it and never confirm it" in text
    assert not re.search("valid", gates[0].sentence + gates[1].sentence)
    for one in told.implications:
        assert f'<th scope="row">{one.first}, {one.second}</th>' in text
    assert [one["p_value"] for one in summary["identification"]["implications"]] == [
        one.p_value for one in told.implications
    ]


def test_a_closed_study_looks_at_no_outcome(told: Identification, result: Any) -> None:
    """Where the design has failed the implications that speak of the outcome are left alone, and the others told."""
    design = judge_design(result.episodes, result.protocol, untold)
    failed = replace(design, gates=(design.gates[0].model_copy(update={"state": "failed"}), *design.gates[1:]))
    blind = argued(failed, told.model_copy(update={"implications": tuple(map(_bare, told.implications))}))
    assert [gate.name for gate in blind.gates[:2]] == ["identification", "implications"]
    for one in blind.identification.implications:
        spoken = "outcome" in {one.first, one.second, *one.given}
        assert (one.untested is not None, one.p_value is None) == (spoken, spoken)


def _bare(one: Implication) -> Implication:
    return Implication(first=one.first, second=one.second, given=one.given)


def test_without_a_graph_nothing_is_assessed(result: Any) -> None:
    """The gate says that nothing argues for the covariates, and the report says so too."""
    assert identification_gate(None).state == "not_assessed"
    summary = summarise(result)
    assert summary["identification"] is None
    assert "The protocol names no causal graph." in page(summary, figures(result, summary))


def test_a_contradicted_graph_computes_no_effect_unless_somebody_waives_it(
    with_graph: Any, records: Any, lab: Callable[..., Any], tmp_path: Path
) -> None:
    """A graph that denies a planted dependence of two covariates ends with 4 and no effect; waived, it goes on."""
    pytest.importorskip("dowhy")
    planted = records.assign(x6=records["x5"] + 0.5 * records["x6"])
    study = with_graph()
    planted.to_csv(study.data, index=False)
    ran = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    gates = json.loads((tmp_path / "out" / "gates.json").read_text(encoding="utf-8"))
    found = {gate["name"]: gate for gate in gates["gates"]}
    assert (ran.code, gates["effects_computed"]) == (4, False)
    assert (found["identification"]["state"], found["implications"]["state"]) == ("passed", "failed")
    assert "x5 and x6 is not as independent as it says" in found["implications"]["sentence"]
    asked = yaml.safe_load(study.protocol.read_text(encoding="utf-8"))
    asked["waivers"] = [{"gate": "implications", "by": "W. Aiver", "why": "two scores of one scale"}]
    study.protocol.write_text(yaml.safe_dump(asked), encoding="utf-8")
    again = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "again", home=tmp_path / "home")
    gates = json.loads((tmp_path / "again" / "gates.json").read_text(encoding="utf-8"))
    found = {gate["name"]: gate for gate in gates["gates"]}
    assert (again.code, gates["effects_computed"], found["implications"]["state"]) == (0, True, "waived")


def test_arm_and_outcome_are_never_tested_together(told: Identification, result: Any) -> None:
    """An independence of the two would be a look at an effect before the design has held."""
    pair = Implication(first="therapy", second="outcome", given=("x1",))
    design = judge_design(result.episodes, result.protocol, untold)
    found = argued(design, told.model_copy(update={"implications": (pair,)})).identification
    assert found is not None
    assert found.implications[0].p_value is None
    assert "only as effects" in str(found.implications[0].untested)
