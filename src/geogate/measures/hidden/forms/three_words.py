"""Addresses of three words, which only their inventor's service can read."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import UNKNOWN, Form, Match, Reading

_LETTER: Final = r"[^\x00-\x40\x5b-\x60\x7b-\x7f]"
_WORDS: Final = rf"{_LETTER}{{2,30}}[.]{_LETTER}{{2,30}}[.]{_LETTER}{{2,30}}"
_CELL_M: Final = 3.0


def _read(_: bytes, match: Match) -> Reading | None:
    del match
    return Reading(lonlat=UNKNOWN, cell_m=_CELL_M, strength=Strength.CERTAIN)


def _read_bare(_: bytes, match: Match) -> Reading | None:
    del match
    return Reading(lonlat=UNKNOWN, cell_m=_CELL_M, strength=Strength.POSSIBLE)


FORMS: Final = (
    Form(
        name="three-words",
        telling=rf"(?:///|(?i:what3words[.]com|w3w[.]co)/){_LETTER}",
        pattern=rf"(?:[^:/]///|(?i:what3words[.]com|w3w[.]co)/){_WORDS}",
        read=_read,
    ),
    Form(
        name="bare-three-words",
        telling=r"\x1e[a-z]{3,20}[.][a-z]{3,20}[.][a-z]{3,20}\x1f",
        pattern=r"\x1e([a-z]{3,20}[.][a-z]{3,20}[.][a-z]{3,20})\x1f",
        read=_read_bare,
        rises=True,
    ),
)
