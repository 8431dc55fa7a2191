"""Who may call what: every address, by every kind of caller, for their own patient and for another's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response
from fastapi.routing import iter_route_contexts

from data_contracts.errors import NotAuthenticated
from service.access.authentication import Callers
from service.access.principal import Principal
from service.access.rights import ANSWER, RIGHTS
from service.access.strangers import Strangers
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.contact import Contact
from service.pages.forgery import COOKIE, FIELD
from service.served_policy import ServedPolicy
from service.storage.care import add_care
from service.storage.person import PatientName
from service.storage.store import Store
from service.utc import utc_now

PAGES = ("/find", "/login/", "/recommendations/", "/studies", "/models", "/oversight", "/emergency", "/logout")
TOKEN = "t" * 43
HERE, THERE = "St Example", "Other Trust"


def somebody(name: str, role: str, organisation: str = HERE, licence: str | None = None) -> Principal:
    who = {"subject": name, "issuer": "https://login.example.org", "name": name, "organisation": organisation}
    return Principal(**who, roles=frozenset({role}), licence=licence, method="oidc")  # type: ignore[arg-type]


PEOPLE = {
    "C": somebody("treats-her", "clinician", licence="GMC 1"),
    "U": somebody("treats-her-unlicensed", "clinician"),
    "X": somebody("treats-others", "clinician", licence="GMC 2"),
    "O": somebody("elsewhere", "clinician", THERE, "GMC 3"),
    "I": somebody("record-system", "integrator"),
    "J": somebody("record-system-elsewhere", "integrator", THERE),
    "A": somebody("auditor", "auditor"),
    "B": somebody("auditor-elsewhere", "auditor", THERE),
    "M": somebody("administrator", "administrator"),
    "N": somebody("administrator-elsewhere", "administrator", THERE),
    "Y": somebody("analyst", "analyst"),
}
"""Letter by letter; "-" is nobody. The patient P-1 belongs to St Example, where C and U treat her and X does not."""

COLUMNS = "C U X O I J A B M N Y -"
REVIEWS = "403 403 403 403 403 403 + + + + 403 401"
ANALYST = "403 403 403 403 403 403 403 403 403 403 + 401"
ADMINISTRATOR = "403 403 403 403 403 403 403 403 + + 403 401"
MODELS = "403 403 403 403 403 403 403 403 + + + 401"
MATRIX = {
    "GET /healthz": "+ + + + + + + + + + + +",
    "GET /readyz": "+ + + + + + + + + + + +",
    "GET /.well-known/smart-configuration": "+ + + + + + + + + + + +",
    **dict.fromkeys(("GET /launch", "GET /launch/callback"), "+ + + + + + + + + + + +"),
    "GET /openapi.json": "+ + + + + + + + + + + 401",
    "POST /v1/recommendations": "+ + 403 403 + + 403 403 403 403 403 401",
    f"GET {ANSWER}": "+ + 403 404 + 404 403 403 403 403 403 401",
    f"GET {ANSWER}/basis": "+ + 403 404 + 404 403 403 403 403 403 401",
    f"GET {ANSWER}/fhir": "+ + 403 404 + 404 403 403 403 403 403 401",
    f"GET {ANSWER}/sheet": "+ + 403 404 + 404 403 403 403 403 403 401",
    f"GET {ANSWER}/history": "+ + 403 404 + 404 + 404 403 403 403 401",
    f"GET {ANSWER}/acknowledgement": "+ + 403 404 403 403 403 403 403 403 403 401",
    f"POST {ANSWER}/acknowledgement": "+ 403 403 404 403 403 403 403 403 403 403 401",
    f"POST {ANSWER}/review": "+ 403 403 404 403 403 403 403 403 403 403 401",
    f"POST {ANSWER}/release": "+ 403 403 404 403 403 403 403 403 403 403 401",
    f"POST {ANSWER}/decision": "+ 403 403 404 403 403 403 403 403 403 403 401",
    "POST /v1/consents": "+ + 403 403 + + 403 403 403 403 403 401",
    "POST /v1/erasures": "403 403 403 403 403 403 403 403 + + 403 401",
    "POST /v1/models/{policy}/stop": "403 403 403 403 403 403 403 403 + + 403 401",
    "POST /v1/models/{policy}/lift": "403 403 403 403 403 403 403 403 + + 403 401",
    "GET /v1/models/{policy}/stop": "+ + + + + + + + + + + 401",
    "POST /v1/care": "403 403 403 403 + + 403 403 + + 403 401",
    "POST /v1/break-glass": "+ + + 404 403 403 403 403 403 403 403 401",
    "GET /v1/break-glass": "403 403 403 403 403 403 + + + + 403 401",
    "POST /v1/break-glass/{glass_id}/review": "403 403 403 403 403 403 + 404 + 404 403 401",
    "GET /": "+ + + + 403 403 403 403 403 403 403 401",
    "POST /find": "+ + 403 403 403 403 403 403 403 403 403 401",
    "GET /emergency": "+ + + + 403 403 403 403 403 403 403 401",
    "POST /emergency": "+ + + 404 403 403 403 403 403 403 403 401",
    "GET /recommendations/{recommendation_id}": "+ + 403 404 403 403 403 403 403 403 403 401",
    "GET /recommendations/{recommendation_id}/course": "+ + 403 404 403 403 403 403 403 403 403 401",
    "GET /assets/{digest}/{name}": "+ + + + + + + + + + + +",
    **dict.fromkeys(("GET /login", "GET /login/callback", "GET /logout", "POST /logout"), "+ + + + + + + + + + + +"),
    "POST /login/back-channel-logout": "+ + + + + + + + + + + +",
    "POST /recommendations/{recommendation_id}/again": "+ + 403 404 403 403 403 403 403 403 403 401",
    "POST /recommendations/{recommendation_id}/weigh": "+ + 403 404 403 403 403 403 403 403 403 401",
    "POST /recommendations/{recommendation_id}/acknowledge": "+ 403 403 404 403 403 403 403 403 403 403 401",
    "POST /recommendations/{recommendation_id}/review": "+ 403 403 404 403 403 403 403 403 403 403 401",
    "POST /recommendations/{recommendation_id}/decision": "+ 403 403 404 403 403 403 403 403 403 403 401",
    "POST /recommendations/{recommendation_id}/release": "+ 403 403 404 403 403 403 403 403 403 403 401",
    "POST /recommendations/{recommendation_id}/first-choice": "+ 403 403 404 403 403 403 403 403 403 403 401",
    f"POST {ANSWER}/first-choice": "+ 403 403 404 403 403 403 403 403 403 403 401",
    f"GET {ANSWER}/harms": "+ + 403 404 + 404 + 404 403 403 403 401",
    f"POST {ANSWER}/harms": "+ + 403 404 + 404 403 403 403 403 403 401",
    "GET /metrics": "+ + + + + + + + + + + 401",
    "GET /v1/models/{model}/card": "+ + + + + + + + + + + 401",
    "GET /v1/models/{model}/source-attributes": "+ + + + + + + + + + + 401",
    "GET /v1/studies": ANALYST,
    "POST /v1/studies": ANALYST,
    "POST /v1/studies/claim": ANALYST,
    "GET /v1/studies/{study}": ANALYST,
    "DELETE /v1/studies/{study}": ANALYST,
    "GET /v1/studies/{study}/events": ANALYST,
    "GET /v1/studies/{study}/files/{kind}": ANALYST,
    "GET /v1/studies/{study}/report": ANALYST,
    "POST /v1/studies/{study}/end": ANALYST,
    "POST /v1/studies/{study}/progress": ANALYST,
    "POST /v1/studies/{study}/resume": ANALYST,
    "POST /v1/studies/{study}/stop": ANALYST,
    "PUT /v1/studies/{study}/report": ANALYST,
    "PUT /v1/studies/{study}/table": ANALYST,
    "GET /studies": ANALYST,
    "GET /studies/new": ANALYST,
    "GET /studies/{study}": ANALYST,
    "GET /studies/{study}/events": ANALYST,
    "GET /studies/{study}/report": ANALYST,
    "POST /studies": ANALYST,
    "POST /studies/{study}/remove": ANALYST,
    "POST /studies/{study}/resume": ANALYST,
    "POST /studies/{study}/stop": ANALYST,
    "GET /oversight": REVIEWS,
    "GET /oversight/audit": REVIEWS,
    "GET /oversight/consents": REVIEWS,
    "GET /oversight/glass": REVIEWS,
    "POST /oversight/consents": REVIEWS,
    "POST /oversight/glass/{glass_id}": "403 403 403 403 403 403 + 404 + 404 403 401",
    **dict.fromkeys(("GET /oversight/sessions", "POST /oversight/sessions"), ADMINISTRATOR),
    "POST /oversight/switch": "403 403 403 403 403 403 403 403 + + 403 401",
    "POST /oversight/verification": REVIEWS,
    "GET /models": MODELS,
    "GET /models/{model}": MODELS,
    "GET /models/{model}/compare": MODELS,
    "GET /models/{model}/{version}": MODELS,
    "GET /models/{model}/{version}/fairness": MODELS,
    "GET /models/{model}/{version}/overlap": MODELS,
    "GET /models/{model}/{version}/card": MODELS,
    "GET /models/{model}/{version}/files/{name}": MODELS,
    "GET /models/{model}/{version}/report": MODELS,
    "GET /cds-services": "403 403 403 403 + + 403 403 403 403 403 401",
    "POST /cds-services/{service_id}": "403 403 403 403 + + 403 403 403 403 403 401",
    "POST /cds-services/{service_id}/feedback": "403 403 403 403 + + 403 403 403 403 403 401",
}
"""What each may: "+" let in, or the status of the refusal. An answer of hers stands in every address that has one."""

SIGNED = {"by": "somebody else", "role": "as they like"}
HOOK = {"hook": "patient-view", "hookInstance": "i", "context": {"userId": "Practitioner/7", "patientId": "P-1"}}
SEEN = {"card": "x", "outcome": "overridden", "outcomeTimestamp": "2026-06-01T09:00:00Z"}
LET_IN = {
    f"GET {ANSWER}/sheet": 409,  # it is not released
    f"GET {ANSWER}/acknowledgement": 409,  # it waits for none
    f"POST {ANSWER}/acknowledgement": 409,
    f"POST {ANSWER}/release": 409,  # it is not reviewed
    f"POST {ANSWER}/decision": 409,
    "POST /find": 303,
    "POST /emergency": 303,
    "GET /assets/{digest}/{name}": 404,  # none of that name
    "GET /login": 404,  # nobody logs in by a browser there
    "GET /login/callback": 404,
    "POST /login/back-channel-logout": 404,
    "GET /oversight/sessions": 404,  # nor has anybody a session
    "POST /oversight/sessions": 404,
    "POST /v1/recommendations": 201,
    "POST /v1/consents": 201,
    "POST /v1/erasures": 404,  # nothing is kept of that patient
    "POST /v1/care": 201,
    "POST /v1/break-glass": 201,
    "POST /cds-services/{service_id}": 412,  # nothing was prefetched
}
"""The status of who is let in, where it tells more than that they were: what the route itself then says."""


def known(headers: Sequence[str]) -> Principal:
    """Believes a letter in the place of a token: how tokens are verified is proved elsewhere."""
    letter = headers[0].removeprefix("Bearer ") if headers else "-"
    if letter not in PEOPLE:
        raise NotAuthenticated("Send a token.")
    return PEOPLE[letter]


@pytest.fixture
def service(served: ServedPolicy, store: Store) -> Any:
    """The service, P-1 being treated by C and U until tomorrow."""
    from fastapi.testclient import TestClient

    now = utc_now()
    for letter in "CU":
        clinician = store.ring.caller(PEOPLE[letter].issuer, PEOPLE[letter].subject)
        told = (PatientName(HERE, "P-1"), clinician, now + timedelta(days=1), Entry("care", LOCAL_ACTOR, now))
        store.write(lambda transaction, told=told: add_care(transaction, store.ring, *told))  # type: ignore[misc]
    callers = Callers(known, lambda headers, _: known(headers))
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    return TestClient(create_app(Collaborators(lambda: served, store, contacts, callers=callers)))


@pytest.fixture
def call(service: Any, profile: dict[str, Any]) -> Callable[[str, str], Any]:
    """Calls an address by a letter, about P-1."""
    made = service.post("/v1/recommendations", json=profile, headers={"Authorization": "Bearer C"}).json()["id"]
    glass = {"patient_id": "P-1", "reason": "found unconscious"}
    broken = service.post("/v1/break-glass", json=glass, headers={"Authorization": "Bearer C"}).json()["id"]
    wish = {**SIGNED, "patient_id": "P-1"}
    until = (utc_now() + timedelta(days=1)).isoformat()
    order = {**SIGNED, "why": "to be looked into"}
    bodies: dict[str, Any] = {
        "POST /v1/recommendations": profile,
        f"POST {ANSWER}/decision": {**SIGNED, "arm": "cbt", "reason": "as agreed"},
        "POST /v1/consents": {**wish, "purpose": "research", "answer": "given"},
        "POST /v1/erasures": {**wish, "patient_id": "P-9"},
        "POST /v1/models/{policy}/stop": order,
        "POST /v1/models/{policy}/lift": order,
        "POST /v1/care": {"patient_id": "P-1", "issuer": "https://a.example", "subject": "u", "until": until},
        "POST /v1/break-glass": glass,
        "POST /v1/break-glass/{glass_id}/review": {"verdict": "justified", "words": "on call"},
        "POST /cds-services/{service_id}": HOOK,
        "POST /cds-services/{service_id}/feedback": {"feedback": [SEEN]},
    }

    def by(letter: str, address: str) -> Any:
        method, _, path = address.partition(" ")
        path = path.format(
            recommendation_id=made,
            service_id="equipoise-patient-view",
            digest="0",
            name="none",
            policy="tiny",
            model="champion",
            study="none",
            version="1",
            glass_id=broken,
            kind="table",
        )
        body: dict[str, Any] = {"json": bodies.get(address, SIGNED)} if method == "POST" else {}
        form = {"patient_id": "P-1", "reason": "unconscious", "verdict": "justified", "words": "on call", FIELD: TOKEN}
        body = {"data": form} if method == "POST" and path.startswith(PAGES) else body
        headers = {"Authorization": f"Bearer {letter}", "Cookie": f"{COOKIE}={TOKEN}"}
        return service.request(method, path, headers=headers, follow_redirects=False, **body)

    return by


def test_every_address_has_a_row(service: Any) -> None:
    """A new route has to say whom it answers, in the policy and in this matrix; a row without a route is stale."""
    found = [(route.methods, route.path) for route in iter_route_contexts(service.app.routes)]
    there = {f"{method} {path}" for methods, path in found for method in methods or ("ANY",)}
    assert there == set(RIGHTS) == set(MATRIX)


@pytest.mark.parametrize("address", MATRIX)
def test_role_by_address_by_patient(call: Callable[[str, str], Any], address: str) -> None:
    """Each kind of caller is let in or refused as the matrix says, and nobody refused learns anything."""
    expected = dict(zip(COLUMNS.split(), MATRIX[address].split(), strict=True))
    answers = {letter: call(letter, address) for letter in expected}
    refusals = {401, 403, 404} if "recommendation_id" in address or "glass_id" in address else {401, 403}

    def told(status: int) -> str:
        let_in = status == LET_IN[address] if address in LET_IN else status < 500 and status not in refusals
        return "+" if let_in else str(status)

    assert {letter: told(answer.status_code) for letter, answer in answers.items()} == expected
    for letter, cell in expected.items():
        if cell != "+":
            page = address.partition(" ")[2].startswith(PAGES) or address == "GET /"
            wanted_kind = "text/html; charset=utf-8" if page else "application/problem+json"
            assert answers[letter].headers["content-type"] == wanted_kind
            assert "P-1" not in answers[letter].text


def test_a_wrong_body_is_told_to_callers_alone(service: Any) -> None:
    """Whoever may not ask is told so, whatever they send: too much, no JSON, or of another kind."""
    wrong: tuple[tuple[int, dict[str, Any]], ...] = (
        (413, {"content": b"[" * (256 * 1024 + 1), "headers": {"Content-Type": "application/json"}}),
        (400, {"content": b"[", "headers": {"Content-Type": "application/json"}}),
        (415, {"content": b"[", "headers": {"Content-Type": "text/plain"}}),
        (422, {"json": {}}),
    )
    for status, sent in wrong:
        for letter, expected in (("C", status), ("N", 403), ("-", 401)):
            headers = sent.get("headers", {}) | {"Authorization": f"Bearer {letter}"}
            answer = service.post("/v1/recommendations", **{**sent, "headers": headers})
            assert answer.status_code == expected


def test_an_address_without_a_row_answers_nobody(service: Any) -> None:
    """A route that somebody forgot to give a row is shut, even for who may do everything."""
    service.app.add_api_route("/forgotten", lambda: Response("secret"))
    for letter in (*PEOPLE, "-"):
        answer = service.get("/forgotten", headers={"Authorization": f"Bearer {letter}"})
        assert answer.status_code == 403
        assert "secret" not in answer.text


def denied(store: Store) -> list[dict[str, Any]]:
    """Audit records of refusals."""
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq").scalars()
        return [told for told in map(json.loads, rows) if told["kind"] == "denied"]


def test_who_is_denied_is_remembered(call: Callable[[str, str], Any], store: Store) -> None:
    """A refusal leaves who, where and whose answer; not whose if it is another organisation's."""
    for letter, address in (("X", f"GET {ANSWER}"), ("O", f"GET {ANSWER}"), ("X", "POST /v1/recommendations")):
        call(letter, address)
    other, elsewhere, asked = denied(store)
    assert (other["who"], other["outcome"], other["detail"]["status"]) == ("treats-others", "denied", 403)
    assert other["person"] == asked["person"] is not None
    assert other["recommendation"]
    assert (elsewhere["who"], elsewhere["person"], elsewhere["detail"]["status"]) == ("elsewhere", None, 404)
    assert asked["detail"]["address"] == "POST /v1/recommendations"


