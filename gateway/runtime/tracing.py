"""Traces, for whoever looks for where time goes: spans from a request to the checkpoint that covers its records.

A request's span is a child of its caller's (W3C `traceparent`) and has two steps: `examination` and `durable commit`. A
batch is a trace of its own, since it holds records of many requests: `batch`, with the steps `sealing`, `send` (one an
attempt), `anchored` and `covered`; its links lead to the requests that brought its records.

Off unless a settings field turns it on; then every call returns at once. Nothing personal can stand in a span: a step
takes whole numbers alone, a request its method, the pattern of its route and its status, a fault the name of its class.
What is kept here is in memory and bounded: after a restart a batch has no links to what was accepted before.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, SpanContext

SERVICE = "tongguan-gateway"
LINKS_MAX = 128
"""Links of one batch; how many requests were left out stands in `tongguan.links_left_out`."""
RECORDS_REMEMBERED_MAX = 100_000
"""Records whose request is remembered until they are sealed."""
BATCHES_REMEMBERED_MAX = 4_096
"""Batches that are remembered until they are anchored, and until they are covered."""
_TRACEPARENT = re.compile(
    rb"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
).fullmatch
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

K = TypeVar("K")
V = TypeVar("V")


class Tracing:
    """What a gateway tells of its requests and batches: nothing, unless it is `Traces`."""

    def request(self, method: str, traceparent: bytes) -> AbstractContextManager[RequestTrace]:
        """The span of one request, a child of its caller's where that is named."""
        return _NO_REQUEST

    def step(self, name: str, **counts: int) -> AbstractContextManager[None]:
        """A step of the request that this thread or task serves."""
        return _NOTHING

    def brought(self, record_ids: Iterable[str]) -> None:
        """The records that the request at hand brought, for their batches to link to."""

    def sealed(self, batch: int, record_ids: Iterable[str], began_ns: int, entries: int) -> None:
        """A batch was written, with these records; the outbox's number names it until it is anchored."""

    def batch_step(self, batch: int, name: str, **counts: int) -> AbstractContextManager[None]:
        """A step of a batch."""
        return _NOTHING

    def anchored(self, batch: int, index: int, records: int) -> None:
        """The batch stands on the chain, under this index."""

    def dissolved(self, batch: int) -> None:
        """The batch will never be sent."""

    def covered(self, batch_count: int) -> None:
        """A checkpoint covers the first `batch_count` batches of the chain."""

    def close(self) -> None:
        """Writes what is left."""


class RequestTrace(Protocol):
    """The span of one request."""

    @property
    def trace_id(self) -> str:
        """32 hex digits; empty where traces are off."""

    def answered(self, route: str, status: int) -> None:
        """The pattern of the route that served it, and what it was answered with; 0 where it was not."""


class _NoRequest:
    trace_id = ""

    def answered(self, route: str, status: int) -> None:
        """Nothing is told."""


_NOTHING: AbstractContextManager[None] = nullcontext()
_NO_REQUEST: AbstractContextManager[RequestTrace] = nullcontext(_NoRequest())


