"""One axis of a position by itself: an angle with its hemisphere or its name, or a fine number among words.

The other axis stands in another text, row, column, name, layer or file. What another form reads as a part of a whole
position is none of these.
"""

from __future__ import annotations

from math import nan
from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import (
    END,
    METRES,
    START,
    Form,
    Match,
    Reading,
    cell_of_places,
    compiled,
    number,
    places,
)
from geogate.measures.hidden.forms.sexagesimal import HALF, angle, half, minute_cell_m

LONE: Final = "lone-number"
"""A fine number among words, which two of different texts can make a position."""

LONE_FRACTION: Final = "lone-fraction"
"""The same below one, as near the equator and Greenwich, and as many shares and probabilities."""

NORTH_DIGITS: Final = "half-digits-north"
EAST_DIGITS: Final = "half-digits-east"
"""Digits without a point behind the letter of a hemisphere: ids look like that, but those of both letters do not."""

_NORTH: Final = r"(?:latitude|latitud|lati|lat|breitengrad|breite|north|nord|norte|enlem|широта|纬度|緯度|φ)"
_EAST: Final = (
    r"(?:longitude|longitud|longi|long|lng|lon|l[äa]ngengrad|l[äa]nge|laenge|east|ost|west|ouest|boylam|долгота"
    r"|经度|經度|λ)"
)
_SOUTH: Final = r"(?:south|süd|sued|sud)"
_GIVES: Final = r"[\s:=_\"'()/-]{0,5}"
_FINE: Final = r"[-+]?[0-9]{1,3}[.,][0-9]{4,40}"
_DIGITS_NAME: Final = r"[-+]?[0-9]{1,3}[_p][0-9]{4,40}"
_ENDS: Final = r"(?:[^0-9.,]|[.,](?:[^0-9]|$)|$)"
_ENDS_ALONE: Final = r"(?:[^0-9.,eE]|[eE](?:[^0-9+-]|$)|[.,](?:[^0-9]|$)|$)"
_LARGE: Final = r"[-+]?(?:0{0,2}[1-9]|0?[1-9][0-9]|1[0-7][0-9])[.,][0-9]{4,40}|[-+]?180[.,]0{4,40}"
_SMALL_FINE: Final = r"[-+]?0{1,3}[.,][0-9]{5,40}"
_SIGNS: Final = frozenset({b"+", b"-"})
_AROUND: Final = 256
_SMALL: Final = 1.0
_FRACTION_PLACES: Final = 5


def _axis(letter: bytes) -> bytes:
    return b"N" if letter in {b"N", b"S"} else b"E"


def _signed(letter: bytes, degrees: float) -> float:
    return -abs(degrees) if letter in {b"S", b"W"} else degrees


def _raised(data: bytes, end: int) -> bool:
    """Tell whether an exponent follows a number, so that it is one by itself."""
    return data[end : end + 1] in {b"e", b"E"} and (
        data[end + 1 : end + 2].isdigit() or data[end + 1 : end + 2] in _SIGNS
    )


def _read_letter(data: bytes, match: Match) -> Reading | None:
    """Read a fine number with the letter of a hemisphere, before it or behind it."""
    if match.group(4) and _raised(data, match.end() - 1):
        return None
    before, one, other, behind = (match.group(i) or b"" for i in range(1, 5))
    letter, text = (before or behind).upper(), (one or other).replace(b"_", b".").replace(b"p", b".")
    return half(_axis(letter), _signed(letter, number(text)), cell_of_places(places(text)))


def _read_label(data: bytes, match: Match) -> Reading | None:
    """Read a fine number behind the name of an axis."""
    del data
    north, south, text = (match.group(i) or b"" for i in (1, 2, 4))
    text = text.replace(b"_", b".").replace(b"p", b".")
    return half(b"N" if north or south else b"E", number(text), cell_of_places(places(text)))


def _read_degree(data: bytes, match: Match) -> Reading | None:
    """Read a fine number of degrees."""
    del data
    text = match.group(1) or b""
    return half(b"", number(text), cell_of_places(places(text)))


def _read_bare(data: bytes, match: Match) -> Reading | None:
    """Read degrees, minutes and seconds with a letter, without signs."""
    del data
    before, one, other, behind = (
        match.group(1) or b"",
        [match.group(i) or b"" for i in (2, 3, 4)],
        [match.group(i) or b"" for i in (5, 6, 7)],
        match.group(8) or b"",
    )
    texts, letter = (one, before) if before else (other, behind)
    degrees, marks = angle(*texts), (match.group() or b"").strip(b"NSEWO \t").translate(None, b"0123456789.,")
    if degrees is None or len(set(marks)) > 1:
        return None
    return half(_axis(letter), _signed(letter, degrees), minute_cell_m(*texts[1:]))


def _among_words(data: bytes, match: Match) -> bool:
    """Tell whether there is anything but numbers in the text around a number."""
    before = data[max(match.start(1) - _AROUND, 0) : match.start(1)].rpartition(START)[2]
    after = data[match.end(1) : match.end(1) + _AROUND].partition(END)[0]
    return compiled(_WORD).search(before + b" " + after) is not None


