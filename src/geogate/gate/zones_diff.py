"""What changed between two versions of a zone list: zones by id and by shape, in numbers and metres, never places."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Geod

from geogate.readers.zone_files import load_zone_list, read_manifest, shapes_digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from geogate.zones.zone import Zone, ZoneList

_GEOD = Geod(ellps="WGS84")
_HALF_TURN, _TURN = 180.0, 360.0


class Kind(StrEnum):
    """What became of a zone."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChange:
    """What became of one zone.

    ``renamed_to`` is the id in the new list where it is another one. ``aspects`` names what changed: shape, class,
    grade, distance. ``shift_m`` is the distance of the centres, ``shared`` the share of both areas together that both
    have; ``None`` where the shape is the same or a version has none.

    Units: areas in square metres on the ellipsoid, 0 for points and lines.
    """

    id: str
    kind: Kind
    category: str
    renamed_to: str = ""
    aspects: tuple[str, ...] = ()
    old_area_m2: float | None = None
    new_area_m2: float | None = None
    shift_m: float | None = None
    shared: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneListDiff:
    """What changed between two lists; ``facts`` names what people say otherwise of the new list."""

    old: ZoneList
    new: ZoneList
    unchanged: int
    changes: tuple[ZoneChange, ...]
    facts: tuple[str, ...]

    def count(self, kind: Kind) -> int:
        """Count the zones of which the same became."""
        return sum(change.kind is kind for change in self.changes)

    @property
    def same(self) -> bool:
        """Whether the gate would protect the same by both."""
        return not self.changes


def diff_zone_lists(old: Path, new: Path, *, today: date) -> ZoneListDiff:
    """Read two pinned lists, in force or not, and compare them.

    Raises: PolicyError when one cannot be read.
    """
    return compare(_load(old, today), _load(new, today))


def compare(old: ZoneList, new: ZoneList) -> ZoneListDiff:
    """Compare lists: first zones that are as they were, then the same shape under another id, then the same id."""
    before, after = {zone.id: zone for zone in old.zones}, {zone.id: zone for zone in new.zones}
    shapes = {"old": _shapes(old.zones), "new": _shapes(new.zones)}
    changes: list[ZoneChange] = []
    for name in [name for name in before if name in after and shapes["old"][name] == shapes["new"][name]]:
        change = _change(before.pop(name), after.pop(name), moved=False)
        changes += [change] if change.aspects else []
    unchanged = len(old.zones) - len(before) - len(changes)
    by_shape = {shapes["new"][name]: name for name in after}
    for name in list(before):
        other = by_shape.pop(shapes["old"][name], None)
        if other is not None:
            changes.append(_change(before.pop(name), after.pop(other), moved=False))
    changes += [_change(before.pop(name), after.pop(name), moved=True) for name in list(before) if name in after]
    changes += [_gone(zone, Kind.REMOVED) for zone in before.values()]
    changes += [_gone(zone, Kind.ADDED) for zone in after.values()]
    return ZoneListDiff(old=old, new=new, unchanged=unchanged, changes=tuple(changes), facts=_facts(old, new))


def area_m2(geometry: BaseGeometry) -> float:
    """Measure the area of a zone on the ellipsoid."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    return sum(abs(_GEOD.geometry_area_perimeter(shapely.orient_polygons(part))[0]) for part in parts)


def unbroken(geometry: BaseGeometry) -> BaseGeometry:
    """Turn the western half by a whole turn where a zone is cut at the antimeridian, so that its parts meet."""
    west, _, east, _ = geometry.bounds
    if east - west <= _HALF_TURN:
        return geometry
    parts = [part if part.bounds[0] >= 0 else _turned(part) for part in shapely.get_parts(geometry)]
    return shapely.union_all(parts)


def _turned(part: BaseGeometry) -> BaseGeometry:
    return shapely.transform(part, lambda lonlat: lonlat + np.array([_TURN, 0.0]))


def _load(manifest: Path, today: date) -> ZoneList:
    facts = read_manifest(manifest).facts
    return load_zone_list(manifest, today=min(max(today, facts.begins), facts.valid_until))


def _shapes(zones: Sequence[Zone]) -> dict[str, str]:
    return {zone.id: shapes_digest([zone.geometry]) for zone in zones}


def _change(old: Zone, new: Zone, *, moved: bool) -> ZoneChange:
    compared = {
        "shape": moved,
        "class": old.category != new.category,
        "grade": old.grade != new.grade,
        "distance": old.buffer_m != new.buffer_m,
    }
    renamed = old.id != new.id
    return ZoneChange(
        id=old.id,
        kind=Kind.RENAMED if renamed else Kind.CHANGED,
        category=new.category,
        renamed_to=new.id if renamed else "",
        aspects=tuple(aspect for aspect, differs in compared.items() if differs),
        old_area_m2=area_m2(old.geometry) if moved else None,
        new_area_m2=area_m2(new.geometry) if moved else None,
        shift_m=_shift_m(old.geometry, new.geometry) if moved else None,
        shared=_shared(old.geometry, new.geometry) if moved else None,
    )


def _gone(zone: Zone, kind: Kind) -> ZoneChange:
    area = area_m2(zone.geometry)
    return ZoneChange(
        id=zone.id,
        kind=kind,
        category=zone.category,
        old_area_m2=area if kind is Kind.REMOVED else None,
        new_area_m2=area if kind is Kind.ADDED else None,
    )


def _shift_m(old: BaseGeometry, new: BaseGeometry) -> float:
    first, second = (shapely.centroid(unbroken(each)) for each in (old, new))
    return float(_GEOD.inv(first.x, first.y, second.x, second.y)[2])


def _shared(old: BaseGeometry, new: BaseGeometry) -> float | None:
    """Compare areas in degrees: what they share is small or near, so that the ratio holds."""
    both = float(shapely.area(shapely.union(old, new)))
    return float(shapely.area(shapely.intersection(old, new))) / both if both else None


def _facts(old: ZoneList, new: ZoneList) -> tuple[str, ...]:
    names = ("name", "title", "source", "licence", "as_of", "valid_until")
    return tuple(np.array(names)[[getattr(old, name) != getattr(new, name) for name in names]].tolist())
