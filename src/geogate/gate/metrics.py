"""The gate's metrics for Prometheus: what the ledger counts up to, what waits, and how the gate is.

Labels are names of policies, rules, states, steps, checks and detectors. Requests, recipients, people and places are in
none: who may read metrics may not read those.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.health import health
from geogate.gate.metrics_tally import Tally, bounds_of, counted
from geogate.ledger.queue import Filter
from geogate.model.errors import GeogateError, ServiceError
from geogate.model.lifecycle import State
from geogate.telemetry import meters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.gate.health import Health
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger

WAITING: Final = (State.HELD, State.RETURNED, State.CLEARED, State.SENDING)
"""States in which a request waits for somebody, or for the gate."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(*, house: House) -> bytes:
    """Write all metrics as Prometheus reads them; where the ledger does not answer, that is one of them."""
    from prometheus_client import generate_latest
    from prometheus_client.registry import Collector, CollectorRegistry

    every = (*_of_gate(house), *meters.families())

    class Found(Collector):
        def collect(self) -> Iterator[Any]:
            yield from every

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Found())
    return generate_latest(registry)


def write(path: Path, *, house: House) -> None:
    """Write all metrics into a file as a whole, for a collector of text files.

    Raises: ServiceError when it cannot be written.
    """
    try:
        # A name that nobody can have foreseen: the folder may be one in which others write, too.
        descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(exposition(house=house))
                os.fchmod(stream.fileno(), 0o644)  # the collector runs as somebody else
            Path(new).replace(path)
        except BaseException:
            Path(new).unlink()
            raise
    except OSError as error:
        raise ServiceError(
            f"the metrics cannot be written ({error.strerror})", hint="name a file in a folder that can be written"
        ) from error


def _of_gate(house: House) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    build = {"version": version("geogate"), "python": platform.python_version()}
    yield InfoMetricFamily("geogate_build", "The version that is installed.", value=build)
    up = GaugeMetricFamily("geogate_ledger_up", "Whether the ledger answered.")
    try:
        began = time.perf_counter()
        with house.ledger() as ledger:
            took = time.perf_counter() - began
            found = [*_ledger(ledger, took, house), *_queue(ledger, house)]
    except GeogateError:  # it is gone, damaged, or shut after a restore
        up.add_metric([], 0)
        yield up
    else:
        up.add_metric([], 1)
        yield up
        yield from found
    yield from _health(house)


def _health(house: House) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily

    found = health(house=house)
    checks = GaugeMetricFamily("geogate_check", "Whether a check of the gate's health is well.", labels=["check"])
    for check in found.checks:
        checks.add_metric([check.name], float(check.well))
    alive = GaugeMetricFamily(
        "geogate_detector_alive", "Whether a detector found what was planted for it.", labels=["detector"]
    )
    for name, well in found.detectors.items():
        alive.add_metric([name], float(well))
    at = GaugeMetricFamily("geogate_detectors_tried_timestamp_seconds", "When the detectors were tried last.")
    at.add_metric([], found.at.timestamp())
    yield from (checks, alive, at)


def _queue(ledger: Ledger, house: House) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily

    requests = GaugeMetricFamily("geogate_requests", "Requests in each state.", labels=["state"])
    for state, number in ledger.counted().items():
        requests.add_metric([state.value], number)
    oldest = GaugeMetricFamily(
        "geogate_oldest_waiting_seconds", "How long the oldest request is in a state, 0 without one.", labels=["state"]
    )
    now = ledger.now(house.clock())
    for state in WAITING:
        rows = ledger.queued(Filter(viewer="", states=(state,), limit=1, counting=False)).rows
        age = (now - datetime.fromisoformat(rows[0].changed_at)).total_seconds() if rows else 0.0
        oldest.add_metric([state.value], age)
    yield from (requests, oldest)


