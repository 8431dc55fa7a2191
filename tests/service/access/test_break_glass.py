"""Breaking the glass: an hour with a patient whom one does not treat, and its review by another."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.exc import IntegrityError

from data_contracts.errors import NotAuthenticated
from service.access.authentication import Callers
from service.access.principal import Principal, Role
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.audit.verify import verify
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.schema import AUDIT, BROKEN_GLASS, GLASS_REVIEWS
from service.storage.store import Store

GLASS, ANSWERS = "/v1/break-glass", "/v1/recommendations"
WHY, FOUND = "canary-reason", {"verdict": "justified", "words": "canary-words"}
ERASE = {"by": "x", "role": "y", "patient_id": "P-1"}


def somebody(name: str, *roles: Role, organisation: str = "St Example") -> Principal:
    return Principal(
        subject=name,
        issuer="https://login.example.org",
        name=f"Dr {name}",
        organisation=organisation,
        roles=frozenset(roles),
        method="oidc",
    )


PEOPLE = {
    one.subject: one
    for one in (
        somebody("ehr", "integrator"),
        somebody("night", "clinician"),
        somebody("day", "clinician"),
        somebody("both", "clinician", "auditor"),
        somebody("auditor", "auditor"),
        somebody("administrator", "administrator"),
        somebody("elsewhere", "clinician", organisation="Other Trust"),
        somebody("auditor-elsewhere", "auditor", organisation="Other Trust"),
    )
}


def known(headers: Sequence[str]) -> Principal:
    """Believes a name in the place of a token: how tokens are verified is proved elsewhere."""
    name = headers[0].removeprefix("Bearer ") if headers else ""
    if name not in PEOPLE:
        raise NotAuthenticated("Send a token.")
    return PEOPLE[name]


@dataclass
class Ward:
    """A service in which an answer was made for P-1, and its clock.

    Attributes:
        made: address of the answer.
        now: what the clock says.
    """

    client: Any
    store: Store
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    made: str = ""

    def call(self, who: str, method: str, address: str, body: Any = None) -> Any:
        """Call an address by somebody's name."""
        return self.client.request(method, address, json=body, headers={"Authorization": f"Bearer {who}"})

    def break_glass(self, who: str, patient: str = "P-1") -> Any:
        """Break the glass for a patient."""
        return self.call(who, "POST", GLASS, {"patient_id": patient, "reason": WHY})

    def review(self, who: str, entry: str, found: Any = None) -> int:
        """The status of a review."""
        return int(self.call(who, "POST", f"{GLASS}/{entry}/review", found or FOUND).status_code)

    def waiting(self, who: str = "auditor") -> Any:
        """What waits for review."""
        return self.call(who, "GET", GLASS).json()

    def audit(self, *kinds: str) -> list[dict[str, Any]]:
        """Audit records of these kinds."""
        with self.store.reading() as connection:
            rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars()
            return [told for told in map(json.loads, rows) if told["kind"] in kinds]

    def findings(self) -> list[str]:
        """What is wrong with the audit."""
        with self.store.reading() as connection, self.store.reading() as beside:
            return [one.what for one in verify(connection, beside, (), self.store.ring).findings]


@pytest.fixture
def make_ward(served: ServedPolicy, profile: dict[str, Any]) -> Callable[[Store], Ward]:
    def make(store: Store) -> Ward:
        from fastapi.testclient import TestClient

        contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
        callers = Callers(known, lambda headers, _: known(headers))
        made = Ward(None, store)
        taken_in = Entry("policy", LOCAL_ACTOR, made.now)
        store.keep_policy(served.source.manifest_sha256, served.documents, taken_in)
        given = Collaborators(lambda: served, store, contacts, callers=callers, clock=lambda: made.now)
        made.client = TestClient(create_app(given))
        made.made = made.call("ehr", "POST", ANSWERS, profile).headers["location"]
        return made

    return make


@pytest.fixture
def ward(make_ward: Callable[[Store], Ward], store: Store) -> Ward:
    return make_ward(store)


def test_an_hour(ward: Ward, profile: dict[str, Any]) -> None:
    """Refused before, let in for an hour with an emergency's purpose, refused again; others are refused all along."""
    assert ward.call("night", "GET", ward.made).status_code == 403
    answer = ward.break_glass("night")
    assert answer.status_code == 201
    assert datetime.fromisoformat(answer.json()["until"]) == ward.now + timedelta(hours=1)
    for minutes, status in ((0, 200), (59, 200), (2, 403)):
        ward.now += timedelta(minutes=minutes)
        assert ward.call("night", "GET", ward.made).status_code == status
        assert ward.call("night", "POST", ANSWERS, profile).status_code == (201 if status == 200 else 403)
        assert ward.call("day", "GET", ward.made).status_code == 403
    assert [(one["who"], one["purpose"]) for one in ward.audit("break_glass", "read")] == [("night", "emergency")] * 3
    assert ward.findings() == []


def test_another_organisations_patient(ward: Ward) -> None:
    """Does not exist for whoever breaks the glass, no more than one whom nobody knows; that it was tried is kept."""
    there, nowhere = ward.break_glass("elsewhere"), ward.break_glass("night", "P-unknown")
    assert there.status_code == nowhere.status_code == 404
    assert {**there.json(), "instance": ""} == {**nowhere.json(), "instance": ""}
    assert ward.call("elsewhere", "GET", ward.made).status_code == 404
    assert [(one["who"], one["detail"]["status"]) for one in ward.audit("denied")] == [
        ("elsewhere", 404), ("night", 404), ("elsewhere", 404),
    ]  # fmt: skip
    assert ward.waiting()["waiting"] == 0


