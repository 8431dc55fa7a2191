"""Verifies an ID token (OpenID Connect Core, 3.1.3.7): what a provider says of who came back from its login form."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data_contracts.errors import NotAuthenticated
from service.access.access_file import TrustedIssuer
from service.access.issuer_keys import IssuerKeys
from service.access.principal import Line
from service.access.token import check_header, proven, read_unproven, time_fault


class IdClaims(BaseModel):
    """What every ID token has to say; the rest is read by name when the principal is made of it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    iss: Line
    sub: Line
    aud: Line | list[Line]
    azp: Line | None = None
    nonce: str
    iat: int = Field(ge=0)
    exp: int = Field(ge=0)


def verify_id_token(
    token: str, issuer: TrustedIssuer, keys: IssuerKeys, client: str, nonce: str, now: int
) -> Mapping[str, Any]:
    """All that an ID token says, once it is believed.

    Args:
        token: as it came from the token endpoint.
        issuer: the provider that was asked.
        keys: its own.
        client: what it calls this service.
        nonce: of this login.
        now: seconds since 1970, UTC.

    Raises:
        NotAuthenticated: it is not believed.
        NotReady: the provider's keys cannot be had now.
    """
    header, _ = read_unproven(token)
    check_header({"typ": "JWT"} | header, issuer, types=("jwt",))  # OpenID leaves out what kind it is
    held = proven(token, header["alg"], keys.find(header["kid"]))
    try:
        claims = IdClaims.model_validate(held)
    except ValidationError as error:
        wrong = sorted({str(item["loc"][0]) for item in error.errors(include_input=False)})
        raise _refused(f"missing or not of the right form: {', '.join(wrong)}") from None
    if claims.iss != issuer.issuer:
        raise _refused("it is another provider's (iss)")
    if claims.aud not in (client, [client]) or claims.azp not in (None, client):
        raise _refused("it is meant for another program (aud, azp)")
    if not secrets.compare_digest(claims.nonce.encode(), nonce.encode()):
        raise _refused("it is of another login (nonce)")
    if fault := time_fault(held, now):
        raise _refused(fault)
    return held


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"What the provider of identities says is not accepted: {why}. Begin anew.")
