"""Which pixels of one window lie in one zone or near it; first by cells of many, and one by one only at the edge."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.measures.chords import chords_m
from geogate.measures.measure import UnmeasurableError
from geogate.measures.raster import WINDOW, shown_pixels
from geogate.measures.reference import to_lonlat
from geogate.zones.exact import FARTHEST_BUFFER_M, ZoneJudge

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.measures.batch import LayerBatch
    from geogate.measures.raster import Windows
    from geogate.zones.zone import Zone

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]

_RING: Final = 5
_SIZES: Final = (64, 16, 4, 1)
"""Pixels across and along a cell: large ones are decided as a whole where they can be."""

_SLACK: Final = 1.02
"""Half diagonals are taken this many times, because pixels are not all alike within a window."""

_HALF_TURN: Final = 180.0
_AREAS: Final = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_KEPT: Final = 64
_DIGITS: Final = 2


class _This:
    """One zone, equal to itself only: to compare two of them costs as much as to judge with one."""

    __slots__ = ("zone",)

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def __hash__(self) -> int:
        return id(self.zone)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.zone is self.zone


@lru_cache(_KEPT)
def _prepared(this: _This) -> BaseGeometry:
    """Copy a zone and prepare the copy: it is shared by threads, and the zone is not this module's to change."""
    copy: BaseGeometry = shapely.from_wkb(shapely.to_wkb(this.zone.geometry))
    shapely.prepare(copy)
    # GEOS builds its index at the first question; after that, threads only read it.
    shapely.contains_properly(copy, shapely.Point(0, 0))
    return copy


@lru_cache(_KEPT)
def _judge(this: _This, limit_m: float) -> ZoneJudge:
    return ZoneJudge(this.zone, limit_m)


def shown_near(batch: LayerBatch, windows: Windows, row: int, *, zone: Zone, limit_m: float) -> int:
    """Count the pixels of one window that show anything and may lie within a distance of a zone.

    Raises: UnmeasurableError when the window is not four corners, or a pixel has no place on the Earth.
    """
    grid = _Grid(batch, windows, row)
    sums = _sums(shown_pixels(batch, windows, row))
    pixel_m = limit_m + _rounded_up(grid.half_diagonal_m(1))
    starts, count = np.zeros((1, 2), np.int64), 0
    for size, smaller in pairwise((WINDOW, *_SIZES)):
        starts, ends = grid.split(starts, size=size, into=smaller)
        starts, ends = (each[_within_cells(sums, starts, ends) > 0] for each in (starts, ends))
        if not len(starts):
            break
        cell_m = _rounded_up(grid.half_diagonal_m(smaller))
        middle = (starts + ends) / 2
        near = grid.within(zone, middle, reach_m=limit_m + cell_m)
        starts, ends, middle = starts[near], ends[near], middle[near]
        sure = np.full(len(starts), smaller == 1)
        if smaller > 1:
            sure = grid.inside(zone, starts, ends)
            sure[~sure] = grid.within(zone, middle[~sure], reach_m=pixel_m - cell_m)
        count += int(_within_cells(sums, starts[sure], ends[sure]).sum())
        starts = starts[~sure]
    return count


def _sums(shown: Marks) -> NDArray[np.int64]:
    """Sum up the pixels that show anything from the first corner to each place.

    Shape: one row and column more than the window has.
    """
    sums = np.zeros((shown.shape[0] + 1, shown.shape[1] + 1), np.int64)
    np.cumsum(np.cumsum(shown, axis=0, dtype=np.int64), axis=1, out=sums[1:, 1:])
    return sums


