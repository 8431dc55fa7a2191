"""Issuers with keys of their own, a clock that stands still, and an authenticator that believes three of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr
from sqlalchemy import Engine

from service.access.access_file import AccessFile
from service.access.authentication import Identify, identify_by_token
from service.access.issuer_keys import FiledKeys, ProvidedKeys
from service.access.spent_tokens import SpentTokens
from service.storage.database import open_database, upgrade

NOW = 1_800_000_000
AUDIENCE = "https://equipoise.example.org"
FILED, PROVIDED, SESSIONS = "https://ehr.example.org", "https://login.example.org", "https://sessions.example.org"
JKU = "https://ehr.example.org/jwks.json"


@dataclass(frozen=True)
class Signer:
    """An issuer of tokens."""

    name: str
    algorithm: str
    key: Any

    def header(self, **changes: Any) -> dict[str, Any]:
        """A sound header, changed; None takes a parameter away."""
        return _without_none({"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT"} | changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Sound claims, changed; None takes a claim away."""
        held = {
            "iss": self.name, "sub": "u-1", "aud": AUDIENCE, "jti": str(uuid4()), "iat": NOW, "exp": NOW + 240,
            "name": "Dr A. Mbeki", "licence": "GMC 1234567", "roles": ["clinician"],
        }  # fmt: skip
        return _without_none(held | changes)

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A signed token."""
        held = header or self.header()
        return jwt.encode(held, self.claims(**claims), self.key, algorithms=[held["alg"]], default_type=None)

    def public(self) -> dict[str, Any]:
        """Its key set."""
        return {"keys": [dict(self.key.as_dict(private=False))]}


def _without_none(held: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in held.items() if value is not None}


def _key(kind: str, kid: str) -> Any:
    made = RSAKey.generate_key(2048) if kind == "RSA" else ECKey.generate_key(kind)
    return (RSAKey if kind == "RSA" else ECKey).import_key(made.as_dict(private=True) | {"kid": kid})


@pytest.fixture(scope="session")
def filed() -> Signer:
    """A record system whose keys are in the configuration."""
    return Signer(FILED, "ES384", _key("P-384", "ehr-1"))


@pytest.fixture(scope="session")
def provided() -> Signer:
    """A provider whose keys are found by discovery."""
    return Signer(PROVIDED, "RS256", _key("RSA", "login-1"))


@pytest.fixture(scope="session")
def sessions() -> Signer:
    """A provider whose tokens last for a session."""
    return Signer(SESSIONS, "ES256", _key("P-256", "session-1"))


@pytest.fixture(scope="session")
def mallory() -> Signer:
    """Somebody with keys of their own whom nobody configured, called as the record system's."""
    return Signer(FILED, "ES384", _key("P-384", "ehr-1"))


@dataclass
class Web:
    """What can be fetched, and what was."""

    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, address: str) -> Any:
        """The page at an address."""
        self.asked.append(address)
        found = self.pages[address]
        if isinstance(found, Exception):
            raise found
        return found

    def provide(self, signer: Signer) -> None:
        """Put up a provider's discovery document and keys."""
        where = f"{signer.name}/keys"
        self.pages[f"{signer.name}/.well-known/openid-configuration"] = {"issuer": signer.name, "jwks_uri": where}
        self.pages[where] = signer.public()


@pytest.fixture
def web(provided: Signer, sessions: Signer) -> Web:
    made = Web()
    made.provide(provided)
    made.provide(sessions)
    return made


@pytest.fixture
def access(tmp_path: Path, filed: Signer) -> AccessFile:
    """The configuration that believes the three."""
    (tmp_path / "ehr.jwks.json").write_text(json.dumps(filed.public()))
    rest = {"roles": ["clinician", "integrator"], "organisations": ["St Example"]}
    issuers = [
        rest | {"issuer": FILED, "keys": tmp_path / "ehr.jwks.json", "jku": JKU},
        rest | {"issuer": PROVIDED, "organisations": ["St Example", "Other Trust"]},
        rest | {"issuer": SESSIONS, "single_use": False},
    ]
    return AccessFile.model_validate({"audience": AUDIENCE, "issuers": issuers})


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A migrated database; token ids are drawn at random, so that tests do not meet in it."""
    made = open_database(SecretStr(f"sqlite:///{tmp_path_factory.mktemp('access') / 'service.db'}"))
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def authenticator(access: AccessFile, web: Web, engine: Engine) -> Callable[..., Identify]:
    """Makes replicas that share one database."""

    def make(now: int = NOW) -> Identify:
        keys = {
            FILED: FiledKeys(access.issuers[0].keys or Path()),
            **{name: ProvidedKeys(name, web) for name in (PROVIDED, SESSIONS)},
        }
        return identify_by_token(access, keys, SpentTokens(engine), lambda: datetime.fromtimestamp(now, UTC))

    return make
