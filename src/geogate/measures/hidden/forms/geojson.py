"""Geometries of GeoJSON and of Esri's JSON, whole or broken off, in any quotes."""

from __future__ import annotations

from typing import Final

import numpy as np

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import END, LONGEST, POSITIONS, UNKNOWN, Form, Match, Reading, compiled
from geogate.measures.hidden.forms.geometry import reading_of

_NUMBER: Final = r"[-+]?[0-9]{1,20}(?:[.][0-9]{0,30})?(?:[eE][-+]?[0-9]{1,3})?"
_POSITION: Final = rf"[\[(]\s*[\"']?({_NUMBER})[\"']?\s*,\s*[\"']?({_NUMBER})"
_CORNERS: Final = 4
_DEEPEST: Final = 32
_FLAT: Final = (b"bbox", b"extent")


def _read(data: bytes, match: Match) -> Reading | None:
    window = _list(data[match.end() - 1 : match.end() - 1 + LONGEST].partition(END)[0])
    name = (match.group(1) or b"").lower()
    xy = _corners(window) if name in _FLAT else _positions(window)
    if len(xy) > POSITIONS:
        return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.CERTAIN)
    if not len(xy):
        return None
    strength = Strength.CERTAIN if name == b"coordinates" else Strength.LIKELY
    return reading_of(xy, 0, strength, end=match.end() - 1 + len(window))


def _list(window: bytes) -> bytes:
    """Return a list to the bracket that closes it, or what there is of it."""
    depth = 0
    for found in compiled(r"[\[\]]").finditer(window):
        depth += 1 if found.group() == b"[" else -1
        if depth in {0, _DEEPEST}:
            return window[: found.end()]
    return window


def _positions(window: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    found = []
    for match in compiled(_POSITION).finditer(window):
        found.append((float(match.group(1)), float(match.group(2))))
        if len(found) > POSITIONS:
            break
    return np.array(found, np.float64).reshape(-1, 2)


def _corners(window: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    numbers = [float(each) for each in compiled(_NUMBER).findall(window)[: _CORNERS + 2]]
    if len(numbers) == _CORNERS:
        return np.array(numbers, np.float64).reshape(2, 2)
    if len(numbers) == _CORNERS + 2:
        return np.array(numbers, np.float64).reshape(2, 3)[:, :2]
    return np.empty((0, 2))


FORMS: Final = (
    Form(
        name="geojson",
        telling=r"(?i:coordinates|rings|paths|points|bbox|extent)[\"'\\]{0,4}\s*[:=]\s*\[",
        pattern=r"(?i)\b(coordinates|rings|paths|points|bbox|extent)[\"'\\]{0,4}\s*[:=]\s*\[",
        read=_read,
        rejected=200,
    ),
)
