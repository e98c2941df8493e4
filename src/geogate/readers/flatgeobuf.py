"""FlatGeobuf by its frames: each feature's length leads to the next one, and the last one to the end of the file.

Source: FlatGeobuf 3, https://flatgeobuf.org/ (header.fbs); FlatBuffers' binary layout for tables.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC_BYTES = 8
_LENGTH = struct.Struct("<I")
_LARGEST_HEADER = 10 * 1024 * 1024
"""GDAL's own limit."""

_NODE_BYTES = 40
_HAS_M, _HAS_T, _HAS_TM = 4, 5, 6
_FEATURES, _NODE_SIZE = 8, 9
_NOTES = (11, 12, 13)
_DEFAULT_NODE_SIZE = 16
_SMALLEST_NODE = 2


def _damaged() -> UnreadableError:
    return UnreadableError(
        "the FlatGeobuf does not have the size that its parts claim",
        remedy="export it again; it is damaged or was cut short",
    )


class _Table:
    """The root table of a FlatBuffer; only its scalar fields are looked at."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        (self.at,) = _LENGTH.unpack_from(data, 0)
        self.vtable = self.at - struct.unpack_from("<i", data, self.at)[0]
        (self.size,) = struct.unpack_from("<H", data, self.vtable)

    def scalar(self, field: int, kind: str, default: int) -> int:
        """Return the value of a field, or its default where it is not stored."""
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, self.vtable + slot)[0] if slot < self.size else 0
        return int(struct.unpack_from(kind, self.data, self.at + offset)[0]) if offset else default


def _index_bytes(features: int, node_size: int) -> int:
    """Return the size of the packed R-tree, which stands before the features."""
    if not features or not node_size:
        return 0
    if node_size < _SMALLEST_NODE:
        raise _damaged()
    level = nodes = features
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    return (nodes + (features == 1)) * _NODE_BYTES


def check_flatgeobuf(path: Path) -> None:
    """Walk the frames of the file from its first to its last byte.

    Raises: UnreadableError when they do not fit, when the count is not the header's, or for M and time ordinates.
    """
    with path.open("rb") as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                _walk(data)
        except (struct.error, ValueError, IndexError):
            raise _damaged() from None


def flatgeobuf_parts(path: Path) -> tuple[FilePart, ...]:
    """Name what the header has besides the schema, and the spatial index.

    Raises: UnreadableError.
    """
    with path.open("rb") as file:
        (size,) = _LENGTH.unpack(file.read(_MAGIC_BYTES + _LENGTH.size)[_MAGIC_BYTES:])
        data = file.read(min(size, _LARGEST_HEADER))
    try:
        header = _Table(data)
        notes = sum(bool(header.scalar(field, "<I", 0)) for field in _NOTES)
        features = header.scalar(_FEATURES, "<Q", 0)
        index = _index_bytes(features, header.scalar(_NODE_SIZE, "<H", _DEFAULT_NODE_SIZE))
    except (struct.error, ValueError, IndexError):
        raise _damaged() from None
    found = (("titles, descriptions and metadata", notes, None), ("spatial indexes", int(index > 0), index))
    return tuple(FilePart(what=what, fate=Fate.REMOVED, count=count, size=size) for what, count, size in found if count)


def _walk(data: mmap.mmap) -> None:
    (header_bytes,) = _LENGTH.unpack_from(data, _MAGIC_BYTES)
    start = _MAGIC_BYTES + _LENGTH.size
    if header_bytes > _LARGEST_HEADER or start + header_bytes > len(data):
        raise _damaged()
    header = _Table(data[start : start + header_bytes])
    if any(header.scalar(field, "<B", 0) for field in (_HAS_M, _HAS_T, _HAS_TM)):
        raise UnreadableError(
            "the FlatGeobuf has M or time ordinates, which are not supported",
            remedy="export the geometries without M ordinates",
        )
    claimed = header.scalar(_FEATURES, "<Q", 0)
    at = start + header_bytes + _index_bytes(claimed, header.scalar(_NODE_SIZE, "<H", _DEFAULT_NODE_SIZE))
    found = _count(data, at)
    if claimed and found != claimed:
        raise _damaged()


def _count(data: mmap.mmap, at: int) -> int:
    end, found, length = len(data), 0, _LENGTH
    while at < end:
        at += length.size + length.unpack_from(data, at)[0]
        found += 1
    if at != end:
        raise _damaged()
    return found
