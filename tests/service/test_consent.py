"""The ledger of consents: never recorded asks, withdrawn refuses, and who withdrew is on the signed list."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data_contracts.withdrawn import PURPOSE, WithdrawnList, listed_as
from service.__main__ import main
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.consent import Standing, Statement
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.person import PatientName
from service.storage.store import Store
from service.trusted_keys import check_signature

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "note": None}


class Clock:
    """A clock that a test turns."""

    now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(served: ServedPolicy, store: Store, clock: Clock) -> Any:
    from fastapi.testclient import TestClient

    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    return TestClient(create_app(Collaborators(lambda: served, store, contacts, clock)))


def say(client: Any, purpose: str, answer: str, patient: str = "P-1") -> Any:
    said = client.post("/v1/consents", json={**SIGNED, "patient_id": patient, "purpose": purpose, "answer": answer})
    assert said.status_code == 201, said.text
    return said.json()


TABLE: dict[str, tuple[str | None, str | None, int, str | None]] = {
    "nobody asked": (None, None, 201, "CONSENT"),
    "the caller says yes": (None, "yes", 201, None),
    "the caller says no": (None, "no", 201, "CONSENT"),
    "the ledger says yes": ("given", None, 201, None),
    "both say yes": ("given", "yes", 201, None),
    "the ledger says yes, the caller no": ("given", "no", 201, "CONSENT"),
    "the ledger says no": ("withdrawn", None, 403, None),
    "the ledger says no, the caller yes": ("withdrawn", "yes", 403, None),
    "both say no": ("withdrawn", "no", 403, None),
}


@pytest.mark.parametrize("case", TABLE)
def test_ledger_and_caller(client: Any, profile: dict[str, Any], case: str) -> None:
    """What an answer is by what the ledger and the caller say: the stricter of the two, and asking if neither does."""
    ledger, caller, status, reason = TABLE[case]
    if ledger:
        assert say(client, "decision_support", ledger)["decision_support"] == ledger
    profile["values"]["decision_support_consent"] = caller
    answer = client.post(URL, json=profile)
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["recommendation"]["safety"]["reason"] == reason
    else:
        assert answer.json()["type"] == "urn:equipoise:problem:refused"
        assert "+00 000 000" in answer.json()["detail"]


def test_the_newest_word_counts(client: Any, profile: dict[str, Any]) -> None:
    """Withdrawn and given again is given; other purposes and other patients say nothing of this one."""
    say(client, "research", "withdrawn")
    say(client, "decision_support", "withdrawn", patient="P-2")
    assert client.post(URL, json=profile).status_code == 201
    say(client, "decision_support", "withdrawn")
    assert client.post(URL, json=profile).status_code == 403
    standing = say(client, "decision_support", "given")
    assert standing == {"decision_support": "given", "research": "withdrawn", "contact": None}
    assert client.post(URL, json=profile).status_code == 201


def test_consent_of_the_ledger_grows_old(client: Any, profile: dict[str, Any], clock: Clock) -> None:
    """Consent that was given more than a year ago is asked for anew, as a caller's is."""
    say(client, "decision_support", "given")
    del profile["values"]["decision_support_consent"]
    clock.now += timedelta(days=365)
    assert client.post(URL, json=profile).json()["recommendation"]["safety"]["reason"] is None
    clock.now += timedelta(days=1)
    assert client.post(URL, json=profile).json()["recommendation"]["safety"]["reason"] == "CONSENT"


@pytest.mark.parametrize("statement", ["UPDATE consents SET answer = 'given'", "DELETE FROM consents"])
def test_the_ledger_only_grows(client: Any, store: Store, statement: str) -> None:
    """No statement is changed or removed, not even at the database."""
    say(client, "decision_support", "withdrawn")
    with pytest.raises(DBAPIError, match="never changed"), store.engine.begin() as connection:
        connection.execute(text(statement))


BAD = [
    {"purpose": "selling"},
    {"answer": "perhaps"},
    {"patient_id": ""},
    {"patient_id": "\ufeffP-1"},  # nobody sees it, and another patient would have withdrawn
    {"patient_id": "P-\u200b1"},
    {"patient_id": "P-1\x00"},
    {"by": ""},
    {"extra": 1},
]


@pytest.mark.parametrize("change", BAD)
def test_a_bad_statement(client: Any, store: Store, change: dict[str, Any]) -> None:
    """What is no statement is told and changes nothing."""
    body = {**SIGNED, "patient_id": "P-1", "purpose": "research", "answer": "given"} | change
    answer = client.post("/v1/consents", json=body)
    assert answer.status_code == 422
    assert answer.json()["problems"]
    assert store.standing(PatientName("local", "P-1")) == Standing(store.ring.pseudonym("local", "P-1"), None, 0, {})


