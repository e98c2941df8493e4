"""Degrees, minutes and seconds as a list of three numbers or fractions, as programs print what cameras write."""

from __future__ import annotations

from typing import Final, NamedTuple

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import (
    END,
    METRES,
    START,
    Form,
    Match,
    Reading,
    compiled,
    on_earth,
    places,
    snapped,
)
from geogate.measures.hidden.forms.pairs import oriented
from geogate.measures.hidden.forms.sexagesimal import HALF, half

_RATIO: Final = r"[0-9]{1,10}\s?/\s?[0-9]{1,10}"
_TUPLE: Final = r"[A-Za-z]{0,12}[(\[]\s?[0-9]{1,10}\s?,\s?[0-9]{1,10}\s?[)\]]"
_DECIMAL: Final = r"[0-9]{1,3}(?:[.][0-9]{1,20})?"
_THEN: Final = r"\s?[,;]?\s?"
_ANY: Final = rf"(?:{_RATIO}|{_TUPLE}|{_DECIMAL})"
_IN_BRACKETS: Final = rf"[(\[{{]\s?{_ANY}\s?[,;]\s?{_ANY}\s?[,;]\s?{_ANY}\s?,?\s?[)\]}}]"
_RATIOS: Final = rf"{_RATIO}{_THEN}{_RATIO}{_THEN}{_RATIO}"
_AXIS: Final = rf"(?:{_IN_BRACKETS}|{_RATIOS})"
_BETWEEN: Final = r"[^\x1e\x1f]{0,60}?"
_PART: Final = rf"({_RATIO}|{_TUPLE}|{_DECIMAL})"
_PARTS: Final = (rf"^[(\[{{]\s?{_PART}\s?[,;]\s?{_PART}\s?[,;]\s?{_PART}", rf"^{_PART}{_THEN}{_PART}{_THEN}{_PART}")
_TELLING: Final = (
    rf"[(\[{{]\s?{_DECIMAL}\s?[,;]\s?{_DECIMAL}\s?[,;]\s?[0-9]|[0-9]\s?/\s?[0-9]{{1,10}}{_THEN}[0-9]{{1,10}}\s?/\s?[0-9]"
    rf"|[(\[]\s?[0-9]{{1,10}}\s?,\s?[0-9]{{1,10}}\s?[)\]]\s?,\s?[A-Za-z]{{0,12}}[(\[]"
)

_SIXTY: Final = 60.0
_THREE: Final = 3
_AROUND: Final = 24
_FINEST: Final = 12


class _Axis(NamedTuple):
    """One axis in degrees, the cell of its digits in metres, and whether it looks like one by itself.

    It does by fractions, or by decimals of its seconds alone.
    """

    degrees: float
    cell_m: float
    told: bool


def _value(text: bytes) -> float | None:
    """Read a number or a fraction, ``None`` where it has no denominator."""
    one, *under = (float(each) for each in compiled(r"[0-9]+(?:[.][0-9]+)?").findall(text))
    if not under:
        return one
    return one / under[0] if under[0] else None


def _axis(text: bytes) -> _Axis | None:
    """Read one axis, ``None`` where it is no angle.

    Whole degrees come before minutes, and whole minutes before seconds, as in few vectors.
    """
    match = next((found for pattern in _PARTS if (found := compiled(pattern).search(text)) is not None), None)
    texts = [match.group(place) or b"" for place in (1, 2, 3)] if match is not None else []
    numbers = [value for each in texts if (value := _value(each)) is not None]
    if len(numbers) != _THREE or max(numbers[1:]) >= _SIXTY:
        return None
    degrees, minutes, seconds = numbers
    if degrees % 1 or (minutes % 1 and seconds):
        return None
    # Results and odds are small fractions, too.
    bracketed = text[:1] in b"([{"
    fraction = any(compiled(r"[/,]" if bracketed else r"/\s?[0-9]{2}").search(each) is not None for each in texts)
    return _Axis(
        degrees=degrees + minutes / _SIXTY + seconds / _SIXTY**2,
        cell_m=_cell_m(texts, by_minutes=minutes % 1 > 0),
        told=fraction or seconds % 1 > 0,
    )


def _cell_m(texts: list[bytes], *, by_minutes: bool) -> float:
    """Return the size of the cell that the last part that is no zero tells apart."""
    last, unit_m = (texts[1], METRES / _SIXTY) if by_minutes else (texts[2], METRES / _SIXTY**2)
    under = last.replace(b",", b"/").partition(b"/")[2].strip(b" )]")
    digits = len(under) if under.strip(b"10") else max(len(under) - 1, 0)
    return unit_m * 10.0 ** -min(max(places(last), digits) if not under else digits, _FINEST)


def _letters(data: bytes, match: Match) -> tuple[bytes, bytes]:
    """Find the letters of both hemispheres around two axes or between them, nothing where they are not two."""
    before = data[max(match.start() - _AROUND, 0) : match.start()].rpartition(START)[2]
    after = data[match.end() : match.end() + _AROUND].partition(END)[0]
    found = compiled(r"\b[NSEWO]\b").findall(before + (match.group() or b"") + after)
    north, east = ([each for each in found if each in letters] for letters in (b"NS", b"EWO"))
    return (found[0], found[1]) if len(north) == len(east) == 1 else (b"", b"")


def _read_pair(data: bytes, match: Match) -> Reading | None:
    one, two = (_axis(match.group(place) or b"") for place in (1, 2))
    if one is None or two is None:
        return None
    letters, cell_m = _letters(data, match), min(one.cell_m, two.cell_m)
    either = [(two.degrees, one.degrees), (one.degrees, two.degrees)]
    found = oriented(one.degrees, two.degrees, letters) if all(letters) else either
    lonlat = [snapped(*each, cell_m) for each in found if on_earth(*each)]
    strength = Strength.LIKELY if all(letters) or (one.told and two.told) else Strength.POSSIBLE
    return Reading(lonlat=lonlat, cell_m=cell_m, strength=strength) if lonlat else None


def _read_half(_: bytes, match: Match) -> Reading | None:
    axis = _axis(match.group(1) or b"")
    return half(b"", axis.degrees, axis.cell_m) if axis is not None and axis.told else None


FORMS: Final = (
    Form(
        name="listed-degrees",
        telling=_TELLING,
        pattern=rf"({_AXIS}){_BETWEEN}({_AXIS})",
        read=_read_pair,
        rises=True,
    ),
    Form(name=HALF, telling="", pattern=rf"({_AXIS})", read=_read_half, half=True),
)
