"""Traces by OpenTelemetry, where `EQUIPOISE_TRACES` names a collector; otherwise none are made.

A span has the method, the address's template, the status and how long it took: no address as it was called, no query,
no header, no message of an error, nothing of a patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import Scope

from data_contracts.errors import BadUsage
from service.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

TRACES = "EQUIPOISE_TRACES"


class RequestSpan:
    """The span of one request; without traces it is none."""

    def __init__(self, span: Span | None = None) -> None:
        self._span = span

    def end(self, method: str, route: str, status: int) -> None:
        """Say what came of the request."""
        if self._span is None:
            return
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
        if status >= 500:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR))


class Traces:
    """Makes spans, or none.

    Args:
        provider: whose spans are sent; None makes none.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("equipoise", VERSION) if provider else None

    @contextmanager
    def request(self, scope: Scope) -> Iterator[RequestSpan]:
        """A span around a request, below the caller's own if `traceparent` names one; `tracestate` is dropped."""
        if self._tracer is None:
            yield RequestSpan()
            return
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = Headers(scope=scope).get("traceparent")
        context = TraceContextTextMapPropagator().extract({"traceparent": parent} if parent else {})
        with self._tracer.start_as_current_span(
            "request", context, SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            yield RequestSpan(span)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A span around a step of the request that is under way."""
        if self._tracer is None:
            yield
            return
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
            yield

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()


def traces_to(address: str | None) -> Traces:
    """Traces that go to a collector (OTLP over HTTP), None for none.

    Raises:
        BadUsage: it is no address, or the exporter is not installed.
    """
    if address is None:
        return Traces()
    if not address.startswith(("http://", "https://")):
        raise BadUsage(f"{TRACES} is the address of a collector, as http://collector:4318/v1/traces.")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ModuleNotFoundError:
        raise BadUsage(
            f"{TRACES} is set, and the exporter is not installed: pip install 'equipoise[traces]'."
        ) from None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "equipoise", "service.version": VERSION}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return Traces(provider)
