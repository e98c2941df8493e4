"""What the numbers of a layer mean: its reference system, the unit of its axes, and the way to WGS 84.

The only place with ``always_xy=True``: in files, x is the longitude or the easting and y the latitude or the northing,
whatever order the reference system's authority declares. Axes that count southward or westward keep their sense.
"""

from __future__ import annotations

import threading
from functools import cache, lru_cache, wraps
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import pyproj
from pyproj.exceptions import CRSError, ProjError

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T")

HIGHEST_LATITUDE: Final = 90.0
"""Units: degrees."""

_EARTH_M: Final = (6_350_000.0, 6_400_000.0)
"""Between these lie the half axes of every ellipsoid and sphere that stands for the Earth.

Units: metres.
"""

_TURNED: Final = "PROJ ob_tran"
"""How the methods begin that turn another projection, whose singular points then lie wherever somebody wants them."""

_LONGEST_NAME: Final = 80
_KEPT: Final = 64


class _This:
    """One reference system, equal to itself only: to compare two of them costs as much as to read a thousand rows."""

    __slots__ = ("crs",)

    def __init__(self, crs: pyproj.CRS) -> None:
        self.crs = crs

    def __hash__(self) -> int:
        return id(self.crs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.crs is self.crs


def _kept(say: Callable[[pyproj.CRS], T]) -> Callable[[pyproj.CRS], T]:
    """Remember what was said of the last few reference systems; all batches of a layer share one."""

    @lru_cache(maxsize=_KEPT)
    def said(this: _This) -> T:
        return say(this.crs)

    @wraps(say)
    def ask(crs: pyproj.CRS) -> T:
        return said(_This(crs))

    return ask


@cache
def _wgs84() -> pyproj.CRS:
    return pyproj.CRS.from_epsg(4326)


def to_lonlat(xy: NDArray[np.float64], crs: pyproj.CRS, *, kernels: bool = False) -> NDArray[np.float64]:
    """Turn positions into longitude and latitude on WGS 84, the same with and without kernels.

    Longitudes are not brought between -180 and 180, so that an edge from 179 to 181 stays short. Positions that are
    already on WGS 84 come back as the same array. The shift of datum is the best that this installation of PROJ has
    for each position; grids are never downloaded, and a ballpark shift, which can be hundreds of metres off, is
    refused.

    Shape: ``(n, 2)`` in and out; NaN where either ordinate is not finite.
    Units: those of ``crs`` in, degrees out.
    Raises: UnmeasurableError when a finite position has no place on the Earth, or the reference system has no way to
        WGS 84.
    """
    if is_wgs84(crs) and _all_on_earth(xy, kernels=kernels):
        return xy
    lonlat = positions(xy, crs)
    if _all_on_earth(lonlat, kernels=kernels):
        return lonlat
    lost = _finite(xy) & ~on_earth(lonlat)
    if lost.any():
        raise UnmeasurableError(
            f"{int(lost.sum())} vertices have no place on the Earth in the layer's reference system"
        )
    return lonlat


def positions(xy: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.float64]:
    """Turn positions into longitude and latitude as ``to_lonlat`` does, and leave what has no place as it comes.

    Raises: UnmeasurableError when the reference system has no way to WGS 84.
    """
    same = is_wgs84(crs)
    if same and _all_on_earth(xy):
        return xy
    finite = _finite(xy)
    lonlat = np.full(xy.shape, np.nan, order="F")
    x, y = xy[finite, 0], xy[finite, 1]
    lonlat[finite, 0], lonlat[finite, 1] = (x, y) if same else _local.transformer(crs).transform(x, y)
    return lonlat


def _all_on_earth(lonlat: NDArray[np.float64], *, kernels: bool = False) -> bool:
    """Say whether ``on_earth`` holds for all, without an array of answers: NaN comes through least and largest."""
    if not len(lonlat):
        return True
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    if kernels:
        from geogate.kernels.inputs import read_only
        from geogate.kernels.positions import all_on_earth

        return bool(all_on_earth(read_only(lon), read_only(lat), HIGHEST_LATITUDE))
    if not (lat.min() >= -HIGHEST_LATITUDE and lat.max() <= HIGHEST_LATITUDE):
        return False
    return bool(np.isfinite(lon.min()) and np.isfinite(lon.max()))


def _finite(xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    # By column: numpy's reductions along an axis of two are thirty times slower.
    return np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1])


