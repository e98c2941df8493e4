"""Zones and zone lists: restricted areas with class and buffer, versioned and digested; no file is read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from shapely.geometry.base import BaseGeometry

    from geogate.model.names import Sha256, ZoneListName


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A restricted area on WGS 84, valid and cut at the antimeridian.

    ``geometry`` is a point, line, polygon, or a flat collection of them, in longitude and latitude, edges straight in
    degrees (RFC 7946), as ``geogate.zones.normalise`` gives it. ``buffer_m`` is the zone's own distance, added to
    none: the larger of it and the rule's counts.

    ``grade`` is a word of the list's own for how sure or how sensitive the zone is, empty where it has none.

    Units: ``geometry`` in degrees, ``buffer_m`` in metres on the ellipsoid.
    """

    id: str
    category: str
    buffer_m: float
    geometry: BaseGeometry
    grade: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneList:
    """A list of zones, pinned by the digest of its manifest and its data; usable until the end of ``valid_until``."""

    name: ZoneListName
    title: str
    source: str
    licence: str
    as_of: date
    valid_until: date
    digest: Sha256
    zones: tuple[Zone, ...]
