"""Canaries planted in every input are looked for in every output that is not the answer to whoever sent them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from service.__main__ import main
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.operations.log import logging_to_stderr
from service.operations.operations import Operations
from service.operations.tracing import Traces
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
MARK = "zebediah"
HEADERS = {
    "X-Request-ID": MARK,
    "User-Agent": MARK,
    "Authorization": f"Bearer {MARK}",
    "Cookie": f"session={MARK}",
    "Referer": f"https://example.org/{MARK}",
    "Origin": f"https://{MARK}.example.org",
    "Idempotency-Key": f"{MARK}-1",
    "If-None-Match": f'"{MARK}"',
    "Accept-Language": MARK,
    "X-Forwarded-For": MARK,
    "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    "tracestate": f"x={MARK}",
    "baggage": f"patient={MARK}",
}
SIGNED = {"by": f"Dr {MARK}", "role": MARK, "note": MARK}


@dataclass
class Watched:
    """A service with all its outputs."""

    client: Any
    spans: Any
    home: Path
    told: list[str] = field(default_factory=list)

    def call(self, method: str, address: str, **more: Any) -> Any:
        """Call it; whatever is not the body of an answer to a sound call is kept for looking through."""
        more["headers"] = {**HEADERS, **more.get("headers", {}), "Idempotency-Key": f"{MARK}-{uuid4()}"}
        answer = self.client.request(method, address, **more)
        self.told.append(json.dumps(dict(answer.headers)))
        if answer.status_code >= 400:
            self.told.append(answer.text)
        return answer

    def outputs(self, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
        """Every output by name."""
        told = capsys.readouterr()
        files = b"".join(path.read_bytes() for path in sorted(self.home.rglob("*")) if path.is_file())
        return {
            "answers": " ".join(self.told),
            "standard output": told.out,
            "log": told.err,
            "metrics": self.client.get("/metrics").text,
            "traces": " ".join(span.to_json() for span in self.spans.get_finished_spans()),
            "files": files.decode("latin-1"),
        }


def assert_clean(outputs: dict[str, str]) -> None:
    """No canary anywhere, and none of the places looked into is empty by mistake."""
    assert [name for name, text in outputs.items() if MARK in text.lower()] == []
    assert all(outputs[name] for name in ("answers", "log", "metrics", "traces", "files"))


@pytest.fixture
def watched(served: ServedPolicy, store: Store, home: Path) -> Iterator[Watched]:
    """The service as it serves, with logs, metrics and traces."""
    from fastapi.testclient import TestClient
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    operations = Operations(traces=Traces(provider))
    contacts = (Contact(name="Line", phone="1", when="always"),)
    app = create_app(Collaborators(lambda: served, store, contacts, operations=operations))
    with logging_to_stderr("info"), TestClient(app, raise_server_exceptions=False) as client:
        yield Watched(client, spans, home)
    operations.traces.close()


def planted(document: Any) -> Iterator[Any]:
    """The document with a canary in the place of each key and each value in turn."""
    for path in list(_places(document, ())):
        for as_key in (False, True):
            changed = copy.deepcopy(document)
            inner = changed
            for step in path[:-1]:
                inner = inner[step]
            if not as_key:
                inner[path[-1]] = f"{MARK} value"
            elif isinstance(path[-1], str):
                inner[f"{MARK} {path[-1]}"] = inner.pop(path[-1])
            yield changed


def _places(document: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for step, value in pairs:
        yield (*path, step)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, step))


def whole_profile(values: dict[str, Any]) -> dict[str, Any]:
    """A profile that holds every part that one may have."""
    return {
        "patient_id": f"{MARK} P-1",
        "values": {**values, "shoe_size": f"{MARK} 42", f"{MARK}_key": 1.0},
        "exclusions": {"hypnosis": f"{MARK} reaction"},
        "preferences": {"symptom_relief": 2.0, "side_effects": {"nausea": 1.0}},
        "acknowledgements": [{"by": f"Dr {MARK}", "rules": ["SI-01"]}],
        "site": f"{MARK} ward",
        "as_of": {"phq9_item9": "2026-01-01"},
    }


def hook(name: str) -> dict[str, Any]:
    """A call by a record system, with canaries in all that is free text in FHIR."""
    subject = {"reference": f"Patient/{MARK}", "display": MARK}
    code = {"coding": [{"system": "http://loinc.org", "code": "44260-8", "display": MARK}], "text": MARK}
    text = {"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{MARK}</div>"}
    patient = {
        "resourceType": "Patient",
        "id": MARK,
        "text": text,
        "identifier": [{"system": "urn:nhs", "value": MARK}],
        "name": [{"family": MARK, "given": [MARK]}],
        "address": [{"line": [MARK], "city": MARK}],
        "telecom": [{"system": "phone", "value": MARK}],
        "gender": "female",
        "birthDate": "1985-03-04",
    }
    observation = {
        "resourceType": "Observation",
        "id": MARK,
        "status": "final",
        "subject": subject,
        "code": code,
        "effectiveDateTime": "2026-05-30",
        "valueInteger": 1,
        "note": [{"text": MARK}],
    }
    order = {
        "resourceType": "ServiceRequest",
        "id": "d-1",
        "status": "draft",
        "intent": "order",
        "subject": subject,
        "code": {"text": MARK},
        "note": [{"text": MARK}],
    }
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": observation}]}
    context: dict[str, Any] = {"userId": f"Practitioner/{MARK}", "patientId": MARK, "encounterId": MARK}
    if name != "patient-view":
        drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}
        context |= {"draftOrders": drafts, "selections": ["ServiceRequest/d-1"]}
    names = (
        "questionnaires",
        "conditions",
        "medications",
        "allergies",
        "procedures",
        "carePlans",
        "consents",
        "values",
    )
    return {
        "hook": name,
        "hookInstance": str(uuid4()),
        "fhirServer": f"https://{MARK}.example.org/fhir",
        "fhirAuthorization": {
            "access_token": MARK,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
            "subject": MARK,
            "patient": MARK,
        },
        "context": context,
        "prefetch": {"patient": patient, "observations": bundle, **dict.fromkeys([*names, "consents", "values"])},
        "extension": {MARK: MARK},
    }


def follow_up(watched: Watched, where: str) -> None:
    """All that may be done with an answer, each with canaries in its words."""
    choice = {**SIGNED, "arm": "usual_care", "reason": MARK, "override_reason": MARK}
    for part, body in (
        ("review", SIGNED),
        ("release", SIGNED),
        ("decision", choice),
        ("harms", {**SIGNED, "severity": "minor", "what": MARK}),
    ):
        watched.call("POST", f"{where}/{part}", json=body)
        watched.call("POST", f"{where}/{part}", json={**body, MARK: MARK})
    for part in ("", "/history", "/basis", "/fhir", "/sheet", "/harms", "/acknowledgement"):
        watched.call("GET", f"{where}{part}?patient={MARK}")
        watched.call("GET", f"{URL}/{MARK}{part}")


def test_no_canary_leaves_the_service(
    watched: Watched, values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Bodies of every kind, key by key and value by value, headers, queries, paths and methods: no output has any."""
    whole = whole_profile(values)
    sound = {**whole, "acknowledgements": [], "site": None, "as_of": {}}
    made = watched.call("POST", URL, json=sound)
    assert made.status_code == 201, made.text
    follow_up(watched, made.headers["location"])
    for changed in planted(whole):
        watched.call("POST", URL, json=changed)
    for body in (MARK, f'{{"patient_id": "{MARK}', f'{{"{MARK}": 1, "{MARK}": 2}}', f'["{MARK}", NaN]'):
        watched.call("POST", URL, content=body, headers={"Content-Type": "application/json"})
        watched.call("POST", URL, content=body, headers={"Content-Type": f"text/{MARK}"})
    consent = {**SIGNED, "patient_id": MARK, "purpose": "research", "answer": "withdrawn"}
    for address, body in (("/v1/consents", consent), ("/v1/erasures", {**SIGNED, "patient_id": MARK})):
        for changed in planted(body):
            watched.call("POST", address, json=changed)
    watched.call("GET", f"/{MARK}/{MARK}?{MARK}={MARK}")
    watched.call(MARK.upper(), URL)
    assert_clean(watched.outputs(capsys))


