"""A map of two versions of a zone list as one local page: drawn here, asks nobody for anything, secret as the lists."""

from __future__ import annotations

import html
import math
import os
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.gate.zones_diff import Kind
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.gate.zones_diff import ZoneChange, ZoneListDiff
    from geogate.zones.zone import Zone

_Drawn = tuple[str, "Zone", str]
_TURN: Final = 360.0
_WIDTH, _HEIGHT, _SMALL = 1100.0, 700.0, 320.0
_MOST_DETAILS: Final = 200
_LEAST_SPAN: Final = 0.002
_METRES_A_DEGREE: Final = 111_195.0
_STEPS: Final = (90, 45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002)
_STYLE: Final = """
body{font:14px sans-serif;margin:1.5em;color:#222}
svg{border:1px solid #999;background:#fbfaf7}figure{display:inline-block;margin:6px}
p.warn{background:#b00020;color:#fff;padding:.6em 1em;font-weight:bold}
.grid{stroke:#ddd;stroke-width:1;fill:none}.tick{fill:#888;font-size:10px}
path,circle,ellipse{fill-opacity:.25;stroke-width:1.5;vector-effect:non-scaling-stroke}
.same{fill:#888;stroke:#888}.removed{fill:#b00020;stroke:#b00020}
.added{fill:#0a7d28;stroke:#0a7d28}
.old{fill:none;stroke:#b00020;stroke-dasharray:5 3}
.new{fill:#1357b0;stroke:#1357b0}.buffer{fill:none;stroke-dasharray:1 3}
"""
_WARNING: Final = "This page shows protected zones. Keep it where only those may read it who may see the list."
_LEGEND: Final = (
    "Grey: as it was. Red dashes: before. Blue: after. Red: removed. Green: added. Dots round points: their distance."
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def write_map(diff: ZoneListDiff, path: Path) -> None:
    """Write the page to a new file that only its owner can read.

    Raises: UsageError when there is a file already, or it cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise UsageError("there is a file at the map's place already", hint="name a new one") from error
    except OSError as error:
        raise UsageError(f"the map cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(descriptor, 0o600)  # whatever the umask says
        stream.write(page(diff))


def page(diff: ZoneListDiff) -> str:
    """Draw both versions on an overview, and each zone that changed on a map of its own."""
    drawn = list(_drawn(diff))
    seam = _seam([zone for _, zone, _ in drawn])
    details = [_details(change, diff) for change in diff.changes[:_MOST_DETAILS]]
    rest = len(diff.changes) - len(details)
    counted = ", ".join(f"{diff.count(kind)} {kind}" for kind in Kind)
    title = html.escape(f"{diff.old.name}: {diff.old.as_of} and {diff.new.as_of}")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head><body>',
        f'<p class="warn">{_WARNING}</p>',
        f"<h1>{title}</h1><p>{html.escape(counted)}, {diff.unchanged} unchanged. {_LEGEND}</p>",
        _svg(drawn, seam, _WIDTH, _HEIGHT),
        "<h2>Zones that changed</h2>",
        *details,
        f"<p>{rest} more are on the overview only.</p>" if rest else "",
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _drawn(diff: ZoneListDiff) -> Iterator[_Drawn]:
    old, new = ({zone.id: zone for zone in each.zones} for each in (diff.old, diff.new))
    touched = {change.renamed_to or change.id for change in diff.changes if change.kind is not Kind.REMOVED}
    yield from (("same", zone, zone.id) for zone in new.values() if zone.id not in touched)
    for change in diff.changes:
        yield from _versions(change, old, new)


def _versions(change: ZoneChange, old: dict[str, Zone], new: dict[str, Zone]) -> Iterator[_Drawn]:
    label = f"{change.id} → {change.renamed_to}" if change.renamed_to else change.id
    if change.kind is Kind.REMOVED:
        yield "removed", old[change.id], label
    elif change.kind is Kind.ADDED:
        yield "added", new[change.id], label
    else:
        yield "new", new[change.renamed_to or change.id], label
        yield "old", old[change.id], label


def _details(change: ZoneChange, diff: ZoneListDiff) -> str:
    old, new = ({zone.id: zone for zone in each.zones} for each in (diff.old, diff.new))
    drawn = list(_versions(change, old, new))
    label = html.escape(drawn[0][2])
    picture = _svg(drawn, _seam([zone for _, zone, _ in drawn]), _SMALL, _SMALL)
    return f"<figure><figcaption>{label}: {change.kind} {', '.join(change.aspects)}</figcaption>{picture}</figure>"


def _seam(zones: Sequence[Zone]) -> float:
    """Find the meridian to cut the map at: in the middle of the widest gap between zones, all round the globe."""
    parts = shapely.get_parts(np.array([zone.geometry for zone in zones], dtype=object))
    bounds = shapely.bounds(parts)
    spans = sorted(zip(bounds[:, 0].tolist(), bounds[:, 2].tolist(), strict=True))
    if not spans:
        return -180.0
    gaps, reach = [], spans[0][1]
    for west, east in spans[1:]:
        gaps.append((west - reach, reach))
        reach = max(reach, east)
    gaps.append((spans[0][0] + _TURN - reach, reach))
    width, start = max(gaps)
    middle = float(start + max(width, 0.0) / 2)
    return middle - _TURN if middle > _TURN / 2 else middle


def _svg(drawn: Sequence[_Drawn], seam: float, width: float, height: float) -> str:
    shapes = [(kind, _cut_at(zone.geometry, seam), zone, label) for kind, zone, label in drawn]
    margin = max((zone.buffer_m for _, _, zone, _ in shapes), default=0.0) / _METRES_A_DEGREE
    bounds = shapely.bounds(np.array([shape for _, shape, _, _ in shapes], dtype=object))
    west, south = bounds[:, :2].min(axis=0) - margin
    east, north = bounds[:, 2:].max(axis=0) + margin
    squeeze = max(math.cos(math.radians((south + north) / 2)), 0.05)
    span = max((east - west) * squeeze / width, (north - south) / height, _LEAST_SPAN / width) * 1.1
    middle = ((west + east) / 2, (south + north) / 2)

    def to_page(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        x = width / 2 + (lonlat[:, 0] - middle[0]) * squeeze / span
        y = height / 2 - (lonlat[:, 1] - middle[1]) / span
        return np.column_stack((x, y)).round(2)

    grid = _grid(middle, (width * span / squeeze, height * span), to_page)
    bodies = "".join(
        _body(kind, shapely.transform(shape, to_page), _round(zone, squeeze, span), label)
        for kind, shape, zone, label in shapes
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}">{grid}{bodies}</svg>'


def _cut_at(geometry: BaseGeometry, seam: float) -> BaseGeometry:
    """Turn the parts that lie west of the seam, so that the map begins there."""
    parts = shapely.get_parts(geometry)
    west = shapely.bounds(parts)[:, 0]
    turned = [
        shapely.transform(part, lambda lonlat: lonlat + np.array([_TURN, 0.0])) if left < seam else part
        for part, left in zip(parts, west.tolist(), strict=True)
    ]
    return shapely.GeometryCollection(turned)


def _round(zone: Zone, squeeze: float, span: float) -> tuple[float, float]:
    high = zone.buffer_m / _METRES_A_DEGREE / span
    lat = min(abs(float(shapely.centroid(zone.geometry).y)), 89.0)
    return high * squeeze / math.cos(math.radians(lat)), high


def _body(kind: str, shape: BaseGeometry, reach: tuple[float, float], label: str) -> str:
    title = f"<title>{html.escape(label)}</title>"
    found = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Point":
            found.append(f'<circle class="{kind}" cx="{part.x:g}" cy="{part.y:g}" r="4">{title}</circle>')
            size = f'cx="{part.x:g}" cy="{part.y:g}" rx="{reach[0]:.2f}" ry="{reach[1]:.2f}"'
            found.append(f'<ellipse class="{kind} buffer" {size}/>')
        else:
            found.append(f'<path class="{kind}" fill-rule="evenodd" d="{_path(part)}">{title}</path>')
    return "".join(found)


def _path(part: BaseGeometry) -> str:
    area = isinstance(part, shapely.Polygon)
    rings = [part.exterior, *part.interiors] if isinstance(part, shapely.Polygon) else [part]
    closing = "Z" if area else ""
    return "".join(
        "M" + "L".join(f"{x:g} {y:g}" for x, y in shapely.get_coordinates(ring).tolist()) + closing for ring in rings
    )


def _grid(
    middle: tuple[float, float], size: tuple[float, float], place: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> str:
    step = next((each for each in _STEPS if each <= max(size) / 4), _STEPS[-1])
    lines = []
    west, south = middle[0] - size[0] / 2, middle[1] - size[1] / 2
    for number in range(math.ceil(west / step), math.floor((west + size[0]) / step) + 1):
        ends = place(np.array([[number * step, south], [number * step, south + size[1]]]))
        name = (number * step + 180.0) % _TURN - 180.0
        lines.append(_line(ends, f"{name:.6g}°", (2.0, -4.0)))
    for number in range(math.ceil(south / step), math.floor((south + size[1]) / step) + 1):
        ends = place(np.array([[west, number * step], [west + size[0], number * step]]))
        lines.append(_line(ends, f"{number * step:.6g}°", (2.0, -2.0)))
    return "".join(lines)


def _line(ends: NDArray[np.float64], name: str, beside: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = ends.tolist()
    text = f'<text class="tick" x="{x1 + beside[0]:g}" y="{y1 + beside[1]:g}">{name}</text>'
    return f'<path class="grid" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>{text}'
