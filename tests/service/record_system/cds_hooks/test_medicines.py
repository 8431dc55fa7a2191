"""Medicines in the record system: drafts as MedicationRequests, and orders that a safety rule speaks against."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_contracts.manifest import PolicyManifest
from service.served_policy import load_served

MAOI, SERTRALINE, IBUPROFEN = "8123", "36437", "5640"
OWN = "urn:uuid:9b8a1c7e-0f55-4f0e-9d0b-0c7f6f2f8f11"
REFERENCES = {"contained": "#m", "beside": "Medication/m", "by the bundle's own name": OWN}


@pytest.fixture
def policy_folder(lab: Any, write_folder: Callable[[Mapping[str, bytes]], Path]) -> Path:
    """The tiny policy with an SSRI in the place of internet CBT."""
    files = dict(lab.policy())
    described = files.pop("manifest.json").replace(b'"icbt"', b'"ssri"').replace(b'"GSH_ICBT"', b'"SSRI"')
    del files["signature"]
    made = lab.signed(files, PolicyManifest.model_validate_json(described))
    folder = write_folder(lab.promoted(made))
    assert load_served(str(folder)).policy.manifest.arms[1].therapy == "SSRI"
    return folder


def medicines(ehr: Any, *codes: str) -> dict[str, Any]:
    """A prefetch with these medicines."""
    return {"medications": ehr.record.bundle(*(ehr.record.medicine(code) for code in codes))}


def test_c10_a_medicine_is_drafted_by_its_class(ehr: Any) -> None:
    """C10: an SSRI is suggested as a MedicationRequest, draft and proposal, by the class and without a dose."""
    (card,) = ehr.cards()
    drafts = [action["resource"] for one in card["suggestions"] for action in one.get("actions", [])]
    (medicine,) = [one for one in drafts if one["resourceType"] == "MedicationRequest"]
    assert (medicine["status"], medicine["intent"]) == ("draft", "proposal")
    assert medicine["medicationCodeableConcept"]["coding"][0]["code"] == "N06AB"
    assert "dosageInstruction" not in medicine


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_an_order_that_a_rule_removes(ehr: Any, hook: str) -> None:
    """With an MAOI on record a drafted SSRI gets a warning with the rule, and other therapies to choose from."""
    orders = ehr.drafts(ehr.record.medicine(SERTRALINE, status="draft"))
    (card,) = ehr.cards(hook, context=orders, prefetch=medicines(ehr, MAOI))
    assert card["indicator"] == "warning"
    assert re.search(r"a safety rule speaks against it \(MAOI-01.*\)$", card["summary"])
    assert "No antidepressant is offered" in card["detail"]
    labels = [one["label"] for one in card["suggestions"]]
    assert labels
    assert not any("SSRI" in label for label in labels)


@pytest.mark.parametrize(("hook", "new"), [("order-select", 0), ("order-select", 1), ("order-sign", 0)])
def test_drafts_are_checked_on_each_other(ehr: Any, hook: str, new: int) -> None:
    """An SSRI and an MAOI both in draft: a warning with the rule, which each of them alone does not give.

    Of order-select one of them alone is selected, whichever: what is drafted beside it counts all the same.
    """
    ssri, maoi = (ehr.record.medicine(code, status="draft") for code in (SERTRALINE, MAOI))
    orders = ehr.drafts(ssri, maoi)
    (card,) = ehr.cards(hook, context={**orders, "selections": [orders["selections"][new]]})
    assert card["indicator"] == "warning"
    assert "is drafted beside another order, and a safety rule speaks against it (MAOI-01" in card["summary"]
    assert "if what is drafted beside it is taken too" in card["detail"]
    assert not any("SSRI" in one["label"] for one in card["suggestions"])
    for alone in (ssri, maoi):
        assert not any("MAOI-01" in one["summary"] for one in ehr.cards(hook, context=ehr.drafts(alone)))


def test_what_is_not_to_be_given_is_beside_nothing(ehr: Any) -> None:
    """An MAOI that the draft says not to give, or another patient's, is no reason against an SSRI."""
    ssri = ehr.record.medicine(SERTRALINE, status="draft")
    for change in ({"doNotPerform": True}, {"subject": {"reference": "Patient/2"}}):
        maoi = ehr.record.medicine(MAOI, status="draft", **change)
        cards = ehr.cards("order-sign", context=ehr.drafts(ssri, maoi))
        assert not any("MAOI-01" in one["summary"] for one in cards)


@pytest.mark.parametrize(
    "how",
    ["contained", "beside", "by the bundle's own name", "selected by a name that no draft has", "not to be given"],
)
def test_an_order_that_is_hard_to_find_is_checked(ehr: Any, how: str) -> None:
    """An SSRI that an order refers to is found in it or beside it; where a selection names no draft all are looked at.

    An order that something is not to be given is none.
    """
    medicine = {"resourceType": "Medication", "id": "m", "code": ehr.record.coded("rx", SERTRALINE)}
    order = ehr.record.medicine(SERTRALINE, status="draft")
    if how in REFERENCES:
        order |= {"medicationReference": {"reference": REFERENCES[how]}}
        order.pop("medicationCodeableConcept")
    orders = ehr.drafts(order | ({"contained": [medicine]} if how == "contained" else {}))
    if how == "beside":
        orders["draftOrders"]["entry"].append({"resource": medicine})
    if how == "by the bundle's own name":
        orders["draftOrders"]["entry"].append({"fullUrl": OWN, "resource": {**medicine, "id": "another"}})
    if how.startswith("selected"):
        orders["selections"] = ["MedicationRequest/another"]
    if how == "not to be given":
        orders["draftOrders"]["entry"][0]["resource"]["doNotPerform"] = True
    cards = ehr.cards("order-select", context=orders, prefetch=medicines(ehr, MAOI))
    assert ["MAOI-01" in card["summary"] for card in cards] == ([] if how == "not to be given" else [True])


def test_an_order_to_take_note_of(ehr: Any) -> None:
    """With ibuprofen on record a drafted SSRI gets the bleeding rule's note, and no suggestion against it."""
    orders = ehr.drafts(ehr.record.medicine(SERTRALINE, status="draft"))
    (card,) = ehr.cards("order-sign", context=orders, prefetch=medicines(ehr, IBUPROFEN))
    assert "BLEED-01" in card["summary"]
    assert "gastroprotection" in card["detail"]
    assert "suggestions" not in card


def test_the_ranking_leaves_out_what_a_rule_removes(ehr: Any) -> None:
    """On patient-view the removed medicine is no suggestion, and the card says by which rule."""
    (card,) = ehr.cards(prefetch=medicines(ehr, MAOI))
    assert not any("SSRI" in one["label"] for one in card["suggestions"])
    assert "safety rule MAOI-01" in card["detail"]


def test_a_drug_without_a_known_code_is_told(ehr: Any) -> None:
    """A medicine that no table knows is no reason for anything, and is counted in the card."""
    (card,) = ehr.cards(prefetch=medicines(ehr, "999999"))
    assert "medicines whose codes are not among those known here (1)" in card["detail"]