def _within_cells(sums: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the pixels that show anything in each of several cells."""
    (west, north), (east, south) = starts.T, ends.T
    counts: NDArray[np.int64] = sums[south, east] - sums[north, east] - sums[south, west] + sums[north, west]
    return counts


class _Grid:
    """The pixels of one window, evenly between its corners."""

    def __init__(self, batch: LayerBatch, windows: Windows, row: int) -> None:
        offsets = batch.geometries.feature_offsets
        ring = batch.geometries.xy[offsets[row] : offsets[row + 1]]
        if len(ring) != _RING:
            raise UnmeasurableError("a window of the raster has not four corners")
        self.first, self.across, self.along = ring[0], ring[1] - ring[0], ring[3] - ring[0]
        self.columns, self.rows = int(windows.columns[row]), int(windows.rows[row])
        self.crs = batch.crs

    def lonlat(self, places: Floats) -> Floats:
        """Give the positions of places that are counted in pixels from the first corner."""
        share = places / np.array([self.columns, self.rows])
        xy = self.first + share[:, :1] * self.across + share[:, 1:] * self.along
        return to_lonlat(np.asfortranarray(xy), self.crs)

    def split(self, starts: NDArray[np.int64], *, size: int, into: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cut cells into smaller ones, and leave out those beyond the window.

        Shape: column and row of the first pixel, and of the one after the last.
        """
        steps = np.arange(0, size, into)
        parts = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        cut = (starts[:, None, :] + parts).reshape(-1, 2)
        cut = cut[(cut < [self.columns, self.rows]).all(axis=1)]
        return cut, np.minimum(cut + into, [self.columns, self.rows])

    def half_diagonal_m(self, size: int) -> float:
        """Return half the longest diagonal of cells, looked for at the corners of the window and in its middle.

        Units: metres.
        """
        half = np.minimum(size, [self.columns, self.rows]) / 2
        room = np.array([self.columns, self.rows]) - 2 * half
        centres = half + room * np.array([(x, y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)])
        turns = np.array([(0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)])
        lonlat = self.lonlat((centres + half * turns[:, None, :]).reshape(-1, 2)).reshape(len(turns), -1, 2)
        pairs = [np.stack([lonlat[0], ends], axis=1).reshape(-1, 2) for ends in lonlat[1:]]
        return float(np.max([chords_m(several)[::2] for several in pairs])) * _SLACK

    def within(self, zone: Zone, places: Floats, *, reach_m: float) -> Marks:
        """Tell which places are within a distance of a zone; none is where the distance is none."""
        if reach_m > FARTHEST_BUFFER_M:
            return np.ones(len(places), np.bool_)
        if reach_m <= 0 or not len(places):
            return np.zeros(len(places), np.bool_)
        return _judge(_This(zone), reach_m).hit(_turned(self.lonlat(places)))

    def inside(self, zone: Zone, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Marks:
        """Tell which cells lie in a zone with all of their outline; it may miss some."""
        if shapely.get_type_id(zone.geometry) not in _AREAS:
            return np.zeros(len(starts), np.bool_)
        (west, north), (east, south) = starts.T, ends.T
        ring = np.stack([west, north, east, north, east, south, west, south], axis=1).reshape(-1, 2)
        lonlat = _turned(self.lonlat(ring.astype(np.float64))).reshape(-1, 4, 2)
        found = np.asarray(shapely.contains_properly(_prepared(_This(zone)), shapely.polygons(lonlat)), np.bool_)
        return np.asarray(found & (np.ptp(lonlat[:, :, 0], axis=1) < _HALF_TURN))


def _turned(lonlat: Floats) -> Floats:
    """Bring longitudes between -180 and 180."""
    lon = lonlat[:, 0]
    far = np.abs(lon) > _HALF_TURN
    return np.column_stack([np.where(far, (lon + _HALF_TURN) % (2 * _HALF_TURN) - _HALF_TURN, lon), lonlat[:, 1]])


def _rounded_up(distance_m: float) -> float:
    """Round up to a few digits, so that windows of one image share what was prepared for a zone."""
    step = 10.0 ** (np.floor(np.log10(distance_m)) - _DIGITS + 1) if distance_m > 0 else 1.0
    return float(np.ceil(distance_m / step) * step)
