"""Tiles of web maps: zoom with column and row in a path, and quadkeys."""

from __future__ import annotations

from math import atan, degrees, pi, sinh
from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import METRES, Form, Match, Reading, alone, metres_of, snapped

_FROM: Final = 11
_TO: Final = 24
_DAYS: Final = 31
_TURN: Final = 360.0


def tile_reading(zoom: int, column: int, row: int, strength: Strength) -> Reading | None:
    """Read the middle of a tile of a web map, ``None`` where there is no such tile."""
    count = 1 << zoom
    if not (_FROM <= zoom <= _TO and column < count and row < count):
        return None
    lon = (column + 0.5) / count * _TURN - 180
    lat = degrees(atan(sinh(pi * (1 - 2 * (row + 0.5) / count))))
    width_m, _ = metres_of(_TURN / count, _TURN / count, lat)
    return Reading(lonlat=[snapped(lon, lat, width_m)], cell_m=_TURN / count * METRES, strength=strength)


def _read_path(data: bytes, match: Match) -> Reading | None:
    zoom, column, row = (int(match.group(i) or b"0") for i in (1, 2, 3))
    ending = match.group(4)
    link = ending or b"tile" in data[max(match.start() - 80, 0) : match.start()].lower()
    # A day, a month and a year look like a tile at the edge of the map.
    date = column <= _DAYS or row <= _DAYS
    if date and not link:
        return None
    return tile_reading(zoom, column, row, Strength.CERTAIN if link and not date else Strength.POSSIBLE)


def _read_rows_first(_: bytes, match: Match) -> Reading | None:
    zoom, row, column = (int(match.group(i) or b"0") for i in (1, 2, 3))
    return tile_reading(zoom, column, row, Strength.CERTAIN)


def _read_named(_: bytes, match: Match) -> Reading | None:
    zoom, column, row = (int(match.group(i) or b"0") for i in (1, 2, 3))
    return tile_reading(zoom, column, row, Strength.CERTAIN)


def _read_last(_: bytes, match: Match) -> Reading | None:
    column, row, zoom = (int(match.group(i) or b"0") for i in (1, 2, 3))
    return tile_reading(zoom, column, row, Strength.CERTAIN)


def _read_quadkey(data: bytes, match: Match) -> Reading | None:
    key = match.group(2) or b""
    link = bool(match.group(1))
    if not link and (len(set(key)) < 3 or not alone(data, match)):  # noqa: PLR2004
        return None
    column = row = 0
    for digit in key:
        value = digit - ord("0")
        column, row = column << 1 | value & 1, row << 1 | value >> 1
    return tile_reading(len(key), column, row, Strength.CERTAIN if link else Strength.POSSIBLE)


FORMS: Final = (
    Form(
        name="map-tile",
        telling=r"\b(?:1[1-9]|2[0-4])/[0-9]{3,8}/[0-9]{3,8}",
        pattern=r"\b(1[1-9]|2[0-4])/([0-9]{1,8})/([0-9]{1,8})(?:@[1-4]x)?([.](?i:png|jpe?g|webp|pbf|mvt|avif|gif|terrain))?\b",
        read=_read_path,
        rises=True,
    ),
    Form(
        name="map-tile",
        telling=r"(?i:tile)/(?:1[1-9]|2[0-4])/[0-9]{3,8}/[0-9]{3,8}",
        pattern=r"(?i)MapServer/tile/(1[1-9]|2[0-4])/([0-9]{1,8})/([0-9]{1,8})\b",
        read=_read_rows_first,
    ),
    Form(
        name="map-tile",
        telling=r"(?i:[?&](?:TileCol|x)=[0-9]{3,8}&)",
        pattern=r"(?i)[?&](?:TileMatrix|z|zoom)=(?:[^&\x1e\x1f]{0,30}:)?(1[1-9]|2[0-4])&(?:TileCol|x)=([0-9]{1,8})&(?:TileRow|y)=([0-9]{1,8})",
        read=_read_named,
    ),
    Form(
        name="map-tile",
        telling=r"(?i:[?&](?:TileCol|x)=[0-9]{3,8}&)",
        pattern=r"(?i)[?&](?:TileCol|x)=([0-9]{1,8})&(?:TileRow|y)=([0-9]{1,8})&(?:TileMatrix|z|zoom)=(?:[^&\x1e\x1f]{0,30}:)?(1[1-9]|2[0-4])\b",
        read=_read_last,
    ),
    Form(
        name="quadkey",
        telling=r"\b[arh]?[0-3]{11}",
        pattern=r"((?i)quad_?key[\"']?\s?[=:/]\s?[\"']?|/tiles/[arh]|[?&]q=|/)?\b[arh]?([0-3]{11,24})\b",
        read=_read_quadkey,
        rises=True,
    ),
)
