"""The fields of OpenAir lines: positions, altitudes, activation times and the like; each is read wholly or refused."""

from __future__ import annotations

import re
from datetime import datetime

from geogate.readers.zone_files.raw import UnreadableZonesError

_FEET_A_METRE = 1 / 0.3048
_MINUTES_A_DEGREE, _SECONDS_A_DEGREE, _SIXTY = 60.0, 3600.0, 60.0

_ANGLE = r"(\d{1,3}):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?)|(\.\d+))?"
_POSITION = re.compile(rf"{_ANGLE}\s*([NS])[\s,]*{_ANGLE}\s*([EW])", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_GROUND = re.compile(r"GND|SFC|0", re.IGNORECASE)
_UNLIMITED = re.compile(r"UNL|UNLTD|UNLIM|UNLIMITED", re.IGNORECASE)
_FLIGHT_LEVEL = re.compile(r"FL\s*(\d{1,3})", re.IGNORECASE | re.ASCII)
_HEIGHT = re.compile(r"(\d+(?:\.\d+)?)\s*(FT|F|M)?\s*(MSL|AMSL|ALT|AGL|AGND|ASFC|GND|SFC)?", re.IGNORECASE | re.ASCII)
_ABOVE_GROUND = frozenset({"AGL", "AGND", "ASFC", "GND", "SFC"})
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z", re.ASCII)
_NONE = "NONE"


def position(text: str) -> tuple[float, float]:
    """Read ``52:07:36 N 013:23:34 E`` or ``52:07.600 N 013:23.567 E`` as longitude and latitude.

    Units: degrees.
    """
    match = _POSITION.fullmatch(text.strip())
    if match is None:
        raise UnreadableZonesError("it has no position in degrees, minutes and seconds")
    groups = match.groups()
    lat, lon = _degrees(groups[:4], 90.0), _degrees(groups[5:9], 180.0)
    return (lon if groups[9] == "E" else -lon), (lat if groups[4] == "N" else -lat)


def _degrees(parts: tuple[str | None, ...], most: float) -> float:
    degrees, minutes, seconds, decimals = parts
    in_minutes = float(minutes or "") + float(decimals or 0)
    in_seconds = float(seconds or 0)
    value = float(degrees or "") + in_minutes / _MINUTES_A_DEGREE + in_seconds / _SECONDS_A_DEGREE
    if in_minutes >= _SIXTY or in_seconds >= _SIXTY or value > most:
        raise UnreadableZonesError("an angle has minutes or seconds from 60 on, or is too large")
    return value


def number(text: str, *, most: float) -> float:
    """Read a number from 0 to ``most``."""
    if not _NUMBER.fullmatch(text.strip()) or not 0 <= float(text) <= most:
        raise UnreadableZonesError(f"it has no number from 0 to {most:g} where one must stand")
    return float(text)


def altitude(text: str) -> tuple[str, float]:
    """Read an altitude as what it is counted from and its feet, so that those from the same can be compared."""
    if _GROUND.fullmatch(text):
        return "ground", 0.0
    if _UNLIMITED.fullmatch(text):
        return "sea", float("inf")
    if match := _FLIGHT_LEVEL.fullmatch(text):
        return "pressure", float(match[1]) * 100
    if match := _HEIGHT.fullmatch(text):
        feet = float(match[1]) * (_FEET_A_METRE if (match[2] or "").upper() == "M" else 1.0)
        return ("ground" if (match[3] or "").upper() in _ABOVE_GROUND else "sea"), feet
    raise UnreadableZonesError("it has no altitude")


def check_activation(texts: list[str]) -> None:
    """Check ``AA`` fields: ``NONE`` alone, or periods of which at most one end is open. Zones hold at all times."""
    if _NONE in texts and len(texts) > 1:
        raise UnreadableZonesError("activation by notice stands beside activation times")
    for text in texts:
        start, slash, end = text.partition("/")
        if text == _NONE:
            continue
        if not slash or (start == _NONE and end == _NONE):
            raise UnreadableZonesError("an activation time is no period")
        first, last = _instant(start), _instant(end)
        if first is not None and last is not None and first >= last:
            raise UnreadableZonesError("an activation ends before it starts")


def _instant(text: str) -> datetime | None:
    if text == _NONE:
        return None
    if not _TIME.fullmatch(text):
        raise UnreadableZonesError("an activation time is not a time in UTC")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableZonesError("an activation time is not a time in UTC") from None
