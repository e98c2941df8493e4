"""Two numbers of degrees beside each other, with letters for the hemispheres, with names, or bare."""

from __future__ import annotations

from itertools import pairwise
from re import sub
from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import (
    UNKNOWN,
    Form,
    Match,
    Reading,
    alone,
    cell_of_places,
    compiled,
    number,
    on_earth,
    places,
)

_POINT: Final = r"[-+]?[0-9]{1,3}[.][0-9]{1,40}"
_COMMA: Final = r"[-+]?[0-9]{1,3},[0-9]{2,40}"
_BETWEEN: Final = (
    r"(?:\s{0,4}(?:[,;|/\\~&_]|\b(?:and|und|et|y|by|x)\b)\s{0,4}|\s{1,4}|[\"']\s{0,3}[,;:]?\s{0,3}[\"']"
    r"|\s?[)\]}]\s{0,3}[,;]?\s{0,3}[(\[{]\s?)"
)
_BETWEEN_COMMAS: Final = r"(?:\s{0,4}[;|/\\~&_]\s{0,4}|,?\s{1,4})"
_LONGEST_RUN: Final = 1 << 18
"""Bytes of numbers in a row that are read."""

_SURE: Final = 4
_FAIR: Final = 3
_SMALL: Final = 1.0
_PAIR: Final = 2


def _read_points(data: bytes, match: Match) -> Reading | None:
    return _run(data, match, _POINT)


def _read_commas(data: bytes, match: Match) -> Reading | None:
    return _run(data, match, _COMMA)


def _run(data: bytes, match: Match, kind: str) -> Reading | None:
    """Read a run of numbers: two are a pair, three have a height, more are a list of pairs or of threes."""
    if _cut(data, match):
        return None
    if match.end() - match.start() > _LONGEST_RUN:
        return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.LIKELY)
    texts = compiled(kind).findall(match.group() or b"")
    numbers = [number(text) for text in texts]
    firsts = _firsts(numbers)
    if not firsts:
        return None
    decimals = [(places(texts[i]), places(texts[i + 1])) for i in firsts]
    strength = max(_strength(numbers[i : i + 2], both) for i, both in zip(firsts, decimals, strict=True))
    if len(texts) > _PAIR + 1 and all(abs(each) < _PAIR for each in numbers):
        strength = Strength.POSSIBLE
    if kind == _COMMA and all(max(both) <= _FAIR for both in decimals):
        strength = Strength.POSSIBLE
    cell_m = cell_of_places(max(max(both) for both in decimals))
    lonlat = [(numbers[i + 1], numbers[i]) for i in firsts]
    if not all(on_earth(*each) for each in lonlat):
        turned = [(lat, lon) for lon, lat in lonlat]
        if all(on_earth(*each) for each in turned):
            return Reading(lonlat=turned, cell_m=cell_m, strength=strength)
        return Reading(lonlat=[each for each in lonlat + turned if on_earth(*each)], cell_m=cell_m, strength=strength)
    return Reading(lonlat=lonlat, cell_m=cell_m, strength=strength, swapped=True)


def _firsts(numbers: list[float]) -> list[int]:
    """Say where in a run pairs begin."""
    fits = [_fits(one, other) for one, other in pairwise(numbers)]
    count = len(numbers)
    if count <= _PAIR + 1:
        return [i for i in range(len(fits)) if fits[i]][:1]
    if count % 2 == 0 and all(fits[::2]):
        threes = count % 3 == 0 and all(fits[::3])
        return sorted({*range(0, count - 1, 2), *(range(0, count - 1, 3) if threes else ())})
    if count % 3 == 0 and all(fits[::3]):
        return list(range(0, count - 1, 3))
    return [i for i in range(len(fits)) if fits[i]]


def _fits(one: float, other: float) -> bool:
    return on_earth(one, other) or on_earth(other, one)


