"""From the Authorization header of a request to the principal who calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from data_contracts.errors import NotAuthenticated
from service.access.access_file import AccessFile
from service.access.identity import principal_of, system_of
from service.access.issuer_keys import IssuerKeys, keys_of
from service.access.principal import LOCAL, Principal
from service.access.spent_tokens import SpentTokens
from service.access.token import SKEW_SECONDS, VerifiedToken, verify_token

Identify = Callable[[Sequence[str]], Principal]
"""Tells who calls by the values of all Authorization headers of a request."""


def identify_by_token(
    access: AccessFile, keys: dict[str, IssuerKeys], spent: SpentTokens, clock: Callable[[], datetime]
) -> Identify:
    """Callers are whom their bearer token names.

    The function raises NotAuthenticated for whoever is not known, NotPermitted for somebody without a role of ours,
    and NotReady while nobody can be told.
    """

    def identify(headers: Sequence[str]) -> Principal:
        now = int(clock().timestamp())
        token = verify_token(bearer_token(headers), access, keys, now)
        who = principal_of(token.issuer, token.held)
        if token.issuer.single_use:
            check_unspent(token, spent, now)
        return who

    return identify


IdentifySystem = Callable[[Sequence[str], str], Principal]
"""Tells which record system calls, by its Authorization headers and the address that it calls."""


def identify_system(
    access: AccessFile, keys: dict[str, IssuerKeys], spent: SpentTokens, clock: Callable[[], datetime]
) -> IdentifySystem:
    """Record systems are whom the bearer token of CDS Hooks names: meant for the very address, and used once.

    The function raises as that of `identify_by_token`.
    """

    def identify(headers: Sequence[str], address: str) -> Principal:
        now = int(clock().timestamp())
        token = verify_token(bearer_token(headers), access, keys, now, address=address)
        who = system_of(token)
        check_unspent(token, spent, now)
        return who

    return identify


def check_unspent(token: VerifiedToken, spent: SpentTokens, now: int) -> None:
    """Use a token.

    Raises:
        NotAuthenticated: it was used before.
        NotReady: nobody knows whether it was.
    """
    until = token.claims.exp + SKEW_SECONDS + 1
    if not spent.spend(token.claims.iss, token.claims.jti, until, now):
        raise NotAuthenticated("The token is not accepted: it was used before. Each counts once.")


def identify_nobody(_: Sequence[str]) -> Principal:
    """Local mode: whoever calls is the local demonstration, and no token is looked at."""
    return LOCAL


@dataclass(frozen=True)
class Callers:
    """Tells who calls.

    Attributes:
        person: somebody, by their token.
        system: a record system, by a token for the address that it calls.
        is_local: whether nobody is asked.
    """

    person: Identify
    system: IdentifySystem
    is_local: bool = False


LOCAL_CALLERS = Callers(identify_nobody, lambda _, __: LOCAL, is_local=True)


def callers_of(access: AccessFile, engine: Engine, clock: Callable[[], datetime]) -> Callers:
    """What tells callers as an access file says; all replicas of a database know which tokens were used.

    Raises:
        BadInput: one of the file's files of keys is not of the form.
    """
    keys, spent = {one.issuer: keys_of(one) for one in access.issuers}, SpentTokens(engine)
    return Callers(identify_by_token(access, keys, spent, clock), identify_system(access, keys, spent, clock))


def bearer_token(headers: Sequence[str]) -> str:
    """The token of the one Authorization header (RFC 6750; never of address or body).

    Raises:
        NotAuthenticated: there is none, more than one, or another scheme.
    """
    if len(headers) != 1:
        raise NotAuthenticated("Send one Authorization header: Bearer, and the token.")
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != "bearer" or not token or token != token.strip():
        raise NotAuthenticated("Send the header as: Authorization: Bearer TOKEN.")
    return token
