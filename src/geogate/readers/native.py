"""Geometries that come as nested lists of positions: to decoded geometries and to WKB, without an object for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from geogate.measures.geometries import Geometries
from geogate.measures.measure import UnmeasurableError
from geogate.measures.wkb import COUNT, HEAD, LINE, MULTIPOINT, ORDINATE, POINT, POLYGON, ordinates, words
from geogate.measures.wkb_decode import Decoded, PartArrays, decoded_points, offsets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_MULTILINE: Final = 5
_MULTIPOLYGON: Final = 6
_MULTI: Final = 3
"""The kind of a multi-part geometry is that of its parts and three more."""
_XYZ: Final = 3
_ISO_Z: Final = 1000
_MOST_BYTES: Final = 2**31 - 1
_WHOLE: Final = HEAD + COUNT
_SMALLEST_RING: Final = 3

_BEFORE: Final = {
    POINT: (HEAD,),
    LINE: (_WHOLE, 0),
    POLYGON: (_WHOLE, COUNT, 0),
    MULTIPOINT: (_WHOLE, HEAD),
    _MULTILINE: (_WHOLE, _WHOLE, 0),
    _MULTIPOLYGON: (_WHOLE, _WHOLE, COUNT, 0),
}
"""The bytes that stand before what lies in each row, in its parts, and so on down to each vertex."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NativeRows:
    """The geometries of some rows, all of one kind, none with a missing part.

    ``levels`` nest them: row ``i`` of the valid ones has the parts ``levels[0][i]`` to ``levels[0][i + 1]``, part ``j``
    the parts or vertices ``levels[1][j]`` to ``levels[1][j + 1]``, and so on down to vertices. A point has no level.

    Shape: ``valid`` ``(rows,)``, each of ``axes`` (x, y and perhaps z) ``(vertices,)``.
    """

    kind: int
    axes: tuple[Floats, ...]
    levels: tuple[Ints, ...]
    valid: Bools

    def __len__(self) -> int:
        return len(self.valid)

    def geometries(self, *, first_row: int) -> Geometries:
        """Give what decoding their WKB gives, to the bit.

        Raises: UnmeasurableError with the number of a row that has a line or a ring which WKB must not have.
        """
        found = self._decoded()
        if found is None:
            return Geometries.decode(self.to_wkb(), first_row=first_row)
        return Geometries.of(found, first_row=first_row, wkb_of=self.wkb_of)

    def to_wkb(self, *, kernels: bool = False) -> pa.Array:
        """Encode all rows as little-endian ISO WKB.

        Raises: UnmeasurableError where they are too long for one array.
        """
        data, ends = self._encoded(kernels=kernels)
        if ends[-1] > _MOST_BYTES:
            raise UnmeasurableError("the geometries are too large to be measured at once")
        offsets = offsets_of(_spread(np.diff(ends), self.valid)).astype(np.int32)
        bits = pa.py_buffer(np.packbits(self.valid, bitorder="little"))
        return pa.Array.from_buffers(pa.binary(), len(self), [bits, pa.py_buffer(offsets), pa.py_buffer(data)])

    def wkb_of(self, rows: Ints) -> pa.Array:
        """Encode some of the rows."""
        return self.take(rows).to_wkb()

    def take(self, rows: Ints) -> NativeRows:
        """Pick some of the rows, in any order."""
        valid = self.valid[rows]
        some = (np.cumsum(self.valid) - 1)[rows][valid]
        levels: list[Ints] = []
        for offsets in self.levels:
            counts = (offsets[1:] - offsets[:-1])[some]
            levels.append(offsets_of(counts))
            some = np.repeat(offsets[some] - levels[-1][:-1], counts) + np.arange(levels[-1][-1])
        axes = tuple(axis[some] for axis in self.axes)
        return NativeRows(kind=self.kind, axes=axes, levels=tuple(levels), valid=valid)

    def _decoded(self) -> Decoded | None:
        """Describe the rows; ``None`` where one is malformed."""
        xy = np.empty((len(self.axes[0]), 2), order="F")
        xy[:, 0], xy[:, 1] = self.axes[:2]
        z = np.ascontiguousarray(self.axes[2]) if len(self.axes) == _XYZ and self.valid.any() else None
        if self.kind == POINT:
            return decoded_points(xy, z, self.valid, with_nan=_has_nan(xy))
        if self.kind == MULTIPOINT:
            xy, z, first = self._positions(xy, z)
            return self._whole(xy, z, PartArrays(np.arange(len(xy) + 1), np.full(len(xy), POINT, np.uint8), first))
        parts = self._runs(xy)
        return None if parts is None else self._whole(xy, z, parts)

    def _positions(self, xy: Floats, z: Floats | None) -> tuple[Floats, Floats | None, Ints]:
        """Leave out the empty points of multi-points; returns the positions and which are those of each valid row."""
        blank = np.isnan(xy[:, 0]) & np.isnan(xy[:, 1])
        if z is not None:
            blank &= np.isnan(z)
        if not blank.any():
            return xy, z, self.levels[0]
        kept = np.asfortranarray(xy[~blank])
        return kept, None if z is None else z[~blank], offsets_of(~blank)[self.levels[0]]

    def _runs(self, xy: Floats) -> PartArrays | None:
        """Make parts of the lines and rings that have vertices; ``None`` where one is malformed."""
        *outer, offsets = self.levels
        counts = np.diff(offsets)
        is_ring = self.kind in {POLYGON, _MULTIPOLYGON}
        if (counts < _SMALLEST_RING).any() if is_ring else (counts == 1).any():
            return None
        if is_ring and (xy[offsets[:-1]] != xy[offsets[1:] - 1]).any():
            return None
        first = np.arange(int(np.count_nonzero(self.valid)) + 1)
        for level in outer:
            first = level[first]
        some = counts > 0
        kinds = np.full(np.count_nonzero(some), POLYGON if is_ring else LINE, np.uint8)
        return PartArrays(offsets_of(counts[some]), kinds, offsets_of(some)[first])

    def _whole(self, xy: Floats, z: Floats | None, parts: PartArrays) -> Decoded:
        """Describe all rows by the parts of the valid ones."""
        feature_offsets = offsets_of(_spread(np.diff(parts.offsets[parts.first]), self.valid))
        of_all = parts._replace(first=offsets_of(_spread(np.diff(parts.first), self.valid)))
        return Decoded(
            xy=xy,
            z=z,
            feature_offsets=feature_offsets,
            kinds=self.valid * np.uint8(self.kind),
            empty=self.valid & (np.diff(feature_offsets) == 0),
            parts=of_all if self.valid.any() else None,
            has_m=False,
        )

    def _encoded(self, *, kernels: bool) -> tuple[NDArray[np.uint8], Ints]:
        """Write the valid rows side by side; returns their bytes and where each begins and ends."""
        before, vertices = _BEFORE[self.kind], len(self.axes[0])
        ends = [np.arange(vertices + 1) * (before[-1] + ORDINATE * len(self.axes))]
        for level, size in zip(reversed(self.levels), reversed(before[:-1]), strict=True):
            ends.insert(0, offsets_of(np.diff(ends[0][level]) + size))
        data = np.empty(int(ends[0][-1]), np.uint8)
        # Where the children of each element begin, and how many there are; at first, of the layer.
        at, counts = np.zeros(1, np.int64), np.array([len(ends[0]) - 1])
        for depth, level in enumerate(self.levels):
            at = np.repeat(at - ends[depth][_first(counts)], counts) + ends[depth][:-1]
            counts = np.diff(level)
            self._write_heads(data, at, depth, counts)
            at += before[depth]
        self._write_vertices(data, at, counts, kernels=kernels)
        return data, ends[0]

    def _write_vertices(self, data: NDArray[np.uint8], at: Ints, counts: Ints, *, kernels: bool) -> None:
        """Write runs of vertices, each with the head that it may have."""
        head = _BEFORE[self.kind][-1]
        if kernels:
            from geogate.kernels.geoarrow import write_runs

            axes = [_frozen(axis) for axis in (*self.axes, np.empty(0))[:_XYZ]]
            if write_runs(data, at, counts, self._code(len(self.levels)) if head else 0, *axes):
                return
        size = head + ORDINATE * len(self.axes)
        at = np.repeat(at - _first(counts) * size, counts) + np.arange(len(self.axes[0])) * size
        self._write_heads(data, at, len(self.levels), None)
        for number, axis in enumerate(self.axes):
            ordinates(data)[at + head + number * ORDINATE] = axis

    def _code(self, depth: int) -> int:
        kind = self.kind if depth == 0 else self.kind - _MULTI
        return kind + _ISO_Z * (len(self.axes) == _XYZ)

    def _write_heads(self, data: NDArray[np.uint8], at: Ints, depth: int, counts: Ints | None) -> None:
        """Write byte order, type and count of what begins at some bytes, as far as it has them."""
        size = _BEFORE[self.kind][depth]
        if size >= HEAD:
            data[at] = 1
            words(data)[at + 1] = self._code(depth)
        if counts is not None:
            words(data)[at + size - COUNT] = counts


def _has_nan(xy: Floats) -> bool:
    # The least of numbers with a NaN among them is NaN; this makes no array of marks.
    return bool(np.isnan(xy.T.min(initial=np.inf)))


def _first(counts: Ints) -> Ints:
    """Return the number of the first element of each run."""
    return np.cumsum(counts) - counts


def _frozen(ordinates: Floats) -> Floats:
    """Give the kernels one type of array."""
    frozen = np.ascontiguousarray(ordinates).view()
    frozen.flags.writeable = False
    return frozen


def _spread(counts: Ints, valid: Bools) -> Ints:
    """Give the counts of valid rows to them, and zero to the others."""
    if len(counts) == len(valid):
        return counts
    spread = np.zeros(len(valid), np.int64)
    spread[valid] = counts
    return spread
