"""Spans as a collector on the loopback receives them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from skeldir.observability.context import note_tenant, work_context
from skeldir.observability.tracing import close_tracing, configure_tracing, span
from skeldir.settings import Settings


@dataclass
class Collector:
    """Keeps what was posted to it."""

    endpoint: str
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def read(self) -> dict[str, Span]:
        """Return the spans that arrived, by name."""
        return {
            one.name: one
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for one in scope.spans
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.paths.append(self.path)
            collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield collector
    close_tracing()
    server.shutdown()
    server.server_close()
    thread.join()


def values(one: Span) -> dict[str, object]:
    return {a.key: getattr(a.value, str(a.value.WhichOneof("value"))) for a in one.attributes}


def test_spans_arrive_with_their_work_and_below_each_other(collector: Collector) -> None:
    configure_tracing(Settings(otel_exporter_otlp_endpoint=collector.endpoint + "/"), process="api")
    correlation_id, tenant_id = uuid4(), uuid4()
    with work_context(correlation_id), span("http.request", method="POST") as note:
        with span("db.transaction"):
            note_tenant(tenant_id)
        note(status=200)
    close_tracing()
    assert set(collector.paths) == {"/v1/traces"}
    spans = collector.read()
    assert spans["db.transaction"].parent_span_id == spans["http.request"].span_id
    assert values(spans["http.request"]) == {
        "method": "POST",
        "status": 200,
        "correlation_id": str(correlation_id),
        "tenant_id": str(tenant_id),
    }
    assert b"skeldir-api" in collector.bodies[0]


def test_a_span_continues_the_trace_that_its_caller_began(collector: Collector) -> None:
    configure_tracing(Settings(otel_exporter_otlp_endpoint=collector.endpoint), process="api")
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    for name, traceparent in (
        ("known", f"00-{trace}-{parent}-01"),
        ("unsampled", f"00-{trace}-{parent}-00"),
        ("broken", "00-nonsense"),
    ):
        with span(name, traceparent=traceparent):
            pass
    close_tracing()
    spans = collector.read()
    assert set(spans) == {"known", "broken"}
    assert (spans["known"].trace_id.hex(), spans["known"].parent_span_id.hex()) == (trace, parent)
    assert spans["broken"].trace_id.hex() != trace


def test_nothing_of_a_tenant_but_its_id_leaves_with_a_trace(collector: Collector) -> None:
    configure_tracing(Settings(otel_exporter_otlp_endpoint=collector.endpoint), process="worker")
    with (
        pytest.raises(ValueError, match="Ann"),
        work_context(uuid4(), uuid4()),
        span("jobs.run", kind="attribution.credit", note="for ann@example.com"),
    ):
        raise ValueError("Ann Smith, ann@example.com, order R-991")
    close_tracing()
    (sent,) = collector.bodies
    assert not [part for part in (b"ann@", b"Ann", b"R-991") if part in sent]
    failed = collector.read()["jobs.run"]
    assert (failed.status.code, failed.status.message) == (Status.STATUS_CODE_ERROR, "ValueError")
    assert not failed.events
    assert set(values(failed)) == {"kind", "note", "correlation_id", "tenant_id"}


def test_without_an_endpoint_nothing_is_sent(collector: Collector) -> None:
    configure_tracing(Settings(otel_exporter_otlp_endpoint=collector.endpoint), process="api")
    configure_tracing(Settings(), process="api")
    with span("http.request", method="GET") as note:
        note(status=200)
    close_tracing()
    assert collector.bodies == []


def test_without_an_endpoint_the_sdk_is_not_even_imported() -> None:
    script = (
        "import sys\n"
        "from skeldir.observability.tracing import configure_tracing, span\n"
        "from skeldir.settings import Settings\n"
        "configure_tracing(Settings(), process='api')\n"
        "with span('http.request', traceparent='x') as note: note(status=200)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


@pytest.mark.slow
def test_an_unreachable_collector_stops_nothing() -> None:
    configure_tracing(Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:9"), process="api")
    with span("http.request"):
        pass
    close_tracing()
