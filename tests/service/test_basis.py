"""What an answer rests on, in seven blocks, and what its model's card answers to the 31 source attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from data_contracts.model_card import ByGroup, FilledAttribute, ModelCard, Performance, Standing
from data_contracts.source_attribute import load_source_attributes
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.basis import Basis
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import load_served
from service.storage.store import Store
from service.utc import utc_now

URL = "/v1/recommendations"
SEVEN = ("intended_use", "inputs", "logic", "data", "validation", "limits", "missing")


def card() -> ModelCard:
    """A card whose every answer can be told from the others."""
    attributes = tuple(
        FilledAttribute(
            id=one.id,
            category=category.id,
            paragraph=one.paragraph,
            name=one.name,
            state="not_done" if one.may_be_unavailable else "given",
            origin="study",
            text=(f"Answer to {one.id}.",),
        )
        for category in load_source_attributes().categories
        for one in category.attributes
    )
    return ModelCard(
        name="tiny",
        study_id="a" * 64,
        data_fingerprint="b" * 64,
        question="Which arm is better?",
        estimand="Expected difference.",
        standing=Standing(gates_passed=True, effects_computed=True, attacked=True, failed=(), waived=()),
        intended_use="For a test.",
        intended_users="Testers.",
        intended_population="Invented patients.",
        not_for=("Patients.",),
        arms=(),
        attrition=(),
        covariates=(),
        outcomes_set_aside={},
        representativeness=(),
        performance=Performance(),
        by_group=ByGroup(),
        gates=(),
        limits=("Assumed: nothing.",),
        monitoring=("Not done.",),
        source_attributes=attributes,
    )


@pytest.fixture
def carded(lab: Any, home: Any, store: Store, tmp_path: Any) -> Iterator[Any]:
    """A client of a service whose policy has a card."""
    from fastapi.testclient import TestClient

    folder = tmp_path / "carded"
    folder.mkdir()
    for name, content in lab.promoted(lab.policy(card=card().model_dump_json().encode())).items():
        (folder / name).write_bytes(content)
    served = load_served(str(folder))
    store.keep_policy(served.source.manifest_sha256, served.documents, Entry("policy", LOCAL_ACTOR, utc_now()))
    with TestClient(
        create_app(Collaborators(lambda: served, store, (Contact(name="Line", phone="1", when="always"),)))
    ) as made:
        yield made


def basis_of(client: Any, profile: dict[str, Any]) -> dict[str, Any]:
    """The basis of a new answer."""
    made = client.post(URL, json=profile)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = client.get(f"{made.headers['location']}/basis").json()
    return told


def test_exactly_the_seven_blocks(carded: Any, profile: dict[str, Any]) -> None:
    """The basis is the seven blocks of the FDA's guidance, whose answer it is, by what version, and links: no more."""
    around = {"recommendation_id", "state", "reviewed", "released", "versions", "links"}
    basis = basis_of(carded, profile)
    assert tuple(name for name in basis if name not in around) == SEVEN
    assert set(Basis.model_fields) == around | set(SEVEN)
    assert basis["intended_use"]["population"] == "Invented patients."
    assert basis["data"]["question"] == "Which arm is better?"
    assert basis["data"]["relevance"] == ["Answer to relevance_of_training_data_to_deployment."]
    assert basis["validation"]["external"] == ["Answer to validity_external.", "Answer to fairness_external."]
    assert basis["limits"]["limits"][-1] == "Assumed: nothing."
    assert basis["logic"]["individualisation"] == ["As tested.", "As tested."]


def test_links_lead_somewhere(carded: Any, profile: dict[str, Any]) -> None:
    """What the basis leaves to other pages is there, under the addresses that it names."""
    for name, address in basis_of(carded, profile)["links"].items():
        assert carded.get(address).status_code == 200, name


def test_quality_of_inputs(carded: Any, profile: dict[str, Any]) -> None:
    """A fact that is too old and values that contradict each other are told as set aside, with the question to ask."""
    profile["as_of"] = {"phq9_item9": (date.today() - timedelta(days=90)).isoformat()}
    profile["values"] |= {"age": 130}
    basis = basis_of(carded, profile)
    inputs = basis["inputs"]
    assert {"phq9_item9", "age"} <= set(inputs["set_aside"])
    assert "age" in inputs["queries"][0]["about"]
    parts = {one["name"]: (one["part"], one["recorded"]) for one in inputs["used"]}
    assert parts["phq9_week0"] == ("effect modifier", None)
    assert parts["sex"] == ("adjusted for", None)
    assert parts["phq9_item9"] == ("safety fact", profile["as_of"]["phq9_item9"])
    asked = {fact["fact"]: fact for fact in basis["missing"]["facts"]}
    assert asked["phq9_item9"]["ask"]
    assert asked["phq9_item9"]["rules"]


def test_missing_for_this_patient(carded: Any, profile: dict[str, Any]) -> None:
    """What was not given is told by name with what asking for it would change; what was given is not."""
    del profile["values"]["sex"]
    missing = basis_of(carded, profile)["missing"]
    assert missing["features"] == ["sex"]
    assert [one["feature"] for one in missing["would_change"]] == ["sex"]
    profile["values"]["sex"] = "f"
    assert basis_of(carded, profile)["missing"]["features"] == []


def test_no_value_is_told(carded: Any, profile: dict[str, Any]) -> None:
    """The basis names inputs and never repeats a value: who may weigh it need not see the patient."""
    profile["patient_id"] = "canary-patient"
    profile["values"] |= {"phq9_week0": 17.125, "shoe_size": 77.125}
    told = json.dumps(basis_of(carded, profile))
    assert not [canary for canary in ("canary", "17.125", "77.125") if canary in told]


def test_a_policy_of_before_has_a_basis(client: Any, profile: dict[str, Any]) -> None:
    """Where the card is of another form the basis says so in the card's places, and tells the rest."""
    basis = basis_of(client, profile)
    assert "does not read" in basis["data"]["relevance"][0]
    assert basis["validation"]["gates"]


@pytest.mark.parametrize("by_hash", [False, True])
def test_the_31_source_attributes(carded: Any, by_hash: bool) -> None:
    """Each attribute of the rule is there once, in its order, with an answer or the plain word that there is none."""
    champion = carded.get("/v1/models/champion/source-attributes").json()
    model = champion["policy_manifest_sha256"] if by_hash else "champion"
    told = carded.get(f"/v1/models/{model}/source-attributes").json()
    assert told["rule"] == "45 CFR 170.315(b)(11)(iv)(B)"
    assert tuple(one["id"] for one in told["attributes"]) == load_source_attributes().ids
    assert len(told["attributes"]) == 31
    assert all(one["text"] == [f"Answer to {one['id']}."] for one in told["attributes"])
    assert {one["state"] for one in told["attributes"]} == {"given", "not_done"}
    whole = carded.get(f"/v1/models/{model}/card").json()
    assert whole["source_attributes"] == told["attributes"]


@pytest.mark.parametrize("part", ["card", "source-attributes"])
@pytest.mark.parametrize("model", ["champion", "0" * 64, "tiny"])
def test_no_card_is_told(client: Any, model: str, part: str) -> None:
    """A model that is not known here, or whose card this version cannot read, is a 404 that says which."""
    answer = client.get(f"/v1/models/{model}/{part}")
    assert answer.status_code == 404
    assert ("no model card" in answer.json()["detail"]) == (model == "champion")
