"""When a call is made again, and after how long: what RFC 9110 and the service's promises allow."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import httpx

from service.client.calls import Call

BUSY = frozenset({429, 503})
"""Nothing was done: the service keeps nothing of a call that ends so."""


@dataclass(frozen=True)
class Patience:
    """How patient a client is.

    Attributes:
        attempts: how often a call is made at most, 1 or more.
        first, longest: seconds; the wait doubles from the one up to the other, and is drawn below that at random.
    """

    attempts: int = 4
    first: float = 0.2
    longest: float = 20.0

    def wait(self, call: Call[Any], made: int, outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds until the call is made again; None if it is not.

        Args:
            call: which.
            made: how often it was made.
            outcome: what came of it last.
        """
        if made >= self.attempts:
            return None
        if isinstance(outcome, httpx.TransportError):
            never_sent = isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            return self._drawn(made) if call.again or never_sent else None
        if outcome.status_code not in BUSY:
            return None
        asked = outcome.headers.get("retry-after", "")
        if not asked.isdigit():
            return self._drawn(made)
        return float(asked) if float(asked) <= self.longest else None

    def _drawn(self, made: int) -> float:
        return random.uniform(0, min(self.longest, self.first * 2 ** (made - 1)))
