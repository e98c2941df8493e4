"""Writings of one's own: digits behind hemispheres without a point, and fine numbers with words between them."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import (
    UNKNOWN,
    Form,
    Match,
    Reading,
    cell_of_places,
    number,
    on_earth,
    places,
)

_DIGITS: Final = r"\b([NSns])([0-9]{7,10})[\s,;/|_-]{0,3}([EWOewo])([0-9]{8,11})\b"
_FINE: Final = r"[-+]?[0-9]{1,3}[.][0-9]{5,15}"
_WORDS: Final = r"[\s,;:=/|()_-]{0,4}(?:[^\W\d]{1,16}[\s,;:=/|()_-]{1,4}){1,3}"
_APART: Final = rf"({_FINE}){_WORDS}({_FINE})\b"
_SMALL: Final = 1.0


def _read_digits(_: bytes, match: Match) -> Reading | None:
    """Read nothing: where the point belongs, in degrees or in minutes and seconds, nobody says."""
    letters = (match.group(1) or b"") + (match.group(3) or b"")
    if not (letters.isupper() or letters.islower()):
        return None
    return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.CERTAIN)


def _read_apart(_: bytes, match: Match) -> Reading | None:
    texts = [match.group(1) or b"", match.group(2) or b""]
    one, other = map(number, texts)
    if max(abs(one), abs(other)) < _SMALL:
        return None
    lonlat = [each for each in ((other, one), (one, other)) if on_earth(*each)]
    cell_m = cell_of_places(max(map(places, texts)))
    return Reading(lonlat=lonlat, cell_m=cell_m, strength=Strength.LIKELY) if lonlat else None


FORMS: Final = (
    Form(name="hemisphere-digits", telling=_DIGITS.replace("(", "(?:"), pattern=_DIGITS, read=_read_digits),
    Form(name="numbers-apart", telling=rf"{_FINE}{_WORDS}{_FINE}", pattern=_APART, read=_read_apart),
)
