"""Short links by which people share a place, and links with metres of a grid: who follows them knows where it is."""

from __future__ import annotations

from typing import Final

from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms.form import UNKNOWN, Form, Match, Reading

_HOSTS: Final = (
    r"(?:maps[.]app[.]goo[.]gl|goo[.]gl/maps|g[.]co/maps|maps[.]apple/p|maps[.]apple[.]com/p|osm[.]org/go"
    r"|openstreetmap[.]org/go|osmand[.]net/go|ge0[.]me|omaps[.]app|comaps[.]at|waze[.]com/ul|ul[.]waze[.]com"
    r"|her[.]re/w|mapy[.](?:cz|com)/s|s[.]geo[.]admin[.]ch|yandex[.][a-z]{2,3}/maps/-|j[.]map[.]baidu[.]com"
    r"|surl[.]amap[.]com|naver[.]me|kko[.]to|w3w[.]co)"
)
_SCHEMES: Final = r"\b(?:om|ge0|cm)://"
_CODE: Final = r"[A-Za-z0-9_~@=-]{4,}"
_NUMBER: Final = r"[0-9]{6,8}(?:[.][0-9]{1,9})?"
_EAST: Final = r"[?&;#/](?:e|x|east|easting|ostwert|rechtswert)="
_NORTH: Final = r"(?:&|&amp;|;|,)(?:n|y|north|northing|nordwert|hochwert)="


def _read(_: bytes, match: Match) -> Reading | None:
    del match
    return Reading(lonlat=UNKNOWN, cell_m=1.0, strength=Strength.CERTAIN)


FORMS: Final = (
    Form(
        name="shared-place",
        telling=rf"(?i:{_HOSTS})/|{_SCHEMES}",
        pattern=rf"(?i)(?:{_HOSTS}/|{_SCHEMES}){_CODE}",
        read=_read,
    ),
    Form(
        name="metres-in-link",
        telling=rf"(?i:{_EAST}){_NUMBER}",
        pattern=rf"(?i){_EAST}{_NUMBER}{_NORTH}{_NUMBER}",
        read=_read,
    ),
)
