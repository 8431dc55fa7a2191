"""Counts and times every request; where traces are asked for, one span for each."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.operations.metrics import Metrics
from service.operations.request_log import method_of, route_of
from service.operations.tracing import Traces


class Counting:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics, traces: Traces) -> None:
        self.app, self._metrics, self._traces = app, metrics, traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        with self._metrics.under_way.track_inprogress(), self._traces.request(scope) as span:
            try:
                await self.app(scope, receive, watched)
            finally:
                method, route = method_of(scope), route_of(scope)
                self._metrics.count_request(method, route, status, time.perf_counter() - began)
                span.end(method, route, status)
