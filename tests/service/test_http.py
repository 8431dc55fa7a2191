"""The HTTP service: its answers, its errors and its promises."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.errors import NotReady
from data_contracts.profile import PatientProfile
from engine.recommend import recommend
from service.app import create_app
from service.collaborators import Collaborators
from service.request_body import MAX_BYTES
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
NOBODYS = "00000000-0000-4000-8000-000000000000"
"""An id that no recommendation has."""
JSON = {"Content-Type": "application/json"}
CANARY = "Zebediah-Canary"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    """An answer is a problem document of this status."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert set(document) == {"type", "title", "status", "detail", "instance", "problems"}
    assert document["status"] == status
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text
    return document


def test_answer_is_python_s(client: Any, served: ServedPolicy, profile: dict[str, Any]) -> None:
    """The recommendation over HTTP is, digit for digit, the one of a call in Python."""
    answer = client.post(URL, json=profile)
    assert answer.status_code == 201
    record = answer.json()
    assert answer.headers["location"] == f"{URL}/{record['id']}"
    assert record["state"] == "draft"
    assert record["policy_manifest_sha256"] == served.source.manifest_sha256
    assert record["contacts"] == []
    wanted = recommend(PatientProfile(**profile), served.policy, served.rules)
    assert record["recommendation"] == wanted.model_dump(mode="json")
    assert record["recommendation"]["recommended"] == "cbt"


def test_stored_byte_for_byte(client: Any, profile: dict[str, Any]) -> None:
    """What was answered is given back byte for byte, and never cached on the way."""
    answer = client.post(URL, json=profile)
    again = client.get(answer.headers["location"])
    assert again.content == answer.content
    assert again.headers["cache-control"] == answer.headers["cache-control"] == "no-store"


def test_crisis_shows_contacts(client: Any, profile: dict[str, Any]) -> None:
    """A refusal at crisis level comes with the deployment's contacts and no rank."""
    profile["values"]["cssrs_q4"] = "yes"
    record = client.post(URL, json=profile).json()
    assert record["contacts"] == [{"name": "Crisis line", "phone": "+00 000 000", "when": "day and night"}]
    assert record["recommendation"]["safety"]["level"] == "refused"
    assert all(arm["rank"] is None for arm in record["recommendation"]["arms"])


def test_an_assessment_that_is_awaited_shows_contacts(client: Any, profile: dict[str, Any]) -> None:
    """With item 9 from 1 up somebody may have to be called before anybody signs; a 0 shows no contacts."""
    numbers = {}
    for item9 in (0, 1, 3):
        profile["values"]["phq9_item9"] = item9
        numbers[item9] = len(client.post(URL, json=profile).json()["contacts"])
    assert numbers == {0: 0, 1: 1, 3: 1}


def test_basis(client: Any, served: ServedPolicy, profile: dict[str, Any]) -> None:
    """The basis tells use, inputs, estimand, data, gates, limits and hashes, and none of the patient's values."""
    profile["values"] |= {"sex": None, "shoe_size": 77.125}
    made = client.post(URL, json=profile)
    basis = client.get(f"{made.headers['location']}/basis").json()
    assert basis["missing"]["features"] == ["sex"]
    assert basis["inputs"]["unused"] == ["shoe_size"]
    assert {"phq9_week0", "age", "phq9_item9"} <= {one["name"] for one in basis["inputs"]["used"]}
    assert {row["arm"]: row["episodes"] for row in basis["data"]["arms"]}["hypnosis"] == "of fewer than 11 patients"
    assert basis["validation"]["gates"][0]["name"] == "equipoise"
    assert basis["validation"]["evaluations"][0] == "No randomised trial of this system exists."
    assert basis["versions"]["policy_manifest_sha256"] == served.source.manifest_sha256
    assert basis["versions"]["promotion"]["by"] == "A. Nalyst"
    assert "77.125" not in json.dumps(basis)