def on_earth(lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the finite positions whose latitude is one; any finite longitude is."""
    return np.isfinite(lonlat[:, 0]) & (np.abs(lonlat[:, 1]) <= HIGHEST_LATITUDE)


@_kept
def is_wgs84(crs: pyproj.CRS) -> bool:
    """Say whether the numbers are longitude and latitude on WGS 84 in degrees already."""
    return horizontal(crs).equals(_wgs84(), ignore_axis_order=True)


@_kept
def horizontal(crs: pyproj.CRS) -> pyproj.CRS:
    """Leave the heights out of a reference system.

    Raises: UnmeasurableError when what is left is neither geographic nor projected, is derived from such a system,
        or is not of the Earth: its degrees and metres need not be what they are called.
    """
    part = crs.sub_crs_list[0] if crs.is_compound else crs
    if not (part.is_geographic or part.is_projected):
        raise UnmeasurableError("the reference system is neither geographic nor projected")
    _require_of_the_earth(part)
    _require_not_derived(part)
    # PROJ has no way to take the height out of a bound system with two axes: it has none.
    return part.to_2d() if len(part.axis_info) > 2 else part  # noqa: PLR2004 x and y


def _require_of_the_earth(crs: pyproj.CRS) -> None:
    """Refuse an ellipsoid on which a degree is longer or shorter than on the Earth.

    Raises: UnmeasurableError.
    """
    ellipsoid, (least, most) = crs.ellipsoid, _EARTH_M
    axes = () if ellipsoid is None else (ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre)
    if not axes or not all(least <= axis <= most for axis in axes):
        raise UnmeasurableError("the ellipsoid of the reference system is not that of the Earth; use EPSG:4326")


def _require_not_derived(crs: pyproj.CRS) -> None:
    """Refuse a system whose axes are a function of another system's, and a projection that was turned.

    Raises: UnmeasurableError.
    """
    own = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    method = own.coordinate_operation.method_name if own.coordinate_operation else ""
    if (own.is_derived and not own.is_projected) or method.startswith(_TURNED):
        raise UnmeasurableError("the reference system bends another one in a way that is not measured; use EPSG:4326")
    if own.is_projected and (own.geodetic_crs is None or own.geodetic_crs.is_derived or "Derived" in own.type_name):
        raise UnmeasurableError("the reference system is derived from a projected one; use EPSG:4326")


@_kept
def axis_unit(crs: pyproj.CRS) -> float:
    """Return what one unit of the axes is.

    Units: radians for a geographic system, metres for a projected one.
    Raises: UnmeasurableError when the two axes have not the same unit.
    """
    factors = {axis.unit_conversion_factor for axis in horizontal(crs).axis_info}
    if len(factors) != 1 or not 0 < (factor := factors.pop()) < np.inf:
        raise UnmeasurableError("the axes of the reference system have no common unit")
    return factor


@_kept
def crs_name(crs: pyproj.CRS) -> str:
    """Name a reference system as ``EPSG:25832``, or by its own name, quoted, where no authority knows exactly it.

    A name of its own comes from the file: only its printable ASCII is kept, and not much of it. The quotation marks
    keep it from looking like an authority's.
    """
    authority = crs.to_authority(min_confidence=100)
    if authority is not None:
        return ":".join(authority)
    kept = "".join(c for c in crs.name if c.isascii() and c.isprintable())
    return f"{kept[:_LONGEST_NAME] or 'unnamed'!r}"


def to_own_lonlat(xy: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.float64]:
    """Undo a projection: longitude and latitude on the datum that the system has, with no shift to another.

    Shape: ``(n, 2)`` in and out; infinite where a position lies outside the projection.
    Units: those of ``crs`` in, degrees out.
    Raises: UnmeasurableError when the projection has no inverse.
    """
    unprojected = np.stack(_local.unprojector(crs).transform(xy[:, 0], xy[:, 1]), axis=1)
    return np.asarray(unprojected * np.degrees(axis_unit(_geodetic(crs))))


def _geodetic(crs: pyproj.CRS) -> pyproj.CRS:
    own = _unbound(crs).geodetic_crs
    if own is None:
        raise UnmeasurableError("the reference system is neither geographic nor projected")
    return own


def _unbound(crs: pyproj.CRS) -> pyproj.CRS:
    part = horizontal(crs)
    return part.source_crs if part.is_bound and part.source_crs is not None else part


class _Local(threading.local):
    """Transformers are not to be shared between threads."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = _kept(_transformer)
        self.unprojector = _kept(_unprojector)


def _unprojector(crs: pyproj.CRS) -> pyproj.Transformer:
    try:
        return pyproj.Transformer.from_crs(_unbound(crs), _geodetic(crs), always_xy=True)
    except (ProjError, CRSError):
        raise UnmeasurableError("the projection of the reference system has no inverse") from None


def _transformer(crs: pyproj.CRS) -> pyproj.Transformer:
    # The setting is a thread's own; a verdict must not depend on what a server gives today.
    pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]
    try:
        return pyproj.Transformer.from_crs(
            horizontal(crs), _wgs84(), always_xy=True, allow_ballpark=False, only_best=False
        )
    except (ProjError, CRSError):
        raise UnmeasurableError(
            "the reference system has no known way to WGS 84; declare one with a datum that PROJ knows"
        ) from None


_local = _Local()
