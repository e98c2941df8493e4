"""XMP: every name that speaks of latitude and longitude, and every text.

Source: ISO 16684-1; the Exif and DJI schemas; Adobe's XMP specification part 2.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from geogate.libraries.strict import reading
from geogate.measures.source import UnreadableError
from geogate.readers.photo_told import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.readers.photo_told import Told

_LAT: Final = re.compile(r"(?i:lat+i?tude)|Lat(?![a-z])|(?<![A-Za-z])lat(?![a-z])|LAT(?![a-z])")
_LON: Final = re.compile(
    r"(?i:longt?i?tude)|(Lon|Lng|Long)(?![a-z])|(?<![A-Za-z])(lon|lng|long)(?![a-z])|(LON|LNG)(?![a-z])"
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_RATIONAL: Final = re.compile(r"(\d+)/(\d+)")
_SIDE: Final = re.compile(r"(?<![a-z])([NSEW])(?![a-z])", re.IGNORECASE)
_ABOUT: Final[Mapping[str, Topic]] = {
    "make": Topic.MAKE,
    "model": Topic.MODEL,
    "serialnumber": Topic.SERIAL,
    "cameraserialnumber": Topic.SERIAL,
    "droneserialnumber": Topic.SERIAL,
    "bodyserialnumber": Topic.SERIAL,
    "lensserialnumber": Topic.LENS_SERIAL,
    "creator": Topic.OWNER,
    "artist": Topic.OWNER,
    "rights": Topic.OWNER,
    "ownername": Topic.OWNER,
    "cameraownername": Topic.OWNER,
    "city": Topic.AREAS,
    "state": Topic.AREAS,
    "country": Topic.AREAS,
    "location": Topic.AREAS,
    "sublocation": Topic.AREAS,
    "datetimeoriginal": Topic.TAKEN_AT,
    "createdate": Topic.TAKEN_AT,
    "modifydate": Topic.TAKEN_AT,
    "datecreated": Topic.TAKEN_AT,
}


def read_xmp(data: bytes, told: Told) -> None:
    """Read a packet; one that is no XML is a text."""
    text = data.decode("utf-8", "replace").strip("\0").strip()
    try:
        with reading("read"):
            values = list(_values(data))
    except UnreadableError:
        values = [(match[1], match[2]) for match in re.finditer(r"([\w:-]+)\s*=\s*[\"']([^\"']*)", text)]
        told.text(text)
    _positions(values, told)
    for name, value in values:
        topic = _ABOUT.get(name.rpartition("}")[2].rpartition(":")[2].lower())
        if topic is not None:
            told.says(topic, value)
        elif not _LAT.search(name) and not _LON.search(name):
            told.text(value)


def _values(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield every attribute and text with its name; that of a list's member is the list's."""
    from defusedxml import ElementTree

    root = ElementTree.fromstring(data.strip(b"\0 \t\r\n"))
    waiting = [("", root)]
    while waiting:
        above, element = waiting.pop()
        name = str(element.tag)
        name = above if name.endswith(("}li", "}Seq", "}Bag", "}Alt", "}Description", "}value")) and above else name
        yield from ((str(key), str(value)) for key, value in element.attrib.items() if value.strip())
        if element.text and element.text.strip():
            yield name, element.text.strip()
        if element.tail and element.tail.strip():
            yield above, element.tail.strip()
        waiting += [(name, child) for child in element]


def _positions(values: list[tuple[str, str]], told: Told) -> None:
    """Pair latitudes with the longitudes of the same name."""
    lats = [(_LAT.sub("*", name), value) for name, value in values if _LAT.search(name)]
    lons = [(_LON.sub("*", name), value) for name, value in values if _LON.search(name)]
    for key, value in lats:
        partners = [other for name, other in lons if name.lower() == key.lower()] or [other for _, other in lons]
        role = "subject" if "dest" in key.lower() or "subject" in key.lower() else "camera"
        for partner in partners or [""]:
            told.place("XMP", role, degrees_of(partner), degrees_of(value))
    if lons and not lats:
        told.place("XMP", "camera", math.nan, math.nan)


def degrees_of(text: str) -> float:
    """Read ``47,22.5N``, ``47,22,30N``, ``47.375``, ``-47.375`` or ``4737500/100000``; not finite for others."""
    plain = _RATIONAL.sub(lambda match: str(int(match[1]) / int(match[2])) if int(match[2]) else "x", text[:100])
    numbers = [float(each) for each in _NUMBER.findall(plain)[:3]]
    if not numbers:
        return math.nan
    value: float = sum(part / 60**place for place, part in enumerate(numbers))
    side = _SIDE.search(plain)
    negative = plain.strip().startswith("-") or (side is not None and side[1].upper() in "SW")
    return -value if negative else value
