"""What a process does once at its start, so that what it does is logged and traced as the environment says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.telemetry import traces

if TYPE_CHECKING:
    from collections.abc import Mapping


def begin(environment: Mapping[str, str], *, whole: bool) -> None:
    """Begin; done again it changes nothing. ``whole`` is for processes that are the gate's own, see ``logs.begin``.

    Raises: UsageError when the file for log lines cannot be written.
    """
    if environment.get("GEOGATE_LOG"):
        from geogate.telemetry import logs

        logs.begin(environment, whole=whole)
    traces.begin(environment, whole=whole)