def test_basis_outlives_the_policy(client: Any, served: ServedPolicy, store: Store, profile: dict[str, Any]) -> None:
    """An old answer's basis is told from the policy that gave it, even when none is served any more."""
    from fastapi.testclient import TestClient

    where = client.post(URL, json=profile).headers["location"]

    def nothing() -> ServedPolicy:
        raise NotReady("No policy.")

    later = TestClient(create_app(Collaborators(nothing, store, ())))
    assert later.get(f"{where}/basis").json()["versions"]["policy"] == served.policy.manifest.name
    assert_problem(later.post(URL, json=profile), 503)
    assert_problem(later.get("/readyz"), 503)
    assert later.get("/healthz").json() == {"status": "alive"}


def test_ready(client: Any, served: ServedPolicy) -> None:
    """A service with policy and database is alive and ready, and says by which policy."""
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["policy_manifest_sha256"] == served.source.manifest_sha256


def broken(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], bytes]:
    def body(profile: dict[str, Any]) -> bytes:
        change(profile)
        return json.dumps(profile).encode()

    return body


def text(content: str) -> Callable[[dict[str, Any]], bytes]:
    return lambda _: content.encode("utf-8", "surrogatepass")


SIGNED: dict[str, Any] = {"by": "a", "rules": ["SI-01"]}

