"""Degrees with minutes, and with seconds, in the writings of charts, pilots, receivers and encyclopaedias."""

from __future__ import annotations

from math import isfinite, nan
from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import (
    METRES,
    Form,
    Match,
    Reading,
    number,
    on_earth,
    places,
    snapped,
)
from geogate.measures.hidden.forms.pairs import oriented

HALF: Final = "half-position"
"""The form of one axis by itself, which is a position that nobody can read here."""

NORTH_IN_WORDS: Final = "half-in-words-north"
EAST_IN_WORDS: Final = "half-in-words-east"
"""One axis with seconds among words, which the other one can make a position."""

_ROUND: Final = 5
_EVERY: Final = 180.0
_NORTHERN: Final = 90.0
_MINUTE: Final = 60
_HOUR: Final = 3600
_FINEST: Final = 12

_LETTER: Final = (
    r"(?i:с\.?\s?ш\.?|ю\.?\s?ш\.?|в\.?\s?д\.?|з\.?\s?д\.?|北纬|南纬|东经|西经|北緯|南緯|東經|西經|東経|西経"
    r"|north|south|east|west|nord|süd|sud|ost|est|ouest|oeste|norte|sur|este|[NSEWO])"
)
_SIGNS: Final = {
    "с": b"N", "ю": b"S", "в": b"E", "з": b"W", "北": b"N", "南": b"S", "东": b"E", "東": b"E", "西": b"W",
}  # fmt: skip
_DEG: Final = r"\s?(?:°|deg(?:rees?)?\b\.?|(?i:grad)\b|度|d|\*)\s?"
_MIN: Final = r"\s?(?:''?|`|(?i:minuten?)\b|m(?:in(?:utes?)?)?\b\.?|分|m)?\s?"
_SEC: Final = r"\s?(?:\"|''|``|(?i:sekunden?)\b|s(?:ec(?:onds?)?)?\b\.?|秒)?"
_PART: Final = r"[0-9]{1,2}(?:[.,][0-9]{1,30})?"
_AXIS: Final = rf"({_LETTER})?[\s:=]{{0,2}}([-+]?[0-9]{{1,3}}){_DEG}({_PART}){_MIN}({_PART})?{_SEC}\s?({_LETTER})?"
_BETWEEN: Final = r"[^0-9\x1e\x1f°+-]{0,16}?"

_MARK: Final = r"\s?[:\s-]\s?"
_BARE: Final = rf"([0-9]{{1,3}}){_MARK}({_PART})(?:{_MARK}({_PART}))?"
_NEAR: Final = r"[\s,;/|_-]{0,4}"
_PACKED_LAT: Final = r"([0-9]{4}(?:[0-9]{2})?(?:[.][0-9]{1,20})?)"
_PACKED_LON: Final = r"([0-9]{5}(?:[0-9]{2})?(?:[.][0-9]{1,20})?)"


def letter_of(text: bytes | None) -> bytes:
    """Return the letter N, S, E, W or O that a word for a hemisphere means, nothing for none."""
    if not text:
        return b""
    first = text.decode()[0].lower()
    return _SIGNS.get(first, first.upper().encode())


def angle(degrees: bytes, minutes: bytes, seconds: bytes) -> float | None:
    """Add up an axis, ``None`` where it has too many minutes or seconds."""
    minute, second = number(minutes or b"0"), number(seconds or b"0")
    if minute >= _MINUTE + 1e-9 or second >= _MINUTE + 1e-9:
        return None
    size = abs(float(degrees)) + minute / _MINUTE + second / _HOUR
    return -size if degrees.startswith(b"-") else size


def minute_cell_m(minutes: bytes, seconds: bytes) -> float:
    """Return the size of the cell that minutes, or seconds, tell apart."""
    if seconds:
        return METRES / _HOUR * 10.0 ** -min(places(seconds), _FINEST)
    return METRES / _MINUTE * 10.0 ** -min(places(minutes), _FINEST)


def _reading(
    axes: tuple[float | None, float | None], letters: tuple[bytes, bytes], cell_m: float, strength: Strength
) -> Reading | None:
    one, other = axes
    if one is None or other is None:
        return None
    found = oriented(one, other, letters) if all(letters) else [(other, one)]
    if not all(letters) and not on_earth(other, one):
        found = [(one, other)]
    known = [snapped(*each, cell_m) for each in found if on_earth(*each)]
    if not known:
        return None
    return Reading(lonlat=known, cell_m=cell_m, strength=strength, swapped=not all(letters))