def _read_lone(data: bytes, match: Match) -> Reading | None:
    """Read a fine number among words; numbers by themselves are looked at as numbers."""
    text = match.group(1) or b""
    if abs(number(text)) < _SMALL or _raised(data, match.end(1)) or not _among_words(data, match):
        return None
    return half(b"", number(text), cell_of_places(places(text)), Strength.POSSIBLE)


def _read_fraction(data: bytes, match: Match) -> Reading | None:
    text = match.group(1) or b""
    if abs(number(text)) >= _SMALL or places(text) < _FRACTION_PLACES:
        return None
    if _raised(data, match.end(1)) or not _among_words(data, match):
        return None
    return half(b"", number(text), cell_of_places(places(text)), Strength.POSSIBLE)


def _read_digits(data: bytes, match: Match) -> Reading | None:
    """Read nothing: where the point belongs nobody says."""
    del data, match
    return Reading(lonlat=((nan, nan),), cell_m=METRES * 1e-4, strength=Strength.POSSIBLE)


_LETTER: Final = (
    rf"(?:(?:\b|_)([NSEWOnsewo])[\s:=_]{{0,2}}({_FINE}|{_DIGITS_NAME}){_ENDS}|(?:\b|_)({_FINE})\s?°?\s?([NSEWO])\b)"
)
_LABEL: Final = rf"(?i)(?:({_NORTH})|({_SOUTH})|({_EAST})){_GIVES}({_FINE}|{_DIGITS_NAME})"
_DEGREE: Final = rf"({_FINE})\s?(?:°|deg(?:rees?)?\b|grad\b)"
_PART: Final = r"([0-9]{1,3})[\s:-]([0-9]{2})[\s:-]([0-9]{2}(?:[.,][0-9]{1,20})?)"
_MINUTES: Final = r"([0-9]{1,3})[\s:-]([0-9]{2}[.,][0-9]{2,20})()"
_BARE: Final = rf"\b([NSEWO])\s?{_PART}\b|\b{_PART}\s?([NSEWO])\b"
_BARE_MINUTES: Final = rf"\b([NSEWO])\s?{_MINUTES}\b|\b{_MINUTES}\s?([NSEWO])\b"
_WORD: Final = r"[A-Za-z_#()\[\]{}&%$@!?*<>|~^;\x{80}-\x{10FFFF}]"
_LONE: Final = rf"(?:\x1e|[^0-9.,\x1e])({_FINE}){_ENDS}"


def _counted(fine: str) -> str:
    """Return the pattern of plain texts that have a fine number; they are read as single bytes."""
    return rf"(?:^|[^0-9.,])(?:{fine}){_ENDS_ALONE}"


def _untold(pattern: str) -> str:
    """Return a pattern without its groups, and without a flag at its beginning."""
    plain = pattern.replace("(?i)", "")
    found = "".join(
        "(?:" if each == "(" and plain[at + 1 : at + 2] != "?" and plain[at - 1 : at] != "\\" else each
        for at, each in enumerate(plain)
    )
    return f"(?i:{found})" if pattern.startswith("(?i)") else found


COUNTED: Final = ((LONE, _counted(_LARGE)), (LONE_FRACTION, _counted(_SMALL_FINE)))
"""Forms of which plain texts are counted without reading them, and their patterns in one text."""

WORDS: Final = r"[A-Za-z_#()\[\]{}&%$@!?*<>|~^;\x80-\xFF]"
"""The pattern of what a text has that is no number by itself."""

HAS_COUNTED: Final = r"[0-9][.,][0-9]{4}"
"""The pattern without which no text has one of them."""

FORMS: Final = (
    Form(name=HALF, telling=_untold(_LETTER), pattern=_LETTER, read=_read_letter, half=True),
    Form(name=HALF, telling=_untold(_LABEL), pattern=_LABEL, read=_read_label, half=True),
    Form(name=HALF, telling=_untold(_DEGREE), pattern=_DEGREE, read=_read_degree, half=True),
    Form(name=HALF, telling=_untold(_BARE), pattern=_BARE, read=_read_bare, half=True),
    Form(name=HALF, telling=_untold(_BARE_MINUTES), pattern=_BARE_MINUTES, read=_read_bare, half=True),
    Form(name=LONE, telling=HAS_COUNTED, pattern=_LONE, read=_read_lone, half=True),
    Form(name=LONE_FRACTION, telling="", pattern=_LONE, read=_read_fraction, half=True),
    Form(
        name=NORTH_DIGITS,
        telling=r"(?:\b|_)[NSns][0-9]{6,9}(?:\b|_)",
        pattern=r"(?:\b|_)[NSns][0-9]{6,9}(?:\b|_)",
        read=_read_digits,
        half=True,
    ),
    Form(
        name=EAST_DIGITS,
        telling=r"(?:\b|_)[EWOewo][0-9]{6,10}(?:\b|_)",
        pattern=r"(?:\b|_)[EWOewo][0-9]{6,10}(?:\b|_)",
        read=_read_digits,
        half=True,
    ),
)
