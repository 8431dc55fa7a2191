"""Whom the deployment believes: the access file names the issuers of tokens and what each may say."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from data_contracts.errors import Refused
from data_contracts.protocol_file import parse_document, read_yaml
from service.access.principal import Line, Principal, Role

ACCESS = "EQUIPOISE_ACCESS"
ONCE_SECONDS, SESSION_SECONDS = 300, 3600
"""How long a token may live at most: one that is used once (as CDS Hooks asks), and one of a session."""

FORMAT = """\
audience: https://equipoise.example.org       # what a token's aud has to be, exactly
issuers:
- issuer: https://login.example.org           # an OpenID provider: its keys are found by discovery
  roles: [clinician, auditor]                 # what its tokens may say that somebody is
  organisations: [St Example]                 # whose patients they may have to do with
  single_use: false                           # a session's token; without this line each token counts once
- issuer: https://record-system.example.org   # a system that signs its tokens itself
  keys: record-system.jwks.json               # its public keys, in a file beside this one
  roles: [integrator]
  organisations: [St Example]"""


def is_loopback(host: str | None) -> bool:
    """Whether a host's name means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def secure_url(text: str) -> str:
    """An https address, or an http one of this machine; without query, fragment and password.

    Raises:
        ValueError: another.
    """
    parts = urlsplit(text)
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    if not encrypted or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("an https address without query or fragment")
    return text


Address = Annotated[Line, AfterValidator(secure_url)]


class ClaimNames(BaseModel):
    """Under which names an issuer's tokens tell what is asked; a provider calls them as it likes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: Line = "roles"
    organisation: Line = "organisation"
    name: Line = "name"
    licence: Line = "licence"
    patient: Line = "patient"


class TrustedIssuer(BaseModel):
    """One issuer of tokens that is believed, and how far.

    Attributes:
        issuer: its `iss`, exactly.
        keys: file of its public keys (a JSON Web Key Set); None: found by OpenID discovery at the issuer's address.
        jku: the address that its tokens may name as that of its keys; it is compared and never asked.
        roles: those that it may give; a token with another of ours is refused.
        organisations: those that it may speak for; if there is but one, its tokens need not name it.
        single_use: whether each token counts once; False for sessions, whose tokens are then bearer secrets for
            as long as they live.
        claims: the names of the claims.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Address
    keys: Path | None = None
    jku: Address | None = None
    roles: frozenset[Role] = Field(min_length=1)
    organisations: tuple[Line, ...] = Field(min_length=1)
    single_use: bool = True
    claims: ClaimNames = ClaimNames()

    @property
    def longest(self) -> int:
        """Seconds that one of its tokens may live."""
        return ONCE_SECONDS if self.single_use else SESSION_SECONDS


class AccessFile(BaseModel):
    """The whole file.

    Attributes:
        audience: what a token's `aud` has to be, exactly.
        issuers: those that are believed; each once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    audience: Line
    issuers: tuple[TrustedIssuer, ...] = Field(min_length=1)

    def vouches_for(self, who: Principal) -> bool:
        """Whether somebody's issuer is still believed in what it once said of them."""
        return any(
            one.issuer == who.issuer and who.roles <= one.roles and who.organisation in one.organisations
            for one in self.issuers
        )

    @model_validator(mode="before")
    @classmethod
    def _each_once(cls, content: Any) -> Any:
        named = [one.get("issuer") for one in _issuers(content)]
        if len(named) != len(set(map(str, named))):
            raise ValueError("each issuer should be named once")
        return content


def read_access(path: Path | None) -> AccessFile:
    """The access file; key files in it are taken to lie beside it.

    Raises:
        Refused: no file is configured: nobody could be told from anybody.
        BadInput: the file is not of the form.
    """
    if path is None:
        told = f"No access file, so that nobody who calls could be known. Set {ACCESS} to a YAML file of this form:"
        raise Refused(f"{told}\n{FORMAT}\nOn your own machine alone: equipoise serve --local, which asks nobody.")
    return parse_document(AccessFile, _beside(read_yaml(path), path.parent), where=path.name)


def _beside(content: Any, folder: Path) -> Any:
    for one in _issuers(content):
        if isinstance(one.get("keys"), str):
            one["keys"] = folder / one["keys"]
    return content


def _issuers(content: Any) -> list[dict[str, Any]]:
    found = content.get("issuers") if isinstance(content, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