BAD: dict[str, tuple[int, Callable[[dict[str, Any]], bytes]]] = {
    "not JSON": (400, text(CANARY)),
    "cut short": (400, text(f'{{"patient_id": "{CANARY}", "values": {{')),
    "empty": (400, text("")),
    "not UTF-8": (400, lambda _: b'{"patient_id": "\xff"}'),
    "NaN": (400, text(f'{{"patient_id": "{CANARY}", "values": {{"age": NaN}}}}')),
    "Infinity": (400, text(f'{{"patient_id": "{CANARY}", "values": {{"age": -Infinity}}}}')),
    "key twice": (400, text(f'{{"patient_id": "{CANARY}", "values": {{"phq9_item9": 3, "phq9_item9": 0}}}}')),
    "deep": (400, text('{"patient_id": "a", "values": ' + "[" * 100_000)),
    "endless digits": (400, text('{"patient_id": "a", "values": {"age": ' + "1" * 5000 + "}}")),
    "a list": (422, text(f'["{CANARY}"]')),
    "a text": (422, text(f'"{CANARY}"')),
    "overflow": (422, text('{"patient_id": "a", "values": {"age": 1e999}}')),
    "huge integer": (422, text('{"patient_id": "a", "values": {"age": 1' + "0" * 400 + "}}")),
    "lone surrogate": (422, text('{"patient_id": "\\ud800", "values": {}}')),
    "lone surrogate in a key": (422, text('{"patient_id": "a", "values": {"\\ud800": 1}}')),
    "number as id": (422, broken(lambda body: body.update(patient_id=8_675_309))),
    "no id": (422, broken(lambda body: body.pop("patient_id"))),
    "blank id": (422, broken(lambda body: body.update(patient_id="  "))),
    "control character in the id": (422, broken(lambda body: body.update(patient_id=f"{CANARY}\x00\x1b[2J"))),
    "long id": (422, broken(lambda body: body.update(patient_id=CANARY * 20))),
    "unknown key": (422, broken(lambda body: body.update({CANARY: CANARY}))),
    "list as value": (422, broken(lambda body: body["values"].update({CANARY: [CANARY]}))),
    "values a list": (422, broken(lambda body: body.update(values=[CANARY]))),
    "too many values": (422, broken(lambda body: body["values"].update({f"{CANARY}{i}": i for i in range(501)}))),
    "text in a numeric feature": (422, broken(lambda body: body["values"].update(phq9_week0=CANARY))),
    "fact out of range": (422, broken(lambda body: body["values"].update(phq9_item9=4))),
    "unreadable answer": (422, broken(lambda body: body["values"].update(cssrs_q4=CANARY))),
    "fact in another spelling": (422, broken(lambda body: body.update(values={"CSSRS-Q4": "yes"}))),
    "fact in two spellings": (422, broken(lambda body: body["values"].update({"c_ssrs_q4": "yes"}))),
    "item of another spelling": (422, broken(lambda body: body["values"].update({"epds_q10": 2}))),
    "item by its number alone": (422, broken(lambda body: body.update(values={"phq9_9": 2}))),
    "item of the screener": (422, broken(lambda body: body.update(values={"cssrs_item4": "yes"}))),
    "unknown arm": (422, broken(lambda body: body.update(exclusions={CANARY: "no"}))),
    "reason not text": (422, broken(lambda body: body.update(exclusions={"cbt": 8_675_309}))),
    "preferences null weight": (422, broken(lambda body: body.update(preferences={"time": None}))),
    "preferences not an object": (422, broken(lambda body: body.update(preferences=[CANARY]))),
    "side effects not an object": (422, broken(lambda body: body.update(preferences={"side_effects": CANARY}))),
    "weight as text": (422, broken(lambda body: body.update(preferences={"time": CANARY}))),
    "unknown weight": (422, broken(lambda body: body.update(preferences={CANARY: 1}))),
    "unreadable kind": (422, broken(lambda body: body.update(preferences={"side_effects": {CANARY: 1}}))),
    "unknown kind": (422, broken(lambda body: body.update(preferences={"side_effects": {"a8675309": 1}}))),
    "all weights zero": (422, broken(lambda body: body.update(preferences={"time": 0}))),
    "acknowledgement by nobody": (422, broken(lambda body: body.update(acknowledgements=[SIGNED | {"by": ""}]))),
    "acknowledgement with more": (422, broken(lambda body: body.update(acknowledgements=[SIGNED | {CANARY: 1}]))),
    "acknowledgement of nothing": (422, broken(lambda body: body.update(acknowledgements=[{"by": CANARY}]))),
    "acknowledgement of no rules": (422, broken(lambda body: body.update(acknowledgements=[SIGNED | {"rules": []}]))),
    "acknowledgement of a stranger": (
        422,
        broken(lambda body: body.update(acknowledgements=[SIGNED | {"rules": [CANARY]}])),
    ),
    "acknowledgement of a refusal": (
        422,
        broken(lambda body: body.update(acknowledgements=[SIGNED | {"rules": ["SI-03"]}])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_body(case: str, client: Any, profile: dict[str, Any]) -> None:
    """A body that is no profile is answered by a problem document that repeats nothing of it."""
    status, body = BAD[case]
    document = assert_problem(client.post(URL, content=body(profile), headers=JSON), status)
    assert "8675309" not in json.dumps(document)
    if status == 422:
        assert document["problems"]
        assert all(set(item) == {"where", "expected", "found", "next_step"} for item in document["problems"])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    names=st.dictionaries(
        st.sampled_from(["patient_id", "values", "exclusions", "acknowledgements", "preferences", "x"]), ANYTHING
    )
)
def test_any_body_is_answered(client: Any, values: dict[str, Any], names: dict[str, Any]) -> None:
    """Whatever is sent, the answer is a recommendation or a problem document, and never a failure of the service."""
    for body in (
        names,
        {"patient_id": "P-1", "values": values | names},
        {"patient_id": "P-1", "values": values} | names,
    ):
        answer = client.post(URL, content=json.dumps(body), headers=JSON)
        assert answer.status_code in (201, 400, 422)
        kind = "application/json" if answer.status_code == 201 else "application/problem+json"
        assert answer.headers["content-type"] == kind


def test_problems_are_told_together(client: Any, profile: dict[str, Any]) -> None:
    """Text in a feature, a fact out of range and an unknown arm are told in one answer."""
    profile["values"] |= {"phq9_week0": CANARY, "phq9_item9": 17}
    profile["exclusions"] = {CANARY: "no"}
    assert len(assert_problem(client.post(URL, json=profile), 422)["problems"]) == 3


def test_preferences_give_a_second_ranking_beside_the_first(client: Any, profile: dict[str, Any]) -> None:
    """With weights the answer holds a ranking by utility; everything else of it is as without them, and is kept."""
    plain = client.post(URL, json=profile).json()["recommendation"]
    made = client.post(URL, json=profile | {"preferences": {"symptom_relief": 1, "time": 2}})
    told = made.json()["recommendation"]
    ranking = told.pop("preference")
    assert plain.pop("preference") is None
    assert told == plain
    assert {arm["arm"] for arm in ranking["arms"]} == {arm["arm"] for arm in told["arms"] if arm["rank"]}
    assert client.get(made.headers["location"]).content == made.content


@pytest.mark.parametrize(
    ("preferences", "told"),
    [
        (
            {"symptom_relief": -1, "time": None, "side_effects": {"nausea": -2}},
            {"preferences.symptom_relief", "preferences.time", "preferences.side_effects.nausea"},
        ),
        ({"symptom_relief": 0}, {"preferences"}),
        ({}, {"preferences"}),
        ({"medication": 1, "no_medication": 1}, {"preferences"}),
    ],
)
def test_wrong_weights_are_told_by_their_keys(
    client: Any, profile: dict[str, Any], preferences: dict[str, Any], told: set[str]
) -> None:
    """Negative, missing and all-zero weights: every one is named, in one answer."""
    problems = assert_problem(client.post(URL, json=profile | {"preferences": preferences}), 422)["problems"]
    assert {item["where"] for item in problems} == told


def test_misspelt_weights_are_helped(client: Any, profile: dict[str, Any]) -> None:
    """A key or a kind that is close to a known one is told by the known one's name."""
    for preferences, near in (
        ({"symptom_releif": 1}, "symptom_relief"),
        ({"time": 1, "side_effects": {"nausia": 1}}, "nausea"),
    ):
        problems = assert_problem(client.post(URL, json=profile | {"preferences": preferences}), 422)["problems"]
        assert f"Did you mean {near}?" in {item["next_step"] for item in problems}


def test_near_miss_is_helped(client: Any, profile: dict[str, Any]) -> None:
    """A misspelt key is told by the schema's name that it is close to."""
    profile["patientid"] = profile.pop("patient_id")
    problems = assert_problem(client.post(URL, json=profile), 422)["problems"]
    assert "Did you mean patient_id?" in {item["next_step"] for item in problems}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/{CANARY}", 404),
        ("GET", f"{URL}/{CANARY}", 404),
        ("GET", f"{URL}/{CANARY}/basis", 404),
        ("GET", f"{URL}/%00", 404),
        ("GET", f"{URL}/{NOBODYS}", 404),
        ("GET", f"{URL}/{NOBODYS}/basis", 404),
        ("POST", f"{URL}/", 404),
        ("GET", "/docs", 404),
        ("GET", URL, 405),
        ("DELETE", "/healthz", 405),
    ],
)
def test_bad_address(client: Any, method: str, path: str, status: int) -> None:
    """What is not there, or not by that method, is a problem document too."""
    assert_problem(client.request(method, path), status)