@pytest.mark.parametrize("name", ["patient-view", "order-sign"])
def test_no_canary_of_a_record_system(watched: Watched, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """FHIR resources with canaries in every element, in prefetch, context and drafts, and what comes of cards."""
    request = hook(name)
    address = f"/cds-services/equipoise-{name}"
    answer = watched.call("POST", address, json=request)
    assert answer.status_code == 200, answer.text
    for changed in planted(request):
        watched.call("POST", address, json=changed)
    feedback = {"feedback": [{"card": MARK, "outcome": "overridden", "outcomeTimestamp": MARK}]}
    watched.call("POST", f"{address}/feedback", json=feedback)
    feedback["feedback"][0] |= {"outcomeTimestamp": "2026-06-01T09:00:00Z", "overrideReason": {"userComment": MARK}}
    assert watched.call("POST", f"{address}/feedback", json=feedback).json()["orphans"] == 1
    watched.call("POST", f"/cds-services/{MARK}", json=request)
    assert_clean(watched.outputs(capsys))


class Typed(BaseModel):
    """Fails with an error that quotes what it was given."""

    number: int


def quoting() -> None:
    """Pydantic's error, which holds its input."""
    Typed.model_validate({"number": MARK})


FAULTS: dict[str, Callable[[], object]] = {
    "value": lambda: int(MARK),
    "key": lambda: {}[MARK],
    "pydantic": quoting,
    "statement": lambda: (_ for _ in ()).throw(IntegrityError(f"INSERT {MARK}", {"a": MARK}, ValueError(MARK))),
    "text": lambda: f"{MARK}\udcff".encode("ascii"),
    "group": lambda: (_ for _ in ()).throw(ExceptionGroup(MARK, [ValueError(MARK)])),
    "chained": lambda: (_ for _ in ()).throw(RuntimeError(MARK).with_traceback(None)),
}
PLACES = (
    "service.answering.recommend",
    "service.answering.check_profile",
    "service.storage.answers.add_answer",
    "service.storage.store.before",
    "service.record.RecommendationRecord.model_dump_json",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_tell_no_canary(
    watched: Watched,
    values: dict[str, Any],
    fault: str,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Wherever an error arises that quotes the patient, caller and log get its type and place, and not its words."""

    def fail(*_: object, **__: object) -> object:
        return FAULTS[fault]()

    monkeypatch.setattr(place, fail)
    answer = watched.call("POST", URL, json={"patient_id": MARK, "values": {**values, MARK: MARK}})
    assert answer.status_code in {500, 503}
    assert answer.headers["content-type"] == "application/problem+json"
    assert_clean(watched.outputs(capsys))


def test_a_lost_table_tells_no_canary(
    watched: Watched, store: Store, values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the database itself says of a statement, whose parameters it quotes, is not passed on."""
    from sqlalchemy import text

    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE recommendations RENAME TO away"))
    answer = watched.call("POST", URL, json={"patient_id": MARK, "values": values})
    assert answer.status_code == 503
    assert_clean(watched.outputs(capsys))


@pytest.mark.parametrize("column", ["patient_id", "phq9_week0", "sex", "phq9_item9", "cssrs_q4", "excluded_arms"])
def test_tables_tell_no_canary(
    policy_folder: Path, tmp_path: Path, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of patients with a canary in any cell: neither what is told of it nor an error repeats it."""
    cells = {"patient_id": "P-1", "phq9_week0": "17", "age": "41", "sex": "f", "phq9_item9": "0", "cssrs_q4": "no"}
    row = {**cells, "excluded_arms": "", column: MARK}
    patients = tmp_path / "patients.csv"
    patients.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    asked = ["--policy", str(policy_folder), "--patients", str(patients), "--out", str(tmp_path / "out.csv")]
    assert main(["recommend", *asked, "--consent", "letter"]) in {0, 3}
    told = capsys.readouterr()
    assert MARK not in told.out + told.err


def test_an_unforeseen_error_of_a_table(
    policy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw in a table ends in 1 with type and places alone."""
    monkeypatch.setattr("service.batch.read_cohort", lambda *_, **__: int(MARK), raising=True)
    (tmp_path / "p.csv").write_text(f"patient_id\n{MARK}\n", encoding="utf-8")
    asked = ["--policy", str(policy_folder), "--patients", str(tmp_path / "p.csv"), "--out", str(tmp_path / "o.csv")]
    assert main(["recommend", *asked]) == 1
    told = capsys.readouterr()
    assert "ValueError" in told.err
    assert MARK not in told.out + told.err


def test_every_route(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Each route, pages too, called with canaries as path, query, JSON and form: none is told in an output."""
    routes = sorted({(route.path, method) for route in _flat(watched.client.app.routes) for method in route.methods})
    assert len(routes) > 30
    assert any(path.startswith("/v1/models") for path, _ in routes)
    for path, method in routes:
        address = re.sub(r"\{[^}]+\}", MARK, path) + f"?patient={MARK}&{MARK}=1"
        watched.call(method, address)
        if method != "GET":
            watched.call(method, address, json={"patient_id": MARK, "by": MARK, MARK: MARK})
            watched.call(method, address, data={"patient_id": MARK, "by": MARK, MARK: MARK})
    assert_clean(watched.outputs(capsys))


def _flat(routes: Any) -> Iterator[Any]:
    """The routes, those of included routers one by one."""
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            yield from _flat(inner)
        elif getattr(route, "methods", None):
            yield route