def test_strangers_are_remembered(call: Callable[[str, str], Any], store: Store) -> None:
    """A call by nobody known leaves a record of its address, under nobody's name."""
    assert call("-", f"GET {ANSWER}").status_code == 401
    [told] = denied(store)
    assert (told["who"], told["person"], told["detail"]["calls"]) == ("unknown", None, 1)


def test_a_flood_of_strangers_leaves_a_record_a_second() -> None:
    """None is lost from the count, and a thousand calls in a second do not write a thousand records."""
    strangers, start = Strangers(), utc_now()
    counts = [strangers.count(start + timedelta(milliseconds=number)) for number in range(3000)]
    assert [count for count in counts if count] == [1, 1000, 1000]
    assert strangers.count(start + timedelta(seconds=9)) == 1000


def test_care_ends(call: Callable[[str, str], Any], service: Any) -> None:
    """What the record system says counts from then on: care begins, and ends when it is told to be past."""
    for hours, status in ((1, 200), (-1, 403), (1, 200)):
        until = (utc_now() + timedelta(hours=hours)).isoformat()
        care = {"patient_id": "P-1", "issuer": PEOPLE["X"].issuer, "subject": PEOPLE["X"].subject, "until": until}
        assert service.post("/v1/care", json=care, headers={"Authorization": "Bearer I"}).status_code == 201
        assert call("X", f"GET {ANSWER}").status_code == status
    far = {**care, "until": (utc_now() + timedelta(days=400)).isoformat()}
    answer = service.post("/v1/care", json=far, headers={"Authorization": "Bearer I"})
    assert (answer.status_code, answer.json()["problems"][0]["where"]) == (422, "until")


