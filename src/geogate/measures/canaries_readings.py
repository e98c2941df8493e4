"""What is planted for the readings of numbers: a position in a zone, written as each reading takes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyproj

from geogate.measures import datum_offsets as offsets
from geogate.measures.reading_systems import WEB_MERCATOR
from geogate.measures.readings import Family
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geogate.measures.zone_readings import ZoneReadings

Position = tuple[float, float]

ELSEWHERE: Final[Position] = (13.4, 52.5)
IN_CHINA: Final[Position] = (116.4, 40.1)
"""Planted where no zone of the list is where a reading can be had: that it is possible has to be seen all the same."""

WGS84: Final = 4326
NAD27: Final = 4267
WORLD_MERCATOR: Final = 3395

_BACK: Final[dict[str, tuple[Family, Callable[..., np.ndarray[tuple[int, ...], np.dtype[np.float64]]]]]] = {
    "gcj02-as-wgs84": (Family.GCJ02, offsets.wgs84_to_gcj02),
    "wgs84-as-gcj02": (Family.GCJ02, offsets.gcj02_to_wgs84),
    "bd09-as-wgs84": (Family.BD09, offsets.wgs84_to_bd09),
    "wgs84-as-bd09": (Family.BD09, offsets.bd09_to_wgs84),
    "bd09-as-gcj02": (Family.BD09, offsets.gcj02_to_bd09),
    "gcj02-as-bd09": (Family.BD09, offsets.bd09_to_gcj02),
}
"""The readings of Chinese maps, each with what undoes it."""

_UTM_LATITUDES: Final = (-79.0, 83.0)
_MERCATOR_LATITUDES: Final = (-80.0, 80.0)
_ZONES_LOOKED_AT: Final = 200
_NEAR_ZERO_DEG: Final = 0.01
_WIDE_DEG: Final = 1e-4
_BUFFER_M: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Numbers in a layer of a system, and the reading of which they must be found possible.

    ``hits`` says that they lie in a zone then; else the reading leads nowhere near to one.
    """

    reading: str
    family: Family
    crs: int
    xy: Position
    hits: bool


def plants_for(measure: ZoneReadings) -> tuple[Plant, ...]:
    """Plant for each of a measure's families.

    Raises: NotImplementedError for a list without a zone.
    """
    place, sure = _place(measure)
    china = next((each for each in _middles(measure) if bool(offsets.in_china(np.array([each]))[0])), None)
    every = (*_degrees(place, sure), *_projected(place, sure), *_chinese(china or IN_CHINA, sure and china is not None))
    return tuple(plant for plant in every if plant.family in measure.families)


def _middles(measure: ZoneReadings) -> Iterator[Position]:
    for zone in measure.zone_list.zones[:_ZONES_LOOKED_AT]:
        if not zone.geometry.is_empty:
            point = zone.geometry.representative_point()
            yield float(point.x), float(point.y)


def _place(measure: ZoneReadings) -> tuple[Position, bool]:
    """Give a position in the widest zone, and whether a few millimetres aside of it is in the zone too."""
    zones = [zone for zone in measure.zone_list.zones[:_ZONES_LOOKED_AT] if not zone.geometry.is_empty]
    if not zones:
        raise NotImplementedError(measure.zone_list.name)
    widths = [min(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (zone.geometry.bounds for zone in zones)]
    limits = limits_m(measure.zone_list, measure.buffer_m)
    number = int(np.argmax(widths))
    point = zones[number].geometry.representative_point()
    sure = widths[number] >= _WIDE_DEG or float(limits.min()) >= _BUFFER_M
    return (float(point.x), float(point.y)), sure


def _degrees(place: Position, sure: bool) -> Iterator[Plant]:  # noqa: FBT001
    lon, lat = place
    _, metric = _utm_zones(place)
    # Near longitude and latitude zero whole numbers are degrees as they stand.
    beyond = max(map(abs, place)) > _NEAR_ZERO_DEG
    x, y = place if beyond else ELSEWHERE
    scaled = (float(round(x * 1e7)), float(round(y * 1e7)))
    turned = lon - 180.0 if lon > 0 else lon + 180.0
    signs = "east-called-west" if lon > 0 else "west-called-east"
    turn = "half-turn-east" if lon > 0 else "half-turn-west"
    several: tuple[tuple[str, Family, int, Position], ...] = (
        ("swapped-axes", Family.SWAPPED, WGS84, (lat, lon)),
        ("degrees", Family.DEGREES, metric, (lon, lat)),
        ("degrees-swapped", Family.DEGREES, metric, (lat, lon)),
        ("degrees-e7", Family.SCALED, WGS84, scaled),
        ("radians", Family.RADIANS, WGS84, (float(np.radians(lon)), float(np.radians(lat)))),
        ("no-shift-of-datum", Family.DATUM, NAD27, (lon, lat)),
        (signs, Family.SIGNS, WGS84, (-lon, lat)),
        (turn, Family.HALF_TURN, WGS84, (turned, lat)),
    )
    for reading, family, crs, xy in several:
        yield Plant(
            reading=reading, family=family, crs=crs, xy=xy, hits=sure and (family is not Family.SCALED or beyond)
        )


def _projected(place: Position, sure: bool) -> Iterator[Plant]:  # noqa: FBT001
    mercator, mercator_hits = _between(place, _MERCATOR_LATITUDES)
    for family, code in ((Family.MERCATOR, WEB_MERCATOR), (Family.GRIDS, WORLD_MERCATOR)):
        xy = _forward(code, mercator)
        yield Plant(reading=f"EPSG:{code}", family=family, crs=WGS84, xy=xy, hits=sure and mercator_hits)
    own, hits = _between(place, _UTM_LATITUDES)
    zone, far = _utm_zones(own)
    for family, crs in ((Family.UTM, WGS84), (Family.ANY_UTM, far)):
        yield Plant(reading=f"EPSG:{zone}", family=family, crs=crs, xy=_forward(zone, own), hits=sure and hits)


def _utm_zones(place: Position) -> tuple[int, int]:
    """Give the zone of UTM in which a place lies, and one that is far from it."""
    number = int((place[0] + 180) // 6) % 60
    south = 100 if place[1] < 0 else 0
    return 32601 + south + number, 32601 + south + (number + 30) % 60


def _between(place: Position, latitudes: tuple[float, float]) -> tuple[Position, bool]:
    # Near longitude and latitude zero metres are numbers like degrees.
    inside = latitudes[0] <= place[1] <= latitudes[1] and max(map(abs, place)) > _NEAR_ZERO_DEG
    return (place if inside else ELSEWHERE), inside


def _chinese(place: Position, sure: bool) -> Iterator[Plant]:  # noqa: FBT001
    for reading, (family, back) in _BACK.items():
        lon, lat = back(np.array([place]))[0].tolist()
        yield Plant(reading=reading, family=family, crs=WGS84, xy=(lon, lat), hits=sure)


@cache
def _forward(code: int, place: Position) -> Position:
    transformer = pyproj.Transformer.from_crs(pyproj.CRS.from_epsg(WGS84), pyproj.CRS.from_epsg(code), always_xy=True)
    x, y = transformer.transform(*place)
    return float(x), float(y)
