"""A server of Bulk Data that can be told to misbehave, and what a lab needs to be known there."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

BASE = "https://ehr.example/fhir"
TOKEN_ENDPOINT = "https://ehr.example/auth/token"  # noqa: S105 - an address
RESOURCES = {
    "Patient": [{"resourceType": "Patient", "id": f"P-{number}", "birthDate": "1980-01-01"} for number in range(3)],
    "Observation": [{"resourceType": "Observation", "id": f"O-{number}", "status": "final"} for number in range(5)],
}


class BulkServer:
    """Answers as HL7's Bulk Data Access asks a server to, and checks what it is asked.

    Attributes:
        key: the client's public key; None asks for no token.
        busy: answers of "not yet" before the export is done.
        faults: answers that are given once in place of the next, by path.
        calls: what was asked, as method and path.
        deleted: whether the export was given back.
        jtis: identifiers of assertions; each counts once.
        granted: the scope that is told with a token; None tells none, which means what was asked for.
    """

    def __init__(self, key: Key | None = None) -> None:
        self.key, self.busy, self.faults = key, 2, dict[str, list[httpx.Response]]()
        self.calls, self.deleted, self.jtis, self.tokens = list[str](), False, set[str](), list[str]()
        self.granted: str | None = None
        self.files = {f"/files/{name}.ndjson": ndjson(held) for name, held in RESOURCES.items()}
        self.manifest: dict[str, Any] = {
            "transactionTime": "2026-06-01T09:00:00Z",
            "request": f"{BASE}/Patient/$export",
            "requiresAccessToken": key is not None,
            "output": [
                {"type": name, "url": f"https://ehr.example/files/{name}.ndjson", "count": len(held)}
                for name, held in RESOURCES.items()
            ],
            "error": [],
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.path
        self.calls.append(f"{request.method} {path}")
        if self.faults.get(path):
            return self.faults[path].pop(0)
        if path.endswith("/.well-known/smart-configuration"):
            return httpx.Response(200, json={"token_endpoint": TOKEN_ENDPOINT})
        if path == "/auth/token":
            return self.token(request)
        needs = self.key is not None and (not path.startswith("/files/") or self.manifest["requiresAccessToken"])
        if needs and request.headers.get("authorization") not in [f"Bearer {one}" for one in self.tokens[-1:]]:
            return httpx.Response(401)
        if path.endswith("$export"):
            assert request.headers["prefer"] == "respond-async"
            return httpx.Response(202, headers={"Content-Location": f"{BASE}/status/1"})
        return self.file(path) if path.startswith("/files/") else self.status(request)

    def status(self, request: httpx.Request) -> httpx.Response:
        """How far the export is; or its deletion."""
        if self.deleted:
            return httpx.Response(404)
        if request.method == "DELETE":
            self.deleted = True
            return httpx.Response(202)
        if self.busy:
            self.busy -= 1
            return httpx.Response(202, headers={"Retry-After": "7", "X-Progress": "half"})
        return httpx.Response(200, json=self.manifest)

    def file(self, path: str) -> httpx.Response:
        """One file."""
        return httpx.Response(200, content=self.files[path]) if path in self.files else httpx.Response(404)

    def token(self, request: httpx.Request) -> httpx.Response:
        """A token for an assertion as SMART Backend Services asks for."""
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert self.key is not None
        token = jwt.decode(form["client_assertion"], self.key, algorithms=["ES384", "RS384"])
        claims = token.claims
        assert token.header["kid"] == self.key.kid
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("lab", "lab", TOKEN_ENDPOINT)
        assert 0 < claims["exp"] - claims["iat"] <= 300
        assert claims["jti"] not in self.jtis
        self.jtis.add(claims["jti"])
        self.tokens.append(f"secret-{len(self.tokens)}")
        told = {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 300}
        return httpx.Response(200, json=told if self.granted is None else {**told, "scope": self.granted})


def ndjson(held: list[dict[str, Any]]) -> bytes:
    """One resource a line."""
    return "".join(json.dumps(one) + "\n" for one in held).encode()


@pytest.fixture(params=["ES384", "RS384"])
def client_key(request: pytest.FixtureRequest) -> Key:
    """The lab's private key, of either kind."""
    named = {"kid": "lab-1"}
    return ECKey.generate_key("P-384", named) if request.param == "ES384" else RSAKey.generate_key(2048, named)


@pytest.fixture
def client_file(client_key: Key, tmp_path: Path) -> Path:
    """How the lab is registered."""
    (tmp_path / "lab-key.json").write_text(json.dumps(client_key.as_dict(private=True)))
    path = tmp_path / "client.yaml"
    path.write_text("client_id: lab\nkey: lab-key.json\n")
    return path


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited; nobody waits in fact."""
    waited: list[float] = []
    monkeypatch.setattr("experiments.bulk.command.time.sleep", waited.append)
    return waited


@pytest.fixture
def run(tmp_path: Path, waits: list[float]) -> Callable[..., int]:
    """Runs `equipoise-lab export` against a server into the folder `records`."""
    from experiments.bulk.command import export

    def call(server: BulkServer, **more: Any) -> int:
        given = {"client": None, "group": None, "types": "", "files_at": None, "cancel": False, **more}
        options = Namespace(server=given.pop("address", BASE), out=tmp_path / "records", **given)
        return export(options, httpx.MockTransport(server))

    return call


@pytest.fixture
def server() -> BulkServer:
    """One that asks for no token."""
    return BulkServer()


@pytest.fixture
def guarded(client_key: Key) -> BulkServer:
    """One that asks for the lab's token."""
    kind = ECKey if isinstance(client_key, ECKey) else RSAKey
    return BulkServer(kind.import_key(client_key.as_dict(private=False)))
