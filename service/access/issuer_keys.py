"""An issuer's public keys: from a file, or from an OpenID provider, cached and fetched anew when they change."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import httpx
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey

from data_contracts.errors import BadInput, NotReady, Problem
from service.access.access_file import TrustedIssuer, secure_url

FRESH_SECONDS = 600
"""How long keys are used before they are fetched again: a key that the provider withdrew is believed no longer."""

STALE_SECONDS = 3600
"""How long the last keys are used while the provider cannot be asked."""

PAUSE_SECONDS = 10
"""The least time between two fetches, so that tokens with made-up key ids cannot make us flood a provider."""

TIMEOUT, MAX_BYTES, MIN_RSA_BITS = 5.0, 256 * 1024, 2048
DISCOVERY = "/.well-known/openid-configuration"

Fetch = Callable[[str], Any]


class IssuerKeys(Protocol):
    """Where an issuer's keys come from."""

    def find(self, kid: str) -> tuple[Key, ...]:
        """The keys of this id; empty if there is none."""


class FiledKeys:
    """Keys of the configuration.

    Raises:
        BadInput: the file is no key set, or one of its keys is private, weak or none that signs.
    """

    def __init__(self, path: Path) -> None:
        try:
            held = json.loads(path.read_text(encoding="utf-8"))["keys"]
            self._keys = tuple(_usable(one) for one in held)
        except (OSError, ValueError, KeyError, TypeError, JoseError):
            self._keys = ()
        if not self._keys or any(not key.kid for key in self._keys):
            step = "Give public RSA (2048 bits or more) or EC (P-256, P-384) keys, each with a kid."
            raise BadInput([Problem(path.name, "a JSON Web Key Set of public keys", "something else", step)])

    def find(self, kid: str) -> tuple[Key, ...]:
        """The keys of this id."""
        return _named(self._keys, kid)


class ProvidedKeys:
    """Keys of an OpenID provider, at the address that its discovery document names.

    Args:
        issuer: the provider's address; no other place is ever asked, whatever a token says.
        fetch: gets a JSON document.
        clock: seconds that only grow.
    """

    def __init__(self, issuer: str, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch or fetch_json, clock
        self._keys: tuple[Key, ...] = ()
        self._fetched = self._asked = float("-inf")
        self._lock = Lock()

    def find(self, kid: str) -> tuple[Key, ...]:
        """The keys of this id; if it is new, the provider is asked whether its keys changed.

        Raises:
            NotReady: the provider cannot be asked, and the last keys are too old.
        """
        with self._lock:
            if self._clock() - self._fetched > FRESH_SECONDS or not _named(self._keys, kid):
                self._renew()
            if self._clock() - self._fetched > STALE_SECONDS:
                raise NotReady("The provider of identities gives no keys, so no token can be checked. Try again soon.")
            return _named(self._keys, kid)

    def _renew(self) -> None:
        if self._clock() - self._asked < PAUSE_SECONDS:
            return
        self._asked = self._clock()
        try:
            document = self._fetch(self._issuer.rstrip("/") + DISCOVERY)
            if document["issuer"] != self._issuer:
                return
            held = self._fetch(secure_url(document["jwks_uri"]))["keys"]
            self._keys, self._fetched = tuple(_all_usable(held)), self._clock()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            return


def keys_of(issuer: TrustedIssuer) -> IssuerKeys:
    """The keys of an issuer, as the access file says.

    Raises:
        BadInput: its file of keys is none.
    """
    return FiledKeys(issuer.keys) if issuer.keys else ProvidedKeys(issuer.issuer)


def fetch_json(address: str) -> Any:
    """Get a JSON document; no redirect is followed.

    Raises:
        httpx.HTTPError, ValueError: it cannot be had, is too long, or is not JSON.
    """
    body = bytearray()
    with httpx.stream("GET", address, timeout=TIMEOUT, follow_redirects=False) as answer:
        if answer.status_code != 200:
            raise ValueError("another answer than 200")
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise ValueError("too long")
    return json.loads(bytes(body))


def _named(keys: Iterable[Key], kid: str) -> tuple[Key, ...]:
    return tuple(key for key in keys if key.kid == kid)


def _all_usable(held: Iterable[Any]) -> Iterable[Key]:
    """What of a provider's key set signs tokens that we accept; a provider may hold other keys beside."""
    for one in held:
        try:
            yield _usable(one)
        except (ValueError, KeyError, TypeError, JoseError):
            continue


def _usable(held: Any) -> Key:
    """A public key that checks signatures.

    Raises:
        ValueError, KeyError, TypeError, JoseError: it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", SecurityWarning)  # what the library warns of is not used at all
        try:
            key = JWKRegistry.import_key(held)
        except SecurityWarning:
            raise ValueError("too short") from None
    if not isinstance(key, RSAKey | ECKey) or key.is_private:
        raise ValueError("neither a public RSA nor a public EC key")
    if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:  # should the library warn no more
        raise ValueError("too short")
    key.check_use("sig")
    key.check_key_op("verify")
    return key
