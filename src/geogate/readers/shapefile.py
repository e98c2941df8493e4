"""Shapefile by its parts: the sidecars that must and may be there, and sizes and counts that must agree.

Source: ESRI Shapefile Technical Description (1998); dBASE III header.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REQUIRED = (".shx", ".dbf")
SIDECARS = (*REQUIRED, ".prj", ".cpg")
"""What geogate reads; indexes and metadata beside a Shapefile belong to nothing that can be judged."""

_HEADER = 100
_INDEX_ENTRY = 8
_RECORD_HEAD = 4
"""Words of 16 bits before the contents of a record."""

_DBF_HEADER = 32
_DBF_END = 1


def _odd(why: str, remedy: str = "export the Shapefile again; it is damaged or was cut short") -> UnreadableError:
    return UnreadableError(f"the Shapefile {why}", remedy=remedy)


def check_shapefile(path: Path, sidecars: Sequence[Path]) -> None:
    """Check that all parts are there, whole, and of the same number of rows.

    Raises: UnreadableError.
    """
    parts = {side.suffix.lower(): side for side in sidecars}
    missing = [suffix for suffix in REQUIRED if suffix not in parts]
    if missing:
        raise _odd(f"lacks its {' and '.join(missing)}", "send .shp, .shx, .dbf, .prj and .cpg together")
    index = _check_main(parts[".shx"], "index")
    _check_main(path, "main file")
    rows, size = _dbf(parts[".dbf"])
    if rows != index:
        raise _odd(f"has {index} geometries and {rows} rows of attributes")
    found = parts[".dbf"].stat().st_size
    if found not in (size, size + _DBF_END):
        raise _odd("has a .dbf that does not have the size that it claims")


def shapefile_parts(path: Path, sidecars: Sequence[Path]) -> tuple[FilePart, ...]:
    """Name the rows that were marked as deleted, and the bytes between records.

    Raises: UnreadableError.
    """
    parts = {side.suffix.lower(): side for side in sidecars}
    with parts[".shx"].open("rb") as file:
        file.seek(_HEADER)
        words = sum(length + _RECORD_HEAD for _, length in struct.iter_unpack(">ii", file.read()))
    gap = path.stat().st_size - _HEADER - 2 * words
    with parts[".dbf"].open("rb") as file:
        rows, head, width = struct.unpack("<IHH", file.read(_DBF_HEADER)[4:12])
        file.seek(head)
        deleted = sum(file.read(width)[:1] == b"*" for _ in range(rows if width else 0))
    found = (("deleted rows", deleted, deleted * width), ("bytes between records", int(gap != 0), abs(gap)))
    return tuple(FilePart(what=what, fate=Fate.REMOVED, count=count, size=size) for what, count, size in found if count)


def _check_main(path: Path, what: str) -> int:
    """Check a file with a Shapefile header and return how many index entries would fit."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    size = path.stat().st_size
    if len(header) < _HEADER or header[:4] != b"\0\0\x27\x0a" or struct.unpack(">i", header[24:28])[0] * 2 != size:
        raise _odd(f"has a {what} that does not have the size that it claims")
    entries, rest = divmod(size - _HEADER, _INDEX_ENTRY)
    if what == "index" and rest:
        raise _odd("has an index that is cut short")
    return entries


def _dbf(path: Path) -> tuple[int, int]:
    """Return the rows that the attribute table claims and the size that it must have."""
    with path.open("rb") as file:
        header = file.read(_DBF_HEADER)
    if len(header) < _DBF_HEADER:
        raise _odd("has a .dbf that is cut short")
    rows, head, width = struct.unpack("<IHH", header[4:12])
    return rows, head + rows * width
