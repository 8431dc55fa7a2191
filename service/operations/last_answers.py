"""While the process drains, answers ask their callers to come back by another connection."""

from __future__ import annotations

from threading import Event

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LastAnswers:
    """ASGI middleware: `Connection: close` while draining, so that no kept connection is cut under a new request."""

    def __init__(self, app: ASGIApp, draining: Event) -> None:
        self.app, self._draining = app, draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self._draining.is_set():
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"connection"]
                message = {**message, "headers": [*kept, (b"connection", b"close")]}
            await send(message)

        await self.app(scope, receive, closing)