def test_who_was_erased_is_not_asked_about_again(
    served: ServedPolicy, any_store: Store, profile: dict[str, Any]
) -> None:
    """A record system that asks on is refused until consent is written down anew, and nobody is made again."""
    from fastapi.testclient import TestClient

    any_store.keep_policy(served.source.manifest_sha256, served.documents, Entry("policy", LOCAL_ACTOR, Clock.now))
    client = TestClient(create_app(Collaborators(lambda: served, any_store, ())))
    assert client.post(URL, json=profile).status_code == 201
    assert client.post("/v1/erasures", json={**SIGNED, "patient_id": "P-1"}).status_code == 201
    refused = client.post(URL, json=profile)
    assert (refused.status_code, "asked for erasure" in refused.json()["detail"]) == (403, True)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    care = {"patient_id": "P-1", "issuer": "https://ehr.example.org", "subject": "dr-a", "until": until}
    assert client.post("/v1/care", json=care).status_code == 403
    with any_store.reading() as connection:
        assert connection.execute(text("SELECT count(*), count(wrapped_key) FROM persons")).one() == (1, 0)
    assert any_store.before(PatientName("Other Trust", "P-1"), "tiny").standing.erased_at is None
    say(client, "decision_support", "given")
    assert client.post(URL, json=profile).status_code == 201


def test_letters_put_together_otherwise_are_the_same_patient(
    client: Any, store: Store, tmp_path: Path, profile: dict[str, Any]
) -> None:
    """An "é" of one code point or of two: the same consent, the same place on the list, one erasure for all."""
    whole, parted = "Zoé-1", "Zoe\u0301-1"
    assert client.post(URL, json=profile | {"patient_id": parted}).json()["recommendation"]["patient_id"] == parted
    say(client, "decision_support", "withdrawn", parted)
    assert client.post(URL, json=profile | {"patient_id": whole}).status_code == 403
    assert main(["withdrawn", "--out", str(tmp_path / "list")]) == 0
    assert read_list(store, tmp_path / "list").patients == (listed_as(store.ring.list_salt, whole),)
    assert client.post("/v1/erasures", json={**SIGNED, "patient_id": whole}).status_code == 201
    assert client.post("/v1/erasures", json={**SIGNED, "patient_id": parted}).status_code == 404
    with store.reading() as connection:
        last = connection.execute(text("SELECT content FROM audit ORDER BY seq DESC")).scalars().first()
    told = json.loads(last or "")
    assert (told["kind"], told["detail"]) == ("denied", {"address": "POST /v1/erasures", "status": 404})


def read_list(store: Store, path: Path) -> WithdrawnList:
    """As a lab reads it."""
    line, signature, _ = path.read_bytes().split(b"\n")
    key = load_pem_public_key(store.ring.public_pem)
    check_signature(PURPOSE + line, signature, (key,), "the list")  # type: ignore[arg-type]
    return WithdrawnList.model_validate_json(line)


def test_the_list_of_the_withdrawn(client: Any, store: Store, tmp_path: Path, profile: dict[str, Any]) -> None:
    """On it is who last withdrew from research or decision support, or was erased; never an identifier."""
    out = tmp_path / "withdrawn.txt"
    say(client, "research", "withdrawn", "canary-1")
    say(client, "decision_support", "withdrawn", "canary-2")
    say(client, "contact", "withdrawn", "canary-3")
    say(client, "research", "withdrawn", "canary-4")
    say(client, "research", "given", "canary-4")
    assert client.post(URL, json=profile | {"patient_id": "canary-5"}).status_code == 201
    assert client.post("/v1/erasures", json={**SIGNED, "patient_id": "canary-5"}).status_code == 201
    assert main(["withdrawn", "--out", str(out)]) == 0
    listed = read_list(store, out)
    wanted = {listed_as(listed.salt, f"canary-{number}") for number in (1, 2, 5)}
    assert set(listed.patients) == wanted
    elsewhere = LOCAL_ACTOR.principal.model_copy(update={"organisation": "Other Trust"})
    statement = Statement(**SIGNED, patient_id="canary-6", purpose="research", answer="withdrawn")
    store.add_consent(statement, Entry("consent", replace(LOCAL_ACTOR, principal=elsewhere), Clock.now))
    for organisation, count in ((None, 4), ("Other Trust", 1), ("local", 3)):
        whose = ["--organisation", organisation] if organisation else []
        assert main(["withdrawn", "--out", str(out), *whose]) == 0
        assert len(read_list(store, out).patients) == count
    assert main(["withdrawn", "--out", str(out), "--organisation", "nowhere"]) == 2
    assert "canary" not in out.read_text()
    assert json.loads(out.read_text().splitlines()[0])["salt"] == store.ring.list_salt
