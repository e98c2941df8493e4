"""Which pixels of one window lie in one zone or near it; first by blocks of them, then one by one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.measures.chords import chords_m
from geogate.measures.measure import UnmeasurableError
from geogate.measures.raster import shown_pixels
from geogate.measures.reference import to_lonlat
from geogate.zones.exact import FARTHEST_BUFFER_M, ZoneJudge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.raster import Windows
    from geogate.zones.zone import Zone

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]

_RING: Final = 5
_BLOCK: Final = 32
"""Pixels across and along a block."""

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
def _judge(this: _This, limit_m: float) -> ZoneJudge:
    return ZoneJudge(this.zone, limit_m)


def shown_near(batch: LayerBatch, windows: Windows, row: int, *, zone: Zone, limit_m: float) -> int:
    """Count the pixels of one window that show anything and may lie within a distance of a zone.

    Raises: UnmeasurableError when the window is not four corners, or a pixel has no place on the Earth.
    """
    grid = _Grid(batch, windows, row)
    if _all_inside(grid, zone):
        return int(windows.shown[row])
    shown = shown_pixels(batch, windows, row)
    columns, rows = (np.arange(0, size, _BLOCK) for size in (grid.columns, grid.rows))
    corner = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    far = np.minimum(corner + _BLOCK, [grid.columns, grid.rows])
    near = _within(grid, zone, (corner + far) / 2, limit_m=limit_m, size=(_BLOCK, _BLOCK))
    candidates = np.zeros_like(shown)
    for (column, start), (end_column, end) in zip(corner[near].tolist(), far[near].tolist(), strict=True):
        candidates[start:end, column:end_column] = shown[start:end, column:end_column]
    at = np.argwhere(candidates)[:, ::-1]
    return int(_within(grid, zone, at + 0.5, limit_m=limit_m, size=(1, 1)).sum()) if len(at) else 0


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

    def half_diagonal_m(self, size: tuple[int, int]) -> float:
        """Return half the longest diagonal that so many pixels have, looked for at the corners and in the middle.

        Units: metres.
        """
        half = np.minimum(size, [self.columns, self.rows]) / 2
        room = np.array([self.columns, self.rows]) - 2 * half
        centres = half + room * np.array([(x, y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)])
        ends = [centres + half * np.array(turn) for turn in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        middle = self.lonlat(centres)
        between = [np.stack([middle, self.lonlat(end)], axis=1).reshape(-1, 2) for end in ends]
        return float(np.max([chords_m(pairs)[::2] for pairs in between])) * _SLACK


def _within(grid: _Grid, zone: Zone, places: Floats, *, limit_m: float, size: tuple[int, int]) -> Marks:
    """Tell which pixels or blocks, given by their middles, may lie within the distance."""
    reach_m = limit_m + _rounded_up(grid.half_diagonal_m(size))
    if reach_m > FARTHEST_BUFFER_M:
        return np.ones(len(places), np.bool_)
    lonlat = grid.lonlat(places)
    lon = lonlat[:, 0]
    turned = np.column_stack([np.where(np.abs(lon) > _HALF_TURN, (lon + 180.0) % 360.0 - 180.0, lon), lonlat[:, 1]])
    return _judge(_This(zone), reach_m).hit(turned)


def _rounded_up(distance_m: float) -> float:
    """Round up to a few digits, so that windows of one image share what was prepared for a zone."""
    step = 10.0 ** (np.floor(np.log10(distance_m)) - _DIGITS + 1) if distance_m > 0 else 1.0
    return float(np.ceil(distance_m / step) * step)


def _all_inside(grid: _Grid, zone: Zone) -> bool:
    """Say whether the whole window lies in a zone; where that is not certain, its pixels are looked at."""
    if shapely.get_type_id(zone.geometry) not in _AREAS:
        return False
    steps = np.linspace(0.0, 1.0, 9)
    shares = [(x, y) for x in steps for y in steps]
    lonlat = grid.lonlat(np.array(shares) * [grid.columns, grid.rows])
    if np.ptp(lonlat[:, 0]) > _HALF_TURN:
        return False
    hull = shapely.convex_hull(shapely.MultiPoint(lonlat))
    return bool(shapely.contains_properly(zone.geometry, hull))
