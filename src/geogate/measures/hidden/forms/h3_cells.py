"""Cells of H3, as fifteen hexadecimal digits or as a whole number of 64 bits."""

from __future__ import annotations

from typing import Final

import h3

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import Form, Match, Reading, snapped

_FINEST_SURE: Final = 12
"""Finer cells lack the run of ones at their end that no other number has."""

_FINEST_SURE_NUMBER: Final = 10
_FINEST: Final = 15


def h3_reading(cell: int, sure: Strength, unsure: Strength, finest: int) -> Reading | None:
    """Read a cell; one up to resolution ``finest`` is as sure as ``sure``."""
    if not h3.is_valid_cell(h3.int_to_str(cell)):
        return None
    text = h3.int_to_str(cell)
    resolution = h3.get_resolution(text)
    lat, lon = h3.cell_to_latlng(text)
    cell_m = h3.cell_area(text, unit="m^2") ** 0.5
    return Reading(lonlat=[snapped(lon, lat, cell_m)], cell_m=cell_m, strength=sure if resolution <= finest else unsure)


def _read_hex(_: bytes, match: Match) -> Reading | None:
    cell = int(match.group(1) or b"0", 16)
    found = h3_reading(cell, Strength.CERTAIN, Strength.LIKELY, _FINEST_SURE)
    # The finest cells have no bits that are always set.
    finest = h3.get_resolution(h3.int_to_str(cell)) == _FINEST if found else False
    return h3_reading(cell, Strength.POSSIBLE, Strength.POSSIBLE, _FINEST) if finest else found


def _read_number(_: bytes, match: Match) -> Reading | None:
    cell = int(match.group(1) or b"0")
    return h3_reading(cell, Strength.LIKELY, Strength.POSSIBLE, _FINEST_SURE_NUMBER)


FORMS: Final = (
    Form(
        name="h3",
        telling=r"\b0?8[0-9a-fA-F]{14}\b",
        pattern=r"\b(?:0x|0X)?0?(8[0-9a-fA-F]{14})\b",
        read=_read_hex,
        rises=True,
    ),
    Form(
        name="h3-number",
        telling=r"\b(?:5[7-9]|6[0-4])[0-9]{16}\b",
        pattern=r"\b((?:5[7-9]|6[0-4])[0-9]{16})\b",
        read=_read_number,
        rises=True,
    ),
)
