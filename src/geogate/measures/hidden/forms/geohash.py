"""Geohashes: named ones in any text, and bare ones that are all that a text has."""

from __future__ import annotations

from typing import Final

import numpy as np

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import Form, Match, Reading, alone, metres_of, snapped

ALPHABET: Final = b"0123456789bcdefghjkmnpqrstuvwxyz"
_HEXADECIMAL: Final = b"0123456789bcdef"
SHORTEST: Final = 5
LONGEST: Final = 12

_LETTERS: Final = "[0-9b-hj-km-np-zB-HJ-KM-NP-Z]"


def is_geohash(word: bytes) -> bool:
    """Say whether a word can be a geohash: of its letters, in one case, with a letter near its end."""
    if not SHORTEST <= len(word) <= LONGEST or not (word.islower() or word.isupper()):
        return False
    # Numbers behind a letter or two are ids, and so are hexadecimal digits.
    return not word.lower().strip(ALPHABET) and not word[-4:].isdigit() and bool(word.lower().strip(_HEXADECIMAL))


def cell_of(word: bytes) -> tuple[float, float, float, float]:
    """Return the middle of a geohash's cell and its width and height, in degrees.

    Source: Niemeyer, geohash.org; five bits a letter, the longitude first.
    """
    bits = 0
    for letter in word.lower():
        bits = bits << 5 | ALPHABET.index(letter)
    count = 5 * len(word)
    lon = lat = 0
    for place in range(count):
        bit = bits >> (count - 1 - place) & 1
        if place % 2 == 0:
            lon = lon << 1 | bit
        else:
            lat = lat << 1 | bit
    width = 360.0 / (1 << (count + 1) // 2)
    height = 180.0 / (1 << count // 2)
    return -180 + (lon + 0.5) * width, -90 + (lat + 0.5) * height, width, height


def geohash_reading(word: bytes, strength: Strength) -> Reading:
    """Read a word that is a geohash."""
    lon, lat, width, height = cell_of(word)
    width_m, height_m = metres_of(width, height, lat)
    position = snapped(lon, lat, max(min(width_m, height_m), 1e-3))
    return Reading(lonlat=[position], cell_m=float(np.sqrt(width * height)) * 111_320.0, strength=strength)


def _read_named(_: bytes, match: Match) -> Reading | None:
    word = match.group(1) or b""
    return geohash_reading(word, Strength.CERTAIN) if not word.lower().strip(ALPHABET) else None


def _read_bare(data: bytes, match: Match) -> Reading | None:
    word = match.group() or b""
    if not is_geohash(word) or not alone(data, match):
        return None
    return geohash_reading(word, Strength.POSSIBLE)


FORMS: Final = (
    Form(
        name="geohash",
        telling=r"(?i:geo[_ -]?hash(?:[.]org)?[\"']{0,2}\s?[:=/ ]{1,3}[\"']?[0-9b-hj-np-z]{5})",
        pattern=rf"(?i)geo[_ -]?hash(?:[.]org)?[\"']{{0,2}}\s?[:=/ ]{{1,3}}[\"']?({_LETTERS}{{5,12}})\b",
        read=_read_named,
    ),
)

BARE: Final = Form(
    name="geohash",
    telling="",
    pattern=rf"\b{_LETTERS}{{5,12}}\b",
    read=_read_bare,
    rises=True,
)
"""Looked for only where it is asked for: every other word looks like that. A column's words are counted apart."""
