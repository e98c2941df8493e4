"""A stand-in for a child in this process: the same calls, and no isolation at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from geogate.gate.overhear import Heard, overhearing
from geogate.model.isolation import Isolation, IsolationLevel
from geogate.sandbox import Ending, Limits
from geogate.sandbox.written import look_through

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
    warned: bool = False

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
        """Call a function as a child would, and hear what it says besides its answer."""
        del gives, on_progress
        heard = Heard()
        try:
            with overhearing(heard):
                return cast("T", function(self, *arguments, **named))
        finally:
            self.warned |= heard.anything

    def finish(self, written: Sequence[str] = ()) -> Ending:
        """End, and look at what was said and left, as a child's parent does.

        Raises: ChildLimitError when the output holds anything but the files that are declared here.
        """
        found = look_through(self.output, written, most_bytes=Limits().output_bytes)
        return Ending(isolation=self.isolation, warned=self.warned, written=found, cpu_s=0.0, peak_bytes=0)
