"""A record system that launches: its authorization server and FHIR server played by a few lines, and a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from data_contracts.errors import NotAuthenticated
from service.access.access_file import AccessFile
from service.access.authentication import Callers
from service.access.issuer_keys import ProvidedKeys
from service.access.principal import Principal
from service.app import create_app
from service.cds_hooks.setting import CardSetting
from service.collaborators import Collaborators
from service.contact import Contact
from service.fhir.fetching import FhirReads
from service.served_policy import ServedPolicy
from service.sessions import code_flow
from service.sessions.provider import KnownProvider
from service.sessions.session_store import Sessions
from service.sessions.setting import Lifetimes
from service.smart.ehr import read_ehrs
from service.storage.store import Store

HERE, ISS, LOGIN = "https://equipoise.example.org", "https://ehr.example.org/fhir", "https://ehr.example.org/auth"
AUTHORIZE = f"{LOGIN}/authorize"
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
LICENCE = "https://fhir.hl7.org.uk/Id/gmc-number"
ACCESS = {
    "audience": HERE,
    "issuers": [{"issuer": LOGIN, "roles": ["clinician"], "organisations": ["St Example"]}],
}
ALL = "launch openid fhirUser patient/*.rs user/Practitioner.r"


SYSTEM = Principal(
    subject="ehr", issuer=LOGIN, name="ehr", roles=frozenset({"integrator"}), organisation="St Example",
    method="signed_token",
)  # fmt: skip
"""The record system itself, where it asks for cards."""


def nobody(_headers: Any) -> Principal:
    """No bearer token is believed."""
    raise NotAuthenticated("Send a token.")


@dataclass
class RecordSystem:
    """What a record system says and has; tests change it.

    Attributes:
        told: of the token answer.
        claims: of the ID token.
        held: resources by the address below the FHIR server.
        asked: what its FHIR server was asked.
        out: what the browser was sent there with.
        authorize: where it is sent.
    """

    record: Any
    key: Any = field(
        default_factory=lambda: ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "k"})
    )
    told: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: list[Mapping[str, str]] = field(default_factory=list)
    out: dict[str, str] = field(default_factory=dict)
    authorize: str = AUTHORIZE

    def fetch(self, address: str) -> Any:
        """A document of discovery."""
        if address == f"{ISS}/.well-known/smart-configuration":
            where = {"authorization_endpoint": self.authorize, "token_endpoint": f"{LOGIN}/token"}
            return {"issuer": LOGIN, **where, "capabilities": ["launch-ehr"]}
        if address == f"{LOGIN}/keys":
            return {"keys": [dict(self.key.as_dict(private=False))]}
        assert address == f"{LOGIN}/.well-known/openid-configuration"
        return {"issuer": LOGIN, "jwks_uri": f"{LOGIN}/keys"}

    def post(self, address: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        """An answer of the token endpoint."""
        assert address == f"{LOGIN}/token"
        self.tokens.append({**fields, **headers})
        now = int(NOW.timestamp())
        held = {
            "iss": LOGIN,
            "aud": "equipoise",
            "sub": "u-1",
            "nonce": self.out["nonce"],
            "iat": now,
            "exp": now + 60,
        }
        held |= {"fhirUser": "Practitioner/7"} | self.claims
        claims = {name: value for name, value in held.items() if value is not None}
        token = jwt.encode({"alg": "ES256", "kid": "k"}, claims, self.key, algorithms=["ES256"])
        answer = {"access_token": "canary-leave", "token_type": "Bearer", "expires_in": 300, "id_token": token}
        answer |= {"scope": ALL, "patient": "P-1"} | self.told
        return 200, {name: value for name, value in answer.items() if value is not None}

    def fhir(self, request: httpx.Request) -> httpx.Response:
        """An answer of the FHIR server."""
        assert request.headers["authorization"] == "Bearer canary-leave"
        path = request.url.path.removeprefix("/fhir/")
        self.asked.append(path)
        kind = path.partition("/")[0]
        if path not in self.held and kind in ("Patient", "Practitioner"):
            return httpx.Response(404)
        return httpx.Response(200, json=self.held.get(path, self.record.bundle()))


@pytest.fixture
def ehr(record: Any, monkeypatch: pytest.MonkeyPatch) -> RecordSystem:
    """A record system that has a patient whom therapies can be ranked for, and a clinician with a licence."""
    one = RecordSystem(record)
    screener = [record.observation(code, False) for code in ("93249-1", "93250-9", "93269-9")]
    name = {"family": "Mbeki", "given": ["Ama"], "prefix": ["Dr"]}
    one.held = {
        "Patient/P-1": record.patient(),
        "QuestionnaireResponse": record.bundle(record.phq9(2, 2, 2, 2, 2, 2, 2, 3, 0)),
        "Observation": record.bundle(*screener),
        "Consent": record.bundle(record.consent()),
        "Practitioner/7": {
            "resourceType": "Practitioner",
            "id": "7",
            "name": [name],
            "identifier": [{"system": LICENCE, "value": "GMC 1234567"}],
        },
    }
    monkeypatch.setattr(code_flow, "post_form", one.post)
    return one


@pytest.fixture
def here() -> str:
    """Where browsers reach the service."""
    return HERE


@pytest.fixture
def launchable(served: ServedPolicy, store: Store, ehr: RecordSystem, here: str, tmp_path: Path) -> Iterator[Any]:
    """A service that this record system may launch, as an application."""
    (tmp_path / "secret").write_text("a b\n")
    entry = {"iss": ISS, "issuer": LOGIN, "client_id": "equipoise", "secret": "secret", "licence": LICENCE}
    (tmp_path / "ehrs.yaml").write_text(json.dumps({"ehrs": [entry]}))
    access = AccessFile.model_validate(ACCESS | {"audience": here})
    path = "/.well-known/smart-configuration"
    said = {"provider": KnownProvider(LOGIN, ehr.fetch, at=ISS, path=path), "keys": ProvidedKeys(LOGIN, ehr.fetch)}
    listed = read_ehrs(tmp_path / "ehrs.yaml", access, here)
    ehrs = {iss: replace(one, **said) for iss, one in listed.items()}
    reads = FhirReads([ISS], httpx.MockTransport(ehr.fhir))
    sessions = Sessions(store, Lifetimes(), access.vouches_for)
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    cards = CardSetting(base=here, servers=(ISS,))
    given = Collaborators(
        lambda: served,
        store,
        contacts,
        clock=lambda: NOW,
        reads=reads,
        sessions=sessions,
        ehrs=ehrs,
        cards=cards,
        callers=Callers(nobody, lambda _headers, _address: SYSTEM),
    )
    yield create_app(given)
    reads.close()


@pytest.fixture
def browser(launchable: Any) -> Iterator[Any]:
    """A browser before that service, of a few lines."""
    from fastapi.testclient import TestClient

    with TestClient(launchable, base_url=HERE, follow_redirects=False) as made:
        made.headers["accept"] = "text/html"
        yield made


@pytest.fixture
def launch(browser: Any, ehr: RecordSystem) -> Callable[..., Any]:
    """Launches: out to the record system and back; the answer to coming back."""

    def go(**changes: str) -> Any:
        out = browser.get("/launch", params={"iss": ISS, "launch": "xyz"})
        assert out.status_code == 303, out.text
        query = parse_qs(urlsplit(out.headers["location"]).query)
        ehr.out = {name: values[-1] for name, values in query.items()}
        back = {"code": "c-1", "state": ehr.out["state"], "iss": LOGIN} | changes
        return browser.get("/launch/callback", params={name: value for name, value in back.items() if value})

    return go
