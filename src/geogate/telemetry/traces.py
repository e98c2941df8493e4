"""Spans for OpenTelemetry, where it is installed and a collector is set; otherwise nothing, at no cost.

Spans are handed to a thread that sends them in batches. A collector that is gone or hangs loses spans, and neither
blocks nor fails the work: the sending has a time limit, also at the end of the process.
"""

from __future__ import annotations

import atexit
import logging
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.telemetry.fields import Plain, Stage

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CARRIED: Final = ("TRACEPARENT", "TRACESTATE")
"""Variables in which who calls a command may say which trace it belongs to, as OpenTelemetry has it."""

EXPORT_S: Final = 2.0
"""So long may sending a batch take, and so long does a process wait for its last one."""

_MOST_WAITING: Final = 512
_MOST_AT_ONCE: Final = 128


@dataclass(slots=True)
class _Here:
    tracer: Any = None
    provider: Any = None
    carrier: Mapping[str, str] | None = None
    sends_each: bool = False


_HERE: Final = _Here()


@dataclass(slots=True)
class Span:
    """A span that is open, or none."""

    own: Any = None

    def end(self, attributes: Mapping[str, Plain], *, failed: bool) -> None:
        """Say how it went; no text of an error is kept."""
        if self.own is None:
            return
        from opentelemetry.trace import StatusCode

        with suppress(Exception):  # a trace that cannot be kept must not end what it tells of
            self.own.set_attributes(_named(attributes))
            self.own.set_status(StatusCode.ERROR if failed else StatusCode.OK)


def begin(environment: Mapping[str, str], *, whole: bool = True) -> bool:
    """Begin to trace where a collector is set; say whether there will be traces.

    A process that is another's, which ``whole`` denies, may end without notice: there each piece of work is sent when
    it is done.
    """
    if _HERE.tracer is not None:
        return True
    wanted = any(environment.get(name) for name in ENDPOINTS)
    if not wanted or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    try:
        _HERE.tracer = _tracer()
    except Exception as error:  # noqa: BLE001 - a collector that is set wrongly must not end what would be traced
        logging.getLogger(__name__).warning("there are no traces: %s", type(error).__name__)
        return False
    _HERE.sends_each = not whole
    carried = {name.lower(): environment[name] for name in CARRIED if environment.get(name)}
    _HERE.carrier = carried or None
    return True


def end(*, within_s: float = EXPORT_S) -> None:
    """Send what is left, and wait for it no longer than this; tracing is over then."""
    provider, _HERE.tracer, _HERE.provider, _HERE.carrier = _HERE.provider, None, None, None
    if provider is None:
        return
    last = threading.Thread(target=provider.shutdown, daemon=True)
    last.start()
    last.join(within_s)


def work_ended() -> None:
    """Send what there is, where the process may end without notice; wait no longer than for any batch."""
    if _HERE.sends_each and _HERE.provider is not None:
        last = threading.Thread(target=_HERE.provider.force_flush, daemon=True)
        last.start()
        last.join(EXPORT_S)


def _tracer() -> Any:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    known = trace.get_tracer_provider()
    if isinstance(known, TracerProvider):  # whoever runs this process traces already, as Airflow may
        return known.get_tracer("geogate")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # What the exporter says of a collector that is gone names its address, again and again.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    provider = TracerProvider(resource=Resource.create({"service.name": "geogate"}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(timeout=EXPORT_S)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=_MOST_WAITING, max_export_batch_size=_MOST_AT_ONCE)
    )
    _HERE.provider = provider
    atexit.register(end)
    return provider.get_tracer("geogate")


@contextmanager
def joined(carrier: Mapping[str, str] | None) -> Iterator[None]:
    """Do the block's work within the trace that a W3C carrier names, or the process was started with."""
    carrier = carrier or _HERE.carrier
    if _HERE.tracer is None or not carrier:
        yield
        return
    from opentelemetry import context, trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    with ExitStack() as stack:
        with suppress(Exception):  # what goes wrong with a trace changes nothing of the work
            if not trace.get_current_span().get_span_context().is_valid:
                token = context.attach(TraceContextTextMapPropagator().extract(dict(carrier)))
                stack.callback(context.detach, token)
        yield


@contextmanager
def span(stage: Stage, attributes: Mapping[str, Plain]) -> Iterator[Span]:
    """Open a span for the time of the block; without tracing it is none."""
    if _HERE.tracer is None:
        yield Span()
        return
    # The text and the trace of an exception could hold what is in data: only its class is kept, by the stage.
    with ExitStack() as stack:
        opened = Span()
        with suppress(Exception):  # what goes wrong with a trace changes nothing of the work
            manager = _HERE.tracer.start_as_current_span(
                stage.value, attributes=_named(attributes), record_exception=False, set_status_on_exception=False
            )
            opened = Span(manager.__enter__())
            stack.callback(_close, manager)
        yield opened


def _close(manager: Any) -> None:
    with suppress(Exception):  # the same
        manager.__exit__(None, None, None)


def describe(attributes: Mapping[str, Plain]) -> None:
    """Add attributes to the span that is open."""
    if _HERE.tracer is not None:
        from opentelemetry import trace

        with suppress(Exception):  # the same
            trace.get_current_span().set_attributes(_named(attributes))


def ids() -> dict[str, str]:
    """Give the ids of the trace and the span that is open; nothing where nobody traces."""
    if _HERE.tracer is None:
        return {}
    from opentelemetry import trace

    with suppress(Exception):  # the same
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    return {}


def _named(attributes: Mapping[str, Plain]) -> dict[str, Any]:
    own = {"trace_id", "span_id"}
    return {f"geogate.{name}": value for name, value in attributes.items() if name not in own}