class Traces(Tracing):
    """Tells of requests and batches by the OpenTelemetry SDK. Safe to call from many threads."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("gateway")
        self._lock = threading.Lock()
        self._requests: OrderedDict[str, SpanContext] = OrderedDict()
        """By record id, until it is sealed."""
        self._open: OrderedDict[int, Span] = OrderedDict()
        """By the batch's number in the outbox, until it is anchored."""
        self._anchored: OrderedDict[int, tuple[SpanContext, int]] = OrderedDict()
        """By the batch's index on the chain, with the time of its anchoring, until it is covered."""

    @contextmanager
    def request(self, method: str, traceparent: bytes) -> Iterator[RequestTrace]:
        from opentelemetry.trace import SpanKind

        said = method if method in _METHODS else "_OTHER"
        about = {"http.request.method": said}
        with _quietly(self._tracer.start_span(said, _caller(traceparent), SpanKind.SERVER, about)) as span:
            yield _Request(span, said)

    @contextmanager
    def step(self, name: str, **counts: int) -> Iterator[None]:
        with _quietly(self._tracer.start_span(name, attributes=_named(counts))):
            yield

    def brought(self, record_ids: Iterable[str]) -> None:
        from opentelemetry.trace import get_current_span

        context = get_current_span().get_span_context()
        if not context.is_valid:
            return
        with self._lock:
            for record_id in record_ids:
                _remember(self._requests, record_id, self._requests.get(record_id, context), RECORDS_REMEMBERED_MAX)

    def sealed(self, batch: int, record_ids: Iterable[str], began_ns: int, entries: int) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import Link

        ids = [*record_ids]
        with self._lock:
            found = [self._requests.pop(one, None) for one in ids]
        # An upload brings many records of a batch: one link leads to it.
        contexts = [*{one.span_id: one for one in found if one is not None}.values()]
        links = [Link(one) for one in contexts[:LINKS_MAX]]
        counts = {"records": len(ids), "entries": entries, "links_left_out": len(contexts) - len(links)}
        span = self._tracer.start_span("batch", Context(), attributes=_named(counts), links=links, start_time=began_ns)
        self._tracer.start_span("sealing", _under(span), start_time=began_ns).end()
        with self._lock:
            _remember(self._open, batch, span, BATCHES_REMEMBERED_MAX)

    @contextmanager
    def batch_step(self, batch: int, name: str, **counts: int) -> Iterator[None]:
        with _quietly(self._tracer.start_span(name, _under(self._batch(batch)), attributes=_named(counts))):
            yield

    def anchored(self, batch: int, index: int, records: int) -> None:
        span = self._batch(batch)
        for name, value in _named({"batch": index, "records": records}).items():
            span.set_attribute(name, value)
        span.end()
        with self._lock:
            self._open.pop(batch, None)
            _remember(self._anchored, index, (span.get_span_context(), time.time_ns()), BATCHES_REMEMBERED_MAX)

    def dissolved(self, batch: int) -> None:
        span = self._batch(batch)
        span.set_attribute("tongguan.dissolved", 1)
        span.end()
        with self._lock:
            self._open.pop(batch, None)

    def covered(self, batch_count: int) -> None:
        from opentelemetry.trace import NonRecordingSpan

        with self._lock:
            done = [(index, self._anchored.pop(index)) for index in [*self._anchored] if index < batch_count]
        for index, (context, since_ns) in done:
            about = _named({"batch": index, "checkpoint_batches": batch_count})
            under = _under(NonRecordingSpan(context))
            self._tracer.start_span("covered", under, attributes=about, start_time=since_ns).end()

    def close(self) -> None:
        self._provider.shutdown()

    def _batch(self, batch: int) -> Span:
        """The span of a batch; a new one for a batch that was sealed before this gateway started."""
        from opentelemetry.context import Context

        with self._lock:
            span = self._open.get(batch)
            if span is None:
                span = self._tracer.start_span("batch", Context(), attributes={"tongguan.resumed": 1})
                _remember(self._open, batch, span, BATCHES_REMEMBERED_MAX)
            return span


class _Request:
    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method
        self.trace_id = format(span.get_span_context().trace_id, "032x")

    def answered(self, route: str, status: int) -> None:
        from opentelemetry.trace import StatusCode

        if route:
            self._span.update_name(f"{self._method} {route}")
            self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500 or not status:
            self._span.set_status(StatusCode.ERROR)


def open_traces(file: Path | None, member: str) -> Tracing:
    """Traces appended to a file, one JSON span a line, from a thread of their own; off where no file is named.

    Spans that come faster than they are written are dropped: a request never waits for them. Raises OSError.
    """
    if file is None:
        return Tracing()
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    lines = file.open("a", encoding="utf-8")
    return traces_to(BatchSpanProcessor(ConsoleSpanExporter(out=lines, formatter=_line)), member)


def traces_to(processor: SpanProcessor, member: str) -> Traces:
    """Traces that the processor is given, of this member's gateway."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider

    about = Resource.create({"service.name": SERVICE, "tongguan.member": member})
    # The gateway's own stop writes what is left; at the interpreter's end its file may be closed already.
    provider = TracerProvider(resource=about, shutdown_on_exit=False, span_limits=SpanLimits(max_links=LINKS_MAX))
    provider.add_span_processor(processor)
    return Traces(provider)


def parse_traceparent(said: bytes) -> tuple[str, str, int] | None:
    """Trace id, span id and flags of a W3C `traceparent`; None where it is none: a new trace is begun then."""
    found = _TRACEPARENT(said)
    if found is None or found["trace"] == b"0" * 32 or found["span"] == b"0" * 16:
        return None
    # A later version may say more at the end, version 00 may not, and ff is none.
    if found["version"] == b"ff" or (found["version"] == b"00" and found["more"]):
        return None
    return found["trace"].decode(), found["span"].decode(), int(found["flags"], 16)


def _caller(traceparent: bytes) -> Context:
    """The context of the caller's span; an empty one where it names none."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    said = parse_traceparent(traceparent)
    if said is None:
        return Context()
    trace_id, span_id, flags = said
    return _under(NonRecordingSpan(SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(flags))))


def _under(span: Span) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span, Context())


@contextmanager
def _quietly(span: Span) -> Iterator[Span]:
    """Runs the block under the span and ends it. Of a fault its class is told: its words may quote what was sent."""
    from opentelemetry.trace import StatusCode, use_span

    with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except BaseException as fault:
            span.set_attribute("error.type", type(fault).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _named(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"tongguan.{name}": count for name, count in counts.items()}


def _remember(where: OrderedDict[K, V], key: K, value: V, count_max: int) -> None:
    where[key] = value
    if len(where) > count_max:
        where.popitem(last=False)


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"
