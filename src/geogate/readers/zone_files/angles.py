"""Angles as people print them: degrees, minutes and seconds in many spellings, each read wholly or refused.

Nothing is guessed: an angle in minutes without a hemisphere, a sign beside a letter, and the letter O, which is the
east in one language and the west in another, are errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from geogate.readers.zone_files.raw import UnreadableZonesError

Axis = Literal["lat", "lon"]

_MOST: Final = {"lat": 90.0, "lon": 180.0}
_SIXTY: Final = 60.0
_MARKS: Final = (
    (r"''|[\u2019\u2018\u2032\u00b4]{2}|[\u201d\u201c\u2033\u02ba]|\[?sec(?:onds?)?\.?\]?", '"'),
    (r"[\u2019\u2018\u2032\u00b4\u02b9]|\[?min(?:utes?)?\.?\]?", "'"),
    (r"[\u00ba\u02da\u2218\u00b0]|\[?deg(?:rees?)?\.?\]?", "\u00b0"),
    (r"[\u2212\u2013\u2010\u2011]", "-"),
    (r"[\u00a0\u2009\u202f\u2007]", " "),
    (r"\b(?:latitude|longitude|lat|long|lon|lng)\b\s*[.:=]?", " "),
    (r"\b([NSEW])(?:orth|outh|ast|est)\b", r"\1"),
    (r'(\d),(\d+\s*")', r"\1.\2"),
)
_DECIMAL = r"\d{1,3}(?:\.\d+)?"
_SIXTIETHS = (
    r"(\d{1,3})\s*(?:\u00b0|:|-|\s)\s*(\d{1,2}(?:\.\d+)?)\s*(?:(?:'|:|-|(?<=\d)\s)\s*(?:(\d{1,2}(?:\.\d+)?)\s*\"?)?)?"
)
_NUMBER = rf"(?:{_SIXTIETHS}(?![\d.])|({_DECIMAL})(?![\d.])\s*\u00b0?)"
_ANGLE = re.compile(rf"(?:([NSEW])\s*|([+-])\s*)?{_NUMBER}(?:\s*([NSEW])(?![A-Z]))?", re.IGNORECASE | re.ASCII)
_BETWEEN = re.compile(r"[\s,;|/()\[\]]*(?:-\s+)?[\s,;|/()\[\]]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Angle:
    """An angle, and which axis its hemisphere names, if it has one.

    Units: degrees.
    """

    value: float
    axis: Axis | None

    def along(self, axis: Axis) -> float:
        """Give the angle as one of an axis.

        Raises: UnreadableZonesError where it is one of the other, or too large.
        """
        if self.axis not in {None, axis}:
            raise UnreadableZonesError(f"the hemisphere is that of a {_other(axis)}, where a {_NAMES[axis]} must stand")
        if abs(self.value) > _MOST[axis]:
            raise UnreadableZonesError(f"an angle is beyond {_MOST[axis]:g} degrees, which no {_NAMES[axis]} is")
        return self.value


_NAMES: Final = {"lat": "latitude", "lon": "longitude"}


def _other(axis: Axis) -> str:
    return _NAMES["lon" if axis == "lat" else "lat"]


def angles(text: str, *, hemisphere: str = "") -> list[Angle]:
    """Read all angles of a text, which holds nothing else; ``hemisphere`` is that of angles which name none.

    Raises: UnreadableZonesError.
    """
    plain = _plain(text)
    if re.search(r"\d[\s\"'\u00b0]*O\b|\bO\s*\d", plain, re.IGNORECASE):
        raise UnreadableZonesError("the letter O is the east in German and the west in French: write E or W")
    found: list[Angle] = []
    at = _after(plain, 0)
    while at < len(plain):
        match = _ANGLE.match(plain, at)
        if match is None:
            raise UnreadableZonesError("it is no angle in degrees, or in degrees, minutes and seconds")
        match = _own_letter(match, plain, at)
        found.append(_angle(match, hemisphere))
        at = _after(plain, match.end())
    return found


def has_positions(text: str) -> bool:
    """Tell whether a text holds what can only be a position: two angles with hemispheres."""
    try:
        return sum(angle.axis is not None for angle in angles(text)) > 1
    except UnreadableZonesError:
        return len(re.findall(r"\d\s*[\u00b0'\"][^A-Za-z]{0,20}[NSEW]\b", _plain(text))) > 1


def _plain(text: str) -> str:
    for pattern, mark in _MARKS:
        text = re.sub(pattern, mark, text, flags=re.IGNORECASE)
    return text.strip()


def _after(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at


def _own_letter(match: re.Match[str], text: str, at: int) -> re.Match[str]:
    """Leave the letter after an angle to the next one, where letters stand before angles."""
    if match[1] and match[7]:
        shorter = _ANGLE.match(text, at, match.start(7))
        if shorter is not None:
            return shorter
    return match


def _angle(match: re.Match[str], hemisphere: str) -> Angle:
    before, sign, degrees, minutes, seconds, decimal, after = match.groups()
    letter = (before or after or hemisphere).upper()
    if letter and sign:
        raise UnreadableZonesError("an angle has both a sign and a hemisphere")
    if minutes is not None and not letter:
        raise UnreadableZonesError("an angle in minutes has no hemisphere")
    value = float(decimal) if decimal is not None else _from_sixtieths(degrees, minutes, seconds)
    axis: Axis | None = {"N": "lat", "S": "lat", "E": "lon", "W": "lon"}.get(letter)  # type: ignore[assignment]
    if axis and value > _MOST[axis]:
        raise UnreadableZonesError(f"an angle is beyond {_MOST[axis]:g} degrees, which no {_NAMES[axis]} is")
    return Angle(value=-value if sign == "-" or letter in {"S", "W"} else value, axis=axis)


def _from_sixtieths(degrees: str, minutes: str, seconds: str | None) -> float:
    in_minutes, in_seconds = float(minutes), float(seconds or 0)
    if in_minutes >= _SIXTY or in_seconds >= _SIXTY:
        raise UnreadableZonesError("an angle has minutes or seconds from 60 on")
    if seconds is not None and not in_minutes.is_integer():
        raise UnreadableZonesError("an angle has seconds beside a part of a minute")
    return float(degrees) + in_minutes / _SIXTY + in_seconds / (_SIXTY * _SIXTY)
