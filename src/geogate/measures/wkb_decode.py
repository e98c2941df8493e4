"""Vertices, parts and kinds of WKB values by numpy alone, the reference of the compiled way; it judges nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from geogate.measures.measure import UnmeasurableError
from geogate.measures.wkb import LINE, ORDINATE, POINT, POLYGON, plain_points, read, vertices
from geogate.measures.wkb_walk import walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.wkb import Bools, Ints, Runs, Values

    Floats = NDArray[np.float64]
    Kinds = NDArray[np.uint8]

_WITH_M: Final = 2
"""The ISO codes 2000 and 3000."""

_SMALLEST_RING: Final = 3
"""What GEOS accepts: there and back again."""


class PartArrays(NamedTuple):
    """The arrays of ``geogate.measures.geometries.Parts``."""

    offsets: Ints
    kinds: Kinds
    first: Ints


class Decoded(NamedTuple):
    """What every way of decoding gives; the fields are those of ``geogate.measures.geometries.Geometries``."""

    xy: Floats
    z: Floats | None
    feature_offsets: Ints
    kinds: Kinds
    empty: Bools
    parts: PartArrays | None
    has_m: bool


def decode(values: Values) -> Decoded:
    """Decode WKB values.

    Raises: UnmeasurableError with the number of the row that is not well-formed to its last byte.
    """
    plain = plain_points(values)
    if plain is None:
        return _walked(values)
    ordinates = plain["at"]
    z = np.ascontiguousarray(ordinates[:, 2]) if ordinates.shape[1] > 2 else None  # noqa: PLR2004 x and y
    xy = np.asfortranarray(ordinates[:, :2])
    return decoded_points(xy, z, values.valid, with_nan=bool(np.isnan(ordinates).any()))


def decoded_points(xy: Floats, z: Floats | None, valid: Bools, *, with_nan: bool) -> Decoded:
    """Describe points, one for each valid row; those with no ordinate but NaN, if any can be, are empty ones.

    Shape: ``xy`` ``(valid rows, 2)`` in Fortran's order, ``z`` ``(valid rows,)``, ``valid`` ``(rows,)``.
    """
    some = valid
    if with_nan:
        blank = np.isnan(xy[:, 0]) & np.isnan(xy[:, 1])
        if z is not None:
            blank &= np.isnan(z)
        xy, z = np.asfortranarray(xy[~blank]), None if z is None else z[~blank]
        some = valid.copy()
        some[valid] = ~blank
    rows = len(valid)
    if len(xy) == rows:
        offsets, kinds, empty = _one_point_a_row(rows)
        return Decoded(xy=xy, z=z, feature_offsets=offsets, kinds=kinds, empty=empty, parts=None, has_m=False)
    return Decoded(
        xy=xy,
        z=z,
        feature_offsets=offsets_of(some),
        kinds=valid * np.uint8(POINT),
        empty=valid & ~some,
        parts=None,
        has_m=False,
    )


@lru_cache(maxsize=4)
def _one_point_a_row(rows: int) -> tuple[Ints, Kinds, Bools]:
    """Make offsets, kinds and marks of emptiness where every row is a point; most batches of a layer have one size."""
    arrays = np.arange(rows + 1), np.full(rows, POINT, np.uint8), np.zeros(rows, np.bool_)
    for array in arrays:
        array.flags.writeable = False
    return arrays


def offsets_of(counts: Ints | Bools) -> Ints:
    """Turn counts into offsets, of which there is one more."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _walked(values: Values) -> Decoded:
    """Decode anything."""
    layout = walk(values)
    runs, dims = layout.runs, layout.codes // 1000
    at, big = vertices(runs)
    xy = np.empty((len(at), 2), order="F")
    for axis in range(2):
        xy[:, axis] = read(values.data, at + axis * ORDINATE, big)
    deep = np.repeat(dims[runs.row] % 2 == 1, runs.count)
    z = np.full(len(at), np.nan)
    z[deep] = read(values.data, at[deep] + 2 * ORDINATE, big[deep])
    first = np.cumsum(runs.count) - runs.count
    _check_runs(runs, xy, first, values.first_row)
    blank = _blank(values, runs, xy, first)
    if blank.any():
        xy, z = np.asfortranarray(np.delete(xy, first[blank], axis=0)), np.delete(z, first[blank])
    per_row = np.zeros(len(values.valid), np.int64)
    np.add.at(per_row, runs.row[~blank], runs.count[~blank])
    kinds = (layout.codes % 1000).astype(np.uint8)
    return Decoded(
        xy=xy,
        z=z if (dims % 2 == 1).any() else None,
        feature_offsets=offsets_of(per_row),
        kinds=kinds,
        empty=values.valid & (per_row == 0),
        parts=_parts(runs, (runs.count > 0) & ~blank, len(kinds)) if (kinds > POINT).any() else None,
        has_m=bool((dims >= _WITH_M).any()),
    )


def _parts(runs: Runs, some: Bools, rows: int) -> PartArrays:
    """Make parts of the runs that have vertices; a run's kind is that of a part, and a ring's that of its polygon."""
    return PartArrays(
        offsets=offsets_of(runs.count[some]),
        kinds=runs.kind[some].astype(np.uint8),
        first=np.searchsorted(runs.row[some], np.arange(rows + 1)),
    )


def _check_runs(runs: Runs, xy: Floats, first: Ints, first_row: int) -> None:
    """Refuse the lines and rings that GEOS would refuse, so that every measure refuses them alike."""
    faults = {
        "a line has one vertex only": (runs.kind == LINE) & (runs.count == 1),
        "a ring has too few vertices": (runs.kind == POLYGON) & (runs.count < _SMALLEST_RING),
    }
    ring = np.flatnonzero((runs.kind == POLYGON) & (runs.count >= _SMALLEST_RING))
    ends = first[ring] + runs.count[ring] - 1
    # Also where an end is NaN, which is equal to nothing.
    is_open = np.zeros(len(runs.row), np.bool_)
    is_open[ring] = (xy[first[ring]] != xy[ends]).any(axis=1)
    for reason, bad in {**faults, "a ring is not closed": is_open}.items():
        if bad.any():
            row = first_row + int(runs.row[bad].min())
            raise UnmeasurableError(f"the geometry in row {row} cannot be measured: {reason}")


def _blank(values: Values, runs: Runs, xy: Floats, first: Ints) -> Bools:
    """Mark the points that WKB writes for an empty one: all their ordinates are NaN."""
    blank = np.zeros(len(runs.row), np.bool_)
    points = np.flatnonzero(runs.kind == POINT)
    points = points[np.isnan(xy[first[points]]).all(axis=1)]
    blank[points] = True
    for axis in (2, 3):
        more = points[runs.width[points] > axis]
        ordinate = read(values.data, runs.at[more] + axis * ORDINATE, runs.big[more])
        blank[more] &= np.isnan(ordinate)
    return blank
