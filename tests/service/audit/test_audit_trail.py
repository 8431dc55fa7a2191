"""What the service does is in the audit before the answer leaves, and nothing of a patient is in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.__main__ import main
from service.audit.actor import LOCAL_ACTOR
from service.audit.audit_event import PROFILES, audit_event
from service.audit.chain import NOTHING, linked
from service.audit.entry import Entry, Kind, Outcome
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "note": "canary-note"}
CHOICE = SIGNED | {"arm": "usual_care", "reason": "canary-reason", "override_code": "disagree"}
CHOICE["override_reason"] = "canary-override"
HARM = SIGNED | {"severity": "severe", "what": "canary-harm", "on": "2026-03-01"}


def trail(store: Store) -> list[dict[str, Any]]:
    with store.reading() as connection:
        contents = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    return [json.loads(content) for content in contents]


@pytest.fixture
def whole_way(client: Any, store: Store, profile: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of one patient's whole way, refusals included."""
    profile["patient_id"] = "canary-patient"
    profile["exclusions"] = {"hypnosis": "canary-exclusion"}
    where = client.post(URL, json=profile).headers["location"]
    client.post(f"{where}/release", json=SIGNED)
    for action in ("review", "release"):
        client.post(f"{where}/{action}", json=SIGNED)
    client.post(f"{where}/decision", json=CHOICE)
    assert client.post(f"{where}/harms", json=HARM).status_code == 201
    for part in ("", "/history", "/basis", "/sheet"):
        assert client.get(f"{where}{part}").status_code == 200
    client.post(URL, json=profile | {"values": profile["values"] | {"cssrs_q4": "yes"}})
    statement = {**SIGNED, "patient_id": "canary-patient", "purpose": "decision_support", "answer": "withdrawn"}
    assert client.post("/v1/consents", json=statement).status_code == 201
    assert client.post(URL, json=profile).status_code == 403
    wish = {**SIGNED, "patient_id": "canary-patient"}
    assert client.post("/v1/erasures", json=wish).status_code == 201
    assert client.get(where).status_code == 410
    return trail(store)


def test_everything_is_remembered(whole_way: list[dict[str, Any]]) -> None:
    """Each answer, refusal, review, release, override, reading, consent and erasure has its record, in order."""
    assert [(one["kind"], one["outcome"]) for one in whole_way] == [
        ("policy", "success"),
        ("recommendation", "success"),
        ("release", "refused"),
        ("review", "success"),
        ("release", "success"),
        ("override", "success"),
        ("harm", "success"),
        *[("read", "success")] * 4,
        ("refusal", "refused"),
        ("consent", "success"),
        ("refusal", "refused"),
        ("consent", "success"),
        ("consent", "success"),
        ("erasure", "success"),
    ]
    assert {one["who"] for one in whole_way} == {"local"}
    assert len({one["person"] for one in whole_way[1:]}) == 1


def test_nothing_of_a_patient_is_in_the_chain(whole_way: list[dict[str, Any]]) -> None:
    """Canaries in identifier, values, notes and reasons are in no audit record."""
    told = json.dumps(whole_way)
    assert "canary" not in told
    assert "Mbeki" not in told


def test_as_fhir(whole_way: list[dict[str, Any]], tmp_path: Path) -> None:
    """Each record has its AuditEvent with what BALP asks for: actors on both ends, a user, and one patient if any."""
    out = tmp_path / "events.ndjson"
    assert main(["audit", "export", "--out", str(out)]) == 0
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert events == [audit_event(one) for one in whole_way]
    for told, event in zip(whole_way, events, strict=True):
        patients = [one for one in event["entity"] if one["type"]["code"] == "1"]
        assert len(patients) == (told["person"] is not None)
        assert [one["what"]["identifier"]["value"] for one in patients] in ([], [told["person"]])
        assert sum(one["type"]["code"] == "2" for one in event["entity"]) == 1
        assert [one["requestor"] for one in event["agent"]] == [False, False, True]
        assert all("network" in one and "who" in one for one in event["agent"][:2])
        assert "network" not in event["agent"][2]
        profile = event.get("meta", {}).get("profile", [""])[0]
        assert bool(profile) == (told["outcome"] == "success")
        if profile:
            assert profile.endswith(f"{'Patient' if told['person'] else ''}{PROFILES[event['action']]}")
        ends = [one["type"]["coding"][0]["code"] for one in event["agent"][:2]]
        wanted = {"R": ["110152", "110153"], "D": ["110150", "custodian"]}
        assert ends == wanted.get(event["action"], ["110153", "110152"])


def test_no_answer_without_its_record(client: Any, store: Store, profile: dict[str, Any]) -> None:
    """If the record cannot be written, the answer is neither given nor kept; nor is a kept one read out."""
    where = client.post(URL, json=profile).headers["location"]
    with store.engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'x'); END"))
    assert client.post(URL, json=profile).status_code == 503
    assert client.get(where).status_code == 503
    assert client.get(f"{where}/history").status_code == 503
    assert client.post(f"{where}/review", json=SIGNED).status_code == 503
    with store.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM recommendations")).scalar_one() == 1
        assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 0
        connection.execute(text("DROP TRIGGER full"))
    assert client.get(where).status_code == 200


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_record_is_fhir(kind: Kind) -> None:
    """Models of R4B and R4 that are not ours read every kind of record, whatever its outcome and subject."""
    from fhir.resources.R4B.auditevent import AuditEvent
    from fhirclient.models.auditevent import AuditEvent as ClientEvent

    outcomes: tuple[Outcome, ...] = ("success", "refused", "denied")
    for outcome, person, answer in product(outcomes, (None, str(uuid4())), (None, uuid4())):
        entry = Entry(kind, LOCAL_ACTOR, datetime.now(UTC), outcome, person, answer)
        event = audit_event(linked(entry, NOTHING).told)
        AuditEvent.model_validate(event)
        ClientEvent(event, strict=True)
