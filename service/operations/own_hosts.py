"""In local mode answers only callers who name this machine.

A page of another site may have its own name lead to 127.0.0.1 (DNS rebinding); a browser then takes the service for
that site, and lets its scripts read all of it. What such a call says in `Host` is that site's name.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.access_file import is_loopback
from service.problem_document import document_for_status

MISDIRECTED = 421
DETAIL = (
    "In local mode the service answers calls to this machine by its own names alone: localhost, 127.0.0.1 or [::1]."
)


class OwnHosts:
    """ASGI middleware: 421 for a call to another name, to none, or to two."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or refuse it."""
        if scope["type"] == "http" and not _is_own([value for name, value in scope["headers"] if name == b"host"]):
            await document_for_status(MISDIRECTED, DETAIL).response()(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_own(hosts: list[bytes]) -> bool:
    if len(hosts) != 1:
        return False
    text = hosts[0].decode("latin-1")
    name, _, port = text.rpartition(":") if not text.endswith("]") and ":" in text else (text, "", "")
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    return (not port or (port.isascii() and port.isdigit())) and is_loopback(bare)
