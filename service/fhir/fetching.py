"""Fetches from a record system what it did not prefetch, by the leave that came with the call.

Only a server that the deployment lists is ever asked, whatever a call names: nobody can make it ask elsewhere.
No redirect is followed and no page that lies elsewhere. The token is used for the call that it came with and not kept.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import httpx
from pydantic import SecretStr

SECONDS = 4.0
"""How long all that is fetched for one call may take together; a card that comes later is not looked at."""

MOST_BYTES, MOST_PAGES = 8 * 1024 * 1024, 10
AT_ONCE = 10
"""Searches of one call that run at the same time: as many as there are prefetch templates."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses, which name the patient


class FhirReads:
    """Reads from listed FHIR servers.

    Args:
        servers: base addresses, without a slash at their end.
        transport: what httpx sends by; None is the network.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        servers: Sequence[str],
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers, self._clock = frozenset(servers), clock
        limits = httpx.Limits(max_connections=4 * AT_ONCE, max_keepalive_connections=AT_ONCE)
        self._client = httpx.Client(follow_redirects=False, transport=transport, limits=limits, timeout=SECONDS)
        self._pool = ThreadPoolExecutor(4 * AT_ONCE, "fhir-reads")
        self._failed: dict[str, str] = {}
        self._lock = Lock()

    def close(self) -> None:
        """Close all connections."""
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def knows(self, server: str) -> bool:
        """Whether the deployment lists this server."""
        return server.rstrip("/") in self._servers

    def failures(self) -> dict[str, str]:
        """The servers whose last read failed, each with how."""
        with self._lock:
            return dict(self._failed)

    def fetch(self, server: str, token: SecretStr, queries: Mapping[str, str]) -> dict[str, Any]:
        """What the server gives for each query, by its key; what it does not give is left out.

        Args:
            server: base address, as a call names it; one that is not listed gives nothing.
            token: the leave to read.
            queries: reads and searches, relative to the server.
        """
        if not self.knows(server):
            return {}
        base, until = server.rstrip("/"), self._clock() + SECONDS
        running = {key: self._pool.submit(self._whole, base, token, query, until) for key, query in queries.items()}
        found = {key: one.result() for key, one in running.items()}
        return {key: held for key, held in found.items() if held is not None}

    def _whole(self, base: str, token: SecretStr, query: str, until: float) -> Any:
        """A resource, or the bundle of all pages of a search; with its link to the next where there are more."""
        whole = page = self._read(base, token, f"{base}/{query}", until)
        if whole is None:
            return None
        for _ in range(MOST_PAGES - 1):
            address = _next(page)
            if address is None or not address.startswith((f"{base}/", f"{base}?")):
                break
            page = self._read(base, token, address, until)
            if page is None:
                break
            whole = {**page, "entry": [*(whole.get("entry") or []), *(page.get("entry") or [])]}
        return whole

    def _read(self, base: str, token: SecretStr, address: str, until: float) -> dict[str, Any] | None:
        """The JSON object at an address; None if it cannot be had."""
        try:
            held = self._got(token, address, until)
        except _Refused:  # this one read, and not the server, is at fault
            return None
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            with self._lock:
                self._failed[base] = type(error).__name__
            return None
        with self._lock:
            self._failed.pop(base, None)
        return held if isinstance(held, dict) else None

    def _got(self, token: SecretStr, address: str, until: float) -> Any:
        """The JSON at an address.

        Raises:
            _Refused: the server does not give it.
            httpx.HTTPError, ValueError: it fails, or its answer is too late, too long or no JSON.
        """
        headers = {"Authorization": f"Bearer {token.get_secret_value()}", "Accept": "application/fhir+json"}
        body = bytearray()
        if (left := until - self._clock()) <= 0:
            raise httpx.ReadTimeout("no time was left")
        with self._client.stream("GET", address, headers=headers, timeout=left) as answer:
            if answer.status_code != 200:
                if answer.status_code < 500:
                    raise _Refused
                raise httpx.RemoteProtocolError("it failed")
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise ValueError("too long")
                if self._clock() > until:
                    raise httpx.ReadTimeout("too slow")
        return json.loads(bytes(body))


class _Refused(Exception):
    """The server does not give what was asked for."""


def _next(page: Any) -> str | None:
    links = page.get("link") if isinstance(page, dict) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None
