"""Log lines of a test's own, in a file, and the log as it was afterwards."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geogate.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def heard(path: Path, *, whole: bool = True) -> Iterator[Path]:
    """Write lines into a file while the block runs."""
    logs.begin({"GEOGATE_LOG": str(path)}, whole=whole)
    try:
        yield path
    finally:
        logs.end()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
