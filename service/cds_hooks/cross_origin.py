"""Lets web pages of listed origins call the CDS services, and those alone, from a browser."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/cds-services"
HEADERS = ("Authorization", "Content-Type")


class CrossOrigin:
    """ASGI middleware: CORS for the addresses under `/cds-services`; without origins there is none."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self._open = (
            CORSMiddleware(
                app, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=HEADERS, max_age=600
            )
            if origins
            else app
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, with CORS where it belongs."""
        path = scope.get("path", "")
        inside = scope["type"] == "http" and (path == PREFIX or path.startswith(f"{PREFIX}/"))
        await (self._open if inside else self.app)(scope, receive, send)