def _marked(match: Match, axes: int) -> bool:
    """Say whether axes have a sign of degrees, or one of minutes behind the letter d, which numbers have, too."""
    text = match.group() or b""
    if b"\xc2\xb0" in text or b"deg" in text.lower() or b"grad" in text.lower() or "度".encode() in text:
        return True
    return text.count(b"'") + text.count(b"m") >= axes


def _read_signs(_: bytes, match: Match) -> Reading | None:
    texts = [match.group(i) or b"" for i in range(1, 11)]
    before, after, then, last = (letter_of(texts[i]) for i in (0, 4, 5, 9))
    if before and after and not last:
        then, after = then or after, b""
    letters = (before or after, then or last)
    if any(letters) and not all(letters):
        letters = (b"", b"")
    axes = (angle(*texts[1:4]), angle(*texts[6:9]))
    cell_m = min(minute_cell_m(*texts[2:4]), minute_cell_m(*texts[7:9]))
    sure = all(letters) or b"\xc2\xb0" in (match.group() or b"") or bool(texts[3] and texts[8])
    if not _marked(match, 2):
        return None
    return _reading(axes, letters, cell_m, Strength.CERTAIN if sure else Strength.LIKELY)


def _read_bare(_: bytes, match: Match) -> Reading | None:
    """Read an axis without signs, with its letter behind, and another one."""
    texts = [match.group(i) or b"" for i in range(1, 9)]
    return _bare(texts[0:3], texts[3], texts[4:7], texts[7])


def _read_bare_before(_: bytes, match: Match) -> Reading | None:
    """Read an axis without signs, with its letter in front, and another one."""
    texts = [match.group(i) or b"" for i in range(1, 9)]
    return _bare(texts[1:4], texts[0], texts[5:8], texts[4])


def _bare(one: list[bytes], letter: bytes, two: list[bytes], other: bytes) -> Reading | None:
    cell_m = min(minute_cell_m(*one[1:]), minute_cell_m(*two[1:]))
    fine = cell_m < METRES / _MINUTE
    return _reading(
        (angle(*one), angle(*two)),
        (letter_of(letter), letter_of(other)),
        cell_m,
        Strength.CERTAIN if fine else Strength.LIKELY,
    )


def _read_packed(_: bytes, match: Match) -> Reading | None:
    """Read digits that run together, as pilots and receivers write them."""
    texts = [match.group(i) or b"" for i in range(1, 7)]
    letters = (texts[0] or texts[2], texts[3] or texts[5])
    if not all(letters) or (texts[0] and texts[2]) or (texts[3] and texts[5]):
        return None
    lat, lon = _unpacked(texts[1], 2), _unpacked(texts[4], 3)
    cell_m = min(minute_cell_m(*lat[1:]), minute_cell_m(*lon[1:]))
    return _reading((angle(*lat), angle(*lon)), letters, cell_m, Strength.CERTAIN)


def _unpacked(digits: bytes, width: int) -> tuple[bytes, bytes, bytes]:
    whole, point, rest = digits.partition(b".")
    degrees, minutes, seconds = whole[:width], whole[width : width + 2], whole[width + 2 :]
    if seconds:
        return degrees, minutes, seconds + point + rest
    return degrees, minutes + point + rest, b""


def half(axis: bytes, degrees: float, cell_m: float, strength: Strength = Strength.LIKELY) -> Reading | None:
    """Read one axis, N or E or either; the other one is not a number, so that nobody lets the position pass."""
    if abs(degrees) > (_NORTHERN if axis == b"N" else _EVERY):
        return None
    lonlat = {b"N": ((nan, degrees),), b"E": ((degrees, nan),)}.get(axis, ((degrees, nan), (nan, degrees)))
    return Reading(lonlat=lonlat, cell_m=cell_m, strength=strength)


def _half_of(match: Match, strength: Strength) -> Reading | None:
    texts = [match.group(i) or b"" for i in range(1, 6)]
    letter, degrees = letter_of(texts[0]) or letter_of(texts[4]), angle(*texts[1:4])
    if not _marked(match, 1) or degrees is None or not (letter or texts[3]):
        return None
    axis = b"N" if letter in {b"N", b"S"} else b"E" if letter else b""
    degrees = -abs(degrees) if letter in {b"S", b"W"} else degrees
    return half(axis, degrees, minute_cell_m(*texts[2:4]), strength)


def _read_half(_: bytes, match: Match) -> Reading | None:
    """Read a text that is one axis of a position; the other one must be elsewhere."""
    return _half_of(match, Strength.LIKELY)