def _strength(pair: list[float], decimals: tuple[int, int]) -> Strength:
    if all(abs(each) < _SMALL for each in pair):
        return Strength.POSSIBLE
    if min(decimals) >= _SURE:
        return Strength.CERTAIN
    likely = min(decimals) >= _FAIR or (max(decimals) >= _SURE and min(decimals) >= _PAIR)
    return Strength.LIKELY if likely else Strength.POSSIBLE


def _cut(data: bytes, match: Match) -> bool:
    """Say whether a match begins or ends within a number or a version."""
    before = data[max(match.start() - 2, 0) : match.start()]
    after = data[match.end() : match.end() + 2]
    cut_before = before[-1:].isdigit() or (before[-1:] in {b".", b","} and before[:1].isdigit() and len(before) > 1)
    cut_after = after[:1].isdigit() or (after[:1] == b"." and after[1:].isdigit())
    return cut_before or cut_after


_REST: Final = r"(?:(?i:orth|outh|ast|est|ord|üd|ud|ur|orte|ste|uest|este|st)\b)?"
_DEGREE: Final = r"(?:°|deg(?:rees?)?\b)"
_NUMBER: Final = r"[-+]?[0-9]{1,3}(?:[.,][0-9]{1,40})?"
_FINE_NUMBER: Final = r"[-+]?[0-9]{1,3}[.,][0-9]{1,40}"
_AND: Final = r"[\s,;/|&_)(]{0,6}(?:(?:and|lon|lng|long|longitude|lat|latitude)[\s:=]{1,3})?"
_BEFORE: Final = (
    rf"([NSEWOnsewo]){_REST}[\s:=]{{0,2}}({_FINE_NUMBER})\s?{_DEGREE}?{_AND}"
    rf"([NSEWOnsewo]){_REST}[\s:=]{{0,2}}({_NUMBER})"
)
_BEHIND: Final = (
    rf"({_FINE_NUMBER})\s?{_DEGREE}?\s?([NSEWOnsewo]){_REST}{_AND}({_NUMBER})\s?{_DEGREE}?\s?([NSEWOnsewo]){_REST}"
)
_DEGREES: Final = rf"({_FINE_NUMBER})\s?{_DEGREE}{_AND}({_FINE_NUMBER})\s?{_DEGREE}"


def _read_before(data: bytes, match: Match) -> Reading | None:
    letter, one, other, two = (match.group(i) or b"" for i in range(1, 5))
    return None if _random(data, match, letter + other) else _hemispheres(data, match, (one, two), (letter, other))


def _read_behind(data: bytes, match: Match) -> Reading | None:
    one, letter, two, other = (match.group(i) or b"" for i in range(1, 5))
    return None if _random(data, match, letter + other) else _hemispheres(data, match, (one, two), (letter, other))


def _random(data: bytes, match: Match, letters: bytes) -> bool:
    """Say whether a match looks like a part of letters and digits at random."""
    around = data[max(match.start() - 1, 0) : match.start()] + data[match.end() : match.end() + 1]
    return compiled("[0-9A-Za-z]").search(around) is not None or not (letters.isupper() or letters.islower())


def _hemispheres(data: bytes, match: Match, texts: tuple[bytes, bytes], letters: tuple[bytes, bytes]) -> Reading | None:
    upper = (letters[0].upper(), letters[1].upper())
    found = [each for each in oriented(number(texts[0]), number(texts[1]), upper) if on_earth(*each)]
    if not found or _cut(data, match) or _minutes(data, match):
        return None
    decimals = max(map(places, texts))
    small = upper != letters and decimals < _FAIR
    sure = decimals >= _PAIR and min(map(places, texts)) >= 1
    return Reading(
        lonlat=found,
        cell_m=cell_of_places(decimals),
        strength=Strength.POSSIBLE if small else Strength.CERTAIN if sure else Strength.LIKELY,
    )


def _minutes(data: bytes, match: Match) -> bool:
    """Say whether the first number is the minutes of another one, or degrees follow the second."""
    before = data[max(match.start() - 4, 0) : match.start()]
    return b"\xc2\xb0" in before or data[match.end() : match.end() + 3].lstrip().startswith(b"\xc2\xb0")


