"""Encoded polylines: weak evidence, for many words are some; named ones are likelier."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import polyline

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import POSITIONS, Form, Match, Reading, cell_of_places, on_earth

_FARTHEST_DEG: Final = 5.0
_DECIMALS: Final = 5
_FINE: Final = 6


def _decoded(text: bytes, decimals: int) -> list[tuple[float, float]] | None:
    try:
        found = polyline.decode(text.decode("ascii"), decimals)
    except (IndexError, ValueError):
        return None
    positions = [(lon, lat) for lat, lon in found[:POSITIONS]]
    if len(positions) < 2 or not all(on_earth(*each) for each in positions):  # noqa: PLR2004
        return None
    steps = pairwise(positions)
    near = all(abs(a[0] - b[0]) < _FARTHEST_DEG and abs(a[1] - b[1]) < _FARTHEST_DEG for a, b in steps)
    return positions if near else None


def _reading(text: bytes, strength: Strength) -> Reading | None:
    for decimals in (_DECIMALS, _FINE):
        positions = _decoded(text, decimals)
        if positions is not None:
            return Reading(lonlat=positions, cell_m=cell_of_places(decimals), strength=strength)
    return None


def _read_named(_: bytes, match: Match) -> Reading | None:
    return _reading((match.group(1) or b"").replace(b"\\\\", b"\\"), Strength.LIKELY)


def _read_bare(_: bytes, match: Match) -> Reading | None:
    return _reading(match.group(1) or b"", Strength.POSSIBLE)


FORMS: Final = (
    Form(
        name="polyline",
        telling=r"(?i:polyline|points|\benc)[\"']{0,2}\s?[:=]\s?[\"']?[?-~]{8}",
        pattern=r"(?i:polyline|points|\benc)[\"']{0,2}\s?[:=(]\s?[\"']?([?-~]{8,})",
        read=_read_named,
    ),
    # An ordinate of a tenth of a degree and more has four or five letters, all but the last of them from the end
    # of the alphabet: hardly a word begins with two of those.
    Form(
        name="polyline",
        telling=r"\x1e\s{0,2}[_-~]{3,4}[?-^][_-~]{3,4}[?-^][_-~]{0,4}[?-^]",
        pattern=r"\x1e\s{0,2}([_-~]{3,4}[?-^][_-~]{3,4}[?-^][?-~]{2,})\s{0,2}\x1f",
        read=_read_bare,
        rises=True,
    ),
)
