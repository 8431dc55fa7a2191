"""Record systems that call the CDS services: assertions J1 to J7 of CDS Hooks, with the verifier of all tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from anyio import run

from service.access.authentication import Callers, callers_of, identify_by_token, identify_system
from service.access.issuer_keys import FiledKeys, ProvidedKeys
from service.access.spent_tokens import SpentTokens
from service.app import create_app
from service.cds_hooks.setting import CardSetting
from service.collaborators import Collaborators
from service.served_policy import ServedPolicy
from service.settings import read_settings
from service.storage.store import Store

NOW = 1_800_000_000
BASE = "https://equipoise.example.org"
SERVICES = f"{BASE}/cds-services"
VIEW = f"{SERVICES}/equipoise-patient-view"
JKU = "https://ehr.example.org/jwks.json"
EVIL = "https://ehr.example.org.evil.example/jwks.json"


@pytest.fixture
def make_client(access: Any, web: Any, served: ServedPolicy, store: Store) -> Iterator[Callable[..., Any]]:
    """Makes replicas of the service that ask record systems who they are; all share one database."""
    from fastapi.testclient import TestClient

    keys = {one.issuer: FiledKeys(one.keys) if one.keys else ProvidedKeys(one.issuer, web) for one in access.issuers}

    def clock() -> datetime:
        return datetime.fromtimestamp(NOW, UTC)

    def make(roles: frozenset[str] | None = None) -> Any:
        issuers = [one.model_copy(update={"roles": roles}) if roles else one for one in access.issuers]
        believed = access.model_copy(update={"issuers": tuple(issuers)})
        told = (believed, keys, SpentTokens(store.engine), clock)
        callers = Callers(identify_by_token(*told), identify_system(*told))
        given = Collaborators(lambda: served, store, (), clock, cards=CardSetting(base=BASE), callers=callers)
        return TestClient(create_app(given))

    return make


@pytest.fixture
def client(make_client: Callable[..., Any]) -> Any:
    """One such service."""
    return make_client()


def answered(app: Any, authorization: str, body: bytes) -> tuple[int, int]:
    """Status of an answer of patient-view, and how many bytes of the body were read, 64 KiB at a time."""
    path, read, status = "/cds-services/equipoise-patient-view", 0, 0
    headers = [(b"authorization", authorization.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "scheme": "http"}

    async def receive() -> dict[str, Any]:
        nonlocal read
        part = body[read : read + 2**16]
        read += len(part)
        return {"type": "http.request", "body": part, "more_body": read < len(body)}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    whole = {**scope, "http_version": "1.1", "root_path": "", "client": ("127.0.0.1", 1)}
    with ThreadPoolExecutor(1) as aside:  # a browser of another test may keep a loop in this thread
        aside.submit(run, partial(app, whole, receive, send)).result()
    return status, read


def sent(signer: Any, address: str, header: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
    """The header of a call: a token as CDS Hooks has it, without subject, name or roles."""
    plain = {"sub": None, "name": None, "licence": None, "roles": None, "aud": address}
    return {"Authorization": f"Bearer {signer.token(header, **{**plain, **changes})}"}


def discover(client: Any, headers: dict[str, str]) -> int:
    """The status of a discovery."""
    status: int = client.get("/cds-services", headers=headers).status_code
    return status


def test_j1_every_call_needs_a_token(client: Any) -> None:
    """J1: without a token neither discovery nor a service nor feedback answers."""
    for method, path in (
        ("GET", ""),
        ("POST", "/equipoise-patient-view"),
        ("POST", "/equipoise-patient-view/feedback"),
    ):
        answer = client.request(method, f"/cds-services{path}", **({"json": {}} if method == "POST" else {}))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


def test_j1_with_a_token_they_answer(client: Any, filed: Any) -> None:
    """J1: with one they do: discovery its services, a service 412 for want of data, feedback a count."""
    assert discover(client, sent(filed, SERVICES)) == 200
    context = {"userId": "Practitioner/7", "patientId": "P-1"}
    call = {"hook": "patient-view", "hookInstance": "i", "context": context}
    assert client.post("/cds-services/equipoise-patient-view", json=call, headers=sent(filed, VIEW)).status_code == 412
    item = {"card": "x", "outcome": "overridden", "outcomeTimestamp": "2026-06-01T09:00:00Z"}
    answer = client.post(
        "/cds-services/equipoise-patient-view/feedback",
        json={"feedback": [item]},
        headers=sent(filed, f"{VIEW}/feedback"),
    )
    assert answer.json()["orphans"] == 1


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "jti"])
def test_j2_claims(client: Any, filed: Any, name: str) -> None:
    """J2: a token without one of its claims is not believed."""
    assert discover(client, sent(filed, SERVICES, **{name: None})) == 401


@pytest.mark.parametrize("name", ["kid", "typ"])
def test_j2_header(client: Any, filed: Any, name: str) -> None:
    """J2: nor is one whose header lacks key id or type."""
    assert discover(client, sent(filed, SERVICES, filed.header(**{name: None}))) == 401


def test_j2_tenants(client: Any, filed: Any, provided: Any) -> None:
    """J2: the tenant is one of the issuer's organisations, and told where there are several."""
    assert discover(client, sent(filed, SERVICES, tenant="St Example")) == 200
    assert discover(client, sent(filed, SERVICES, tenant="Elsewhere")) == 401
    assert discover(client, sent(provided, SERVICES)) == 401
    assert discover(client, sent(provided, SERVICES, tenant="Other Trust")) == 200


