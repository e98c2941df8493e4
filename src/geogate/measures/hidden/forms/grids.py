"""Military grid references and UTM, and pairs of numbers with the code of their reference system."""

from __future__ import annotations

from math import cos, radians
from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import METRES, Form, Match, Reading, number, places, snapped
from geogate.measures.hidden.forms.geometry import is_used, to_lonlat, transformer

_NORTHERN: Final = 32_600
_SOUTHERN: Final = 32_700
_FIVE: Final = 5
_SURE: Final = 8
_FAIR: Final = 6
_BANDS: Final = b"CDEFGHJKLMNPQRSTUVWX"
_BAND_DEG: Final = 8.0
_EQUATOR: Final = 10
_COLUMNS: Final = b"ABCDEFGHJKLMNPQRSTUVWXYZ"
_COLUMNS_OF_ZONE: Final = 8
_ROWS: Final = b"ABCDEFGHJKLMNPQRSTUV"
_SQUARE_M: Final = 100_000
_TURN_M: Final = 2_000_000
_WIDEST: Final = 9.0
"""Degrees to either side of the middle of a zone, where zones are wider around Norway and Svalbard."""

_ZONES: Final = range(1, 61)


def _read_mgrs(_: bytes, match: Match) -> Reading | None:
    zone, square, east, north, together = (match.group(i) or b"" for i in range(1, 6))
    digits = together or east + north
    if (not together and len(east) != len(north)) or len(digits) % 2 or len(digits) > 2 * _FIVE:
        return None
    band = zone.rstrip()[-1:].upper()
    position = _of_square(int(zone.rstrip()[:-1].strip(b" _/.-")), band, square.upper(), digits)
    if position is None:
        return None
    cell_m = 10.0 ** (_FIVE - len(digits) // 2)
    strength = Strength.CERTAIN if len(digits) >= _SURE else Strength.LIKELY
    if len(digits) < _FAIR or (together and len(digits) < _SURE):
        strength = Strength.POSSIBLE
    return Reading(lonlat=[snapped(*position, cell_m)], cell_m=cell_m, strength=strength)


def _of_square(zone: int, band: bytes, square: bytes, digits: bytes) -> tuple[float, float] | None:
    """Find the middle of a cell within a square of 100 km; it must lie in the zone and band that are written.

    Source: NGA.STND.0037, chapter 3; checked against the library ``mgrs`` in ``tests/property/test_hidden_text.py``.
    """
    half = len(digits) // 2
    cell_m = 10.0 ** (_FIVE - half)
    column = _COLUMNS.find(square[:1]) - (zone - 1) % 3 * _COLUMNS_OF_ZONE
    row = (_ROWS.find(square[1:]) - (0 if zone % 2 else _FIVE)) % len(_ROWS)
    if not 0 <= column < _COLUMNS_OF_ZONE:
        return None
    east = (column + 1) * _SQUARE_M + (int(digits[:half]) + 0.5) * cell_m
    north = row * _SQUARE_M + (int(digits[half:]) + 0.5) * cell_m
    place = _BANDS.index(band)
    lowest = -80 + _BAND_DEG * place
    highest = lowest + (12 if band == b"X" else _BAND_DEG)
    near = cell_m / METRES + 1e-6
    for turn in range(_FIVE):
        found = to_lonlat((_NORTHERN if place >= _EQUATOR else _SOUTHERN) + zone, east, north + turn * _TURN_M)
        if found is not None and lowest - near <= found[1] <= highest + near:
            wide = _WIDEST if band in b"VX" else 3 + near / cos(radians(found[1]))
            return found if abs((found[0] - (zone * 6 - 183) + 180) % 360 - 180) <= wide else None
    return None


def _read_utm(_: bytes, match: Match) -> Reading | None:
    zone, band = int(match.group(1) or b"0"), (match.group(2) or b"").upper()
    east, north = match.group(3) or b"", match.group(4) or b""
    found = utm_positions(zone, band, number(east), number(north))
    if not found:
        return None
    cell_m = 10.0 ** -max(places(east), places(north))
    # The letter of the band says where the number of metres to the north must lie.
    banded = band not in {b"N", b"S", b""} or b"m" in (match.group() or b"").lower()
    strength = Strength.CERTAIN if banded else Strength.LIKELY
    return Reading(lonlat=[snapped(*each, cell_m) for each in found], cell_m=cell_m, strength=strength)


def utm_positions(zone: int, band: bytes, east: float, north: float) -> list[tuple[float, float]]:
    """Give the positions that a zone, the letter of a band or a hemisphere, and metres can mean."""
    if zone not in _ZONES or not 100_000 <= east < 1_000_000 or not 0 <= north <= 10_000_000:  # noqa: PLR2004
        return []
    northern = to_lonlat(_NORTHERN + zone, east, north)
    southern = to_lonlat(_SOUTHERN + zone, east, north)
    if band == b"S":
        # The southern hemisphere, or the band from 32 to 40 degrees in the north.
        found = [southern, northern if northern and 32 <= northern[1] < 40 else None]  # noqa: PLR2004
    elif band in {b"N", b""}:
        found = [northern]
    else:
        lowest = -80 + _BAND_DEG * _BANDS.index(band) if band in _BANDS else 100.0
        both = [northern, southern]
        found = [each for each in both if each and lowest - 0.5 <= each[1] <= lowest + 12.5]
    return [each for each in found if each is not None]


def _read_code(_: bytes, match: Match) -> Reading | None:
    code = int(match.group(1) or b"0")
    one, two = match.group(2) or b"", match.group(3) or b""
    if transformer(code) is None:
        return None
    orders = ((number(one), number(two)), (number(two), number(one)))
    found = [each for each in (to_lonlat(code, *order) for order in orders) if each is not None]
    # Many systems have the north first; what lies where the system is used is what was meant.
    found = [each for each in found if is_used(code, *each)] or found
    unit_m = METRES if max(abs(number(one)), abs(number(two))) <= 180 else 1.0  # noqa: PLR2004
    cell_m = unit_m * 10.0 ** -min(max(places(one), places(two)), 12)
    known = [snapped(*each, cell_m) for each in found if abs(each[0]) <= 180]  # noqa: PLR2004
    return Reading(lonlat=known, cell_m=cell_m, strength=Strength.CERTAIN) if known else None


def _read_swiss(_: bytes, match: Match) -> Reading | None:
    east, north = (number((match.group(i) or b"").replace(b"'", b"")) for i in (1, 2))
    found = to_lonlat(2056, east, north)
    if found is None:
        return None
    return Reading(lonlat=[snapped(*found, 1.0)], cell_m=1.0, strength=Strength.LIKELY)


_METRES_EAST: Final = r"([1-9][0-9]{5}(?:[.][0-9]{1,9})?)\s?(?:m\s?)?[Ee]?"
_METRES_NORTH: Final = r"([0-9]{5,8}(?:[.][0-9]{1,9})?)\b"

_GAP: Final = r"[\s_/.-]?"

FORMS: Final = (
    Form(
        name="mgrs",
        telling=rf"\b(?:0?[1-9]|[1-5][0-9]|60){_GAP}[C-HJ-NP-Xc-hj-np-x]{_GAP}[A-HJ-NP-Za-hj-np-z][A-HJ-NP-Va-hj-np-v]"
        rf"{_GAP}[0-9]{{2,5}}{_GAP}[0-9]{{2}}",
        pattern=rf"\b((?:0?[1-9]|[1-5][0-9]|60){_GAP}[C-HJ-NP-Xc-hj-np-x]){_GAP}([A-HJ-NP-Za-hj-np-z][A-HJ-NP-Va-hj-np-v])"
        rf"{_GAP}(?:([0-9]{{2,5}})[\s,_/.-]([0-9]{{2,5}})|([0-9]{{4,10}}))(?:\b|_)",
        read=_read_mgrs,
        rises=True,
    ),
    Form(
        name="utm",
        telling=r"\b(?:0?[1-9]|[1-5][0-9]|60)\s?[C-HJ-NP-Xc-hj-np-x][\s,;:]{1,3}(?:[Ee](?:asting)?[\s:=]{0,3})?[1-9][0-9]{5}",
        pattern=rf"\b(0?[1-9]|[1-5][0-9]|60)\s?([C-HJ-NP-Xc-hj-np-x])[\s,;:]{{1,3}}(?:[Ee](?:asting)?[\s:=]{{0,3}})?{_METRES_EAST}[\s,;:/]{{1,3}}(?:[Nn](?:orthing)?[\s:=]{{0,3}})?{_METRES_NORTH}",
        read=_read_utm,
        rises=True,
    ),
    Form(
        name="coded-pair",
        telling=r"(?i:EPSG)[^0-9\x1e\x1f]{0,3}[0-9]{4,5}",
        pattern=r"(?i)EPSG[^0-9\x1e\x1f]{0,3}([0-9]{4,5})\b[^0-9\x1e\x1f+-]{1,24}([-+]?[0-9]{1,8}(?:[.][0-9]{1,20})?)[^0-9\x1e\x1f.+-]{1,16}([-+]?[0-9]{1,8}(?:[.][0-9]{1,20})?)",
        read=_read_code,
    ),
    Form(
        name="swiss-grid",
        telling=r"\b2[ ']?[4-8][0-9]{2}[ ']?[0-9]{3}(?:[.][0-9]{1,4})?(?:\s?[,;/]\s?|\s{1,2})"
        r"1[ ']?[0-3][0-9]{2}[ ']?[0-9]{3}\b",
        pattern=r"\b(2[ ']?[4-8][0-9]{2}[ ']?[0-9]{3}(?:[.][0-9]{1,4})?)(?:\s?[,;/]\s?|\s{1,2})"
        r"(1[ ']?[0-3][0-9]{2}[ ']?[0-9]{3}(?:[.][0-9]{1,4})?)\b",
        read=_read_swiss,
    ),
)
