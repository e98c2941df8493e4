"""Metrics of this process: how long stages and writes of the ledger took here. Nothing is counted until asked for.

What is true of the whole gate is read from the ledger when it is asked for, see ``geogate.gate.metrics``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry

STAGE_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
"""Units: seconds."""

WRITE_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Units: seconds."""


@dataclass(slots=True)
class _Here:
    registry: CollectorRegistry | None = None
    stages: Any = None
    writes: Any = None
    lost: Any = None


_HERE: Final = _Here()


def begin() -> CollectorRegistry:
    """Count from now on; give the registry of this process, always the same one."""
    if _HERE.registry is None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        registry = CollectorRegistry(auto_describe=True)
        _HERE.stages = Histogram(
            "geogate_process_stage_seconds",
            "Time that stages took in this process.",
            ["stage", "outcome"],
            registry=registry,
            buckets=STAGE_BUCKETS,
        )
        _HERE.writes = Histogram(
            "geogate_process_ledger_write_seconds",
            "Time from asking for the writer's turn to the end of the transaction, in this process.",
            registry=registry,
            buckets=WRITE_BUCKETS,
        )
        _HERE.lost = Counter(
            "geogate_process_log_failures", "Log lines that could not be written by this process.", registry=registry
        )
        _HERE.registry = registry
    return _HERE.registry


def stage_ended(stage: str, outcome: str, seconds: float) -> None:
    """Count a stage."""
    if _HERE.stages is not None:
        _HERE.stages.labels(stage, outcome).observe(seconds)


def wrote(seconds: float) -> None:
    """Count a transaction of the ledger."""
    if _HERE.writes is not None:
        _HERE.writes.observe(seconds)


def log_failed() -> None:
    """Count a log line that nobody will read."""
    if _HERE.lost is not None:
        _HERE.lost.inc()


def families() -> Iterator[Any]:
    """Give the metrics of this process; none where nothing is counted."""
    if _HERE.registry is not None:
        yield from _HERE.registry.collect()
