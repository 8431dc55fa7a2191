"""Verifies a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4 to 2.6): a provider says who is out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, delete, select

from data_contracts.errors import NotAuthenticated
from service.access.access_file import ONCE_SECONDS, TrustedIssuer
from service.access.issuer_keys import IssuerKeys
from service.access.principal import Line, Principal
from service.access.spent_tokens import CLOCKS_APART
from service.access.token import SKEW_SECONDS, check_header, proven, read_unproven, time_fault
from service.storage.schema import SPENT_TOKENS

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = ("logout+jwt", "application/logout+jwt", "jwt")


class LogoutClaims(BaseModel):
    """What a logout token has to say; `sub` or `sid`, or both."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    iss: Line
    aud: Line | list[Line]
    jti: Line
    iat: int = Field(ge=0)
    exp: int = Field(ge=0)
    events: dict[str, Any]
    sub: Line | None = None
    sid: Line | None = None


@dataclass(frozen=True)
class LogoutToken:
    """A logout token that is believed; whether it came before is asked elsewhere.

    Attributes:
        issuer: the provider.
        id: its `jti`.
        until: when nobody would accept it any more, seconds since 1970.
        subject: who is out; None if only a session is named.
        sid: which of the provider's sessions ended; None if all of the person's did.
    """

    issuer: str
    id: str
    until: int
    subject: str | None
    sid: str | None

    @property
    def provider(self) -> Principal:
        """The provider, as the audit names who ends a session."""
        rest: dict[str, Any] = {"roles": frozenset(), "organisation": "none", "purpose": "operations"}
        return Principal(subject=self.issuer, issuer=self.issuer, name=self.issuer, method="oidc", **rest)


def verify_logout_token(token: str, issuer: TrustedIssuer, keys: IssuerKeys, client: str, now: int) -> LogoutToken:
    """The token, once it is believed.

    Args:
        token: as it came.
        issuer: the provider at which people log in; no other's counts.
        keys: its own.
        client: what it calls this service.
        now: seconds since 1970, UTC.

    Raises:
        NotAuthenticated: it is not believed.
        NotReady: the provider's keys cannot be had now.
    """
    header, _ = read_unproven(token)
    check_header({"typ": "JWT"} | header, issuer, types=TYPES)  # older providers leave out what kind it is
    held = proven(token, header["alg"], keys.find(header["kid"]))
    try:
        claims = LogoutClaims.model_validate(held)
    except ValidationError as error:
        wrong = sorted({str(item["loc"][0]) for item in error.errors(include_input=False)})
        raise _refused(f"missing or not of the right form: {', '.join(wrong)}") from None
    if fault := _fault(claims, held, issuer, client) or time_fault(held, now):
        raise _refused(fault)
    until = claims.exp + SKEW_SECONDS + 1
    return LogoutToken(claims.iss, claims.jti, until, claims.sub, claims.sid)


def _fault(claims: LogoutClaims, held: Mapping[str, Any], issuer: TrustedIssuer, client: str) -> str:
    """Why it is no logout token for us; empty if it is one."""
    faults = (
        (claims.iss != issuer.issuer, "it is another provider's (iss)"),
        (claims.aud not in (client, [client]), "it is meant for another program (aud)"),
        (not isinstance(claims.events.get(EVENT), dict), "it tells of no logout (events)"),
        ("nonce" in held, "it has a nonce, as an ID token has"),
        (claims.sub is None and claims.sid is None, "it names nobody (sub, sid)"),
        (not 0 < claims.exp - claims.iat <= ONCE_SECONDS, f"it lives longer than {ONCE_SECONDS} s, or not at all"),
    )
    return next((told for wrong, told in faults if wrong), "")


def spend_logout(connection: Connection, token: LogoutToken, now: datetime) -> None:
    """Use a token, in the transaction that ends the sessions: what fails leaves it for the provider's next try.

    Raises:
        NotAuthenticated: it was used before, here or at another replica.
    """
    name = hashlib.sha256(f"logout by {token.issuer}\n{token.id}".encode()).hexdigest()
    connection.execute(delete(SPENT_TOKENS).where(SPENT_TOKENS.c.until < int(now.timestamp()) - CLOCKS_APART))
    if connection.execute(select(SPENT_TOKENS.c.token).where(SPENT_TOKENS.c.token == name)).scalar() is not None:
        raise _refused("it was used before")
    connection.execute(SPENT_TOKENS.insert().values(token=name, until=token.until))


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"The logout token is not accepted: {why}.")
