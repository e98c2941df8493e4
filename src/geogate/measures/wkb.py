"""Where the parts of WKB values stand: a strict walk over the bytes that never reads past a value.

Nothing is repaired and nothing is skipped: a value is wholly accounted for, byte by byte, or it is refused. Reasons
name the fault and never the numbers in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

POINT: Final = 1
LINE: Final = 2
POLYGON: Final = 3
MULTIPOINT: Final = 4
COLLECTION: Final = 7

ISO_POINTS: Final = (POINT, POINT + 1000)
"""The codes of XY and XYZ."""

HEAD: Final = 5
"""Units: bytes of a byte order and a type."""

COUNT: Final = 4
"""Units: bytes of a count."""

ORDINATE: Final = 8
"""Units: bytes."""

DEEPEST: Final = 32
"""Collections may lie within each other this many times; real data has one or two."""

_PLAIN_HEADS: Final = {
    b"\x01\x01\x00\x00\x00": 2,
    b"\x01\xe9\x03\x00\x00": 3,
    b"\x01\x01\x00\x00\x80": 3,
}
"""The heads of little-endian points with two and three ordinates: ISO, and EWKB's form of Z."""

_LAST_KIND: Final = 17
_EWKB_BITS: Final = 29
_EWKB_SRID: Final = 1
_EWKB_M: Final = 2
_EWKB_Z: Final = 4


class MalformedError(ValueError):
    """A type, a count or a byte order that WKB does not have, or that geogate does not measure."""


def iso_code(raw: int) -> int:
    """Translate the type of a value, ISO or EWKB, into the ISO code: kind, plus 1000 for Z, plus 2000 for M.

    Raises: MalformedError for what is neither, for an embedded SRID, and for curves and surfaces.
    Source: ISO 13249-3:2016 section 5.1; EWKB as in PostGIS's doc/ZMSgeoms.txt.
    """
    flags, base = raw >> _EWKB_BITS, raw & ((1 << _EWKB_BITS) - 1)
    dims, kind = divmod(base, 1000)
    if flags & _EWKB_SRID:
        raise MalformedError("it carries a reference system of its own (EWKB with SRID); write plain ISO WKB")
    if dims > 3 or not 1 <= kind <= _LAST_KIND or (flags and dims):  # noqa: PLR2004 3000 is ZM, the last
        raise MalformedError("the type is unknown")
    if kind > COLLECTION:
        raise MalformedError(
            "curves, triangulations and polyhedral surfaces are not measured; convert them to lines and polygons, "
            "for example with ogr2ogr -nlt CONVERT_TO_LINEAR"
        )
    return kind + 1000 * (dims or bool(flags & _EWKB_Z) + 2 * bool(flags & _EWKB_M))


