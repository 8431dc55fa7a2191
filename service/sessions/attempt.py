"""What a browser has to bring back from the provider: it left with it, sealed, in a cookie of its own.

Nothing of an attempt is kept here, so that whoever asks for the login page a million times fills no table. Each has a
cookie of its own, so that two tabs that log in at once do not disturb each other.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from data_contracts.errors import NotAuthenticated, Tampered
from service.storage.key_ring import KeyRing
from service.storage.sealed_field import Place, seal, unseal

SECONDS = 600
"""How long somebody may take at the provider's."""

STRANGE = "This login was not begun in this browser, or more than ten minutes ago. Begin anew."


class Attempt(BaseModel):
    """One way to the provider and back.

    Attributes:
        state: what the provider has to send back with the browser.
        nonce: what has to stand in the ID token.
        verifier: what the code is redeemed with (PKCE).
        after: the local address to go to then.
        at: when it began, seconds since 1970.
        ehr: the record system that launched it; empty where somebody just logs in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: str
    nonce: str
    verifier: str
    after: str
    at: int
    ehr: str = ""

    @property
    def challenge(self) -> str:
        """The verifier's hash (PKCE, S256), which goes before it."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def new_attempt(after: str, now: datetime, ehr: str = "") -> Attempt:
    """An attempt; what nobody may guess has 256 bits."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state=state, nonce=nonce, verifier=verifier, after=after, at=int(now.timestamp()), ehr=ehr)


def sealed_attempt(attempt: Attempt, ring: KeyRing) -> str:
    """An attempt as a cookie holds it."""
    sealed = seal(_secret(ring), attempt.model_dump_json().encode(), _place(attempt.state))
    return base64.urlsafe_b64encode(sealed).decode()


def opened_attempt(sealed: str, state: str, ring: KeyRing, now: datetime) -> Attempt:
    """The attempt that a cookie holds, if it is the one that the provider answers.

    Raises:
        NotAuthenticated: it is not, was changed, or is too old.
    """
    try:
        content = unseal(_secret(ring), base64.urlsafe_b64decode(sealed.encode()), _place(state))
        attempt = Attempt.model_validate_json(content)
    except (Tampered, ValueError, ValidationError):
        raise NotAuthenticated(STRANGE) from None
    if not 0 <= int(now.timestamp()) - attempt.at <= SECONDS:
        raise NotAuthenticated(STRANGE)
    return attempt


def _secret(ring: KeyRing) -> bytes:
    return bytes.fromhex(ring.keyed("attempts to log in", ""))


def _place(state: str) -> Place:
    return Place("attempts", state, "cookie")
