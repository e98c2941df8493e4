"""Codes of grids over the whole world that sailors, pilots and scientists write: GEOREF, and the squares of CSIRO."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import METRES, Form, Match, Reading, alone, snapped

_LETTERS: Final = b"ABCDEFGHJKLMNPQRSTUVWXYZ"
_GEOREF: Final = r"((?i:georef)[\s:=]{1,3})?\b([A-HJ-NP-Z][A-HJ-M][A-HJ-NPQ]{2})\s?([0-9]{3,5})\s?([0-9]{3,5})\b"
_TILE_DEG: Final = 15.0
_SIXTY: Final = 60.0

_SQUARES: Final = r"\b([1357])([0-8])(0[0-9]|1[0-7])((?::[1-4][0-9][0-9])+)(:[1-4])?\b"
_TEN_DEG: Final = 10.0
_FINE: Final = 2


def _read_georef(data: bytes, match: Match) -> Reading | None:
    """Read fifteen degrees, one degree, and the minutes of both axes with their decimals.

    Source: NGA TM 8358.1, Datums, Ellipsoids, Grids, and Grid Reference Systems, chapter 5.
    """
    called, letters, east, north = (match.group(place) or b"" for place in (1, 2, 3, 4))
    digits = east + north
    if len(digits) % 2:
        return None
    half = len(digits) // 2
    unit_deg = 10.0 ** (2 - half) / _SIXTY
    axes = [int(digits[:half]) + 0.5, int(digits[half:]) + 0.5]
    if max(axes) * unit_deg >= 1 or not (called or alone(data, match)):
        return None
    tiles = [_LETTERS.index(letters[place : place + 1]) for place in range(4)]
    lon = tiles[0] * _TILE_DEG + tiles[2] + axes[0] * unit_deg - 180
    lat = tiles[1] * _TILE_DEG + tiles[3] + axes[1] * unit_deg - 90
    cell_m = unit_deg * METRES
    strength = Strength.CERTAIN if called else Strength.POSSIBLE
    return Reading(lonlat=[snapped(lon, lat, cell_m)], cell_m=cell_m, strength=strength)


def _read_squares(_: bytes, match: Match) -> Reading | None:
    """Read squares of ten degrees, and tenths within tenths of both axes.

    Source: Rees (2003), "C-Squares", a new spatial indexing system, Oceanography 16(1).
    """
    quadrant, tens_lat, tens_lon, parts, quarter = (match.group(place) or b"" for place in range(1, 6))
    lat, lon, size = int(tens_lat) * _TEN_DEG, int(tens_lon) * _TEN_DEG, _TEN_DEG
    tenths = parts.split(b":")[1:]
    if len(tenths) < _FINE:
        return None
    for part in tenths:
        size /= 10
        lat, lon = lat + int(part[1:2]) * size, lon + int(part[2:]) * size
    if quarter:
        size /= 2
        lat, lon = lat + (int(quarter[1:]) > _FINE) * size, lon + (int(quarter[1:]) % _FINE == 0) * size
    lat, lon = lat + size / 2, lon + size / 2
    east, north = (
        (1, 1) if quadrant == b"1" else (1, -1) if quadrant == b"3" else (-1, -1) if quadrant == b"5" else (-1, 1)
    )
    cell_m = size * METRES
    lonlat = [snapped(east * lon, north * lat, cell_m)]
    return Reading(lonlat=lonlat, cell_m=cell_m, strength=Strength.CERTAIN)


FORMS: Final = (
    Form(
        name="georef",
        telling=r"[A-HJ-NP-Z][A-HJ-M][A-HJ-NPQ]{2}\s?[0-5][0-9]{2,4}\s?[0-9]{3}",
        pattern=_GEOREF,
        read=_read_georef,
        rises=True,
    ),
    Form(
        name="c-squares",
        telling=r"[1357][0-8][01][0-9]:[1-4][0-9]{2}:[1-4][0-9]{2}",
        pattern=_SQUARES,
        read=_read_squares,
    ),
)
