"""The model card: all 31 attributes whatever came of the study, every number the report's, the same from MLflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.card_block import CardBlock
from data_contracts.errors import BadInput, BadUsage, NotFound, Refused
from data_contracts.gate import Gate
from data_contracts.manifest import sha256
from data_contracts.model_card import ModelCard
from data_contracts.product import LIMITS, METHOD, NOT_FOR
from data_contracts.source_attribute import load_source_attributes
from experiments.attack import attacked
from experiments.card import registered
from experiments.card.fill import model_card
from experiments.card.performance import APPROACH
from experiments.card.registered import card_from_registry, version_of
from experiments.card.render import as_html, as_markdown
from experiments.design_result import DesignResult
from experiments.fit import files_of, fit_episodes, gates_of
from experiments.report.summary import summarise
from experiments.study_result import StudyResult
from experiments.tracking import registered_run

KINDS = ("fitted", "whole", "failed", "blinded")
CANARY = "Zebedee"
TOKEN = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?")
"""A number within a sentence; digits of names such as phq9_week12 are none."""


def blinded(result: StudyResult, outcome: Any = None) -> DesignResult:
    """The study with a mark that no design meets, so that no effect is computed; with the outcome given, if any."""
    marks = result.protocol.gates.model_copy(update={"min_equipoise": 1.0})
    protocol = result.protocol.model_copy(update={"gates": marks})
    episodes = result.episodes
    if outcome is not None:
        episodes = replace(episodes, outcomes={**episodes.outcomes, "outcome": outcome})
    found = fit_episodes(episodes, protocol)
    assert isinstance(found, DesignResult)
    return found


@pytest.fixture(scope="module")
def studies(result: StudyResult) -> Mapping[str, Any]:
    """The null study fitted alone, attacked, with a gate that failed, and with a design that failed."""
    whole = attacked(result)
    failed = whole.gates[3].model_copy(update={"state": "failed"})
    gates = (*whole.gates[:3], failed, *whole.gates[4:])
    return {"fitted": result, "whole": whole, "failed": replace(whole, gates=gates), "blinded": blinded(result)}


@pytest.fixture(scope="module")
def summaries(studies: Mapping[str, Any]) -> Mapping[str, dict[str, Any]]:
    """What their reports say, read back from JSON."""
    return {kind: json.loads(json.dumps(summarise(study))) for kind, study in studies.items()}


@pytest.fixture(scope="module")
def cards(summaries: Mapping[str, dict[str, Any]]) -> Mapping[str, ModelCard]:
    """Their cards."""
    return {kind: model_card(summary) for kind, summary in summaries.items()}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a tree of JSON with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{i}")
    else:
        yield path, value


def is_number(value: Any) -> bool:
    """Whether a leaf is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def tokens(text: str) -> set[str]:
    """Numbers that a sentence tells, their sign and thousands taken off."""
    return {token.lstrip("-−").replace(",", "") for token in TOKEN.findall(text)}


