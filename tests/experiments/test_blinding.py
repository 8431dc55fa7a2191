"""Blinding: a design that failed has no effects anywhere, and a pair that cannot be compared is never compared."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import GateFailed, Refused
from data_contracts.gate_book import load_gates
from data_contracts.manifest import PolicyManifest
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from engine.policy_files import load_policy
from estimators.worlds import simulate
from experiments.design_result import DesignResult, opened
from experiments.fit import files_of, fit, fit_episodes
from experiments.report.summary import summarise
from experiments.study_result import StudyResult, average_ranks

WORDS = "effect|contrast|estimate|slope|tau"


@pytest.fixture(scope="module")
def closed(lab: Any, new_study: Any, records: Any, protocol: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A study of which no pair reaches the equipoise that is asked: its command, home, out and what it printed."""
    folder = tmp_path_factory.mktemp("closed")
    files = new_study(folder / "in", records, protocol | {"gates": {"min_equipoise": 1.0}})
    home, out = folder / "home", folder / "out"
    return home, out, lab("study", files.protocol, "--data", files.data, "--out", out, home=home)


def test_a_failed_design_ends_with_4_and_a_marked_report(closed: Any) -> None:
    """The report tells the diagnostics and that nobody has seen an effect; policy and gates say so too."""
    _home, out, ran = closed
    assert ran.code == 4
    assert "no effect was computed" in ran.out
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "No effect was computed" in page
    assert "Overlap: did patients like these really get each arm?" in page
    assert "What came</h2>" not in page
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (told["effects_computed"], told["outcomes"], told["policy_value"]) == (False, [], None)
    gates = json.loads((out / "gates.json").read_text(encoding="utf-8"))
    assert (gates["passed"], gates["effects_computed"], gates["individualisation"]) == (False, False, [])
    assert len(told["diagnostics"]["pairs"]) == 3


def test_a_closed_study_tells_the_designs_gates_and_a_mark_of_its_own(closed: Any) -> None:
    """Every gate that the book calls one of the design, and no other; its mark stands beside the shipped one."""
    _home, out, _ran = closed
    gates = json.loads((out / "gates.json").read_text(encoding="utf-8"))
    book = load_gates()
    assert [gate["name"] for gate in gates["gates"]] == [
        name for name, entry in book.gates.items() if entry.judged == "design"
    ]
    own = [mark["name"] for mark in gates["marks"] if mark["value"] != mark["shipped"]]
    assert own == ["min_equipoise"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "this protocol&#39;s own</strong>; otherwise 0.2)" in page.replace("'", "&#39;")


def test_no_estimate_lies_anywhere_in_the_file_system(closed: Any) -> None:
    """No array, no stage, no metric of an outcome: all that was written under the study's folders is looked at."""
    home, out, ran = closed
    written = [path for top in (home, out) for path in top.rglob("*") if path.is_file()]
    assert not [path for path in written if zipfile.is_zipfile(path) or path.suffix == ".stage"]
    for path in written:
        if path.name in ("gates.json", "report.json", "manifest.json"):
            told = json.loads(path.read_text(encoding="utf-8")) | {"protocol": {}}
            found = [key for key in _keys(told) if re.search(rf"^({WORDS})", key)]
            assert set(found) <= {"effect_modifiers", "effects_computed", "effective_episodes", "estimand"}, path
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}", f"sqlite:///{home / 'mlflow.db'}")
    run = client.get_run(client.get_model_version("null", "1").run_id)
    assert {name.partition(".")[0] for name in run.data.metrics} == {"episodes", "gate"}
    assert run.data.tags["effects_computed"] == "no, the design failed"
    assert not re.search(rf"\b({WORDS})\b.*\d\.\d", ran.out + ran.err)


def test_a_closed_policy_is_neither_promoted_nor_served(closed: Any, lab: Any) -> None:
    """Promotion ends with 4, and who loads it is told that it holds no effects."""
    home, out, _ran = closed
    ran = lab("promote", "null", "1", "--by", "A. Analyst", "--why", "looks fine", home=home)
    assert (ran.code, "equipoise" in ran.err) == (4, True)
    files = {path.name: path.read_bytes() for path in (out / "policy").iterdir()}
    manifest = PolicyManifest.model_validate_json(files["manifest.json"])
    assert manifest.gates_passed is False
    with pytest.raises(Refused, match="holds no effects: the study's design failed"):
        load_policy(files)


