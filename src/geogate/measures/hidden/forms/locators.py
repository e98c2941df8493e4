"""Maidenhead locators, by which radio amateurs say where they are: of eight letters and digits, and of ten."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import METRES, Form, Match, Reading, alone, snapped

_FIELD: Final = (20.0, 10.0)
_PARTS: Final = (18, 10, 24, 10, 24)
"""In how many parts each pair divides the one before it; the first one is the globe."""

_PATTERN: Final = r"\b([A-Ra-r]{2}[0-9]{2}[A-Xa-x]{2}[0-9]{2}(?:[A-Xa-x]{2})?)\b"


def _read(data: bytes, match: Match) -> Reading | None:
    text = (match.group(1) or b"").upper()
    if not alone(data, match):
        return None
    axes = [0.0, 0.0]
    sizes = [_FIELD[0] * _PARTS[0], _FIELD[1] * _PARTS[0]]
    for place in range(0, len(text), 2):
        for axis in range(2):
            code = text[place + axis]
            sizes[axis] /= _PARTS[place // 2]
            axes[axis] += sizes[axis] * (code - ord("A") if code >= ord("A") else code - ord("0"))
    lon, lat = axes[0] + sizes[0] / 2 - 180, axes[1] + sizes[1] / 2 - 90
    cell_m = sizes[1] * METRES
    return Reading(lonlat=[snapped(lon, lat, cell_m)], cell_m=cell_m, strength=Strength.POSSIBLE)


FORMS: Final = (
    Form(
        name="maidenhead",
        telling=r"\x1e[ ]?[A-Ra-r]{2}[0-9]{2}[A-Xa-x]{2}[0-9]{2}",
        pattern=_PATTERN,
        read=_read,
        rises=True,
    ),
)
