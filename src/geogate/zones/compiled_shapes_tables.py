"""What the kernels for lines and polygons need of each zone beside its stripes: fences, loose edges and anchors."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from geogate.zones.boundary import TOLERANCE_M
from geogate.zones.compiled_tables import read_only
from geogate.zones.ellipsoid import ECCENTRICITY_2, SEMI_MAJOR_M, SMALLEST_RADIUS_M
from geogate.zones.segments import segments_of
from geogate.zones.unwrap import HALF_TURN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.shapes_tables import Anchors, Grid, Loose, Zones
    from geogate.zones.compiled import CompiledIndex

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_UNSURE_M: Final = 0.05
_UNSURE_SHARE: Final = 1e-6
"""What comes as near to the limit as this is left to the reference, which errs by less."""

_NEAR_POLE: Final = 89.9
"""Zones that reach beyond this latitude are left to the reference.

Units: degrees.
"""

_LARGER: Final = 1.0 + 1e-9

_kept: WeakKeyDictionary[CompiledIndex, Zones] = WeakKeyDictionary()
_lock = Lock()


def zone_tables(index: CompiledIndex) -> Zones:
    """Get the tables of an index, made once.

    Raises: ServiceError when the index is damaged.
    """
    index.verified()
    with _lock:
        if index not in _kept:
            _kept[index] = _zones(index)
        return _kept[index]


def grid_tables(index: CompiledIndex) -> Grid:
    """Gather the cells of an index."""
    from geogate.kernels.shapes_tables import Grid

    return Grid(index.grid.scale_for_kernels, index.cells.for_kernels)


def _zones(index: CompiledIndex) -> Zones:
    from geogate.kernels.shapes_tables import Zones

    stripes, zones = index.stripes, index.zone_list.zones
    parts, owner = _open_parts(np.array([zone.geometry for zone in zones], dtype=object))
    return Zones(
        fences(stripes.zone_bounds, index.limit_m),
        stripes.for_kernels,
        _loose(parts, owner, len(zones)),
        _anchors(index, parts, owner),
    )


def fences(bounds: Floats, limit_m: Floats) -> Floats:
    """Lay the fences of zones with these bounds and distances; ``geogate.kernels.shapes_tables`` names the columns.

    Shape: ``(zones, 4)``, west, south, east, north, and ``(zones,)`` to ``(zones, COLUMNS)``.
    Units: degrees and metres.
    """
    out_m = limit_m + TOLERANCE_M + _UNSURE_M + _UNSURE_SHARE * limit_m
    angle = np.degrees(out_m / SMALLEST_RADIUS_M) * _LARGER
    south, north = bounds[:, 1] - angle, bounds[:, 3] + angle
    judged = (south > -_NEAR_POLE) & (north < _NEAR_POLE)
    least_x, least_y, most_x, most_y = _metres_a_degree(np.maximum(south, -90.0), np.minimum(north, 90.0))
    reach_x = np.where(judged, out_m / np.where(judged, least_x, 1.0) * _LARGER, np.inf)
    west, east = bounds[:, 0] - reach_x, bounds[:, 2] + reach_x
    whole = ~judged | (west <= -HALF_TURN) | (east >= HALF_TURN)
    west, east = np.where(whole, -np.inf, west), np.where(whole, np.inf, east)
    inner2 = np.where(limit_m > 0, limit_m * limit_m, -1.0)
    columns = [west, south, east, north, reach_x, angle, out_m * out_m, inner2, least_x, least_y, most_x, most_y]
    return read_only(np.column_stack(columns))


def _metres_a_degree(south: Floats, north: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Bound the metres in a degree of longitude and of latitude between latitudes: two least, then two greatest.

    ``geogate.kernels.edges.metres_a_degree`` is the same for one pair.
    """
    far = np.radians(np.maximum(np.abs(south), np.abs(north)))
    near = np.where((south < 0) & (north > 0), 0.0, np.radians(np.minimum(np.abs(south), np.abs(north))))
    far_w, near_w = (1 - ECCENTRICITY_2 * np.sin(lat) ** 2 for lat in (far, near))
    degree = SEMI_MAJOR_M * np.pi / 180
    meridian = degree * (1 - ECCENTRICITY_2)
    return (
        degree * np.cos(far) / np.sqrt(far_w),
        meridian / near_w**1.5,
        degree * np.cos(near) / np.sqrt(near_w),
        meridian / far_w**1.5,
    )


def _open_parts(geometries: NDArray[np.object_]) -> tuple[NDArray[np.object_], Ints]:
    """Give the lines and points of all zones, with the zones' numbers."""
    kinds = shapely.get_type_id(geometries)
    mixed = np.flatnonzero((kinds != shapely.GeometryType.POLYGON) & (kinds != shapely.GeometryType.MULTIPOLYGON))
    parts, of = shapely.get_parts(geometries[mixed], return_index=True)
    is_open = shapely.get_type_id(parts) != shapely.GeometryType.POLYGON
    return parts[is_open], mixed[of[is_open]].astype(np.int64)


def _loose(parts: NDArray[np.object_], owner: Ints, zones: int) -> Loose:
    from geogate.kernels.shapes_tables import Loose

    edges = segments_of(parts, owner)
    order = np.argsort(edges.owner, kind="stable")
    ends = np.column_stack([edges.start, edges.end])[order]
    return Loose(read_only(ends), _firsts(edges.owner[order], zones))


def _anchors(index: CompiledIndex, parts: NDArray[np.object_], owner: Ints) -> Anchors:
    from geogate.kernels.shapes_tables import Anchors

    stripes = index.stripes
    vertex = stripes.ring_start[:-1]
    ring_zone = np.repeat(np.arange(len(stripes.zone_ring) - 1), np.diff(stripes.zone_ring))
    lonlat, part = shapely.get_coordinates(parts, return_index=True)
    first = np.searchsorted(part, np.arange(len(parts)))
    xy = np.concatenate([stripes.xy.reshape(-1, 2)[vertex], lonlat[first]])
    zone = np.concatenate([ring_zone, owner]).astype(np.int64)
    order = np.argsort(zone, kind="stable")
    return Anchors(read_only(xy[order]), _firsts(zone[order], len(index.zone_list.zones)))


def _firsts(owner: Ints, count: int) -> Ints:
    return read_only(np.searchsorted(owner, np.arange(count + 1)).astype(np.int64))
