"""What is written is FHIR: full models that are not ours accept every resource, along one whole workflow."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.audit.export import audit_export
from service.fhir.draft_order import draft_orders
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123"}


def check(resource: dict[str, Any]) -> Any:
    """The resource as read by fhir.resources (R4B, strict on unknown elements and types) and by fhirclient (R4)."""
    name = resource["resourceType"]
    client = importlib.import_module(f"fhirclient.models.{name.lower()}")
    getattr(client, name)(resource, strict=True)
    module = importlib.import_module(f"fhir.resources.R4B.{name.lower()}")
    return getattr(module, name).model_validate(json.loads(json.dumps(resource)))


@pytest.fixture
def bundle_of(client: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Asks for a recommendation and gives its bundle, by type of resource."""

    def make(profile: dict[str, Any]) -> dict[str, Any]:
        address = client.post(URL, json=profile).headers["location"]
        answer = client.get(f"{address}/fhir")
        assert answer.headers["content-type"] == "application/fhir+json"
        return {"address": address, "bundle": answer.json()}

    return make


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The resources of a type in a bundle."""
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def leaves(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The innermost actions of a request group."""
    for action in actions:
        assert ("resource" in action) != ("action" in action)  # rgp-1
        yield from leaves(action["action"]) if "action" in action else [action]


def test_a_ranking(bundle_of: Any, profile: dict[str, Any]) -> None:
    """A ranking is a response with options in its order, drafts that they refer to, and their provenance."""
    bundle = bundle_of(profile)["bundle"]
    check(bundle)
    (response,) = resources(bundle, "GuidanceResponse")
    (group,) = resources(bundle, "RequestGroup")
    assert (response["status"], group["status"], group["intent"]) == ("success", "draft", "proposal")
    names = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    assert names[response["result"]["reference"]] is group
    titles = [action["title"] for action in group["action"][0]["action"]]
    assert titles[0].startswith("Cognitive behavioural therapy")
    assert titles[-1] == "Usual care"
    for action in leaves(group["action"]):
        assert action["resource"].get("reference") in {None, *names}
    (provenance,) = resources(bundle, "Provenance")
    assert {one["reference"] for one in provenance["target"]} == set(names) - {bundle["entry"][-1]["fullUrl"]}
    for entry in bundle["entry"]:
        check(entry["resource"])


@pytest.mark.parametrize(
    ("changes", "status", "grouped"),
    [
        ({"phq9_item9": 2}, "data-required", False),
        ({"phq9_week0": None}, "data-required", False),
        ({"decision_support_consent": None}, "data-required", False),
        ({"cssrs_q4": "yes"}, "success", False),
        ({"sex": None}, "success", True),
    ],
)
def test_other_answers(
    bundle_of: Any, profile: dict[str, Any], changes: dict[str, Any], status: str, grouped: bool
) -> None:
    """What waits or lacks a key fact says so, what is refused has no options, and all of it is FHIR."""
    profile["values"] |= changes
    bundle = bundle_of(profile)["bundle"]
    check(bundle)
    (response,) = resources(bundle, "GuidanceResponse")
    assert response["status"] == status
    assert bool(resources(bundle, "RequestGroup")) == grouped == ("result" in response)
    if changes == {"phq9_week0": None}:
        (required,) = response["dataRequirement"]
        assert required["codeFilter"][0]["code"][0]["code"] == "phq9_week0"


def test_a_workflow(client: Any, store: Store, bundle_of: Any, profile: dict[str, Any], tmp_path: Path) -> None:
    """From draft to decision the bundle follows, the same history gives the same bytes, each step is an AuditEvent."""
    made = bundle_of(profile)
    address, before = made["address"], made["bundle"]
    for action, more in (("review", {}), ("release", {}), ("decision", {"arm": "cbt", "reason": "wanted"})):
        assert client.post(f"{address}/{action}", json={**SIGNED, **more}).status_code == 200
    first, second = client.get(f"{address}/fhir"), client.get(f"{address}/fhir")
    assert first.content == second.content
    check(first.json())
    assert [resources(one, "RequestGroup")[0]["status"] for one in (before, first.json())] == ["draft", "completed"]
    agents = resources(first.json(), "Provenance")[0]["agent"]
    kinds = [agent["type"]["coding"][0]["code"] for agent in agents]
    assert kinds == ["assembler", "verifier", "attester"]
    assert agents[1]["who"]["display"] == "Dr A. Mbeki, GP, licence 123"
    audit_export(store, tmp_path / "audit.ndjson", 1)
    events = [json.loads(line) for line in (tmp_path / "audit.ndjson").read_text().splitlines()]
    told = [event["subtype"][1]["code"] for event in events]
    assert told[-7:] == ["recommendation", "read", "review", "release", "decision", "read", "read"]
    for event in events[-7:]:
        check(event)


def test_drafts_of_every_arm(served: ServedPolicy) -> None:
    """Whatever therapy of the catalogue an arm is, its drafts are FHIR; a combination is drafted in two."""
    from datetime import UTC, datetime

    from data_contracts.manifest import ArmRecord
    from data_contracts.therapy import load_therapies

    counts = {}
    for key, therapy in load_therapies().items():
        arm = ArmRecord(name=key.lower(), therapy=key, episodes=100, ranked=True)
        drafts = draft_orders(arm, therapy.name, "P-1", datetime(2026, 6, 1, tzinfo=UTC))
        counts[key] = [one.resource["resourceType"] for one in drafts]
        for one in drafts:
            check(one.resource)
    assert counts["COMB"] == ["ServiceRequest", "MedicationRequest"]
    assert counts["SSRI"] == ["MedicationRequest"]
    assert counts["CBT"] == ["ServiceRequest"]
    assert counts["WW"] == counts["BA"] == []
