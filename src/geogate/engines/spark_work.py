"""What the driver tells the executors: which layers, cut into which tasks, to measure by what; pickled once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from geogate.measures.source import Source

if TYPE_CHECKING:
    import pyproj

    from geogate.measures.measure import Measure
    from geogate.measures.source import LayerSchema, Part

LIBRARIES: Final = ("geogate", "llvmlite", "numba", "numpy", "pyarrow", "pyproj", "shapely")
"""Those that read and measure: facts are the same to the bit where these are the same."""

SAME: Final = "give all machines the same files at the same paths, and the same versions of geogate and its libraries"

_MAGIC: Final = b"PAR1"
_TAIL: Final = 65_536
_LONGEST_FOOTER: Final = 1 << 28


Opener = Callable[[Sequence[Path]], tuple[Source, ...]]
"""Opens the files of a dataset; pickled by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file that executors must have as the driver has it, by its name and digest."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTools:
    """What executors measure with; one that does not have the kernels ready measures with numpy.

    ``indexes`` are compiled zone indexes. ``folder`` is where they lie, ``None`` where Spark has sent them.
    ``pepper`` is the secret of hashes that are kept.
    """

    kernels: bool = False
    indexes: tuple[SharedFile, ...] = ()
    folder: Path | None = None
    pepper: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCRS:
    """A reference system as PROJ's JSON, and the text that an executor must make of it as the driver does."""

    json: str
    wkt: str

    @classmethod
    def of(cls, crs: pyproj.CRS) -> Self:
        """Describe a reference system."""
        return cls(json=crs.to_json(), wkt=crs.to_wkt())


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLayer:
    """A layer of a file that every executor can open at the same path.

    ``schema`` is without the reference system; ``crs`` is the one to measure in.
    """

    path: Path
    number: int
    schema: LayerSchema
    crs: SharedCRS
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Consecutive parts of one layer that are measured together, in one task."""

    number: int
    layer: int
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """The rows that the file claims for these parts."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is measured, whatever the rows come from; sent to each executor once."""

    measures: tuple[Measure[Any], ...]
    tools: SharedTools
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWork(Work):
    """Layers of files to be measured; ``tasks`` are the runs that one task measures."""

    layers: tuple[SharedLayer, ...]
    tasks: tuple[tuple[Run, ...], ...]
    opener: Opener


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWork(Work):
    """The partitions of a table to be measured; ``geometry`` is the column that holds WKB."""

    geometry: str
    crs: SharedCRS


@cache
def library_versions() -> tuple[tuple[str, str], ...]:
    """Name the installed versions of what reads and measures."""
    return tuple((name, version(name)) for name in LIBRARIES)


def identity(path: Path) -> str:
    """Digest a file's size, its time of modification and its footer; a file that was written again has another one.

    The footer is that of Parquet, or the last 64 KiB of anything else.

    Raises: OSError.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        end = file.read()
        length = int.from_bytes(end[:4], "little") + 8 if end[4:] == _MAGIC else _TAIL
        file.seek(max(0, size - min(length, _LONGEST_FOOTER)))
        footer = hashlib.sha256(file.read())
    return hashlib.sha256(f"{size}:{path.stat().st_mtime_ns}:{footer.hexdigest()}".encode()).hexdigest()
