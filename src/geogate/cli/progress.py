"""How far a pass has come, as a line that moves on a terminal; elsewhere the log says it now and then."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from geogate.gate.progress import Progress, logged

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def rows_progress(what: str) -> Iterator[Progress]:
    """Show how many of the rows that the files claim were read, how fast, and the time that is left."""
    if not sys.stderr.isatty():
        yield logged(what)
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}"),
        rich.TextColumn("{task.completed:,.0f} of {task.fields[claimed]} rows"),
        rich.TextColumn("{task.fields[rate]:,.0f} rows/s", justify="right"),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    with (
        # A descriptor of its own: what readers in this process write to standard error is taken for their complaint.
        open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding) as terminal,  # noqa: PTH123
        rich.Progress(*columns, console=Console(file=terminal), transient=True) as bar,
    ):
        task = bar.add_task(what, total=None, claimed="?", rate=0.0)

        def begin(total: int | None) -> None:
            bar.reset(task, total=total, claimed="?" if total is None else f"{total:,}", rate=0.0)

        def add(rows: int) -> None:
            bar.update(task, advance=rows, rate=bar.tasks[0].speed or 0.0)

        yield Progress(on_total=begin, on_rows=add)
