"""From the vertices of a geometry in text to positions, whatever reference system it claims."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj

from geogate.measures.decimals import FINEST, classify
from geogate.measures.hidden.forms.form import METRES, UNKNOWN, Reading, cell_of_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.hidden import Strength

_LONLAT: Final = frozenset({0, 4326, 4979, 4258, 4269, 4267, 84})


@lru_cache(maxsize=64)
def transformer(code: int) -> Any:
    """Return the way from a reference system of EPSG to WGS 84, ``None`` where there is no such system."""
    try:
        crs = pyproj.CRS.from_epsg(code)
        if crs.is_vertical or crs.is_engineering:
            return None
        return pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    except pyproj.exceptions.ProjError:
        return None


def to_lonlat(code: int, x: float, y: float) -> tuple[float, float] | None:
    """Turn a position in a reference system of EPSG into longitude and latitude, ``None`` where it has none."""
    way = transformer(code)
    if way is None:
        return None
    lon, lat = way.transform(x, y)
    return (float(lon), float(lat)) if np.isfinite(lon) and np.isfinite(lat) else None


def is_used(code: int, lon: float, lat: float) -> bool:
    """Say whether a position lies where a reference system of EPSG is used."""
    area = pyproj.CRS.from_epsg(code).area_of_use
    return area is None or (
        area.south <= lat <= area.north and (lon - area.west) % 360 <= (area.east - area.west) % 360
    )


def reading_of(xy: NDArray[np.float64], srid: int, strength: Strength, end: int | None = None) -> Reading:
    """Read vertices: with no system they are degrees, if they can be, in either order; else they cannot be read."""
    finite = xy[np.isfinite(xy).all(axis=1)]
    if not len(finite):
        return Reading(lonlat=(), cell_m=1.0, strength=strength, end=end)
    cell_m = _cell_m(finite)
    way = None if srid in _LONLAT else transformer(srid)
    if way is not None:
        lon, lat = way.transform(finite[:, 0], finite[:, 1])
        factor = 1.0 if not pyproj.CRS.from_epsg(srid).is_geographic else METRES
        lonlat = np.stack([lon, lat], axis=1)
        known = lonlat[np.isfinite(lonlat).all(axis=1)]
        return _of(known, max(cell_m / METRES * factor, 1e-9), strength, swapped=False, end=end)
    degrees = (np.abs(finite[:, 0]) <= 180) & (np.abs(finite[:, 1]) <= 90)  # noqa: PLR2004
    turned = (np.abs(finite[:, 0]) <= 90) & (np.abs(finite[:, 1]) <= 180)  # noqa: PLR2004
    if degrees.all():
        return _of(finite, cell_m, strength, swapped=bool(turned.all()), end=end)
    if turned.all():
        return _of(finite[:, ::-1], cell_m, strength, swapped=False, end=end)
    return Reading(lonlat=UNKNOWN, cell_m=cell_m, strength=strength, end=end)


def _of(lonlat: NDArray[np.float64], cell_m: float, strength: Strength, *, swapped: bool, end: int | None) -> Reading:
    if not len(lonlat):
        return Reading(lonlat=UNKNOWN, cell_m=cell_m, strength=strength, end=end)
    positions = [(lon, lat) for lon, lat in lonlat.tolist()]
    return Reading(lonlat=positions, cell_m=cell_m, strength=strength, swapped=swapped, end=end)


def _cell_m(xy: NDArray[np.float64]) -> float:
    """Return the cell of the finest ordinate, if it were degrees.

    Units: metres.
    """
    classes, _ = classify(xy.ravel())
    return cell_of_places(min(int(classes.max()), FINEST))
