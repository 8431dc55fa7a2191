"""Traces: one span a request, its steps within, and nothing of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from data_contracts.errors import BadUsage
from service.app import create_app
from service.collaborators import Collaborators
from service.operations.operations import Operations
from service.operations.tracing import Traces, traces_to
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
CANARY = "Zebediah-Canary"


@pytest.fixture
def traced(served: ServedPolicy, store: Store) -> Iterator[tuple[Any, Any]]:
    """A client of a service that makes traces, and where its spans are."""
    from fastapi.testclient import TestClient
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    operations = Operations(traces=Traces(provider))
    yield TestClient(create_app(Collaborators(lambda: served, store, (), operations=operations))), spans
    operations.traces.close()


def test_a_request_and_its_steps(traced: tuple[Any, Any], profile: dict[str, Any]) -> None:
    """The span has method, template and status, hangs below the caller's, and holds the steps of the answer."""
    client, spans = traced
    # pragma: allowlist nextline secret
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    client.post(URL, json=profile, headers={"traceparent": f"00-{trace}-{parent}-01"})
    recommended, kept, request = spans.get_finished_spans()
    assert (recommended.name, kept.name, request.name) == ("recommend", "keep", f"POST {URL}")
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": URL,
        "http.response.status_code": 201,
    }
    assert format(request.context.trace_id, "032x") == trace
    assert format(request.parent.span_id, "016x") == parent
    assert recommended.parent.span_id == kept.parent.span_id == request.context.span_id


def test_nothing_of_a_patient(traced: tuple[Any, Any], profile: dict[str, Any]) -> None:
    """Identifiers, ids, queries, headers, a caller's tracestate and errors stand in no span."""
    client, spans = traced
    headers = {
        "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
        "tracestate": f"x={CANARY}",
        "Authorization": f"Bearer {CANARY}",
        "baggage": f"patient={CANARY}",
    }
    where = client.post(URL, json={**profile, "patient_id": CANARY}, headers=headers).headers["location"]
    client.get(f"{where}?{CANARY}", headers=headers)
    client.get(f"/{CANARY}", headers=headers)
    client.post(URL, json={CANARY: CANARY}, headers=headers)
    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert len(spans.get_finished_spans()) == 6
    assert CANARY not in told
    assert where.rpartition("/")[2] not in told


def test_reaches_a_collector(served: ServedPolicy, store: Store, profile: dict[str, Any]) -> None:
    """Spans are sent to the collector that is named (OTLP over HTTP)."""
    from fastapi.testclient import TestClient

    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever)
    thread.start()
    operations = Operations(traces=traces_to(f"http://127.0.0.1:{server.server_port}/v1/traces"))
    TestClient(create_app(Collaborators(lambda: served, store, (), operations=operations))).post(URL, json=profile)
    operations.traces.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert [path for path, _ in got] == ["/v1/traces"]
    assert got[0][1]


def test_none_unless_asked_for(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the setting no span is made; what is no address is one clear error."""
    with traces_to(None).request({"type": "http", "headers": []}) as span:
        assert span._span is None
    with pytest.raises(BadUsage, match="EQUIPOISE_TRACES"):
        traces_to("collector")


def test_installed_only_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment without the exporter is told which extra brings it."""
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(BadUsage, match=r"equipoise\[traces\]"):
        traces_to("http://collector:4318/v1/traces")