@pytest.mark.parametrize("change", [{"reason": ""}, {"reason": None}, {"patient_id": ""}, {"hours": 9}])
def test_no_breaking_without_a_reason(ward: Ward, change: dict[str, Any]) -> None:
    """What is not of the form opens nothing."""
    body = {"patient_id": "P-1", "reason": WHY, **change}
    assert ward.call("night", "POST", GLASS, body).status_code == 422
    assert ward.call("night", "GET", ward.made).status_code == 403


def test_review(make_ward: Callable[[Store], Ward], any_store: Store) -> None:
    """On both databases: what waits is listed with who, whose and why, until somebody has reviewed it, once."""
    ward = make_ward(any_store)
    first, second = (ward.break_glass(who).json()["id"] for who in ("night", "day"))
    found = ward.waiting()
    assert (found["waiting"], found["erased"]) == (2, 0)
    entries = {one["id"]: one for one in found["entries"]}
    assert {(one["by"], one["patient_id"], one["reason"]) for one in entries.values()} == {
        ("Dr night", "P-1", WHY), ("Dr day", "P-1", WHY),
    }  # fmt: skip
    assert datetime.fromisoformat(entries[first]["at"]) == ward.now
    assert ward.review("auditor", first, {"verdict": "not_justified", "words": "off duty"}) == 201
    assert [one["id"] for one in ward.waiting("administrator")["entries"]] == [second]
    assert ward.review("administrator", first) == 409
    assert ward.review("administrator", second) == 201
    assert ward.waiting() == {"waiting": 0, "erased": 0, "entries": []}
    reviews = [(one["who"], one["detail"]["verdict"]) for one in ward.audit("glass_review")]
    assert reviews == [("auditor", "not_justified"), ("administrator", "justified")]
    assert [one["detail"] for one in ward.audit("read")] == [
        {"what": "break_glass", "rows": rows} for rows in (2, 1, 0)
    ]
    assert ward.findings() == []


def test_a_verdict_ends_the_hour(ward: Ward) -> None:
    """What was not justified is over at once; what was lasts, and a new reason opens the glass again."""
    first, second = (ward.break_glass(who).json()["id"] for who in ("night", "day"))
    assert [ward.call(who, "GET", ward.made).status_code for who in ("night", "day")] == [200, 200]
    assert ward.review("auditor", first, {"verdict": "not_justified", "words": "off duty"}) == 201
    assert ward.review("auditor", second) == 201
    assert [ward.call(who, "GET", ward.made).status_code for who in ("night", "day")] == [403, 200]
    assert ward.break_glass("night").status_code == 201
    assert ward.call("night", "GET", ward.made).status_code == 200


def test_who_may_not_review(ward: Ward) -> None:
    """Not who broke it, an auditor though they be, nor another organisation's auditor, who learns of no entry."""
    mine = ward.break_glass("both").json()["id"]
    assert ward.review("both", mine) == 403
    assert ward.review("auditor-elsewhere", mine) == ward.review("auditor", str(uuid4())) == 404
    assert ward.review("auditor", "no-uuid") == 404
    assert ward.waiting("auditor-elsewhere") == {"waiting": 0, "erased": 0, "entries": []}
    assert [one["id"] for one in ward.waiting()["entries"]] == [mine]
    assert [one["detail"]["status"] for one in ward.audit("denied")] == [403, 404, 404, 404]
    assert ward.review("auditor", mine, {**FOUND, "verdict": "perhaps"}) == 422


def test_sealed_and_erased(ward: Ward) -> None:
    """Reason and words stand nowhere in clear; once the patient is erased, entries are counted and open no more."""
    first, second = (ward.break_glass(who).json()["id"] for who in ("night", "day"))
    assert ward.review("auditor", first) == 201
    with ward.store.reading() as connection:
        rows = [connection.execute(select(table)).all() for table in (BROKEN_GLASS, GLASS_REVIEWS, AUDIT)]
    assert all(rows)
    assert "canary" not in str(rows)
    assert ward.call("administrator", "POST", "/v1/erasures", ERASE).status_code == 201
    assert ward.waiting() == {"waiting": 0, "erased": 1, "entries": []}
    assert ward.review("auditor", second) == 410
    assert ward.call("night", "GET", ward.made).status_code == 410
    assert ward.break_glass("night").status_code == 404
    assert ward.findings() == []


@pytest.mark.parametrize("table", [BROKEN_GLASS, GLASS_REVIEWS], ids=lambda table: table.name)
def test_changed_behind_the_services_back(ward: Ward, table: Table) -> None:
    """Neither table lets a row be changed or removed, and one that is changed all the same is found."""
    assert ward.review("auditor", ward.break_glass("night").json()["id"]) == 201
    with ward.store.engine.begin() as connection:
        for change in (update(table).values(content=b"0" * 40), delete(table)):
            with pytest.raises(IntegrityError):
                connection.execute(change)
        connection.execute(text(f"DROP TRIGGER {table.name}_no_update"))
        connection.execute(update(table).values(content=b"0" * 40))
    assert ward.findings() == ["row_changed"]
