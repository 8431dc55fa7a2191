"""How people log in to the pages: at which OpenID provider, as which of its clients, and for how long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from pydantic import SecretStr

from data_contracts.errors import BadUsage
from service.access.access_file import ACCESS, AccessFile, TrustedIssuer
from service.sessions.client import Client

ISSUER = "EQUIPOISE_LOGIN_ISSUER"
CLIENT_ID = "EQUIPOISE_LOGIN_CLIENT_ID"
CLIENT_PROOF = "EQUIPOISE_LOGIN_CLIENT_SECRET"
CLIENT_SIGNS = "EQUIPOISE_LOGIN_CLIENT_KEY"
SCOPES = "EQUIPOISE_LOGIN_SCOPES"
IDLE = "EQUIPOISE_SESSION_IDLE_MINUTES"
WHOLE = "EQUIPOISE_SESSION_MINUTES"
DAY = 24 * 60
"""The longest session, in minutes."""


@dataclass(frozen=True)
class Lifetimes:
    """How long a session lasts.

    Attributes:
        idle: without anything being asked for.
        whole: altogether.
    """

    idle: timedelta = timedelta(minutes=15)
    whole: timedelta = timedelta(hours=8)


@dataclass(frozen=True)
class LoginSetting:
    """Where people log in.

    Attributes:
        issuer: the provider, one of the access file's.
        client: as which of its clients.
        scopes: what is asked for, with spaces.
    """

    issuer: str
    client: Client
    scopes: str

    def trusted(self, access: AccessFile) -> TrustedIssuer:
        """The provider as the access file has it.

        Raises:
            BadUsage: it is none of the file's.
        """
        for one in access.issuers:
            if one.issuer == self.issuer:
                return one
        raise BadUsage(f"{ISSUER} is none of the issuers that {ACCESS} names: add it there, with roles, exactly so.")


def read_login_setting(environment: Mapping[str, str]) -> LoginSetting | None:
    """The setting from environment variables; None if nobody is to log in by a browser.

    Raises:
        BadUsage: some of it is missing or not of its form; all of that is told.
    """
    given = {name: environment.get(name) or "" for name in (ISSUER, CLIENT_ID, CLIENT_PROOF, CLIENT_SIGNS, SCOPES)}
    if not any(given.values()):
        return None
    problems = [f"{name} is not set ({what})." for name, what in _NEEDED.items() if not given[name]]
    if bool(given[CLIENT_PROOF]) == bool(given[CLIENT_SIGNS]):
        problems.append(f"Set one of {CLIENT_PROOF} and {CLIENT_SIGNS} (a file with a private JSON Web Key).")
    scopes = given[SCOPES] or "openid profile"
    if "openid" not in scopes.split():
        problems.append(f"{SCOPES} has the scope openid among others, with spaces between.")
    if problems:
        raise BadUsage("\n".join(problems))
    key = read_key(Path(given[CLIENT_SIGNS]), CLIENT_SIGNS) if given[CLIENT_SIGNS] else None
    secret = SecretStr(given[CLIENT_PROOF]) if given[CLIENT_PROOF] else None
    return LoginSetting(given[ISSUER], Client(given[CLIENT_ID], secret, key), scopes)


def read_lifetimes(environment: Mapping[str, str]) -> Lifetimes:
    """How long sessions last.

    Raises:
        BadUsage: one of the two is no number of minutes up to a day.
    """
    idle, whole = _minutes(environment, IDLE, "15"), _minutes(environment, WHOLE, "480")
    return Lifetimes(idle, whole)


_NEEDED = {
    ISSUER: "the OpenID provider's address, as its tokens name it",
    CLIENT_ID: "what the provider calls this service",
}


def _minutes(environment: Mapping[str, str], name: str, otherwise: str) -> timedelta:
    text = environment.get(name) or otherwise
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= DAY:
        raise BadUsage(f"{name} is a whole number of minutes from 1 to {DAY}.")
    return timedelta(minutes=int(text))


def read_key(path: Path, setting: str) -> RSAKey | ECKey:
    """The private key that a client signs by.

    Args:
        path: of the file.
        setting: what named it, for whoever has to mend it.

    Raises:
        BadUsage: the file holds none.
    """
    try:
        key = JWKRegistry.import_key(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, JoseError):
        key = None
    if not isinstance(key, RSAKey | ECKey) or not key.is_private or not key.kid:
        raise BadUsage(f"{setting} is a file with one private JSON Web Key, RSA or EC, that has a kid.")
    return key
