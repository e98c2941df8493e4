"""Children for tests: one zygote for all, at each level that this machine has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from geogate.sandbox import Child, IsolationLevel, Limits, Zygote
from geogate.sandbox.view import Order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@cache
def zygote() -> Zygote:
    """Return the zygote of the tests; ``conftest`` ends it."""
    return Zygote(preload=("sandboxing.attacks",))


@cache
def levels() -> tuple[IsolationLevel, ...]:
    """Name the levels with isolation that this machine has."""
    return tuple(level for level in zygote().available() if level.at_least(IsolationLevel.FILTERED))


@cache
def all_levels() -> tuple[IsolationLevel, ...]:
    """Name the levels that this machine has."""
    return tuple(level for level in zygote().available() if level is not IsolationLevel.NONE)


SMALL = Limits(
    cpu_s=5,
    wall_s=10.0,
    memory_bytes=256 << 20,
    output_bytes=8 << 20,
    scratch_bytes=8 << 20,
    answer_bytes=1 << 20,
    files=64,
    threads=32,
)


def child(
    level: IsolationLevel,
    files: Mapping[Path, str] | None = None,
    *,
    limits: Limits = SMALL,
    output: Path | None = None,
) -> Child:
    """Start a child at one level."""
    order = Order(
        level=level,
        limits=limits,
        files=tuple((str(path), name) for path, name in (files or {}).items()),
        output=None if output is None else str(output),
        read_only=(),
    )
    return zygote().start(order, output=output)
