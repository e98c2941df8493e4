"""Zones as a file has them, before the manifest says what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Attributes = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawZone:
    """A zone in longitude and latitude on WGS 84, not yet checked.

    ``place`` says where it stands, ``zone 3`` or ``line 17``; it has no name yet. ``short_edges`` says that by the
    format's definition no edge goes the long way round the globe.
    """

    place: str
    attributes: Attributes
    geometry: BaseGeometry | None
    short_edges: bool = False


class UnreadableZonesError(Exception):
    """A zone file, or one of its zones, cannot be read; ``place`` says where, if that is known."""

    def __init__(self, reason: str, *, place: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