def buffers(wkb: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int32] | NDArray[np.int64]]:
    """View the bytes and the offsets of a binary or large_binary array, sliced or not; read-only and unchecked.

    Raises: UnmeasurableError when the array is of another type.
    """
    if not (pa.types.is_binary(wkb.type) or pa.types.is_large_binary(wkb.type)):
        raise UnmeasurableError(f"the geometry column holds {wkb.type}, not WKB")
    width = np.dtype(np.int64 if pa.types.is_large_binary(wkb.type) else np.int32)
    _, offsets_buffer, data_buffer = wkb.buffers()
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    bounds = np.zeros(1, width)
    if len(wkb):
        bounds = np.frombuffer(offsets_buffer, width, len(wkb) + 1, offset=wkb.offset * width.itemsize)
    for view in (data, bounds):
        view.flags.writeable = False
    return data, bounds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """The WKB values of an Arrow array as its own bytes, without a Python object for each row.

    Shape: ``starts``, ``ends`` and ``valid`` have one entry for each row; ``data`` are all bytes of the buffer.
    """

    data: NDArray[np.uint8]
    starts: Ints
    ends: Ints
    valid: Bools
    first_row: int

    @classmethod
    def of(cls, wkb: pa.Array, *, first_row: int) -> Values:
        """View a binary or large_binary array, sliced or not.

        Raises: UnmeasurableError when the array is of another type or its offsets do not fit its bytes.
        """
        data, bounds = buffers(wkb)
        offsets = bounds.astype(np.int64)
        if offsets[0] < 0 or offsets[-1] > len(data) or (np.diff(offsets) < 0).any():
            raise UnmeasurableError(f"the geometry column has broken offsets after row {first_row}")
        valid = wkb.is_valid().to_numpy(zero_copy_only=False)
        return cls(data=data, starts=offsets[:-1], ends=offsets[1:], valid=valid, first_row=first_row)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Vertices that stand side by side: the vertex of a point, those of a line or of a ring, in the bytes' order.

    ``kind`` is ``POINT``, ``LINE`` or, for a ring, ``POLYGON``; ``width`` is the number of ordinates of a vertex.
    Shape: one entry for each run.
    Units: ``at`` in bytes from the start of the buffer.
    """

    row: Ints
    at: Ints
    count: Ints
    width: Ints
    big: Bools
    kind: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """All that stands in the values: heads (byte order and type), counts and runs.

    Shape: ``codes`` has the ISO code of each row, 0 where the row is null.
    """

    codes: Ints
    heads: Ints
    head_codes: Ints
    counts: Ints
    counts_big: Bools
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Front:
    """Where the walk stands in some rows: the next byte and the first byte past the value."""

    row: Ints
    at: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.row)

    def pick(self, some: Ints | Bools) -> Front:
        """Keep some of the rows."""
        return Front(row=self.row[some], at=self.at[some], end=self.end[some])

    def moved(self, at: Ints) -> Front:
        """Stand at other bytes of the same rows."""
        return Front(row=self.row, at=at, end=self.end)


def ordinates(data: NDArray[np.uint8], *, big: bool = False) -> NDArray[np.float64]:
    """View the bytes as float64 that start at any byte; index it with the positions of ordinates."""
    return np.ndarray((max(len(data) - ORDINATE + 1, 0),), ">f8" if big else "<f8", data, 0, (1,))


def words(data: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """View the bytes as little-endian uint32 that start at any byte."""
    return np.ndarray((max(len(data) - COUNT + 1, 0),), "<u4", data, 0, (1,))


def read(data: NDArray[np.uint8], at: Ints, big: Bools) -> NDArray[np.float64]:
    """Read the ordinates that start at some bytes, each in its own byte order."""
    little: NDArray[np.float64] = ordinates(data)[at]
    return np.where(big, ordinates(data, big=True)[at], little) if big.any() else little


def vertices(runs: Runs) -> tuple[Ints, Bools]:
    """Name the byte at which each vertex of the runs starts, and whether its byte order is big-endian."""
    first = np.cumsum(runs.count) - runs.count
    size = runs.width * ORDINATE
    steps = np.arange(int(runs.count.sum()), dtype=np.int64)
    return np.repeat(runs.at - first * size, runs.count) + steps * np.repeat(size, runs.count), np.repeat(
        runs.big, runs.count
    )


def plain_width(data: NDArray[np.uint8], start: int) -> int:
    """Return the number of ordinates of a little-endian point, XY or XYZ, that begins at a byte; 0 for all else."""
    return _PLAIN_HEADS.get(data[start : start + HEAD].tobytes(), 0)


def plain_points(values: Values) -> NDArray[np.void] | None:
    """View points as a table if all have the same little-endian head and no other bytes lie between them.

    Shape: one entry for each row that is not null, with ``order``, ``type`` and the ordinates ``at``.
    """
    rows = int(np.count_nonzero(values.valid))
    if rows == 0:
        return None
    start, end = int(values.starts[0]), int(values.ends[-1])
    width = plain_width(values.data, start)
    size = HEAD + width * ORDINATE
    if width == 0 or end - start != rows * size or (values.ends - values.starts != values.valid * size).any():
        return None
    kind = np.dtype([("order", "u1"), ("type", "<u4"), ("at", "<f8", (width,))])
    points: NDArray[np.void] = np.ndarray((rows,), kind, values.data, start)
    alike = (points["order"] == points["order"][0]).all() and (points["type"] == points["type"][0]).all()
    return points if alike else None
