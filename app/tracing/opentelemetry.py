"""Spans by OpenTelemetry, sent to a collector by OTLP; imported where traces are on.

The provider is ours alone and never the process's: nothing that looks for a global one,
as FastAPI and many libraries do, adds spans with query strings and texts of errors.
"""

from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from app.tracing.span import Kind, Span, Words, read_traceparent

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
_TIMEOUT = 5.0  # seconds that the collector has for a batch
_FLUSH = 2_000  # milliseconds at the end of the process


class OtelSpan:
    """A span of ours, as OpenTelemetry has it."""

    def __init__(self, tracer: Tracer, span: Any) -> None:
        """Hold one that has begun."""
        self._tracer = tracer
        self._span = span

    @property
    def trace_id(self) -> str:
        """The id of the whole, 32 hex digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def traceparent(self) -> str:
        """What others are told (W3C Trace Context section 3.2)."""
        found = self._span.get_span_context()
        span, flags = f"{found.span_id:016x}", f"{int(found.trace_flags):02x}"
        return f"00-{self.trace_id}-{span}-{flags}"

    def child(self, name: str, kind: Kind, words: Words) -> Span:
        """Begin a part of it."""
        begun = self._tracer.start_span(
            name,
            set_span_in_context(self._span),
            _KINDS[kind],
            dict(words),
        )
        return OtelSpan(self._tracer, begun)

    def describe(self, name: str, words: Words) -> None:
        """Say better what it is."""
        self._span.update_name(name)
        self._span.set_attributes(dict(words))

    def fail(self, kind: str) -> None:
        """Say that it went wrong; no description, which could quote somebody."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """Hand it to the thread that sends."""
        self._span.end()


class OtelTracing:
    """Begins traces, and sends what ended; a queue that is full loses spans."""

    def __init__(
        self,
        endpoint: str,
        *,
        headers: dict[str, str],
        sample: float,
        service: dict[str, str],
    ) -> None:
        """Begin; a thread sends.

        Args:
            endpoint: Of the collector, with the path.
            headers: That it wants.
            sample: Share of the traces that begin here which are told.
            service: What says who tells.
        """
        exporter = OTLPSpanExporter(endpoint, headers=headers, timeout=_TIMEOUT)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample)),
            resource=Resource(dict(service)),
            span_limits=SpanLimits(max_attributes=32, max_attribute_length=128),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("auth-serve")

    def begin(self, name: str, kind: Kind, parent: str | None, *, trusts: bool) -> Span:
        """Begin a trace here, or go on with somebody else's.

        Args:
            name: What begins.
            kind: Which side of a call it is.
            parent: A ``traceparent``, if there was one.
            trusts: Whether it counts; else it is only named as what came before, for
                strangers do not choose what is told, nor whose trace it is in.
        """
        found = _remote(parent)
        context = None
        if found is not None and trusts:
            context = set_span_in_context(NonRecordingSpan(found))
        links = [Link(found)] if found is not None and not trusts else []
        begun = self._tracer.start_span(name, context, _KINDS[kind], links=links)
        return OtelSpan(self._tracer, begun)

    def flush(self) -> None:
        """Send what has ended; blocks."""
        self._provider.force_flush(_FLUSH)

    def close(self) -> None:
        """Send what has ended, and end the thread; blocks."""
        self.flush()
        self._provider.shutdown()


def _remote(parent: str | None) -> SpanContext | None:
    found = read_traceparent(parent)
    if found is None:
        return None
    trace, span, flags = found
    sampled = TraceFlags(flags & TraceFlags.SAMPLED)
    return SpanContext(trace, span, is_remote=True, trace_flags=sampled)