def _read_degrees(data: bytes, match: Match) -> Reading | None:
    one, two = (match.group(i) or b"" for i in (1, 2))
    lat, lon = number(one), number(two)
    decimals = max(places(one), places(two))
    if _cut(data, match) or decimals < _PAIR or not _fits(lon, lat):
        return None
    both = on_earth(lon, lat)
    return Reading(
        lonlat=[(lon, lat) if both else (lat, lon)],
        cell_m=cell_of_places(decimals),
        strength=Strength.CERTAIN,
        swapped=both,
    )


def oriented(one: float, two: float, letters: tuple[bytes, bytes]) -> list[tuple[float, float]]:
    """Give the positions that two numbers with the letters of their hemispheres can mean.

    An O is the west in Romance languages and the east in German: both are given.
    """
    if letters[0] in {b"N", b"S"} and letters[1] in {b"E", b"W", b"O"}:
        lat, lon, (north, east) = one, two, letters
    elif letters[1] in {b"N", b"S"} and letters[0] in {b"E", b"W", b"O"}:
        lat, lon, (east, north) = two, one, letters
    else:
        return []
    lat = -abs(lat) if north == b"S" else lat
    if east == b"O":
        return [(lon, lat), (-lon, lat)]
    return [(-abs(lon) if east == b"W" else lon, lat)]


_LAT: Final = r"(?:latitude|latitud|lati|lat|breitengrad|breite|enlem|широта|纬度|緯度|φ)"
_LON: Final = r"(?:longitude|longitud|longi|long|lng|lon|l[äa]ngengrad|l[äa]nge|boylam|долгота|经度|經度|λ)"
_MARK: Final = r"(?:[_.]?(?:wgs84|dd|deg|degrees|decimal|d|e[5-7]))?"
_GIVES: Final = r"[^0-9A-Za-z\x1e\x1f+-]{0,8}"
_VALUE: Final = r"([-+]?[0-9]{1,10}(?:[.,][0-9]{1,40})?)"


def _labelled(one: str, two: str) -> str:
    return (
        rf"(?i){one}({_MARK}){_GIVES}{_VALUE}[^0-9\x1e\x1f]{{0,40}}?"
        rf"{two}({_MARK}){_GIVES}{_VALUE}"
    )


def _read_lat_lon(_: bytes, match: Match) -> Reading | None:
    return _named(match, first_is_lon=False)


def _read_lon_lat(_: bytes, match: Match) -> Reading | None:
    return _named(match, first_is_lon=True)


def _named(match: Match, *, first_is_lon: bool) -> Reading | None:
    mark, one, mark_two, two = (match.group(i) or b"" for i in range(1, 5))
    (first, cell), (second, other) = _scaled(mark, one), _scaled(mark_two, two)
    lon, lat = (first, second) if first_is_lon else (second, first)
    if not on_earth(lon, lat):
        return None
    decimals = max(places(one), places(two))
    scaled = b"e" in mark.lower()[-2:-1]
    strength = Strength.CERTAIN if decimals or scaled else Strength.LIKELY
    return Reading(lonlat=[(lon, lat)], cell_m=min(cell, other), strength=strength)


def _scaled(mark: bytes, text: bytes) -> tuple[float, float]:
    """Read a number that may be scaled to an integer by what its name says, and the cell of its digits in metres."""
    scale = int(mark[-1:]) if mark[-2:-1].lower() == b"e" and mark[-1:].isdigit() else 0
    return number(text) / 10**scale, cell_of_places(places(text) + scale)


def _read_xy(_: bytes, match: Match) -> Reading | None:
    lon, lat = (match.group(i) or b"" for i in (1, 2))
    decimals = max(places(lon), places(lat))
    if not on_earth(float(lon), float(lat)) or decimals < _PAIR:
        return None
    strength = Strength.CERTAIN if decimals >= _SURE else Strength.LIKELY
    lonlat = [(float(lon), float(lat))]
    return Reading(lonlat=lonlat, cell_m=cell_of_places(decimals), strength=strength, swapped=True)


