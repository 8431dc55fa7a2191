"""Calls of services: assertions Q1 to Q9 of CDS Hooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TOKEN = "canary-access-token-8d1f"  # noqa: S105
AUTHORIZATION = {
    "access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs",
    "subject": "equipoise", "patient": "P-1",
}  # fmt: skip
SERVER = {"fhirServer": "https://fhir.example.org/r4", "fhirAuthorization": AUTHORIZATION}


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """A document without some keys."""
    return {name: value for name, value in document.items() if name not in names}


def assert_refused(answer: Any, status: int, *words: str) -> None:
    """An answer is a problem document that names what is wrong."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(word in answer.text for word in words)
    assert TOKEN not in answer.text


@pytest.mark.parametrize("name", ["hook", "hookInstance", "context"])
def test_q1_required_fields(ehr: Any, name: str) -> None:
    """Q1: without hook, hookInstance or context a call is refused, and so is leave to read without a server."""
    assert_refused(
        ehr.client.post("/cds-services/equipoise-patient-view", json=without(ehr.request(), name)), 422, name
    )
    assert_refused(ehr.call(ehr.request(fhirAuthorization=AUTHORIZATION)), 422, "fhirServer")


def test_q1_instances_need_not_be_uuids(ehr: Any) -> None:
    """Q1, loosened: a client in use sends "fhir-mcp-instance" as hookInstance; nothing hangs on its form."""
    assert ehr.call(ehr.request(hookInstance="fhir-mcp-instance")).status_code == 200
    assert_refused(ehr.call(ehr.request(hookInstance="")), 422, "hookInstance")


@pytest.mark.parametrize(
    ("change", "word"),
    [({name: None}, name) for name in ("access_token", "expires_in", "scope", "subject")]
    + [({"token_type": "mac"}, "token_type"), ({"expires_in": "300"}, "expires_in"), ({"patient": None}, "patient")],
)
def test_q2_authorization(ehr: Any, change: dict[str, Any], word: str) -> None:
    """Q2: leave to read has a token, Bearer, whole seconds, scope and subject, and a patient for patient/ scopes."""
    assert ehr.call(ehr.request(**SERVER)).status_code == 200
    assert_refused(ehr.call(ehr.request(**{**SERVER, "fhirAuthorization": AUTHORIZATION | change})), 422, word)


@pytest.mark.parametrize(
    ("hook", "context", "word"),
    [
        ("patient-view", {"userId": None}, "userId"),
        ("patient-view", {"userId": "Device/1"}, "userId"),
        ("patient-view", {"patientId": None}, "patientId"),
        ("patient-view", {"encounterId": 7}, "encounterId"),
        ("order-select", {"selections": None}, "selections"),
        ("order-select", {"draftOrders": {"resourceType": "Patient"}}, "draftOrders"),
        ("order-sign", {"draftOrders": None}, "draftOrders"),
    ],
)
def test_q3_contexts(ehr: Any, hook: str, context: dict[str, Any], word: str) -> None:
    """Q3: each hook's context has what the hook asks for."""
    orders = ehr.drafts() if hook != "patient-view" else {}
    request = ehr.request(hook, context={**orders, **context})
    request["context"] = {name: value for name, value in request["context"].items() if value is not None}
    assert_refused(ehr.call(request), 422, word)


def test_q4_unknown_fields_pass(ehr: Any) -> None:
    """Q4: fields that nobody knows, and extensions, are let pass."""
    more = {"extension": {"com.example": 1}, "later": True, "context": {"later": [1]}, "prefetch": {"mine": {"a": 1}}}
    assert ehr.cards(**more)


def test_q5_another_hook(ehr: Any) -> None:
    """Q5: a call for another hook than the service's is refused."""
    request = ehr.request("order-sign", context=ehr.drafts())
    answer = ehr.client.post("/cds-services/equipoise-patient-view", json=request)
    assert_refused(answer, 400, "patient-view")
    assert_refused(ehr.client.post("/cds-services/nothing", json=ehr.request()), 404)