def is_told(token: str, numbers: list[float], spoken: set[str]) -> bool:
    """Whether a number of a sentence is one of the report's, rounded to what is written, or as a percentage."""
    places = len(token.partition(".")[2])
    return token in spoken or any(
        f"{abs(scale * value):.{places}f}" == token for value in numbers for scale in (1, 100)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_attribute_is_answered_once(cards: Mapping[str, ModelCard], kind: str) -> None:
    """All 31 in the rule's order, each with text, and where there is no answer it says why."""
    found = cards[kind].source_attributes
    assert tuple(one.id for one in found) == load_source_attributes().ids
    for one in found:
        assert all(text.strip() for text in one.text)
        if one.state in ("not_stated", "not_done"):
            assert re.search("not stated|not done|never looked|does not look", " ".join(one.text), re.I), one.id


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_the_report_s(
    cards: Mapping[str, ModelCard], summaries: Mapping[str, dict[str, Any]], kind: str
) -> None:
    """Each number of the card's tree stands in report.json: under the same key where it has one, exactly."""
    known: dict[str, set[float]] = {}
    for path, value in leaves(summaries[kind]):
        if is_number(value):
            known.setdefault(path.rpartition("/")[2], set()).add(value)
    anywhere = set().union(*known.values())
    renamed = {"coverage": "overall_coverage", "episodes": "total_left"}
    walked = 0
    for path, value in leaves(cards[kind].model_dump(mode="json")):
        if is_number(value):
            walked += 1
            key = path.rpartition("/")[2]
            allowed = known.get(key, set()) | known.get(renamed.get(key, key), set())
            counted = re.search(r"/(levels|means|arms|population)/", path)
            assert value in (anywhere if counted else allowed), path
    assert walked > {"blinded": 20, "fitted": 60}.get(kind, 100)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_in_a_sentence_comes_from_where_it_says(
    cards: Mapping[str, ModelCard], summaries: Mapping[str, dict[str, Any]], kind: str
) -> None:
    """Numbers in an attribute's text are those of the parts of report.json that it names, what is fixed left out."""
    fixed = set().union(*map(tokens, (*NOT_FOR, *LIMITS, *METHOD, APPROACH, "100", "p < 0.01")))
    checked = 0
    for one in cards[kind].source_attributes:
        if one.origin == "product":
            continue
        read = [leaf for key in one.read_from for _, leaf in leaves(summaries[kind][key])]
        numbers = [float(leaf) for leaf in read if is_number(leaf)]
        spoken = set().union(fixed, *(tokens(leaf) for leaf in read if isinstance(leaf, str)))
        for token in set().union(*map(tokens, one.text)) - fixed:
            assert is_told(token, numbers, spoken), (one.id, token)
            checked += 1
    assert checked > 20


def test_a_figure_that_changes_in_the_report_changes_on_the_card(summaries: Mapping[str, dict[str, Any]]) -> None:
    """Nothing is typed: another gain, gap or count in the report is another one on card and in its sentences."""
    changed = json.loads(json.dumps(summaries["whole"]))
    changed["policy_value"]["clinicians"]["difference"] = 3.14159
    changed["fairness"]["groups"][0]["gain"]["estimate"] = -2.71
    changed["attrition"][0]["total_left"] = 4321
    card = model_card(changed)
    value = card.performance.policy_value
    assert value is not None
    assert value.clinicians.difference == 3.14159
    assert card.attrition[0].episodes == 4321
    text = {one.id: " ".join(one.text) for one in card.source_attributes}
    assert "gains 3.1" in text["validity_internal_test"]
    assert "−2.71 points" in text["fairness_internal_test"]
    assert "4,321" in text["training_inclusion_exclusion_criteria"]


@pytest.mark.parametrize("kind", KINDS)
def test_gates_and_value_are_those_of_gates_and_manifest(
    studies: Mapping[str, Any], cards: Mapping[str, ModelCard], kind: str
) -> None:
    """gates.json, the signed manifest and the card beside it say the same."""
    files, gates = files_of(studies[kind]), json.loads(json.dumps(gates_of(studies[kind])))
    manifest, card = json.loads(files["manifest.json"]), json.loads(files["model_card.json"])
    assert card == cards[kind].model_dump(mode="json")
    assert card["gates"] == manifest["gates"]
    assert card["gates"] == [{name: gate[name] for name in Gate.model_fields} for gate in gates["gates"]]
    assert card["performance"]["policy_value"] == gates["policy_value"] == manifest["policy_value"]
    assert card["standing"]["gates_passed"] == gates["passed"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_study_gives_the_same_bytes(studies: Mapping[str, Any], kind: str) -> None:
    """Twice the same, and read and written again the same."""
    one, two = (files_of(studies[kind])["model_card.json"] for _ in range(2))
    assert one == two
    card = ModelCard.model_validate_json(one)
    assert json.loads(one) == card.model_dump(mode="json")
    assert as_html(card) == as_html(card)


def test_a_fit_says_what_it_did_not_look_at(cards: Mapping[str, ModelCard]) -> None:
    """Groups are not done by `fit`, and done by `study`; the card says that it is no whole study."""
    answers = {kind: {one.id: one for one in cards[kind].source_attributes} for kind in ("fitted", "whole")}
    assert answers["fitted"]["fairness_internal_test"].state == "not_done"
    assert "does not look at it" in answers["fitted"]["fairness_internal_test"].text[0]
    assert answers["whole"]["fairness_internal_test"].state == "given"
    assert (cards["fitted"].standing.attacked, cards["whole"].standing.attacked) == (False, True)
    assert "not a whole study" in as_html(cards["fitted"])
    assert cards["whole"].by_group.groups


def test_a_failed_study_says_so_first(cards: Mapping[str, ModelCard], studies: Mapping[str, Any]) -> None:
    """The gate stands in the banner, among those for whom it is not, and among the limits."""
    card, name = cards["failed"], studies["failed"].gates[3].name
    assert card.standing.failed == (name,)
    assert any("must not guide care" in text for text in card.not_for)
    assert any(text.startswith(f"Failed, {name.replace('_', ' ')}") for text in card.limits)
    assert "It must not guide care: no service will serve it." in as_html(card)
    assert "**Failed: " in as_markdown(card)


def test_a_blinded_card_tells_no_outcome(result: StudyResult, cards: Mapping[str, ModelCard]) -> None:
    """With the outcomes dealt anew among the patients the card of a failed design is the same, but for the records'
    fingerprint: nothing on it comes from what the arms did.
    """
    card = cards["blinded"]
    assert card.performance.model_dump(exclude_defaults=True) == {}
    assert {one.state for one in card.source_attributes if one.paragraph in ("(7)(i)", "(7)(ii)")} == {"not_available"}
    outcome = result.episodes.outcomes["outcome"].copy()
    seen = ~np.isnan(outcome)
    outcome[seen] = np.random.default_rng(1).permutation(outcome[seen])
    other = model_card(summarise(blinded(result, outcome)))
    same = {"data_fingerprint": card.data_fingerprint}
    assert other.model_copy(update=same) == card


@pytest.mark.parametrize("kind", KINDS)
def test_no_cell_is_under_eleven_and_none_can_be_had_from_the_report(
    cards: Mapping[str, ModelCard], summaries: Mapping[str, dict[str, Any]], kind: str
) -> None:
    """Counts are those that the report shows, cell by cell, so that subtracting one from the other tells nothing; a
    level that hardly anybody has is not named.
    """
    card, summary = cards[kind], summaries[kind]
    rows = {row["column"]: row for row in summary["table_one"]["rows"]}
    cells = [arm.episodes for arm in card.arms] + [step.episodes for step in card.attrition]
    assert card.representativeness
    for column in card.representativeness:
        for level, told in zip(rows[column.column]["levels"], column.levels, strict=True):
            shown = {arm: cell["n"] for arm, cell in level["by_arm"].items()}
            assert (told.level, told.by_arm) == (level["level"], shown)
            cells += shown.values()
    assert not [cell for cell in cells if isinstance(cell, int) and 0 < cell < 11]
    assert "<11" in cells
    assert [step.episodes for step in card.attrition] == [step["total_left"] for step in summary["attrition"]]
    assert CANARY not in as_html(card) + as_markdown(card) + card.model_dump_json()


def test_whom_the_records_miss_is_told_or_said_not_to_be_looked_at(summaries: Mapping[str, dict[str, Any]]) -> None:
    """A group has the population's shares beside its own, or a sentence that says that nobody gave them."""
    summary = summaries["whole"]

    def answer(population: dict[str, Any]) -> str:
        protocol = {**summary["protocol"], "reference_population": population}
        card = model_card({**summary, "protocol": protocol})
        return " ".join(next(one for one in card.source_attributes if one.id == "demographic_representativeness").text)

    assert "Whom the records miss was not looked at for region" in answer({})
    known = answer({"region": {"north": 0.4, "south": 0.6}})
    assert "In the reference population, region: north 40 %, south 60 %." in known
    assert "was not looked at" not in known


def test_people_s_statements_are_told_as_theirs(summaries: Mapping[str, dict[str, Any]]) -> None:
    """What the protocol's card says stands under its attribute as stated by people, escaped on the page."""
    block = CardBlock(
        developer="The <Clinic>", contact="card@clinic.example", funding="The region", relevance="Same region.",
        out_of_scope=("Inpatients.",), known_risks=("Telephone care is rare.",), references=("doi 10/x",),
        updates="Every year.", validity_monitoring="Quarterly, by the analyst.", variables={"region": "race"},
    )  # fmt: skip
    summary = summaries["whole"]
    changed = {**summary, "protocol": {**summary["protocol"], "card": block.model_dump(mode="json")}}
    card = model_card(changed)
    answers = {one.id: one for one in card.source_attributes}
    assert answers["developer_name_contact"].text == ("The <Clinic>", "Contact: card@clinic.example")
    stated = ("developer_name_contact", "funding_source", "relevance_of_training_data_to_deployment",
              "references_to_outcome_evaluations", "update_process_frequency",
              "validity_monitoring_process_frequency")  # fmt: skip
    assert {(answers[name].state, answers[name].origin) for name in stated} == {("given", "protocol")}
    assert "Inpatients." in card.not_for
    assert "Telephone care is rare." in card.limits
    assert "Race: region" in answers["use_of_demographic_sdoh_health_status_inputs"].text[0]
    page = as_html(card)
    assert "The &lt;Clinic&gt;" in page
    assert "<Clinic>" not in page


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_text_tell_every_attribute(cards: Mapping[str, ModelCard], kind: str) -> None:
    """Both name all 31 and show the states; the page asks nothing of the network and runs nothing."""
    page, text = as_html(cards[kind]), as_markdown(cards[kind])
    for one in cards[kind].source_attributes:
        assert f'<tr id="{one.id}">' in page
        assert f"**{one.name}** ((B){one.paragraph})" in text
    for word in ("not stated", "not done"):
        assert word in page
        assert word in text
    assert not re.search(r"https?://|<script|src=|@import", page)


def test_the_card_in_mlflow_is_the_policy_s(registry: Any, lab: Any, tmp_path: Path) -> None:
    """The command reads the registry alone: the card is byte for byte the signed policy's, with version, run and moves
    beside it and no doubt; page, text and JSON can be written.
    """
    printed = lab("card", "null@challenger", "--json", home=registry.home)
    assert printed.code == 0
    found = json.loads(printed.out)
    assert found["card"] == json.loads((registry.out / "policy" / "model_card.json").read_text(encoding="utf-8"))
    told = found["registry"]
    assert (told["name"], told["version"], told["doubts"]) == ("null", "1", [])
    assert told["run_id"] == json.loads(registry.ran.out)["run_id"]
    assert "challenger" in [one["move"]["alias"] for one in told["moves"]]
    for name, mark in (
        ("card.html", "<!DOCTYPE html>"),
        ("card.md", "# Model card: null, version 1"),
        ("card.json", "{"),
    ):
        assert lab("card", "null", "1", "--out", tmp_path / name, home=registry.home).code == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(mark)
    assert "## In the registry" in lab("card", "null", "1", home=registry.home).out


def test_the_study_s_card_is_kept_beside_its_report(registry: Any, client: Any) -> None:
    """model_card.html and .md lie in the study's folder and, the same, among the run's artifacts."""
    run_id = json.loads(registry.ran.out)["run_id"]
    for name in ("model_card.html", "model_card.md"):
        kept = Path(client.download_artifacts(run_id, name)).read_bytes()
        assert kept == (registry.out / name).read_bytes()
    card = ModelCard.model_validate_json((registry.out / "policy" / "model_card.json").read_bytes())
    assert as_html(card) == (registry.out / "model_card.html").read_text(encoding="utf-8")
    assert card.standing.attacked


@pytest.mark.usefixtures("registry")
def test_what_the_registry_says_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another metric, study or signature than the card's is a doubt in words; a card that was changed is refused."""
    run = registered_run("null", "1")
    name = next(name for name in run.metrics if name.startswith("gate.balance"))
    other = replace(run, metrics={**run.metrics, name: 9.0}, tags={**run.tags, "study_id": "x"}, signature=b"none")
    monkeypatch.setattr(registered, "registered_run", lambda _name, _version: other)
    _, record = card_from_registry("null", "1")
    assert len(record.doubts) == 3
    assert any(f"metric {name} is 9.0" in doubt for doubt in record.doubts)
    card, _ = card_from_registry("null", "1")
    assert "Doubts about what the registry holds" in as_html(card, record)
    changed = replace(run, card=run.card.replace(b'"name": "null"', b'"name": "best"'))
    assert changed.card != run.card
    monkeypatch.setattr(registered, "registered_run", lambda _name, _version: changed)
    with pytest.raises(Refused, match="changed after its policy was signed"):
        card_from_registry("null", "1")


@pytest.mark.usefixtures("registry")
def test_a_card_of_another_version_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy registered before cards had this form ends in one clear error (3), and not in a traceback."""
    run = registered_run("null", "1")
    card = b'{"intended_use": "before"}'
    manifest = json.loads(run.manifest)
    manifest["files"]["model_card.json"] = sha256(card)
    old = replace(run, card=card, manifest=json.dumps(manifest).encode())
    monkeypatch.setattr(registered, "registered_run", lambda _name, _version: old)
    with pytest.raises(BadInput, match="run the study again"):
        card_from_registry("null", "1")


@pytest.mark.usefixtures("registry")
def test_a_card_is_asked_for_by_version_or_alias(lab: Any, registry: Any, tmp_path: Path) -> None:
    """Neither, both or another alias is bad usage (2); what is not there is not found (3)."""
    for name, version in (("null", None), ("null@challenger", "1"), ("null@best", None)):
        with pytest.raises(BadUsage):
            version_of(name, version)
    with pytest.raises(NotFound, match="No version of nobody is champion"):
        version_of("nobody@champion", None)
    assert lab("card", "null", "1", "--out", tmp_path / "card.pdf", home=registry.home).code == 2
    assert lab("card", "null", "99", home=registry.home).code == 3
