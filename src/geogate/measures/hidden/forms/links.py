"""Links to maps and URIs of positions, with few digits or many."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import Form, Match, Reading, cell_of_places, compiled, on_earth, places

_N: Final = r"([-+]?[0-9]{1,3}(?:[.][0-9]{1,40})?)"
_D: Final = r"([-+]?[0-9]{1,3}[.][0-9]{1,40})"
_B: Final = r"(?:,|%2C|~|\+|%20|\||;|_|/)\s?"
_KEYS: Final = (
    r"(?:q|query|ll|sll|sspn|center|centre|cbll|daddr|saddr|destination|origin|viewpoint|markers|marker|cp|near|loc|"
    r"point|pos|position|latlng|latlon|location|coords?|coordinates|to|from|sp|where1|pt|c|r|at|geo|waypoints?|text)"
)


_FINE: Final = 3
_SURE: Final = r"(?i)[?&;#/](?:q|query|s?ll|center|centre|cbll|daddr|saddr|cp|loc|latlng|latlon|location|markers?)="


def _reading(one: bytes, two: bytes, *, lon_first: bool = False, swapped: bool = False) -> Reading | None:
    lat, lon = (float(two), float(one)) if lon_first else (float(one), float(two))
    if not on_earth(lon, lat):
        if not on_earth(lat, lon):
            return None
        lon, lat, swapped = lat, lon, False
    cell_m = cell_of_places(max(places(one), places(two)))
    return Reading(lonlat=[(lon, lat)], cell_m=cell_m, strength=Strength.CERTAIN, swapped=swapped)


def _read(_: bytes, match: Match) -> Reading | None:
    return _reading(match.group(1) or b"", match.group(2) or b"")


def _read_lon_first(_: bytes, match: Match) -> Reading | None:
    return _reading(match.group(1) or b"", match.group(2) or b"", lon_first=True)


def _read_either(_: bytes, match: Match) -> Reading | None:
    one, two = match.group(1) or b"", match.group(2) or b""
    if max(places(one), places(two)) < _FINE and not compiled(_SURE).search(match.group() or b""):
        return None
    return _reading(one, two, swapped=True)


FORMS: Final = (
    Form(name="geo-uri", telling=r"(?i:geo):\s?[-+]?[0-9]", pattern=rf"(?i)\bgeo:\s?{_N}\s?,\s?{_N}", read=_read),
    Form(
        name="map-link",
        telling=r"@[-+]?[0-9]{1,3}[.][0-9]{1,40}(?:,|%2C)",
        pattern=rf"(?i)@{_D}(?:,|%2C){_D}",
        read=_read,
    ),
    Form(
        name="map-link",
        telling=r"(?i:[?&;#/](?:q|query|[a-z]{0,3}ll|[a-z]{4,11}|cp|loc|pos|to|sp|pt|c|r|at|geo)=)"
        r"(?i:(?:loc|point|ll|icon[^=&\x1e\x1f]{0,20}|color[^=&\x1e\x1f]{0,20})[:.|]|[^=&.\x1e\x1f]{0,12}\|)?"
        r"[-+]?[0-9]{1,3}[.][0-9]",
        pattern=rf"(?i)[?&;#/]{_KEYS}=(?:(?:loc|point|ll)[:.]|[^=&.\x1e\x1f]{{0,40}}(?:\||%7C))?{_D}{_B}{_D}",
        read=_read_either,
    ),
    Form(
        name="map-link",
        telling=r"![34]d[-+]?[0-9]{1,3}[.][0-9]{1,40}!",
        pattern=rf"!3d{_D}!4d{_D}",
        read=_read,
    ),
    Form(
        name="map-link",
        telling=r"![12]d[-+]?[0-9]{1,3}[.][0-9]{1,40}!",
        pattern=rf"![12]d{_D}![23]d{_D}",
        read=_read_lon_first,
    ),
    Form(
        name="map-link",
        telling=r"#(?:map[=:])?[0-9]{1,2}(?:[.][0-9]{1,9})?/[-+]?[0-9]{1,3}[.]",
        pattern=rf"#(?:map[=:])?[0-9]{{1,2}}(?:[.][0-9]{{1,9}})?/{_D}/{_D}",
        read=_read,
    ),
    Form(
        name="map-link",
        telling=r"(?i:/(?:place|dir|search|maps|static|pin-[a-z+()0-9-]{1,30})/)[^/ \x1e\x1f]{0,20}"
        r"[-+]?[0-9]{1,3}[.][0-9]",
        pattern=rf"(?i)/(?:place|dir|search|maps|static|pin-[^/\x1e\x1f]{{1,30}})/[^/0-9\x1e\x1f]{{0,20}}"
        rf"{_D}(?:,|%2C|\+){{1,2}}\s?{_D}",
        read=_read_either,
    ),
)