def test_q6_null_is_no_data(ehr: Any) -> None:
    """Q6: null says that there is no data; a page that goes on is told as cut off."""
    (card,) = ehr.cards(prefetch={"questionnaires": None})
    assert card["source"]["topic"]["code"] == "cannot-compare"
    paged = ehr.record.bundle(ehr.record.phq9(2, 2, 2, 2, 2, 2, 2, 3, 0))
    paged["link"] = [{"relation": "next", "url": "https://fhir.example.org/r4?page=2"}]
    (card,) = ehr.cards(prefetch={"questionnaires": paged}, context={"userId": "Practitioner/8"})
    assert "searches with more pages than were sent (1)" in card["detail"].replace("\\", "")


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@pytest.mark.parametrize("key", ["patient", "observations", "questionnaires"])
def test_q7_missing_data_is_412(ehr: Any, key: str) -> None:
    """Q7: a required key that is absent, or an error in its place, is exactly 412; other keys leave facts unknown."""
    request = ehr.request()
    assert_refused(ehr.call({**request, "prefetch": without(request["prefetch"], key)}), 412, key)
    assert_refused(ehr.call(ehr.request(prefetch={key: OUTCOME})), 412, key)


def test_q7_optional_keys(ehr: Any) -> None:
    """Q7: without conditions and medicines there is an answer, which tells that they were not sent."""
    request = ehr.request()
    request["prefetch"] = without(request["prefetch"], "conditions", "medications")
    (card,) = ehr.call(request).json()["cards"]
    assert "conditions that were not sent (1); medications that were not sent (1)" in card["detail"]


def test_q8_one_answer_one_transaction(ehr: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Q8 without a clock: a call computes one answer and waits for the disk once."""
    from service import answering
    from service.storage.transaction import Writer

    counts = {"answers": 0, "commits": 0}
    recommend, run = answering.recommend, Writer.run

    def counted(*given: Any) -> Any:
        counts["answers"] += 1
        return recommend(*given)

    def committed(self: Writer, work: Any) -> Any:
        counts["commits"] += 1
        return run(self, work)

    monkeypatch.setattr(answering, "recommend", counted)
    monkeypatch.setattr(Writer, "run", committed)
    assert ehr.cards()
    assert counts == {"answers": 1, "commits": 1}


def test_q9_the_token_is_never_kept(ehr: Any, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Q9: the access token stands neither in the database, nor in a log, nor in an answer."""
    answer = ehr.call(ehr.request(**SERVER))
    assert answer.status_code == 200
    assert TOKEN not in answer.text + caplog.text
    held = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert TOKEN.encode() not in held
    assert b"https://fhir.example.org" not in held


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"hook": "patient-view", "hook": "order-sign"}', "application/json", 400),
        (b'{"hook": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b" " * (8 * 1024 * 1024 + 1), "application/json", 413),
    ],
    ids=["cut off", "a key twice", "NaN", "deep", "a list", "another type", "too long"],
)
def test_what_is_no_call(ehr: Any, body: bytes, kind: str, status: int) -> None:
    """What is no JSON object of a call is a problem document and never a 500."""
    answer = ehr.client.post("/cds-services/equipoise-patient-view", content=body, headers={"Content-Type": kind})
    assert_refused(answer, status)


def test_resources_that_cannot_be_read_refuse_the_ranking(ehr: Any) -> None:
    """A status of "nonsense" is a 422 that names its place; nothing is ranked on half a record."""
    wrong = ehr.record.bundle(ehr.record.medicine("36437", status="nonsense"))
    assert_refused(ehr.call(ehr.request(prefetch={"medications": wrong})), 422, "prefetch.medications, entry 1")


def test_another_patient_is_refused(ehr: Any) -> None:
    """Resources about another patient than the context's are refused."""
    assert_refused(ehr.call(ehr.request(context={"patientId": "P-2"})), 422, "the patient of the request")