def test_body_over_the_limit(client: Any) -> None:
    """More than 256 KiB is answered by 413, whether its length is told beforehand or not."""
    body = CANARY.encode() * (MAX_BYTES // len(CANARY) + 1)
    assert_problem(client.post(URL, content=body, headers=JSON), 413)
    assert_problem(client.post(URL, content=iter([body[:9], body]), headers=JSON), 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_body_of_another_kind(client: Any, profile: dict[str, Any], kind: str) -> None:
    """A body that does not say that it is JSON is answered by 415: no web form can send one."""
    assert_problem(client.post(URL, content=json.dumps(profile), headers={"Content-Type": kind}), 415)


def test_packed_bodies(client: Any, profile: dict[str, Any]) -> None:
    """A body that was packed is a 415 that says so, and not one that is no JSON: nothing unpacks it."""
    packed = gzip.compress(json.dumps(profile).encode())
    answer = client.post(URL, content=packed, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert_problem(answer, 415)
    assert "packed" in answer.json()["detail"]
    assert answer.headers["accept-encoding"] == "identity"


def test_unforeseen_error(
    client: Any, profile: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw is a 500 without a stack trace; the log has its place and no value."""

    def fail(*_: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("service.answering.recommend", fail)
    document = assert_problem(client.post(URL, json=profile), 500)
    told = capsys.readouterr().err
    assert document["instance"].removeprefix("urn:uuid:") in told
    assert "RuntimeError" in told
    assert CANARY not in told


def test_lost_database(client: Any, store: Store, home: Path, profile: dict[str, Any]) -> None:
    """Without its table the service says 503 and gives no answer that it could not keep."""
    from sqlalchemy import text as sql

    with store.engine.begin() as connection:
        connection.execute(sql("DROP TABLE recommendations"))
        connection.execute(sql("UPDATE alembic_version SET version_num = 'old'"))
    assert_problem(client.get("/readyz"), 503)
    assert_problem(client.post(URL, json=profile), 503)
    assert_problem(client.get(f"{URL}/{uuid4()}"), 503)


def test_openapi(client: Any) -> None:
    """Every operation is documented, with problem documents for its errors and references that resolve."""
    document = client.get("/openapi.json").json()
    one = f"{URL}/{{recommendation_id}}"
    parts = ("basis", "review", "release", "decision", "history", "sheet", "harms", "first-choice")
    assert set(document["paths"]) == {
        URL,
        one,
        *(f"{one}/{part}" for part in parts),
        f"{one}/acknowledgement",
        f"{one}/fhir",
        "/cds-services",
        "/cds-services/{service_id}",
        "/cds-services/{service_id}/feedback",
        "/v1/break-glass",
        "/v1/break-glass/{glass_id}/review",
        "/v1/care",
        "/v1/consents",
        "/v1/erasures",
        *(f"/v1/models/{{policy}}/{part}" for part in ("stop", "lift")),
        *(f"/v1/models/{{model}}/{part}" for part in ("card", "source-attributes")),
        *(f"/v1/studies{part}" for part in ("", "/claim", "/{study}", "/{study}/files/{kind}")),
        *(
            f"/v1/studies/{{study}}/{part}"
            for part in ("table", "events", "stop", "resume", "report", "progress", "end")
        ),
        "/.well-known/smart-configuration",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    titles = [schema.get("title", name) for name, schema in schemas.items()]
    called = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(titles) == len(set(titles)), "a generated client makes one class of a title"
    assert len(called) == len(set(called))
    assert not [name for name in called if not name.isidentifier() or "_v1_" in name]
    for reference in set(json.dumps(document).split('"#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in schemas
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status in ("204", "304"):
                    assert "content" not in answer
                    continue
                kind = "text/html" if path.endswith(("/sheet", "/acknowledgement", "/report")) else "application/json"
                kind = "text/plain" if path == "/metrics" else kind
                kind = "application/octet-stream" if "/files/" in path else kind
                kind = "text/event-stream" if path.endswith("/events") else kind
                kind = "application/fhir+json" if path.endswith("/fhir") else kind
                kind = kind if status.startswith("2") else "application/problem+json"
                assert list(answer["content"]) == [kind]
    body = document["paths"][URL]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/PatientProfile"}


ADDRESSES = ("/v1/studies/%00", "/v1/models/tiny%00/stop", "/studies/a%00b", f"{URL}/%00")


def test_a_nul_is_nobody_s_name(served: ServedPolicy, any_store: Store) -> None:
    """What PostgreSQL takes for no text is not there, or no form of ours; it is no failure of the database (503)."""
    from fastapi.testclient import TestClient

    with TestClient(create_app(Collaborators(lambda: served, any_store, ()))) as client:
        assert [client.get(address).status_code for address in ADDRESSES] == [404] * len(ADDRESSES)
        client.get("/emergency")
        form = {"form_token": client.cookies["equipoise_form"], "turn": "stop", "model": "tiny\0"}
        order = {"by": "K. Adler", "role": "officer", "why": "looked into"}
        assert client.post("/oversight/switch", data=form | order).status_code == 422


@pytest.mark.parametrize("path", [URL, "/v1/consents", "/emergency"])
def test_who_hangs_up_is_no_fault_of_ours(client: Any, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A body that breaks off is counted as the caller's fault; nothing is logged as if the service had failed."""
    parts = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    kind = b"application/x-www-form-urlencoded" if path == "/emergency" else b"application/json"
    scope = {
        **{"type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode()},
        **{"query_string": b"", "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1)},
        **{"server": ("localhost", 80), "headers": [(b"content-type", kind), (b"host", b"localhost")]},
    }
    with ThreadPoolExecutor(1) as aside:  # the browser tests' library keeps a loop running in this thread
        aside.submit(lambda: asyncio.run(client.app(scope, receive, send))).result()
    assert sent[0]["status"] == 400
    assert "failed" not in capsys.readouterr().err
