"""How the lab is known to a FHIR server: the client that a person registered there, and its private key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from data_contracts.errors import BadInput, Problem
from data_contracts.protocol_file import parse_document, read_yaml
from data_contracts.smart_scope import Grant, parse_grant

Algorithm = Literal["ES384", "RS384"]
MIN_RSA_BITS = 2048
FORMAT = "a private key as JSON Web Key (EC on P-384, or RSA of 2048 bits or more) with its kid"


def secure_address(text: str) -> str:
    """An https address, or an http one of this machine; without password, query and fragment.

    Raises:
        ValueError: another.
    """
    parts = urlsplit(text)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("an https address without query or fragment")
    return text.rstrip("/")


def backend_scopes(text: str) -> str:
    """Scopes on FHIR resources of a client that no user stands behind; in the form of version 1 or 2, as written.

    Raises:
        ValueError: others.
    """
    grant = parse_grant(text)
    if grant.refused or grant.others or not grant.scopes or any(one.level != "system" for one in grant.scopes):
        reasons = (
            " ".join(dict.fromkeys(grant.refused)) or "Nobody is signed in, so only system/ scopes are asked for."
        )
        raise ValueError(f"scopes as system/*.rs with blanks between them. {reasons}")
    return text


class Registration(BaseModel):
    """A client of SMART Backend Services, as a file says it.

    Attributes:
        client_id: the name that the server gave.
        key: file of the private key, beside this one.
        scope: what is asked for; the server may grant less.
        token_endpoint: where tokens are given; None: where the server's `.well-known/smart-configuration` says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    key: Path
    scope: Annotated[str, AfterValidator(backend_scopes)] = "system/*.rs"
    token_endpoint: Annotated[str, AfterValidator(secure_address)] | None = None

    @property
    def asked(self) -> Grant:
        """What is asked for."""
        return parse_grant(self.scope)


def read_registration(path: Path) -> tuple[Registration, ECKey | RSAKey]:
    """The registration and its key.

    Raises:
        BadInput: one of the files is not of its form; what the key's file holds is never told.
    """
    read = parse_document(Registration, read_yaml(path), where=path.name)
    return read, _key(path.parent / read.key)


def algorithm_of(key: ECKey | RSAKey) -> Algorithm:
    """The algorithm of SMART App Launch 2 that goes with a key."""
    return "RS384" if isinstance(key, RSAKey) else "ES384"


def _key(path: Path) -> ECKey | RSAKey:
    try:
        held: Any = json.loads(path.read_text(encoding="utf-8"))
        key = JWKRegistry.import_key(held)
        fits = isinstance(key, ECKey) and key.curve_name == "P-384"
        fits = fits or (isinstance(key, RSAKey) and key.raw_value.key_size >= MIN_RSA_BITS)
        usable = fits and key.is_private and bool(key.kid)
    except (OSError, ValueError, TypeError, KeyError, JoseError):
        usable = False
    if not usable:
        raise BadInput([Problem(path.name, FORMAT, "something else", "Make one, and register its public half.")])
    assert isinstance(key, ECKey | RSAKey)  # noqa: S101 - as was just asked
    return key
