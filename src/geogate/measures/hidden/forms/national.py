"""References of national grids: letters of a square with digits, or eastings and northings that are called so."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import START, UNKNOWN, Form, Match, Reading, alone, snapped
from geogate.measures.hidden.forms.geometry import to_lonlat

_BRITISH: Final = frozenset(
    b"HO HP HT HU HW HX HY HZ NA NB NC ND NF NG NH NJ NK NL NM NN NO NR NS NT NU NW NX NY NZ OV SC SD SE SH SJ SK SM "
    b"SN SO SP SR SS ST SU SV SW SX SY SZ TA TF TG TL TM TQ TR TV".split()
)
_WORDS: Final = frozenset(b"HO NO SO SE ST TA NA ND NB SC SD".split())
_LETTERS: Final = b"ABCDEFGHJKLMNOPQRSTUVWXYZ"
_SIDE: Final = 5
_SQUARE_M: Final = 100_000
_FAIR: Final = 4
_BNG: Final = 27_700
_IRISH: Final = 29_903
_GAUSS_KRUEGER: Final = 7
_UTM: Final = 8
_LETTER: Final = 2
"""Letters by which no word says what a number is."""

_GERMAN: Final = (44.0, 60.0)
_INITIALS: Final = b"TFMPNHRVWO"


def _offsets(digits: bytes) -> tuple[float, float, float]:
    """Return how far east and north digits are within their square, at the middle of their cell, and its size."""
    half = len(digits) // 2
    cell_m = 10.0 ** (_SIDE - half)
    return (int(digits[:half]) + 0.5) * cell_m, (int(digits[half:]) + 0.5) * cell_m, cell_m


def _digits(match: Match) -> bytes:
    east, north, together = (match.group(i) or b"" for i in (2, 3, 4))
    if together:
        return together if len(together) % 2 == 0 else b""
    return east + north if len(east) == len(north) else b""


def _read_british(data: bytes, match: Match) -> Reading | None:
    square, digits = match.group(1) or b"", _digits(match)
    if square not in _BRITISH or not digits:
        return None
    first, second = (_LETTERS.index(letter) for letter in square)
    column = (first % _SIDE - 2) * _SIDE + second % _SIDE
    row = (3 - first // _SIDE) * _SIDE + 4 - second // _SIDE
    east, north, cell_m = _offsets(digits)
    found = to_lonlat(_BNG, column * _SQUARE_M + east, row * _SQUARE_M + north)
    if found is None:
        return None
    spaced, half = not match.group(4), len(digits) // 2
    strength = Strength.POSSIBLE
    if spaced and half >= _FAIR and not (square in _WORDS and _after_a_word(data, match.start())):
        strength = Strength.CERTAIN if half == _SIDE else Strength.LIKELY
    return Reading(lonlat=[snapped(*found, cell_m)], cell_m=cell_m, strength=strength)


def _read_compact(data: bytes, match: Match) -> Reading | None:
    return None if match.group(1) in _COUNTRIES.encode().split(b"|") else _read_british(data, match)


def _after_a_word(data: bytes, start: int) -> bool:
    before = data[max(start - 3, 0) : start].rpartition(START)[2].rstrip(b" ")
    return before[-1:].isalnum()


def _read_irish(data: bytes, match: Match) -> Reading | None:
    letter, digits = match.group(1) or b"", _digits(match)
    if not digits:
        return None
    place = _LETTERS.index(letter)
    east, north, cell_m = _offsets(digits)
    found = to_lonlat(_IRISH, place % _SIDE * _SQUARE_M + east, (4 - place // _SIDE) * _SQUARE_M + north)
    if found is None:
        return None
    # One letter and ten digits is how telephones are written, too.
    sure = not match.group(4) and len(digits) == 2 * _SIDE and alone(data, match) and letter not in _INITIALS
    strength = Strength.LIKELY if sure else Strength.POSSIBLE
    return Reading(lonlat=[snapped(*found, cell_m)], cell_m=cell_m, strength=strength)


def _read_called(_: bytes, match: Match) -> Reading | None:
    """Read an easting and a northing; where the zone is not told it is a position that nobody can read."""
    word, east, north = (match.group(i) or b"" for i in (1, 2, 3))
    return _called(word, east, north)


def _read_called_north_first(_: bytes, match: Match) -> Reading | None:
    north, word, east = (match.group(i) or b"" for i in (1, 2, 3))
    return _called(word, east, north)


def _called(word: bytes, east: bytes, north: bytes) -> Reading | None:
    if len(east) == _GAUSS_KRUEGER and east[:1] in b"2345":
        found = to_lonlat(31_464 + int(east[:1]), float(east), float(north))
    elif len(east) == _UTM and east[:2] in {b"31", b"32", b"33"}:
        found = to_lonlat(32_600 + int(east[:2]), float(east[2:]), float(north))
    else:
        found = None
    strength = Strength.LIKELY if len(word) > _LETTER else Strength.POSSIBLE
    if found is not None and _GERMAN[0] <= found[1] <= _GERMAN[1]:
        sure = Strength.CERTAIN if len(word) > _LETTER else Strength.LIKELY
        return Reading(lonlat=[snapped(*found, 1.0)], cell_m=1.0, strength=sure)
    return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=strength) if strength > Strength.POSSIBLE else None


_SPACED: Final = r"([0-9]{3,5})[\s,]([0-9]{3,5})"
_COUNTRIES: Final = "HU|NL|NO|SE|SK|TR"
"""Squares that are codes of countries as well, whose numbers of taxpayers look like references."""

_EAST: Final = r"(?i:rechtswert|ostwert|easting)|\bRW?"
_NORTH: Final = r"(?i:hochwert|nordwert|northing)|\bHW?"
_GIVES: Final = r"[^0-9A-Za-z\x1e\x1f+-]{0,6}"
_THEN: Final = r"(?:[.,][0-9]{1,4})?\s?m?[\s,;/|_-]{1,4}"

FORMS: Final = (
    Form(
        name="easting-and-northing",
        telling=rf"(?:{_EAST}){_GIVES}[0-9]{{6,8}}{_THEN}(?:{_NORTH}){_GIVES}[0-9]{{6,7}}\b",
        pattern=rf"({_EAST}){_GIVES}([0-9]{{6,8}}){_THEN}(?:{_NORTH}){_GIVES}([0-9]{{6,7}})\b",
        read=_read_called,
    ),
    Form(
        name="easting-and-northing",
        telling=rf"(?:{_NORTH}){_GIVES}[0-9]{{6,7}}{_THEN}(?:{_EAST}){_GIVES}[0-9]{{6,8}}\b",
        pattern=rf"(?:{_NORTH}){_GIVES}([0-9]{{6,7}}){_THEN}({_EAST}){_GIVES}([0-9]{{6,8}})\b",
        read=_read_called_north_first,
    ),
    Form(
        name="british-grid",
        telling=r"\b[HNOST][A-HJ-Z]\s?[0-9]{3,5}\s[0-9]{3}",
        pattern=rf"\b([HNOST][A-HJ-Z])\s?{_SPACED}()\b",
        read=_read_british,
        rises=True,
    ),
    Form(
        name="british-grid",
        telling=rf"\b(?:{_COUNTRIES})\s?[0-9]{{6}}",
        pattern=rf"\b({_COUNTRIES})(?:\s?(\x1e)(\x1e)|\s?([0-9]{{6,10}})\b)",
        read=_read_british,
        rises=True,
    ),
    Form(
        name="compact-british-grid",
        telling=r"\b[HNOST][A-HJ-Z]\s?[0-9]{6}",
        pattern=r"\b([HNOST][A-HJ-Z])(?:\s?(\x1e)(\x1e)|\s?([0-9]{6,10})\b)",
        read=_read_compact,
        rises=True,
    ),
    Form(
        name="irish-grid",
        telling=r"\b[B-DF-HJL-OQ-TV-X]\s?[0-9]{3,5}\s?[0-9]{3}",
        pattern=rf"\b([B-DF-HJL-OQ-TV-X])\s?(?:{_SPACED}|([0-9]{{6,10}}))\b",
        read=_read_irish,
        rises=True,
    ),
)
