"""Logs each request by the template of its route, and gives it an id that answer and log share."""

from __future__ import annotations

from time import perf_counter
from uuid import UUID, uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, get_contextvars

from service.operations.log import LOG, METHODS

HEADER = b"x-request-id"
UNMATCHED = "unmatched"


class RequestLog:
    """ASGI middleware, the outermost. What a caller sent as an id is not taken over: it might be anything."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, and log it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given, status, start = str(uuid4()), 0, perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER, given.encode())]}
            await send(message)

        with bound_contextvars(request_id=given):
            try:
                await self.app(scope, receive, named)
            finally:
                LOG.info(
                    "request",
                    method=method_of(scope),
                    route=route_of(scope),
                    status=status or None,
                    ms=round((perf_counter() - start) * 1e3, 2),
                )


def request_id() -> UUID:
    """The id of the request that is being answered; a new one outside of requests."""
    bound = get_contextvars().get("request_id")
    return UUID(bound) if bound else uuid4()


def route_of(scope: Scope) -> str:
    """The template of the route that answers a request, known once it was matched; never the address itself."""
    return str(getattr(scope.get("route"), "path", UNMATCHED))


def method_of(scope: Scope) -> str:
    """The request's method, if it is one of HTTP's own: a caller may send any word."""
    return scope["method"] if scope["method"] in METHODS else "other"
