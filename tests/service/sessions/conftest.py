"""A service at which people log in, a provider's part played by a few lines, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from data_contracts.errors import NotAuthenticated
from service.access.access_file import AccessFile
from service.access.authentication import Callers
from service.access.issuer_keys import ProvidedKeys
from service.access.principal import LOCAL
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.sessions import code_flow
from service.sessions.client import Client
from service.sessions.login import Login
from service.sessions.provider import KnownProvider
from service.sessions.session_store import Sessions
from service.sessions.setting import Lifetimes
from service.storage.store import Store

ISSUER, HERE = "https://login.example.org", "https://equipoise.example.org"
WHO = {"sub": "u-1", "name": "Dr A. Mbeki", "licence": "GMC 1234567", "roles": ["clinician"]}
ACCESS = {
    "audience": HERE,
    "issuers": [
        {"issuer": ISSUER, "roles": ["clinician", "analyst", "administrator"], "organisations": ["St Example"]}
    ],
}


@dataclass
class Clock:
    """UTC, as a test has it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        """Now."""
        return self.now

    def on(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@dataclass
class Provided:
    """What a provider gives: its documents by GET, and for a code an ID token with these claims, changed."""

    clock: Clock
    key: Any = field(
        default_factory=lambda: ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "k"})
    )
    changes: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256", "kid": "k", "typ": "JWT"})
    signer: Any = None
    status: int = 200
    error: str = ""
    nonce: str = ""
    out: dict[str, str] = field(default_factory=dict)
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def fetch(self, address: str) -> Any:
        """A document."""
        if address.endswith("/keys"):
            return {"keys": [dict(self.key.as_dict(private=False))]}
        rest = {"end_session_endpoint": f"{ISSUER}/end", "jwks_uri": f"{ISSUER}/keys"}
        where = {"authorization_endpoint": f"{ISSUER}/auth?tenant=1", "token_endpoint": f"{ISSUER}/token"}
        return {"issuer": ISSUER, "authorization_response_iss_parameter_supported": True, **where, **rest}

    def post(self, address: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        """An answer of the token endpoint."""
        assert address == f"{ISSUER}/token"
        self.asked.append({**fields, **headers})
        now = int(self.clock().timestamp())
        held = (
            {"iss": ISSUER, "aud": "equipoise", "nonce": self.nonce, "iat": now, "exp": now + 600} | WHO | self.changes
        )
        held = {name: value for name, value in held.items() if value is not None}
        key, algorithms = self.signer or self.key, [self.header["alg"]]
        token = jwt.encode(self.header, held, key, algorithms=algorithms, default_type=None)
        return self.status, {"error": self.error} if self.error else {"id_token": token, "token_type": "Bearer"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Provided:
    made = Provided(clock)
    monkeypatch.setattr(code_flow, "post_form", made.post)
    return made


def nobody(headers: Any) -> Any:
    """No bearer token is believed here but a record system's."""
    if headers == ["Bearer integrator"]:
        held = {"roles": frozenset({"integrator"}), "organisation": "St Example", "method": "signed_token"}
        return LOCAL.model_copy(update=held)
    raise NotAuthenticated("Send a token.")


@pytest.fixture
def sessions(store: Store) -> Sessions:
    return Sessions(store, Lifetimes(), AccessFile.model_validate(ACCESS).vouches_for)


@pytest.fixture
def replica(
    store: Store, served: ServedPolicy, sessions: Sessions, provider: Provided, clock: Clock
) -> Callable[[], Any]:
    """Makes browsers, each before a process of its own over the one database."""
    from fastapi.testclient import TestClient

    access = AccessFile.model_validate(ACCESS)
    known = KnownProvider(ISSUER, provider.fetch)
    client = Client("equipoise", SecretStr("a b"))
    keys = ProvidedKeys(ISSUER, provider.fetch)
    login = Login(access.issuers[0], known, keys, client, f"{HERE}/login/callback", "openid profile")
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)

    def make() -> Any:
        callers = Callers(nobody, lambda headers, _: nobody(headers))
        given = Collaborators(
            lambda: served, store, contacts, clock=clock, callers=callers, sessions=sessions, login=login
        )
        made = TestClient(create_app(given), base_url=HERE, follow_redirects=False)
        made.headers["accept"] = "text/html"
        return made

    return make


@pytest.fixture
def browser_of(replica: Callable[[], Any]) -> Any:
    return replica()


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def log_in(provider: Provided) -> Callable[..., Any]:
    """Sends a browser to the provider and back; the answer to its coming back."""

    def log_in(browser: Any, after: str = "", **changes: str) -> Any:
        out = browser.get("/login" + (f"?next={after}" if after else ""))
        assert out.status_code == 303, out.text
        asked = provider.out = query_of(out.headers["location"])
        provider.nonce = asked["nonce"]
        back = {"code": "c-1", "state": asked["state"], "iss": ISSUER} | changes
        return browser.get("/login/callback", params={name: value for name, value in back.items() if value})

    return log_in
