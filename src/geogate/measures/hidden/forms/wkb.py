"""Well-known binary in hexadecimal digits, of any byte order, with and without a reference system."""

from __future__ import annotations

import struct
from typing import Final

import shapely

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import LONGEST, POSITIONS, UNKNOWN, Form, Match, Reading
from geogate.measures.hidden.forms.geometry import reading_of

_HEAD: Final = (
    r"(?:01[0-9A-F]{2}(?:00|03|07|0B)00(?:00|20|40|60|80|A0|C0|E0)"
    r"|00(?:00|20|40|60|80|A0|C0|E0)00(?:00|03|07|0B)[0-9A-F]{2})"
)
_KINDS: Final = range(1, 18)
_THOUSANDS: Final = range(4)
_EWKB: Final = 0x1FFF_FFFF
_BIG: Final = 0


def _read(_: bytes, match: Match) -> Reading | None:
    digits = match.group(1) or b""
    # What is cut off is found as positions of a geometry that breaks off.
    raw = bytes.fromhex(digits[: min(len(digits), LONGEST) // 2 * 2].decode("ascii"))
    kind = int(struct.unpack(">I" if raw[0] == _BIG else "<I", raw[1:5])[0]) & _EWKB
    if kind % 1000 not in _KINDS or kind // 1000 not in _THOUSANDS:
        return None
    geometry = shapely.from_wkb(raw, on_invalid="ignore")
    if geometry is None:
        # Such a beginning has no other meaning: what GEOS cannot read may be read elsewhere.
        return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.LIKELY)
    xy = shapely.get_coordinates(geometry)
    if len(xy) > POSITIONS:
        return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.CERTAIN)
    return reading_of(xy, int(shapely.get_srid(geometry)), Strength.CERTAIN) if len(xy) else None


FORMS: Final = (
    Form(
        name="wkb",
        telling=rf"(?i:{_HEAD}[0-9A-F]{{8}})",
        pattern=rf"(?i)({_HEAD}[0-9A-F]{{16,}})",
        read=_read,
        rejected=200,
    ),
)
