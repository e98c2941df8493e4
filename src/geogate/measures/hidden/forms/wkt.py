"""Well-known text, with and without a reference system in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import END, LONGEST, POSITIONS, UNKNOWN, Form, Match, Reading, compiled
from geogate.measures.hidden.forms.geometry import reading_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS: Final = (
    "POINT|LINESTRING|LINEARRING|POLYGON|MULTIPOINT|MULTILINESTRING|MULTIPOLYGON|GEOMETRYCOLLECTION|TRIANGLE|TIN|"
    "POLYHEDRALSURFACE|CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE"
)
_DEEPEST: Final = 16
_BROKEN: Final = 1 << 12
"""Bytes that are read of what nests too deep."""

_PAIR: Final = r"([-+]?[0-9]+(?:[.][0-9]*)?(?:[eE][-+]?[0-9]+)?)[ \t]+([-+]?[0-9]+(?:[.][0-9]*)?(?:[eE][-+]?[0-9]+)?)"


def _read(data: bytes, match: Match) -> Reading | None:
    text = _balanced(data, match.start(2), match.end())
    srid = int(match.group(1) or 0)
    xy = _parsed(text)
    if xy is None:
        pairs = compiled(_PAIR).findall(text)[: POSITIONS + 1]
        xy = np.array([(float(x), float(y)) for x, y in pairs], np.float64).reshape(-1, 2)
    if not len(xy):
        return None
    if len(xy) > POSITIONS:
        return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.CERTAIN)
    return reading_of(xy, srid, Strength.CERTAIN, end=match.start(2) + len(text))


def _balanced(data: bytes, start: int, opened: int) -> bytes:
    """Return the text to the bracket that closes it, or what there is of it."""
    window = data[start : start + LONGEST].partition(END)[0]
    depth = 0
    for found in compiled("[()]").finditer(window, window.index(b"(")):
        depth += 1 if found.group() == b"(" else -1
        if depth > _DEEPEST:
            return window[: found.end() + _BROKEN]
        if depth == 0:
            return window[: found.end()]
    return window if len(window) > opened - start else window[: opened - start]


def _parsed(text: bytes) -> NDArray[np.float64] | None:
    """Let GEOS read it; nesting and length are bounded by then."""
    if text.count(b"(") > 1 and _depth(text) > _DEEPEST:
        return None
    geometry = shapely.from_wkt(text.decode("ascii", "replace"), on_invalid="ignore")
    if geometry is None:
        return None
    xy: NDArray[np.float64] = shapely.get_coordinates(geometry)
    return xy


def _depth(text: bytes) -> int:
    levels = np.frombuffer(text, np.uint8)
    steps = (levels == ord("(")).astype(np.int64) - (levels == ord(")"))
    return int(np.cumsum(steps).max())


FORMS: Final = (
    Form(
        name="wkt",
        telling=r"(?i:POINT|STRING|RING|POLYGON|COLLECTION|TRIANGLE|TIN|SURFACE|CURVE)\s*(?i:ZM?|M|Z M)?\s*"
        r"\(\s*[-+.(0-9A-Za-z]",
        pattern=rf"(?i)(?:SRID\s*=\s*([0-9]{{1,6}})\s*;\s*)?\b((?:{_KINDS})\s*(?:Z\s?M|Z|M)?\s*\(\s*(?:[-+.(0-9]|(?:{_KINDS})\b))",
        read=_read,
        rejected=200,
    ),
)