def _read_iso(data: bytes, match: Match) -> Reading | None:
    if _cut(data, match):
        return None
    lat, lon = (match.group(i) or b"" for i in (1, 2))
    if not on_earth(float(lon), float(lat)):
        return None
    cell_m = cell_of_places(max(places(lat), places(lon)))
    return Reading(lonlat=[(float(lon), float(lat))], cell_m=cell_m, strength=Strength.CERTAIN)


def _read_joined(data: bytes, match: Match) -> Reading | None:
    """Read two numbers with nothing but a dash between them, which may be the sign of the second."""
    if _cut(data, match):
        return None
    one, two = (match.group(i) or b"" for i in (1, 2))
    lat, lon = number(one), number(two)
    found = [each for each in ((lon, lat), (-lon, lat), (lat, lon), (lat, -lon)) if on_earth(*each)]
    decimals = (places(one), places(two))
    strength = Strength.LIKELY if min(decimals) >= _SURE and alone(data, match) else Strength.POSSIBLE
    return Reading(lonlat=found, cell_m=cell_of_places(max(decimals)), strength=strength) if found else None


def _untold(pattern: str) -> str:
    """Return a pattern without its groups."""
    return sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


FORMS: Final = (
    Form(
        name="decimal-pair",
        telling=r"[0-9][.][0-9]{2,40}" + _BETWEEN + r"[-+]?[0-9]{1,3}[.][0-9]{2}",
        pattern=rf"{_POINT}(?:{_BETWEEN}{_POINT})+",
        read=_read_points,
        rises=True,
    ),
    Form(
        name="decimal-comma-pair",
        telling=r"[0-9],[0-9]{2,40}" + _BETWEEN_COMMAS + r"[-+]?[0-9]{1,3},[0-9]{2}",
        pattern=rf"{_COMMA}(?:{_BETWEEN_COMMAS}{_COMMA})+",
        read=_read_commas,
        rises=True,
    ),
    Form(
        name="joined-pair",
        telling=r"[0-9][.][0-9]{3,40}-[0-9]{1,3}[.][0-9]{3}",
        pattern=r"([-+]?[0-9]{1,3}[.][0-9]{3,40})-([0-9]{1,3}[.][0-9]{3,40})",
        read=_read_joined,
    ),
    Form(
        name="hemisphere-pair",
        telling=_untold(_BEFORE),
        pattern=_BEFORE,
        read=_read_before,
    ),
    Form(
        name="hemisphere-pair",
        telling=_untold(_BEHIND),
        pattern=_BEHIND,
        read=_read_behind,
    ),
    Form(
        name="hemisphere-pair",
        telling=_untold(_DEGREES),
        pattern=_DEGREES,
        read=_read_degrees,
    ),
    Form(
        name="labelled-pair",
        telling="",
        pattern=_labelled(_LAT, _LON),
        read=_read_lat_lon,
    ),
    Form(
        name="labelled-pair",
        telling=rf"(?i:{_LON}{_MARK}{_GIVES}[-+]?[0-9])",
        pattern=_labelled(_LON, _LAT),
        read=_read_lon_lat,
    ),
    Form(
        name="labelled-pair",
        telling=r"\b[xX][\"']?\s?[:=]\s?[-+]?[0-9]{1,3}[.][0-9]{2}",
        pattern=rf"\b[xX][\"']?\s?[:=]\s?({_POINT})[^0-9\x1e\x1f]{{1,8}}[yY][\"']?\s?[:=]\s?({_POINT})",
        read=_read_xy,
    ),
    Form(
        name="iso6709",
        telling=r"[-+][0-9]{2}[.][0-9]{1,20}[-+][01][0-9]{2}[.][0-9]",
        pattern=r"([-+][0-9]{2}[.][0-9]{1,20})([-+][01][0-9]{2}[.][0-9]{1,20})",
        read=_read_iso,
    ),
)