def test_no_score_is_made_before_the_design_has_passed(
    new_study: Any, records: Any, protocol: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcome regressions and scores are never called for a design that failed; a waiver opens it."""
    called: list[str] = []
    for name in ("score_study", "learn"):
        monkeypatch.setattr(f"experiments.fit.{name}", lambda *_, name=name: called.append(name))
    files = new_study(tmp_path, records, protocol | {"gates": {"min_equipoise": 1.0}})
    found = fit(files.protocol, files.data)
    assert isinstance(found, DesignResult)
    assert called == []
    with pytest.raises(GateFailed, match="no effect was computed"):
        opened(found)


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for inner in value.values() for key in _keys(inner))]
    return [key for inner in value for key in _keys(inner)] if isinstance(value, list) else []


@pytest.fixture(scope="module")
def split() -> StudyResult:
    """The null world dealt anew: a is for low x1 and b for high x1, c nearly only for high x2, control for anybody."""
    world = simulate("null", 1500, 4)
    records, x1, x2 = world.records.copy(), world.records["x1"].to_numpy(), world.records["x2"].to_numpy()
    logits = np.column_stack([0 * x1, -1.2 * x1, 1.2 * x1, 3.0 * x2])
    gumbel = np.random.default_rng(5).gumbel(size=logits.shape)
    records["therapy"] = np.array(["control", "a", "b", "c"])[(logits + gumbel).argmax(axis=1)]
    asked = {"arms": {"reference": "control", "offered": ["a", "b", "c"]}, "gates": {"min_equipoise": 0.4}}
    protocol = StudyProtocol.model_validate(world.protocol | asked)
    return opened(fit_episodes(check_episodes(table_from_frame(records), protocol), protocol))


def test_a_pair_that_cannot_be_compared_is_withdrawn_and_the_study_goes_on(split: StudyResult) -> None:
    """A and b keep their contrasts with the control and lose the one with each other; c, which cannot be compared with
    the control, is left out before any effect is computed; no gate of the design fails.
    """
    told = summarise(split)
    assert [pair["arms"] for pair in told["withdrawn"]] == [["control", "c"], ["a", "c"], ["b", "c"], ["a", "b"]]
    assert not [gate.name for gate in split.gates[:4] if gate.state == "failed"]
    (found,) = told["outcomes"]
    assert [(row["arm"], row["over"]) for row in found["contrasts"]] == [("a", "control"), ("b", "control")]
    assert ["a", "b"] in [group for group in found["not_told_apart"] if "control" not in group] or any(
        {"a", "b"} <= set(group) for group in found["not_told_apart"]
    )
    assert [arm["arm"] for arm in told["arms_not_ranked"]] == ["c"]
    assert set(found["means"]) == {"control", "a", "b"}
    assert any("not ranked against each other: a and b" in sentence for sentence in told["answer"])


def test_a_withdrawn_pair_is_not_ranked_whatever_its_effects(split: StudyResult) -> None:
    """With a far above b, both sure against the control, the control is what both are told from, never each other."""
    averages = split.learned.averages["outcome"]
    far = replace(averages, effects=np.array([0.0, 9.0, 5.0]))
    alone = average_ranks(far, ("control", "a", "b"), 0.9)
    assert (alone["a"]["rank_upper"], alone["b"]["rank_lower"]) == (1, 2)
    ranks = average_ranks(far, ("control", "a", "b"), 0.9, split.withdrawn)
    assert (ranks["a"]["rank_upper"], ranks["b"]["rank_lower"], ranks["b"]["in_top_set"]) == (2, 1, True)


def test_the_policy_serves_neither(split: StudyResult) -> None:
    """The manifest names the pairs and the arm that is left out, and its arrays speak of the others alone."""
    policy = load_policy(files_of(split))
    assert policy.manifest.ranked_arms == ("control", "a", "b")
    assert policy.manifest.abstained == {"c": "NOT_COMPARABLE"}
    assert policy.withdrawn.tolist() == [[False, False, False], [False, False, True], [False, True, False]]
    assert len(policy.average_effects) == 3
    card = json.loads(files_of(split)["model_card.json"])
    assert sum("one against the other" in text for text in card["not_for"]) == 4