def _ledger(ledger: Ledger, took: float, house: House) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily

    tally = _tally(ledger, house)
    yield from _counts(tally)
    yield from _steps(tally)
    for name, said, value in (
        ("geogate_ledger_entries", "Entries of the ledger.", float(tally.seq)),
        ("geogate_ledger_write_seconds", "How long taking the writer's turn took just now.", took),
        *_audit(tally),
        *_anchored(ledger, tally, house),
    ):
        gauge = GaugeMetricFamily(name, said)
        gauge.add_metric([], value)
        yield gauge


def _counts(tally: Tally) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily

    for name, said, labels, counts in (
        ("geogate_decisions", "What was decided on requests.", ["policy", "decision"], tally.decisions),
        ("geogate_findings", "Verdicts in which a rule found something.", ["rule", "effect"], tally.findings),
        ("geogate_transitions", "Requests that came into a state.", ["state"], tally.moves),
        ("geogate_sent", "Releases that were delivered.", ["policy"], tally.sent),
        ("geogate_sent_bytes", "Bytes that were delivered.", ["policy"], tally.sent_bytes),
        ("geogate_ledger_unread", "Entries that could not be counted.", ["kind"], tally.errors),
    ):
        family = CounterMetricFamily(name, said, labels=labels)
        for key, number in sorted(counts.items()):
            family.add_metric(key.split(" "), number)
        yield family


def _steps(tally: Tally) -> Iterator[Any]:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(
        "geogate_step_seconds", "Time between the entries with which a step begins and ends.", labels=["step"]
    )
    for step, times in sorted(tally.steps.items()):
        so_far, buckets = 0, []
        for bound, number in zip((*map(str, bounds_of(step)), "+Inf"), times.counts, strict=True):
            so_far += number
            buckets.append((bound, so_far))
        family.add_metric([step], buckets, times.total)
    yield family


def _audit(tally: Tally) -> Iterator[tuple[str, str, float]]:
    if tally.audit:
        at = datetime.fromisoformat(str(tally.audit["at"])).timestamp()
        yield "geogate_audit_timestamp_seconds", "When the last audit ended.", at
        yield "geogate_audit_findings", "What the last audit left somebody to do.", float(tally.audit["todo"])
        yield "geogate_audit_releases", "Releases that the last audit judged again.", float(tally.audit["audited"])


def _anchored(ledger: Ledger, tally: Tally, house: House) -> Iterator[tuple[str, str, float]]:
    """Say what this gate kept elsewhere last; whether it is still there, ``geogate audit`` finds out."""
    from geogate.gate.anchors import last_anchored

    size, at = last_anchored(house)
    yield "geogate_ledger_anchored_entries", "Entries that the newest head covers which is kept elsewhere.", float(size)
    if at is not None:
        yield "geogate_ledger_anchored_timestamp_seconds", "When that head was kept.", at.timestamp()
    age = 0.0
    if size < tally.seq:
        first = next(iter(ledger.entries(after=size, limit=1)), None)
        now = ledger.now(house.clock())
        age = (now - datetime.fromisoformat(first.at)).total_seconds() if first is not None else 0.0
    yield "geogate_ledger_unanchored_seconds", "Age of the oldest entry that no head elsewhere covers.", age


def _tally(ledger: Ledger, house: House) -> Tally:
    path = house.settings.home / "metrics.json"
    before = Tally()
    with suppress(OSError, UnicodeDecodeError):
        before = Tally.read(path.read_text(encoding="utf-8"))
    seq = before.seq
    found = counted(ledger, before)
    if found.seq != seq:
        new = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}.new")
        with suppress(OSError):  # then they are counted again the next time
            new.write_text(found.document(), encoding="utf-8")
            new.replace(path)
    return found


def document(found: Health) -> str:
    """Write how the gate is, as JSON for those who may see it."""
    checks = [{"check": each.name, "well": each.well, "wrong": each.wrong, "fix": each.fix} for each in found.checks]
    return json.dumps({"ready": found.ready, "checks": checks, "detectors": dict(found.detectors)})
