"""References of a grid whose parts stand in several columns: zone, square and digits of MGRS; halves of plus codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden.numbers_rows import FEW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Subject

    Heads = Mapping[str, NDArray[np.bytes_]]

ROWS: Final = 64
"""Rows whose references are read."""

MOSTLY: Final = 0.9
MOST_ZONES: Final = 6
"""A layer lies in so many zones at most; seats and sizes of clothes that look like zones are more."""

_ZONE: Final = re.compile(rb"(?:0?[1-9]|[1-5]\d|60)[C-HJ-NP-X]")
_SQUARE: Final = re.compile(rb"[A-HJ-NP-Z][A-HJ-NP-V]")
_BAND: Final = re.compile(rb"[C-HJ-NP-X]")
_BOTH: Final = re.compile(_ZONE.pattern + rb"\s?" + _SQUARE.pattern)
_SQUARE_DIGITS: Final = re.compile(_SQUARE.pattern + rb"\s?(?:\d{6}|\d{8}|\d{10}|\d{3,5}\s\d{3,5})")
_DIGITS: Final = re.compile(rb"\d{3,5}|\d{6}|\d{8}|\d{10}|\d{3,5}\s\d{3,5}")
_AREA: Final = re.compile(rb"[2-9CFGHJMPQRVWX]{4}(?:[2-9CFGHJMPQRVWX]{2}){0,2}")
_LOCAL: Final = re.compile(rb"[2-9CFGHJMPQRVWX]{0,4}\+[2-9CFGHJMPQRVWX]{2,7}")
_REST: Final = re.compile(rb"[2-9CFGHJMPQRVWX]{2,7}")
_LETTER: Final = re.compile(rb"[A-Z]")
_NAMED: Final = re.compile(r"mgrs|utmref|usng|square|planquadrat|100k|grid|easting|northing", re.IGNORECASE)
_ZONES: Final = 60
_DIGITS_LEAST: Final = 100
_DIGITS_BEYOND: Final = 100_000
_WHOLE: Final = 8


def codes_in_columns(subject: Subject) -> tuple[str, ...]:
    """Name the columns whose texts and numbers together are references of a grid."""
    heads = {name: each[each != b""][:ROWS] for name, each in subject.rows.heads.items()}
    found = [*_military(subject, heads), *_plus_codes(heads)]
    return tuple(dict.fromkeys(found))


def _are(texts: Sequence[bytes], pattern: re.Pattern[bytes]) -> bool:
    matches = sum(pattern.fullmatch(text.strip()) is not None for text in texts)
    return matches >= max(FEW, MOSTLY * len(texts))


def _military(subject: Subject, heads: Heads) -> Iterator[str]:
    """Find squares, and the columns that say their zones and the digits behind them."""
    of = {
        kind: [name for name, texts in heads.items() if _are(texts.tolist(), pattern)]
        for kind, pattern in (
            ("zone", _ZONE), ("square", _SQUARE), ("both", _BOTH), ("square digits", _SQUARE_DIGITS), ("band", _BAND)
        )
    }  # fmt: skip
    digits = _digits(subject, heads)
    zones = [name for name in of["zone"] if len(np.unique(heads[name])) <= MOST_ZONES]
    numbers = _zone_numbers(subject)
    if not zones and of["band"] and numbers:
        zones = [of["band"][0], numbers[0]]
    if digits and of["both"]:
        yield from (*of["both"], *digits)
    squares = [*of["square digits"], *(of["square"] if digits else ())]
    for square in squares:
        if zones or _follows(subject, square, digits) or _is_named((square, *digits)):
            yield from (square, *zones, *(digits if square in of["square"] else ()))


def _is_named(names: Sequence[str]) -> bool:
    return any(_NAMED.search(name) for name in names)


def _digits(subject: Subject, heads: Heads) -> list[str]:
    """List the columns that may have the digits of references: of kilometres, hundreds of metres and less."""
    found = [name for name, texts in heads.items() if _are(texts.tolist(), _DIGITS)]
    for name, column in subject.columns.items():
        low, high = float(column.known.min()), column.largest
        whole = column.whole and low >= 0 and _DIGITS_LEAST <= high < _DIGITS_BEYOND
        if whole and not column.counter and not column.moment and column.distinct > 1 and name not in heads:
            found.append(name)
    return found


def _zone_numbers(subject: Subject) -> list[str]:
    some = ((name, column) for name, column in subject.columns.items() if column.whole and column.largest <= _ZONES)
    return [name for name, column in some if column.known.min() >= 1 and column.distinct <= MOST_ZONES]


def _follows(subject: Subject, square: str, digits: Sequence[str]) -> bool:
    """Tell whether squares are those in which the rows' own places are, which few other pairs of letters would be."""
    import mgrs

    rows, texts = subject.rows, subject.rows.heads[square]
    some = np.flatnonzero(rows.placed & (texts != b""))[:ROWS]
    if len(some) < FEW or (not digits and len(texts[some[0]]) <= 2):  # noqa: PLR2004 letters of a square
        return False
    grid = mgrs.MGRS()
    own = [_square_of(grid, *rows.own[row]) for row in some]
    same = sum(mine[-2:] == text[:2].decode("ascii", "replace") for mine, text in zip(own, texts[some], strict=True))
    return same >= _NEARLY * len(some) and len(set(own)) > 1


_NEARLY: Final = 0.7
"""Coarse places lie in the square beside it now and then."""


def _square_of(grid: Any, lon: float, lat: float) -> str:
    return str(grid.toMGRS(lat, lon, MGRSPrecision=0)) if abs(lat) < 80 else ""  # noqa: PLR2004 the grid ends there


def _plus_codes(heads: Heads) -> Iterator[str]:
    """Find the front of plus codes in one column and the rest of them in another one."""
    for area, texts in _those(heads, _AREA):
        if not any(_LETTER.search(text) for text in texts):
            continue
        lengths = {len(text) for text in texts}
        for local, rests in _those(heads, _LOCAL):
            before = {rest.index(b"+") for rest in rests if b"+" in rest}
            if {one + other for one in lengths for other in before} == {_WHOLE}:
                yield from (area, local)
        for rest, letters in _those(heads, _REST):
            if area != rest and lengths == {_WHOLE} and any(_LETTER.search(text) for text in letters):
                yield from (area, rest)


def _those(heads: Heads, pattern: re.Pattern[bytes]) -> list[tuple[str, list[bytes]]]:
    several = [(name, texts.tolist()) for name, texts in heads.items()]
    return [(name, texts) for name, texts in several if _are(texts, pattern)]
