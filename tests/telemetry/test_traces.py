"""A release is one trace at a real collector; one that is gone or hangs neither blocks, fails nor clears a release."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, FINE, stage
from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from telemetry.collector import Collector, attributes_of, collecting
from telemetry.hearing import heard, lines

from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.telemetry import traces, work
from geogate.telemetry.fields import FIELDS, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gating.gate import Gate

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        assert traces.begin({"OTEL_EXPORTER_OTLP_ENDPOINT": found.url}, whole=True)
        yield found
        traces.end()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """The exporter reads its endpoint from the environment itself."""
    if "collector" in request.fixturenames:
        original = traces.begin

        def begin(environment: dict[str, str], *, whole: bool) -> bool:
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            return original(environment, whole=whole)

        monkeypatch.setattr(traces, "begin", begin)
    yield
    traces.end()


def test_a_release_is_a_trace_from_intake_to_sending_under_what_called_it(
    gate: Gate, collector: Collector, tmp_path: Path
) -> None:
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": PARENT}))
    try:
        with heard(tmp_path / "log") as log:
            nonce = gate.clear(stage("CSV", gate.staged))
            gate.send(nonce)
    finally:
        context.detach(token)
    traces.end()
    spans = {span.name: span for span in collector.spans()}
    names = {span.span_id: span.name for span in collector.spans()}
    parents = {name: names.get(span.parent_span_id, "the caller") for name, span in spans.items()}

    assert parents == {
        "submit": "the caller",
        "sealing": "submit",
        "intake": "sealing",
        "inspection": "submit",
        "judging": "submit",
        "measuring": "judging",
        "clearance": "submit",
        "send": "the caller",
        "sending": "send",
    }
    assert {span.trace_id.hex() for span in spans.values()} == {PARENT.split("-")[1]}
    assert {span.parent_span_id.hex() for span in (spans["submit"], spans["send"])} == {PARENT.split("-")[2]}
    assert {each["trace_id"] for each in lines(log)} == {PARENT.split("-")[1]}
    assert {each["span_id"] for each in lines(log) if each["event"] == "judged"} == {spans["submit"].span_id.hex()}
    said = attributes_of(spans["sending"])
    assert (said["geogate.nonce"], said["geogate.outcome"], said["geogate.files"]) == (nonce, "done", 1)


def test_a_span_has_no_attribute_that_a_log_line_could_not_have_and_no_text_of_an_error(
    gate: Gate, collector: Collector
) -> None:
    gate.submit(stage("GeoJSON", gate.staged, FINE, stem="fort secret", names=("Ann",)), purpose="for Bob")
    with pytest.raises(RefusedError), work.working(Stage.AUDIT, policy="47.654321", comment="fort secret"):
        raise RefusedError("at 8.123457 in fort secret", hint="ask Ann")
    traces.end()
    spans = collector.spans()

    assert {name for span in spans for name in attributes_of(span)} <= {f"geogate.{name}" for name in FIELDS}
    assert [list(span.events) for span in spans] == [[] for _ in spans]
    assert {span.status.message for span in spans} == {""}
    for word in (b"fort", b"Ann", b"Bob", b"8.123", b"8.309", b"47.65", b"partner", b"outbox", b"rita"):
        assert word not in b"".join(collector.bodies)
    (audit,) = (span for span in spans if span.name == "audit")
    assert attributes_of(audit)["geogate.error"] == "RefusedError"


def test_a_trace_id_comes_from_the_variable_that_a_caller_sets(gate: Gate) -> None:
    path = stage("CSV", gate.staged)
    with collecting() as collector:
        command = [str(Path(sys.executable).with_name("geogate")), "submit", str(path)]
        done = subprocess.run(
            [*command, "-p", "test", "-r", "partner", "-t", "file:outbox/", "--format", "json"],
            cwd=gate.root,
            env={
                "PATH": "/usr/bin:/bin",
                **gate.environment(),
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "TRACEPARENT": PARENT,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr

        assert json.loads(done.stdout)["request"]["state"] == "cleared"
        assert "submit" in {span.name for span in collector.spans()}
        assert {span.trace_id.hex() for span in collector.spans()} == {PARENT.split("-")[1]}


@pytest.mark.parametrize("gone", [True, False])
def test_a_collector_that_is_gone_or_hangs_changes_nothing(
    gate: Gate,
    *,
    gone: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with collecting(hangs=True) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", NOWHERE if gone else collector.url)
        assert traces.begin({"OTEL_EXPORTER_OTLP_ENDPOINT": "set"}, whole=False)
        nonce = gate.clear(stage("CSV", gate.staged))
        gate.send(nonce)
        assert gate.submit(stage("CSV", gate.staged, FINE, stem="fine")).state is State.DENIED
        began = time.monotonic()
        with work.working(Stage.AUDIT):
            pass
        traces.end()
        waited = time.monotonic() - began

    assert gate.states().count(State.SENT) == 1
    assert waited < 3 * traces.EXPORT_S
    assert not re.search(r"Traceback|127\.0\.0\.1", capfd.readouterr().err)


@pytest.mark.parametrize("broken", ["start_as_current_span", "get_current_span"])
def test_a_tracer_that_fails_neither_ends_a_release_nor_lets_one_go(
    gate: Gate, collector: Collector, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert collector.url

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("the tracer is broken")

    target = traces._HERE.tracer if broken == "start_as_current_span" else trace
    monkeypatch.setattr(target, broken, failing)
    gate.send(gate.clear(stage("CSV", gate.staged, COARSE)))

    assert gate.submit(stage("CSV", gate.staged, FINE, stem="fine")).state is State.DENIED
    assert sorted(gate.states()) == [State.DENIED, State.SENT]
    gate.require_whole_ledger()


@pytest.mark.parametrize("environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_SDK_DISABLED": "true"}])
def test_without_a_collector_there_are_no_traces(environment: dict[str, str]) -> None:
    assert not traces.begin(environment, whole=True)
    with work.working(Stage.AUDIT):
        assert traces.ids() == {}
