"""Plus codes: full ones, and short ones that need a place beside them."""

from __future__ import annotations

from typing import Final

from openlocationcode import openlocationcode

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import METRES, UNKNOWN, Form, Match, Reading, metres_of, snapped

_LETTER: Final = "[23456789CFGHJMPQRVWXcfghjmpqrvwx]"
_PADDED: Final = ord("0")


def _read_full(_: bytes, match: Match) -> Reading | None:
    code = (match.group(1) or b"").decode("ascii").upper()
    if not openlocationcode.isFull(code):
        return None
    area = openlocationcode.decode(code)
    lon, lat = float(area.longitudeCenter), float(area.latitudeCenter)
    width = float(area.longitudeHi - area.longitudeLo)
    height = float(area.latitudeHi - area.latitudeLo)
    digits = code.replace("+", "").isdigit()
    return Reading(
        lonlat=[snapped(lon, lat, max(min(metres_of(width, height, lat)), 1e-3))],
        cell_m=height * METRES,
        strength=Strength.POSSIBLE if digits else Strength.CERTAIN,
    )


def _read_short(_: bytes, match: Match) -> Reading | None:
    code = (match.group(1) or b"").decode("ascii").upper()
    if not openlocationcode.isShort(code) or code.replace("+", "").isdigit():
        return None
    # A position near a place that is named elsewhere, or behind it as maps copy it.
    strength = Strength.LIKELY if match.group(2) else Strength.POSSIBLE
    return Reading(lonlat=UNKNOWN, cell_m=14.0, strength=strength)


FORMS: Final = (
    Form(
        name="plus-code",
        telling=rf"{_LETTER}{{8}}\+{_LETTER}{{2}}",
        pattern=rf"\b({_LETTER}{{8}}\+{_LETTER}{{2,7}})\b",
        read=_read_full,
        rises=True,
    ),
    Form(
        name="plus-code",
        telling=rf"{_LETTER}{{4}}(?:{_LETTER}{{2}}|00)00\+",
        pattern=rf"\b({_LETTER}{{4}}(?:{_LETTER}{{2}}|00)00\+)",
        read=_read_full,
    ),
    Form(
        name="short-plus-code",
        telling=rf"\b(?:{_LETTER}{{4}}|{_LETTER}{{6}})\+{_LETTER}{{2,3}}\b",
        pattern=rf"\b((?:{_LETTER}{{4}}|{_LETTER}{{6}})\+{_LETTER}{{2,3}})(?:(,?\s\p{{Lu}}[\p{{Ll}}.-]{{2}})|\b)",
        read=_read_short,
        rises=True,
    ),
)
