"""Where the numbers of positions near zones would lie under a reading, as boxes; they err towards "perhaps" only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np
import pyproj
import shapely

from geogate.measures.datum_offsets import FARTHEST_M
from geogate.measures.reading_systems import DEGREES, EVERYWHERE, area_is_known
from geogate.measures.reference import horizontal, is_wgs84
from geogate.zones.chunks import reach_boxes
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.reading_systems import Box
    from geogate.measures.readings import Reading
    from geogate.zones.zone import ZoneList

    Floats = NDArray[np.float64]

_LARGE: Final = {True: 170.0, False: 50_000.0}
"""Shapes that are larger than this, in degrees or in units of a projected system, may leave the box of their vertices:
their edges bulge, or go round the Earth the other way."""

_MARGIN_SHARE: Final = 0.02
_MARGIN: Final = {True: 0.05, False: 5_000.0}
"""What a box is grown by, in degrees of a geographic and in units of a projected system: more than ballpark datum
shifts are off, and more than edges of shapes that are not large bulge."""

_EDGE: Final = 33
_TINY_DEG: Final = 1e-7


def zone_boxes(zone_list: ZoneList, buffer_m: float) -> Floats:
    """Give the boxes of all parts of zones with their distances, and with room for the offsets of Chinese maps.

    Shape: ``(n, 4)``, west, south, east, north, within [-180, 180].
    """
    geometries = np.fromiter((zone.geometry for zone in zone_list.zones), object, len(zone_list.zones))
    parts, zone = shapely.get_parts(geometries, return_index=True)
    grown = reach_boxes(shapely.bounds(parts), limits_m(zone_list, buffer_m)[zone] + FARTHEST_M)
    return _turned(grown + np.array([-_TINY_DEG, -_TINY_DEG, _TINY_DEG, _TINY_DEG]), 0.0)


def boxes_for(reading: Reading, zones: Floats) -> Floats:
    """Give the boxes in which the numbers lie that a reading brings near to zones.

    Shape: ``(zones, 4)`` to ``(n, 4)``.
    """
    boxes = zones if reading.turn == 0.0 else _turned(zones, -reading.turn)
    boxes = _cut(boxes, reading.extent)
    if not is_wgs84(reading.crs):
        known = area_is_known(reading.crs)
        boxes = _projected(reading.crs, boxes) if known else np.tile(EVERYWHERE, (min(len(boxes), 1), 1))
    one, other = boxes[:, :2] / reading.scale, boxes[:, 2:] / reading.scale
    order = slice(None, None, -1) if reading.swap else slice(None)
    low, high = np.minimum(one, other)[:, order], np.maximum(one, other)[:, order]
    return _cut(np.concatenate([low, high], axis=1), reading.fit.box)


def large_extent(reading: Reading) -> float:
    """Return how large a shape must be in x or y for its edges to leave the box of its vertices more than boxes allow.

    Units: those of the numbers that are read.
    """
    return _LARGE[not reading.crs.is_projected] / max(map(abs, reading.scale))


def raw_box(crs: pyproj.CRS, area: Box) -> Box:
    """Return which numbers a system has in an area, everything where that cannot be said."""
    if not area_is_known(crs):
        return EVERYWHERE
    (west, south, east, north) = _projected(crs, np.array([area])).tolist()[0]
    return (west, south, east, north)


def _projected(crs: pyproj.CRS, lonlat: Floats) -> Floats:
    """Give boxes that hold what boxes of degrees become in a reference system."""
    if not len(lonlat):
        return np.empty((0, 4))
    forward = _local.forward(crs)
    share = np.linspace(0, 1, _EDGE if _largest(lonlat) > 1 else 5)
    across, up = (array.reshape(-1) for array in np.meshgrid(share, share))
    lon = lonlat[:, [0]] + (lonlat[:, [2]] - lonlat[:, [0]]) * across
    lat = lonlat[:, [1]] + (lonlat[:, [3]] - lonlat[:, [1]]) * up
    xy = np.stack(forward.transform(lon, lat), axis=2)
    low, high = xy.min(axis=1, initial=np.inf), xy.max(axis=1, initial=-np.inf)
    margin = (high - low) * _MARGIN_SHARE + _MARGIN[crs.is_geographic]
    boxes = np.concatenate([low - margin, high + margin], axis=1)
    boxes[~np.isfinite(xy).all(axis=(1, 2))] = EVERYWHERE
    return boxes


class _Local(threading.local):
    """Transformers are not to be shared between threads; all zones of UTM have the same."""

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[pyproj.CRS, pyproj.Transformer] | None = None

    def forward(self, crs: pyproj.CRS) -> pyproj.Transformer:
        if self._last is None or self._last[0] is not crs:
            pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]
            made = pyproj.Transformer.from_crs(pyproj.CRS.from_epsg(4326), horizontal(crs), always_xy=True)
            self._last = crs, made
        return self._last[1]


_local = _Local()


def _largest(lonlat: Floats) -> float:
    return float(max((lonlat[:, 2] - lonlat[:, 0]).max(), (lonlat[:, 3] - lonlat[:, 1]).max()))


def _turned(boxes: Floats, turn: float) -> Floats:
    """Turn boxes, and have them on all sides of the antimeridian that they reach."""
    copies = [boxes + np.array([turn + whole, 0.0, turn + whole, 0.0]) for whole in (0.0, 360.0, -360.0)]
    return _cut(np.concatenate(copies), DEGREES)


def _cut(boxes: Floats, area: Box) -> Floats:
    low, high = np.maximum(boxes[:, :2], area[:2]), np.minimum(boxes[:, 2:], area[2:])
    return np.concatenate([low, high], axis=1)[(low <= high).all(axis=1)]
