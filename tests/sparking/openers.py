"""Ways to open a file on an executor, by names that a Python worker can import; some of them fail once, or always."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geogate.readers.geoparquet import GeoParquetSource
from geogate.readers.geoparquet_parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.measures.source import LayerSchema, Part, Source


@dataclass(frozen=True)
class FineSource(GeoParquetSource):
    """GeoParquet with a part for every row group, so that small files have many."""

    def parts(self, layer: LayerSchema) -> tuple[Part, ...]:
        del layer
        return parts_of(self._footer.groups, rows=1)


def fine(files: Sequence[Path]) -> tuple[Source, ...]:
    """Open files with a part for every row group."""
    return tuple(FineSource(path) for path in files)


def failing_once(files: Sequence[Path]) -> tuple[Source, ...]:
    """Fail in the first task of all."""
    if _first(files, "failed"):
        raise RuntimeError("this task fails")
    return fine(files)


def dying_once(files: Sequence[Path]) -> tuple[Source, ...]:
    """Kill the Python worker of the first task of all."""
    if _first(files, "died"):
        os.kill(os.getpid(), signal.SIGKILL)
    return fine(files)


def killing_the_executor_once(files: Sequence[Path]) -> tuple[Source, ...]:
    """Kill the executor of the first task of each file: it has begun the process that all Python workers come from."""
    if _first(files, "killed"):
        os.kill(_parent(os.getppid()), signal.SIGKILL)
    return fine(files)


def failing(files: Sequence[Path]) -> tuple[Source, ...]:
    """Fail in each task."""
    raise RuntimeError(f"no executor can open {len(files)} files")


def touching(files: Sequence[Path]) -> tuple[Source, ...]:
    """Change the file while it is measured."""
    os.utime(files[0], ns=(1, 1))
    return fine(files)


def other_parts(files: Sequence[Path]) -> tuple[Source, ...]:
    """Cut the file into one part."""
    return tuple(GeoParquetSource(path) for path in files)


def _parent(process: int) -> int:
    """Find the process that began another one."""
    status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return int(status.rpartition(")")[2].split()[1])


def _first(files: Sequence[Path], what: str) -> bool:
    """Tell whether this is the first task of all; the marker lies beside the file."""
    try:
        files[0].with_suffix(f".{what}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
