"""OpenTelemetry traces: sent when an OTLP endpoint is set; otherwise nothing is imported, made or sent."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeAlias

from skeldir.observability.context import current_correlation_id, current_tenant_id
from skeldir.observability.redaction import redact_text

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from skeldir.settings import Settings

Attribute: TypeAlias = str | bool | int | float
Note: TypeAlias = Callable[..., None]
"""Adds attributes to an open span: `note(status=200)`."""

# A collector that does not answer must not keep a process from ending.
_EXPORT_TIMEOUT_S = 3.0

_provider: TracerProvider | None = None


def configure_tracing(settings: Settings, *, process: str) -> None:
    """Send spans to `settings.otel_exporter_otlp_endpoint` (OTLP over HTTP, `/v1/traces` below it), if it is set.

    `process` becomes the service name `skeldir-<process>`. An earlier configuration is flushed and replaced.
    """
    global _provider  # noqa: PLW0603 - a process has one tracer, and traced code does not pass it around
    close_tracing()
    if not settings.otel_exporter_otlp_endpoint:
        return
    # Importing the SDK takes longer than most commands run, so only processes that trace import it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - see above

    exporter = OTLPSpanExporter(
        endpoint=settings.otel_exporter_otlp_endpoint.rstrip("/") + "/v1/traces",
        timeout=_EXPORT_TIMEOUT_S,
    )
    provider = TracerProvider(
        resource=Resource({"service.name": f"skeldir-{process}"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _provider = provider
    atexit.register(close_tracing)


def close_tracing() -> None:
    """Send what is still waiting, and stop tracing."""
    global _provider
    provider, _provider = _provider, None
    if provider is not None:
        atexit.unregister(close_tracing)
        provider.shutdown()


def span(
    name: str, *, traceparent: str | None = None, **attributes: Attribute
) -> AbstractContextManager[Note]:
    """Trace the block as a span called `name`, as a child of the open span or, if given, of a W3C `traceparent`.

    Yields a function that adds attributes. The work's correlation id and tenant are added at the end of the block.
    Texts are redacted, and an error is recorded by its type only, so a trace holds nothing of a tenant but its id.
    """
    if _provider is None:
        return _NOTHING
    return _traced(_provider, name, traceparent, attributes)


@contextmanager
def _traced(
    provider: TracerProvider, name: str, traceparent: str | None, attributes: dict[str, Attribute]
) -> Iterator[Note]:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - only processes that trace import it
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - see above

    parent = None
    if traceparent is not None:
        parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
    with provider.get_tracer("skeldir").start_as_current_span(
        name, context=parent, record_exception=False, set_status_on_exception=False
    ) as opened:
        _note(opened, attributes)
        try:
            yield lambda **more: _note(opened, more)
        except BaseException as fault:
            opened.set_status(Status(StatusCode.ERROR, type(fault).__name__))
            raise
        finally:
            _note_work(opened)


def _note(opened: Span, attributes: dict[str, Attribute]) -> None:
    for key, value in attributes.items():
        opened.set_attribute(key, redact_text(value) if isinstance(value, str) else value)


def _note_work(opened: Span) -> None:
    for key, known in (
        ("correlation_id", current_correlation_id()),
        ("tenant_id", current_tenant_id()),
    ):
        if known is not None:
            opened.set_attribute(key, str(known))


def _note_nothing(**_attributes: Attribute) -> None:
    return


_NOTHING: AbstractContextManager[Note] = nullcontext(_note_nothing)
