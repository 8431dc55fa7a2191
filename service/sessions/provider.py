"""Where a provider of identities answers, as its discovery document says; asked again as it ages."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from data_contracts.errors import NotReady
from service.access.access_file import secure_url
from service.access.issuer_keys import DISCOVERY, FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, Fetch, fetch_json

AWAY = "The provider of identities does not say where it answers, so nobody can log in. Try again soon."


@dataclass(frozen=True)
class Provider:
    """A provider's addresses, and how it takes a client's proof.

    Attributes:
        issuer: what it calls itself.
        authorization: where a browser is sent.
        token: where a code is redeemed.
        end_session: where somebody signs out there; None if it does not say.
        takes_posted: whether it takes secrets in the body, and not as Basic authentication.
        algorithms: by which a client may sign; empty if it does not say.
        names_itself: whether it tells with a code who gave it (RFC 9207).
        document: all that it says of itself.
    """

    issuer: str
    authorization: str
    token: str
    end_session: str | None = None
    takes_posted: bool = False
    algorithms: tuple[str, ...] = ()
    names_itself: bool = False
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def read_provider(document: Mapping[str, Any], issuer: str) -> Provider:
    """The provider of a discovery document (OpenID's, or SMART's, which has the same names).

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none of this issuer, or names an address that is not
            encrypted.
    """
    if document.get("issuer", issuer) != issuer:
        raise ValueError("another issuer")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    ending = document.get("end_session_endpoint")
    return Provider(
        issuer=issuer,
        authorization=_endpoint(document["authorization_endpoint"]),
        token=_endpoint(document["token_endpoint"]),
        end_session=_endpoint(ending) if ending else None,
        takes_posted="client_secret_basic" not in methods and "client_secret_post" in methods,
        algorithms=tuple(document.get("token_endpoint_auth_signing_alg_values_supported") or ()),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        document=document,
    )


class KnownProvider:
    """A provider that is asked where it answers when somebody is sent there, and then not for a while.

    Args:
        issuer: what it calls itself, and its address; no other place is asked.
        fetch: gets a JSON document.
        clock: seconds that only grow.
        path: of the document, below that address.
        at: where it is asked, if that is not the issuer's address: a record system's FHIR server.
    """

    def __init__(
        self,
        issuer: str,
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.monotonic,
        path: str = DISCOVERY,
        at: str | None = None,
    ) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch, clock
        self._address = (at or issuer).rstrip("/") + path
        self._known: Provider | None = None
        self._fetched = self._asked = float("-inf")
        self._lock = Lock()

    def __call__(self) -> Provider:
        """The provider.

        Raises:
            NotReady: it cannot be asked, and what it said last is too old.
        """
        with self._lock:
            if self._clock() - self._fetched > FRESH_SECONDS:
                self._renew()
            if self._known is None or self._clock() - self._fetched > STALE_SECONDS:
                raise NotReady(AWAY)
            return self._known

    def _renew(self) -> None:
        if self._clock() - self._asked < PAUSE_SECONDS:
            return
        self._asked = self._clock()
        try:
            self._known = read_provider(self._fetch(self._address), self._issuer)
            self._fetched = self._clock()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            return


def _endpoint(text: str) -> str:
    """An address that may be asked; unlike an issuer's it may have a query."""
    parts = urlsplit(text)
    secure_url(urlunsplit(parts._replace(query="")))
    return text
