"""How many calls one caller may make: by its network address, in this process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from data_contracts.errors import BadUsage
from service.network_address import network_address
from service.problem_document import document_for_status

RATE_LIMIT = "EQUIPOISE_RATE_LIMIT"
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
"""What watches the service has to see it while it is busy."""


def rate_limit(text: str | None) -> RateLimitItem | None:
    """A limit such as "600/minute"; None for none.

    Raises:
        BadUsage: it is not of that form.
    """
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        raise BadUsage(f"{RATE_LIMIT} is a number of calls and a time, as 600/minute or 20/second.") from None


class RateLimit:
    """ASGI middleware: 429 with `Retry-After` for a caller who made too many calls; without a limit there is none."""

    def __init__(self, app: ASGIApp, limit: RateLimitItem | None) -> None:
        self.app, self._limit = app, limit
        self._windows = MovingWindowRateLimiter(MemoryStorage()) if limit else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in UNLIMITED and (seconds := self._to_wait(scope)):
            text = f"Too many calls. Try again in {seconds} seconds."
            await document_for_status(429, text).response({"Retry-After": str(seconds)})(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _to_wait(self, scope: Scope) -> int:
        """Whole seconds until the next call is taken; 0 if this one is."""
        if self._limit is None or self._windows is None:
            return 0
        caller = network_address(scope)
        if self._windows.hit(self._limit, caller):
            return 0
        return max(1, math.ceil(self._windows.get_window_stats(self._limit, caller).reset_time - time.time()))
