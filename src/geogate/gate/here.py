"""A stand-in for a child in this process: the same calls, and no isolation at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from geogate.model.isolation import Isolation, IsolationLevel
from geogate.sandbox import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Here:
    """What functions that read are given, and who calls them."""

    scratch: Path
    output: Path | None
    on_rows: Callable[[int], None]
    folder: Path = field(default_factory=Path.cwd)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def isolation(self) -> Isolation:
        """None."""
        return Isolation(level=IsolationLevel.NONE, mechanisms=())

    def progress(self, rows: int) -> None:
        """Say that so many more rows are done."""
        self.on_rows(rows)

    def call(
        self,
        function: Callable[..., Any],
        /,
        *arguments: Any,
        gives: type[T],
        on_progress: Callable[[int], None] | None = None,
        **named: Any,
    ) -> T:
        """Call a function as a child would."""
        del gives, on_progress
        return cast("T", function(self, *arguments, **named))

    def finish(self, written: Sequence[str] = ()) -> Ending:
        """End without anything to look at."""
        del written
        return Ending(isolation=self.isolation, warned=False, written=(), cpu_s=0.0, peak_bytes=0)
