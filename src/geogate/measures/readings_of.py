"""Which readings there are for a layer, by what it says of its reference system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from pyproj.exceptions import CRSError

from geogate.measures import datum_offsets as offsets
from geogate.measures.measure import UnmeasurableError
from geogate.measures.reading_systems import (
    DEGREES,
    EVERYWHERE,
    GRIDS,
    UTM,
    WEB_MERCATOR,
    Box,
    area_of,
    utm_near,
    utm_zone,
)
from geogate.measures.readings import SWAPPED_DEGREES, Family, Fit, Reading, apart
from geogate.measures.readings_boxes import raw_box
from geogate.measures.reference import axis_unit, horizontal, is_wgs84, positions, to_own_lonlat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import pyproj
    from numpy.typing import NDArray

_SCALES: Final = {
    "arc-minutes": 1 / 60,
    "arc-seconds": 1 / 3_600,
    "degrees-e5": 1e-5,
    "degrees-e6": 1e-6,
    "degrees-e7": 1e-7,
    "minutes-e4": 1 / 600_000,
    "milliseconds": 1 / 3_600_000,
    "semicircles": 180 / 2**31,
}
"""Units of degrees in which devices and formats write whole numbers."""

_SIGNS: Final[dict[str, tuple[tuple[float, float], Box]]] = {
    "west-called-east": ((-1, 1), (0, -90, 180, 90)),
    "east-called-west": ((-1, 1), (-180, -90, 0, 90)),
    "south-called-north": ((1, -1), (-180, 0, 180, 90)),
    "north-called-south": ((1, -1), (-180, -90, 180, 0)),
    "south-west-called-north-east": ((-1, -1), (0, 0, 180, 90)),
}

_OFFSETS: Final[dict[Family, dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]]] = {
    Family.GCJ02: {"gcj02-as-wgs84": offsets.gcj02_to_wgs84, "wgs84-as-gcj02": offsets.wgs84_to_gcj02},
    Family.BD09: {
        "bd09-as-wgs84": offsets.bd09_to_wgs84,
        "wgs84-as-bd09": offsets.wgs84_to_bd09,
        "bd09-as-gcj02": offsets.bd09_to_gcj02,
        "gcj02-as-bd09": offsets.gcj02_to_bd09,
    },
}

_SAME_UNIT: Final = 1e-9
_SHIFTED_DEG: Final = 1e-5
_SAME_DEG: Final = 1e-4


def readings_of(crs: pyproj.CRS, families: Collection[Family]) -> tuple[Reading, ...]:
    """List the readings of some families that a layer with this reference system could have.

    Raises: UnmeasurableError when a reference system has no way to WGS 84.
    """
    found = tuple(reading for family, reading in _all(crs) if family in families)
    return tuple({reading.id: reading for reading in found}.values())


def _all(crs: pyproj.CRS) -> Iterator[tuple[Family, Reading]]:
    kind = _kind(crs)
    if kind == "geographic":
        yield from _of_geographic(crs)
    elif kind == "projected":
        yield from _of_projected(crs)
    else:
        yield from _of_unknown()
    if kind != "unknown":
        yield from _with_offsets()


def _kind(crs: pyproj.CRS) -> str:
    """Say what the declared reading is; ``unknown`` has none, and no layer leaves with it."""
    try:
        return "geographic" if horizontal(crs).is_geographic else "projected"
    except UnmeasurableError:
        return "unknown"


def _of_geographic(crs: pyproj.CRS) -> Iterator[tuple[Family, Reading]]:
    unit = 1.0 if is_wgs84(crs) else 1 / np.degrees(axis_unit(crs))
    swapped = _scaled_box(SWAPPED_DEGREES, unit)
    yield Family.SWAPPED, Reading(id="swapped-axes", system=crs, swap=True, fit=Fit(box=swapped))
    if not is_wgs84(crs) and _shifts(crs, _scaled_box(area_of(crs), unit)):
        scale = (1 / unit, 1 / unit)
        yield Family.DATUM, Reading(id="no-shift-of-datum", scale=scale, fit=Fit(box=_scaled_box(DEGREES, unit)))
    yield from _plain_degrees(crs, unit)
    for name, (signs, box) in _SIGNS.items():
        yield Family.SIGNS, Reading(id=name, system=crs, scale=signs, fit=Fit(box=_scaled_box(box, unit)))
    for name, turn, box in (
        ("half-turn-east", 180.0, (-180, -90, 0, 90)),
        ("half-turn-west", -180.0, (0, -90, 180, 90)),
    ):
        yield Family.HALF_TURN, Reading(id=name, system=crs, turn=turn, fit=Fit(box=_scaled_box(box, unit)))
    rad = np.degrees(1.0)
    yield Family.RADIANS, Reading(id="radians", scale=(rad, rad), fit=Fit(box=_scaled_box(DEGREES, 1 / rad)))
    yield from _scaled(Fit(box=EVERYWHERE, beyond_degrees=True), strange=True)
    yield from _systems(strange=True)


def _plain_degrees(crs: pyproj.CRS, unit: float) -> Iterator[tuple[Family, Reading]]:
    """List the readings of a system of another unit or another prime meridian as plain degrees, from both meridians."""
    meridian = crs.prime_meridian
    turn = 0.0 if meridian is None else float(np.degrees(meridian.longitude * float(meridian.unit_conversion_factor)))
    other_unit = abs(unit - 1) > _SAME_UNIT
    turns = (0.0, turn) if other_unit else (0.0,)
    if not (other_unit or turn):
        return
    for each in dict.fromkeys(turns):
        name = "degrees-from-own-meridian" if each else "degrees"
        for box, swap in ((DEGREES, False), (SWAPPED_DEGREES, True)):
            reading = f"{name}-swapped" if swap else name
            yield Family.DEGREES, Reading(id=reading, fit=Fit(box=box), swap=swap, turn=each)


def _of_projected(crs: pyproj.CRS) -> Iterator[tuple[Family, Reading]]:
    x0, y0, x1, y1 = raw_box(crs, area_of(crs))
    yield (
        Family.SWAPPED,
        Reading(id="swapped-axes", system=crs, swap=True, fit=Fit(box=(y0, x0, y1, x1)), area=area_of(crs)),
    )
    yield from _degrees()
    yield from _scaled(Fit(box=EVERYWHERE, beyond_degrees=True, whole=True), strange=False)
    if _shifts(crs, (x0, y0, x1, y1)):
        yield Family.DATUM, Reading(id="no-shift-of-datum", system=crs, own_datum=True, fit=Fit(box=EVERYWHERE))
    zone = utm_zone(crs)
    for family, reading in _systems(strange=False):
        if not apart(reading.fit.box, (x0, y0, x1, y1)) and _same_system(crs, reading):
            continue
        if family is Family.UTM and zone is not None and reading.id not in utm_near(zone):
            yield Family.ANY_UTM, reading
        else:
            yield family, reading


def _of_unknown() -> Iterator[tuple[Family, Reading]]:
    yield from _degrees()
    yield from _scaled(Fit(box=EVERYWHERE, beyond_degrees=True), strange=True)
    yield from _systems(strange=True)


def _with_offsets() -> Iterator[tuple[Family, Reading]]:
    for family, several in _OFFSETS.items():
        for name, offset in several.items():
            fit = Fit(box=offsets.EXTENT)
            yield (
                family,
                Reading(
                    id=name,
                    fit=fit,
                    offset=offset,
                    only_in=offsets.in_china,
                    declared=True,
                    strange=True,
                    area=offsets.EXTENT,
                ),
            )


def _degrees() -> Iterator[tuple[Family, Reading]]:
    yield Family.DEGREES, Reading(id="degrees", fit=Fit(box=DEGREES), strange=True)
    yield Family.DEGREES, Reading(id="degrees-swapped", fit=Fit(box=SWAPPED_DEGREES), swap=True, strange=True)


def _scaled(fit: Fit, *, strange: bool) -> Iterator[tuple[Family, Reading]]:
    for name, scale in _SCALES.items():
        for box, swap in ((DEGREES, False), (SWAPPED_DEGREES, True)):
            own = Fit(box=_scaled_box(box, 1 / scale), beyond_degrees=fit.beyond_degrees, whole=fit.whole)
            reading = f"{name}-swapped" if swap else name
            yield Family.SCALED, Reading(id=reading, scale=(scale, scale), swap=swap, fit=own, strange=strange)


def _systems(*, strange: bool) -> Iterator[tuple[Family, Reading]]:
    for code, box in GRIDS.items():
        fit = Fit(box=box, beyond_degrees=strange)
        family = Family.MERCATOR if code == WEB_MERCATOR else Family.GRIDS
        yield family, Reading(id=f"EPSG:{code}", system=code, fit=fit, strange=strange, area=None)
    for code, (area, box) in UTM.items():
        fit = Fit(box=box, beyond_degrees=strange)
        for zone in range(1, 61):
            name, turn = f"EPSG:{code - 31 + zone}", 6.0 * (zone - 31)
            yield Family.UTM, Reading(id=name, system=code, fit=fit, turn=turn, strange=strange, area=area)


def _scaled_box(box: Box, scale: float) -> Box:
    return (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)


def _shifts(crs: pyproj.CRS, box: Box) -> bool:
    """Say whether the datum is another one than WGS 84, so that its shift matters; where nobody knows, it does."""
    if not np.isfinite(box).all():
        return True
    xy = np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
    try:
        own, shifted = to_own_lonlat(xy, crs), positions(xy, crs)
    except (UnmeasurableError, CRSError):
        return True
    return not bool(np.abs(own - shifted).max() <= _SHIFTED_DEG)


def _same_system(crs: pyproj.CRS, reading: Reading) -> bool:
    """Say whether a reading gives what the declared one gives, where it fits."""
    if reading.turn == 0.0 and apart(area_of(crs), reading.extent):
        return False
    x0, y0, x1, y1 = reading.fit.box
    xy = np.array([[x0 + (x1 - x0) * share, y0 + (y1 - y0) * share] for share in (0.4, 0.6)])
    here, there = positions(xy, crs), reading.lonlat(xy)
    return bool(np.abs(here - there).max() <= _SAME_DEG)