def test_a_repeated_call_after_care_has_ended(service: Any, profile: dict[str, Any], store: Store) -> None:
    """An Idempotency-Key opens no answer to whom the patient is not theirs any more."""
    headers = {"Authorization": "Bearer C", "Idempotency-Key": "k-1"}
    assert service.post("/v1/recommendations", json=profile, headers=headers).status_code == 201
    until = (utc_now() - timedelta(hours=1)).isoformat()
    care = {"patient_id": "P-1", "issuer": PEOPLE["C"].issuer, "subject": PEOPLE["C"].subject, "until": until}
    service.post("/v1/care", json=care, headers={"Authorization": "Bearer I"})
    assert service.post("/v1/recommendations", json=profile, headers=headers).status_code == 403


def test_another_organisations_word_does_not_count(call: Callable[[str, str], Any], service: Any) -> None:
    """A record system elsewhere cannot make anybody treat a patient here, nor tell of her cards."""
    until = (utc_now() + timedelta(hours=1)).isoformat()
    care = {"patient_id": "P-1", "issuer": PEOPLE["X"].issuer, "subject": PEOPLE["X"].subject, "until": until}
    assert service.post("/v1/care", json=care, headers={"Authorization": "Bearer J"}).status_code == 201
    assert call("X", f"GET {ANSWER}").status_code == 403