def test_j3_algorithms(client: Any, filed: Any, provided: Any, mallory: Any) -> None:
    """J3: ES384 and RS384 are taken; none, and a key that nobody configured, are not."""
    assert discover(client, sent(filed, SERVICES)) == 200
    rs384 = replace(provided, algorithm="RS384")
    assert discover(client, sent(rs384, SERVICES, tenant="St Example")) == 200
    assert discover(client, sent(mallory, SERVICES)) == 401
    head, claims, _ = sent(filed, SERVICES)["Authorization"].split(".")
    assert discover(client, {"Authorization": f"{head}.{claims}."}) == 401


@pytest.mark.parametrize(
    "audience",
    [
        BASE,
        f"{SERVICES}/",
        VIEW,
        "https://other.example.org/cds-services",
        [SERVICES, VIEW],
        [VIEW],
        "http" + SERVICES[5:],
    ],
)
def test_j4_audience(client: Any, filed: Any, audience: Any) -> None:
    """J4: a token is meant for the exact address that is called, and for no other beside it."""
    assert discover(client, sent(filed, audience)) == 401
    assert discover(client, sent(filed, SERVICES, aud=[SERVICES])) == 200


def test_j5_keys_come_from_the_configuration(client: Any, filed: Any, web: Any) -> None:
    """J5: the issuer's own jku is let pass and never asked; any other, an unknown issuer, and a key within are not."""
    before = list(web.asked)
    assert discover(client, sent(filed, SERVICES, filed.header(jku=JKU))) == 200
    assert discover(client, sent(filed, SERVICES, filed.header(jku=EVIL))) == 401
    assert discover(client, sent(filed, SERVICES, filed.header(jwk=filed.public()["keys"][0]))) == 401
    assert discover(client, sent(filed, SERVICES, iss="https://evil.example.org")) == 401
    assert web.asked == before


def test_j6_a_token_counts_once(make_client: Callable[..., Any], filed: Any, sessions: Any) -> None:
    """J6: a token that was used is refused, also by another replica, and also of an issuer of sessions."""
    first, second = make_client(), make_client()
    for signer in (filed, sessions):
        headers = sent(signer, SERVICES)
        assert [discover(one, headers) for one in (first, first, second)] == [200, 401, 401]


@pytest.mark.parametrize("change", [{"exp": NOW - 60}, {"iat": NOW + 120}, {"exp": NOW + 3600}, {"exp": "soon"}])
def test_j6_and_not_for_long(client: Any, filed: Any, change: dict[str, Any]) -> None:
    """J6: expired, of the future, or living longer than five minutes: not believed."""
    assert discover(client, sent(filed, SERVICES, **change)) == 401


def test_j7_addresses_are_encrypted(access: Any) -> None:
    """J7: issuers are https addresses, so that keys and tokens travel encrypted; the service stands behind TLS."""
    from pydantic import ValidationError

    content = access.model_dump()
    content["issuers"][0]["issuer"] = "http://ehr.example.org"
    with pytest.raises(ValidationError):
        type(access).model_validate(content)


def test_only_record_systems_may_call(make_client: Callable[..., Any], filed: Any) -> None:
    """An issuer that is believed for people alone may not call as a record system: known, and not permitted."""
    assert discover(make_client(frozenset({"clinician"})), sent(filed, SERVICES)) == 403


def test_what_is_kept_belongs_to_the_organisation(client: Any, filed: Any, store: Store) -> None:
    """The caller in the audit is the record system, for its organisation's patients."""
    headers = sent(filed, f"{VIEW}/feedback")
    item = {"card": "x", "outcome": "overridden", "outcomeTimestamp": "2026-06-01T09:00:00Z"}
    client.post("/cds-services/equipoise-patient-view/feedback", json={"feedback": [item]}, headers=headers)
    with store.reading() as connection:
        newest = connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq DESC").scalar()
    assert filed.name in newest
    assert "feedback" in newest


def test_without_an_access_file_nobody_is_asked(tmp_path: Any) -> None:
    """The access file is read from the environment; without it there is none."""
    assert read_settings({}).access is None
    assert read_settings({"EQUIPOISE_ACCESS": str(tmp_path / "a.yaml")}).access == tmp_path / "a.yaml"


def test_serve_asks_as_the_file_says(tmp_path: Any, filed: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `equipoise serve` makes of an access file believes the record system that it names, and once a token."""
    import json
    import time

    from data_contracts.errors import NotAuthenticated
    from service.access.access_file import read_access
    from service.utc import utc_now

    (tmp_path / "ehr.jwks.json").write_text(json.dumps(filed.public()))
    issuer = {"issuer": filed.name, "keys": "ehr.jwks.json", "roles": ["integrator"], "organisations": ["St Example"]}
    (tmp_path / "access.yaml").write_text(json.dumps({"audience": BASE, "issuers": [issuer]}))
    settings = read_settings({"EQUIPOISE_ACCESS": str(tmp_path / "access.yaml")})
    identify = callers_of(read_access(settings.access), store.engine, utc_now).system
    now = int(time.time())
    token = sent(filed, SERVICES, iat=now, exp=now + 60)["Authorization"]
    assert identify([token], SERVICES).organisation == "St Example"
    with pytest.raises(NotAuthenticated):
        identify([token], SERVICES)


def test_of_a_strangers_long_body_little_is_read(client: Any, filed: Any, mallory: Any) -> None:
    """Beyond 256 KiB a prefetch is read once it is known who sends it; a record system's own is read to its end."""
    body = b"[" + b" " * 2**20 + b"]"
    assert answered(client.app, sent(mallory, VIEW)["Authorization"], body) == (401, 2**18 + 2**16)
    assert answered(client.app, sent(filed, VIEW)["Authorization"], body) == (422, len(body))
