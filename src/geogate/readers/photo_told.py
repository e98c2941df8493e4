"""What the metadata of a photo tells, gathered from all its blocks."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_MOST_TEXTS: Final = 20_000
_LONGEST: Final = 100_000
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e\xa0-\xff]{6,}")
_MOST_LOOKED_AT: Final = 16_000_000
_DIGITS: Final = 9


class Topic(StrEnum):
    """What a text of the metadata is about; each is a column of the layer."""

    AREAS = "areas"
    TAKEN_AT = "taken_at"
    MAKE = "camera_make"
    MODEL = "camera_model"
    SERIAL = "camera_serial"
    LENS_SERIAL = "lens_serial"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a photo tells; longitude and latitude are ``None`` where it is written so that nobody can read it.

    ``source`` names the kind of metadata, ``role`` is ``camera`` or ``subject``.

    Units: degrees on WGS 84; ``height_m`` in metres.
    """

    source: str
    role: str
    lonlat: tuple[float, float] | None
    height_m: float | None = None
    direction_deg: float | None = None


@dataclass(slots=True)
class Told:
    """Gathers what is told; the same place or text counts once."""

    places: list[Place] = field(default_factory=list)
    about: dict[Topic, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    orientation: int = 1
    directions: list[float] = field(default_factory=list)

    def place(self, source: str, role: str, lon: float, lat: float, height_m: float | None = None) -> None:
        """Take a place."""
        possible = math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90  # noqa: PLR2004
        lonlat = (round(lon, _DIGITS), round(lat, _DIGITS)) if possible else None
        known = any(each.role == role and each.lonlat == lonlat for each in self.places)
        if not known:
            height = height_m if height_m is not None and math.isfinite(height_m) else None
            self.places.append(Place(source, role, lonlat, height))

    def says(self, topic: Topic, text: str) -> None:
        """Take a text that is about something."""
        several = self.about.setdefault(topic, [])
        if text and text not in several:
            several.append(text[:_LONGEST])

    def text(self, text: str) -> None:
        """Take any other text."""
        cleaned = text.strip().strip("\0").strip()
        if cleaned and len(self.texts) < _MOST_TEXTS:
            self.texts += [cleaned[at : at + _LONGEST] for at in range(0, len(cleaned), _LONGEST)]

    def readable(self, data: bytes) -> None:
        """Take the runs of bytes that can be read, from a block that nobody knows."""
        for run in _PRINTABLE.findall(data[:_MOST_LOOKED_AT]):
            self.text(run.decode("latin-1"))

    def joined(self, topic: Topic) -> str | None:
        """Give all that is said about something, ``None`` where nothing is."""
        return "; ".join(self.about[topic]) if self.about.get(topic) else None