def test_a_session_about_a_patient_is_care(call: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that says which patient was opened (SMART's launch context) lets its clinician see that one."""
    for patient, status in (("P-1", 200), ("P-2", 403)):
        monkeypatch.setitem(PEOPLE, "X", PEOPLE["X"].model_copy(update={"patient": patient}))
        assert call("X", f"GET {ANSWER}").status_code == status
        assert call("X", "POST /v1/recommendations").status_code == (201 if status == 200 else 403)


def test_who_signs_is_whom_the_token_names(call: Callable[[str, str], Any]) -> None:
    """A body that claims another's name signs under the caller's own, with the licence of the token."""
    signed = call("C", f"POST {ANSWER}/review").json()["events"][0]
    assert (signed["by"], signed["role"]) == ("treats-her", "licence GMC 1")


SCOPES = [
    (None, "C", "rcu", 200),  # without a scope the role alone counts
    ("user/*.cruds", "X", "rcu", 403),  # and with one too: X does not treat her
    ("openid profile", "C", "rcu", 200),
    ("user/*.cruds", "C", "rcu", 200),
    ("user/GuidanceResponse.r", "C", "r", 200),
    ("user/GuidanceResponse.r", "C", "cu", 403),
    ("user/GuidanceResponse.read user/GuidanceResponse.write", "C", "rcu", 200),
    ("user/GuidanceResponse.rs?status=success", "C", "r", 403),  # narrowed to what nobody here can tell
    ("user/Observation.rs", "C", "rcu", 403),
    ("user/GuidanceResponse.sr", "C", "r", 403),  # of no form, so nothing is granted
    ("patient/GuidanceResponse.cru", "C", "rcu", 403),  # of which patient is not said
    ("system/*.cruds", "I", "rc", 200),
    ("system/*.rs", "I", "c", 403),
]
"""Scope, caller, what they try (read, ask, sign) for a patient whom C treats, and what comes of it."""


@pytest.mark.parametrize(("scope", "letter", "tries", "status"), SCOPES)
def test_who_was_lent_less_has_no_more(
    call: Callable[[str, str], Any],
    monkeypatch: pytest.MonkeyPatch,
    scope: str | None,
    letter: str,
    tries: str,
    status: int,
) -> None:
    """A token whose scope speaks of FHIR resources lets its holder do what it grants, and never more than the role."""
    lent = scope if scope and "/" in scope else None
    monkeypatch.setitem(PEOPLE, letter, PEOPLE[letter].model_copy(update={"scope": lent}))
    ways = {"r": f"GET {ANSWER}", "c": "POST /v1/recommendations", "u": f"POST {ANSWER}/review"}
    for one in tries:
        answer = call(letter, ways[one])
        assert (answer.status_code == 403) == (status == 403), (one, answer.text)


def test_a_scope_of_one_patient(call: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A patient's scope counts for the patient that the token names, also where its holder treats others."""
    for patient, status in (("P-1", {200, 201}), ("P-2", {403})):
        lent = {"scope": "patient/GuidanceResponse.cru", "patient": patient}
        for letter in "CI":
            monkeypatch.setitem(PEOPLE, letter, PEOPLE[letter].model_copy(update=lent))
            assert call(letter, f"GET {ANSWER}").status_code in status
            assert call(letter, "POST /v1/recommendations").status_code in status
        assert call("C", "GET /").status_code == 403  # a list of patients is nobody's record


def test_a_scope_on_everything(call: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no FHIR resource takes a scope on all of them; what tells nothing of a patient takes none."""
    for scope, status in (("user/*.cruds", 200), ("user/Patient.cruds", 403)):
        monkeypatch.setitem(PEOPLE, "C", PEOPLE["C"].model_copy(update={"scope": scope}))
        assert call("C", "GET /").status_code == status
        assert call("C", "GET /openapi.json").status_code == 200
