"""Asks for access tokens as SMART Backend Services has it: by a signed assertion, without any secret on the wire.

Source: HL7 SMART App Launch 2.2, Backend Services and Asymmetric Client Authentication (private_key_jwt).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from data_contracts.errors import Unreachable
from data_contracts.smart_scope import Grant, parse_grant
from experiments.bulk.registration import Registration, algorithm_of, secure_address
from experiments.bulk.wire import Wire

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240
"""How long an assertion lives; servers refuse more than five minutes."""

EARLY_SECONDS = 30
"""A token is renewed so long before it ends."""

CONFIGURATION = "/.well-known/smart-configuration"


@dataclass
class AccessToken:
    """The token of one client at one server, renewed when it ends.

    Attributes:
        server: its base address.
        registration, key: of the client.
        wire: what calls go over.
        clock: seconds since 1970.
        types: FHIR types that the token has to let its holder read; a token that reaches less is not used.
    """

    server: str
    registration: Registration
    key: ECKey | RSAKey = field(repr=False)
    wire: Wire
    clock: Callable[[], float]
    types: Sequence[str] = ()
    _token: str = field(default="", repr=False)
    _until: float = 0.0
    _endpoint: str = ""

    def headers(self) -> dict[str, str]:
        """What a call to the server carries.

        Raises:
            Unreachable: the server gives no token.
        """
        if self.clock() >= self._until - EARLY_SECONDS:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Take the token for ended: the server said so."""
        self._until = 0.0

    def _renew(self) -> None:
        endpoint = self._endpoint = self._endpoint or self.registration.token_endpoint or self._discovered()
        form = {
            "grant_type": "client_credentials",
            "scope": self.registration.scope,
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(endpoint),
        }
        answer = self.wire.send("POST", endpoint, data=form)
        if answer.status != 200:
            code = _error_of(answer.json())
            step = "Is this client registered there, with the public half of this key, for this scope?"
            raise Unreachable(f"The authorization server gave no token: {answer.status}{code}. {step}")
        told = answer.json()
        token, lasts = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or str(told.get("token_type")).lower() != "bearer":
            raise Unreachable("The authorization server's answer holds no bearer token.")
        granted = told.get("scope")
        self._check(parse_grant(granted) if isinstance(granted, str) else self.registration.asked)
        self._token, self._until = token, self.clock() + (lasts if isinstance(lasts, int | float) else 300)

    def _check(self, granted: Grant) -> None:
        """Refuse a token that would leave records out without a word (RFC 6749: a server may grant less)."""
        if short := unread(self.types, granted):
            step = "Have them granted, or leave them out: --types."
            raise Unreachable(f"The authorization server granted less than all of {', '.join(short)}. {step}")

    def _assertion(self, endpoint: str) -> str:
        now, name = int(self.clock()), self.registration.client_id
        algorithm = algorithm_of(self.key)
        header = {"alg": algorithm, "kid": self.key.kid, "typ": "JWT"}
        claims: dict[str, Any] = {"iss": name, "sub": name, "aud": endpoint, "jti": str(uuid4())}
        claims |= {"iat": now, "exp": now + ASSERTION_SECONDS}
        return jwt.encode(header, claims, self.key, algorithms=[algorithm])

    def _discovered(self) -> str:
        answer = self.wire.send("GET", self.server + CONFIGURATION)
        found = answer.json().get("token_endpoint") if answer.status == 200 else None
        try:
            return secure_address(str(found))
        except ValueError:
            step = "Name the token_endpoint in the client's file."
            raise Unreachable(f"The server's {CONFIGURATION} names no token endpoint with https. {step}") from None


def unread(types: Sequence[str], grant: Grant) -> list[str]:
    """The types that a grant does not let a client read whole; one that is narrowed by a query is among them."""
    return [one for one in types if not grant.allows(one, "r", ("system",))]


def _error_of(told: dict[str, Any]) -> str:
    """The code of an OAuth error, if it is one of the known words; never the server's own text."""
    code = told.get("error")
    known = ("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type")
    return f", {code}" if code in (*known, "invalid_scope") else ""