def _read_in_words(match: Match, axis: int) -> Reading | None:
    """Read one axis among words, if it is no border: those of areas are on whole minutes or round seconds."""
    seconds = match.group(4) or b""
    if not places(seconds) and (not seconds or int(number(seconds)) % _ROUND == 0):
        return None
    found = _half_of(match, Strength.POSSIBLE)
    return found if found is not None and any(isfinite(pair[axis]) for pair in found.lonlat) else None


def _read_north_in_words(_: bytes, match: Match) -> Reading | None:
    return _read_in_words(match, 1)


def _read_east_in_words(_: bytes, match: Match) -> Reading | None:
    return _read_in_words(match, 0)


_BARE_BEHIND: Final = rf"\b{_BARE}\s?([NS])\b{_NEAR}\b{_BARE}\s?([EWO])\b"
_LON_BEHIND: Final = rf"\b{_BARE}\s?([EWO])\b{_NEAR}\b{_BARE}\s?([NS])\b"
_BARE_BEFORE: Final = rf"\b([NS])\s?{_BARE}[\s,;/|_-]{{1,4}}([EWO])\s?{_BARE}\b"
_LON_BEFORE: Final = rf"\b([EWO])\s?{_BARE}[\s,;/|_-]{{1,4}}([NS])\s?{_BARE}\b"
_TWO_PARTS: Final = r"[0-9]\s?[:\s-]\s?[0-9]{1,2}(?:[.,][0-9]{1,30})?"

FORMS: Final = (
    Form(
        name="degrees-minutes",
        telling=r"[0-9](?:\s?(?:°|deg(?:rees?)?\b\.?|(?i:grad)\b|度|\*)\s?|\s?d\s?)[0-9]{1,2}(?:[.,][0-9]{1,30})?\s?(?:'|`|[mM]|分|[NSEWO])",
        pattern=rf"{_AXIS}{_BETWEEN}{_AXIS}",
        read=_read_signs,
        rises=True,
    ),
    Form(
        name=HALF,
        telling=r"[0-9]\s?(?:°|deg\b|度)\s?[0-9]{1,2}(?:[.,][0-9]{1,30})?\s?(?:'|`|m|分|[NSEWO])",
        pattern=rf"\x1e\s*{_AXIS}\s*\x1f",
        read=_read_half,
        half=True,
    ),
    Form(name=NORTH_IN_WORDS, telling="", pattern=_AXIS, read=_read_north_in_words, half=True),
    Form(name=EAST_IN_WORDS, telling="", pattern=_AXIS, read=_read_east_in_words, half=True),
    Form(
        name="bare-degrees-minutes",
        telling=rf"{_TWO_PARTS}\s?[NS]{_NEAR}[0-9]",
        pattern=_BARE_BEHIND,
        read=_read_bare,
    ),
    Form(
        name="bare-degrees-minutes",
        telling=rf"{_TWO_PARTS}\s?[EWO]{_NEAR}[0-9]{{1,3}}\s?[:\s-]",
        pattern=_LON_BEHIND,
        read=_read_bare,
    ),
    Form(
        name="bare-degrees-minutes",
        telling=rf"[NS]\s?[0-9]{{1,3}}{_MARK}{_PART}(?:{_MARK}{_PART})?[\s,;/|_-]{{1,4}}[EWO]\s?[0-9]",
        pattern=_BARE_BEFORE,
        read=_read_bare_before,
    ),
    Form(
        name="bare-degrees-minutes",
        telling=rf"[EWO]\s?[0-9]{{1,3}}{_MARK}{_PART}(?:{_MARK}{_PART})?[\s,;/|_-]{{1,4}}[NS]\s?[0-9]",
        pattern=_LON_BEFORE,
        read=_read_bare_before,
    ),
    Form(
        name="packed-degrees",
        telling=r"(?:[0-9]{4}(?:[.][0-9]{1,20})?,?\s?[NS][\s,/_-]{0,3}[0-9]{5}"
        r"|[NS]\s?[0-9]{4}(?:[0-9]{2})?(?:[.][0-9]{1,20})?[\s,/_-]{0,3}[EWO]\s?[0-9]{5})",
        pattern=rf"(?:\b|_)([NS])?,?\s?{_PACKED_LAT},?\s?([NS])?[\s,/_-]{{0,3}}([EWO])?,?\s?{_PACKED_LON}(?:,?\s?([EWO]))?(?:\b|_)",
        read=_read_packed,
    ),
)
