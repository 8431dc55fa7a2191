"""The record systems that may launch the pages, and as which of their clients the service is known there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from data_contracts.errors import BadUsage
from data_contracts.protocol_file import parse_document, read_yaml
from data_contracts.smart_scope import parse_grant
from service.access.access_file import ACCESS, AccessFile, Address, TrustedIssuer
from service.access.issuer_keys import IssuerKeys, keys_of
from service.access.principal import Line
from service.cds_hooks.catalogue import scopes_asked
from service.sessions.client import Client
from service.sessions.provider import KnownProvider
from service.sessions.setting import read_key

EHRS = "EQUIPOISE_EHRS"
CONFIGURATION = "/.well-known/smart-configuration"
CALLBACK = "/launch/callback"
CONTEXT = "launch openid fhirUser user/Practitioner.r"
"""Asked for beside the patient's record: which patient, and who asks."""


def _scopes(text: str) -> str:
    grant = parse_grant(text)
    if grant.refused or not {"launch", "openid", "fhirUser"} <= grant.others:
        raise ValueError(
            "launch, openid and fhirUser among scopes with blanks between them, each of a form of SMART 2"
        )
    return text


class Ehr(BaseModel):
    """One record system.

    Attributes:
        iss: base address of its FHIR server, as it launches with it.
        issuer: of its ID tokens, one of the access file's; None: the same address.
        client_id: what it calls this service.
        secret: file with the client's secret; without it and `key` a public client, that has PKCE alone.
        key: file with the client's private JSON Web Key.
        scopes: what is asked for; by default the record that cards read, and who asks.
        licence: system of the Practitioner's identifier that is a licence; None: nobody signs by a launch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    iss: Annotated[Address, AfterValidator(lambda text: text.rstrip("/"))]
    issuer: Address | None = None
    client_id: Line
    secret: Path | None = None
    key: Path | None = None
    scopes: Annotated[str, AfterValidator(_scopes)] = Field(default_factory=lambda: f"{CONTEXT} {scopes_asked()}")
    licence: Line | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> Ehr:
        if self.secret and self.key:
            raise ValueError("secret or key, and not both")
        return self


class EhrFile(BaseModel):
    """All of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ehrs: tuple[Ehr, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> EhrFile:
        if len({one.iss for one in self.ehrs}) != len(self.ehrs):
            raise ValueError("each iss once")
        return self


@dataclass(frozen=True)
class KnownEhr:
    """A record system with what it takes to be launched by it.

    Attributes:
        ehr: as configured.
        trusted: its issuer, as the access file has it.
        keys: of that issuer.
        provider: where its authorization server answers.
        client: what this service is to it.
        redirect: where a browser comes back to.
    """

    ehr: Ehr
    trusted: TrustedIssuer
    keys: IssuerKeys
    provider: KnownProvider
    client: Client
    redirect: str


def read_ehrs(path: Path | None, access: AccessFile | None, base: str) -> Mapping[str, KnownEhr]:
    """The record systems of a file, by `iss`; none without a file.

    Args:
        path: the file; secrets and keys lie beside it.
        access: whom to believe.
        base: the service's address as users reach it.

    Raises:
        BadInput: the file is not of its form.
        BadUsage: an issuer is none of the access file's, or a secret or key cannot be read.
    """
    if path is None:
        return {}
    if access is None:
        raise BadUsage(f"{EHRS} takes an access file ({ACCESS}): whoever launches has to be somebody who is known.")
    read = parse_document(EhrFile, read_yaml(path), where=path.name)
    return {one.iss: _known(one, path.parent, access, base) for one in read.ehrs}


def _known(ehr: Ehr, folder: Path, access: AccessFile, base: str) -> KnownEhr:
    name = ehr.issuer or ehr.iss
    trusted = next((one for one in access.issuers if one.issuer == name), None)
    if trusted is None or "clinician" not in trusted.roles:
        raise BadUsage(f"The issuer of a record system in {EHRS} is none of {ACCESS}'s with the role clinician.")
    if len(trusted.organisations) != 1:
        raise BadUsage(f"The issuer of a record system in {EHRS} has one organisation in {ACCESS}, and not several.")
    provider = KnownProvider(name, at=ehr.iss, path=CONFIGURATION)
    return KnownEhr(ehr, trusted, keys_of(trusted), provider, _client(ehr, folder), f"{base}{CALLBACK}")


def _client(ehr: Ehr, folder: Path) -> Client:
    if ehr.key:
        return Client(ehr.client_id, key=read_key(folder / ehr.key, f"key in {EHRS}"))
    if ehr.secret is None:
        return Client(ehr.client_id)
    try:
        held: Any = (folder / ehr.secret).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        held = ""
    if not held:
        raise BadUsage(f"A secret in {EHRS} is the name of a file beside it that holds nothing else.")
    return Client(ehr.client_id, SecretStr(held))
