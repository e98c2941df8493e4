"""Lies about the reference: numbers that lie elsewhere than they claim."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import geopandas
import pyproj
from smuggling.case import Case, only
from smuggling.secret import SECRET, SECRET_IN_CHINA, SECRET_IN_THE_WEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

A, EE = 6378245.0, 0.00669342162296594323
MERCATOR = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
UTM = pyproj.Transformer.from_crs(4326, 32633, always_xy=True)


def gcj(lon: float, lat: float) -> Position:
    """Move a position as Chinese maps must."""
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    both = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + both
    north += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + both
    east += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    magic = 1 - EE * math.sin(math.radians(lat)) ** 2
    north = north * 180 / (A * (1 - EE) / (magic * math.sqrt(magic)) * pi)
    east = east * 180 / (A / math.sqrt(magic) * math.cos(math.radians(lat)) * pi)
    return lon + east, lat + north


def bd(lon: float, lat: float) -> Position:
    """Move a position of a Chinese map as another of them does."""
    x, y = gcj(lon, lat)
    z = math.hypot(x, y) + 0.00002 * math.sin(y * math.pi * 3000 / 180)
    theta = math.atan2(y, x) + 0.000003 * math.cos(x * math.pi * 3000 / 180)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def undone(move: Callable[[float, float], Position], lon: float, lat: float) -> Position:
    """Find what was moved there."""
    x, y = lon, lat
    for _ in range(30):
        a, b = move(x, y)
        x, y = x + lon - a, y + lat - b
    return x, y


def _store(folder: Path, positions: list[Position], crs: Any) -> None:
    geometry = geopandas.points_from_xy(*zip(*positions, strict=True))
    geopandas.GeoDataFrame({"name": list("abcdefgh")[: len(positions)]}, geometry=geometry, crs=crs).to_parquet(
        folder / "places.parquet"
    )


def _raw(folder: Path) -> Iterator[Position]:
    frame = geopandas.read_parquet(only(folder, "*.parquet"))
    yield from zip(frame.geometry.x, frame.geometry.y, strict=True)


def lie(
    name: str,
    why: str,
    move: Callable[[float, float], Position],
    back: Callable[[float, float], Position],
    crs: Any,
    secret: tuple[Position, ...] = SECRET,
) -> Case:
    """Describe a case: how the true positions become the numbers that are written, and which reference is claimed."""

    def write(folder: Path) -> None:
        _store(folder, [move(*position) for position in secret], crs)

    return Case(
        name=name,
        why=why,
        write=write,
        recover=lambda folder: (back(*each) for each in _raw(folder)),
        secret=secret,
        fine_allowed=True,
    )


def _no_crs(folder: Path) -> None:
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [y, x]}} for x, y in SECRET
    ]
    (folder / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _swapped(folder: Path) -> Iterator[Position]:
    for feature in json.loads(only(folder, "*.geojson").read_text())["features"]:
        y, x = feature["geometry"]["coordinates"]
        yield x, y


CASES = (
    lie("swapped", "latitude where the longitude belongs", lambda x, y: (y, x), lambda a, b: (b, a), 4326),
    Case(
        name="swapped-geojson",
        why="the commonest error, or an excuse",
        write=_no_crs,
        recover=_swapped,
        fine_allowed=True,
    ),
    lie("degrees-as-metres", "degrees in a layer of UTM", lambda x, y: (x, y), lambda a, b: (a, b), 32633),
    lie(
        "other-utm-zone",
        "metres of one zone in a layer of the next",
        UTM.transform,
        lambda a, b: UTM.transform(a, b, direction="INVERSE"),
        32632,
    ),
    lie(
        "metres-as-other-metres",
        "metres of UTM in a layer of the web",
        UTM.transform,
        lambda a, b: UTM.transform(a, b, direction="INVERSE"),
        3857,
    ),
    lie("degrees-as-grads", "degrees in a layer of grads from Paris", lambda x, y: (x, y), lambda a, b: (a, b), 4807),
    lie("degrees-as-grads-swapped", "the same, latitude first", lambda x, y: (y, x), lambda a, b: (b, a), 4807),
    lie(
        "grads-from-greenwich",
        "of Greenwich, called of Paris",
        lambda x, y: (x / 0.9, y / 0.9),
        lambda a, b: (a * 0.9, b * 0.9),
        4807,
    ),
    lie(
        "degrees-from-paris",
        "degrees from Paris, called grads",
        lambda x, y: (x - 2.33722917, y),
        lambda a, b: (a + 2.33722917, b),
        4807,
    ),
    lie(
        "of-another-meridian",
        "degrees from Greenwich, called from Rome",
        lambda x, y: (x, y),
        lambda a, b: (a, b),
        4806,
    ),
    lie("of-another-meridian-swapped", "the same, latitude first", lambda x, y: (y, x), lambda a, b: (b, a), 4806),
    lie("lost-sign", "east for west", lambda x, y: (-x, y), lambda a, b: (-a, b), 4326),
    lie("lost-sign-south", "north for south", lambda x, y: (x, -y), lambda a, b: (a, -b), 4326),
    lie("gcj-02", "moved as Chinese maps are", gcj, lambda a, b: undone(gcj, a, b), 4326, SECRET_IN_CHINA),
    lie(
        "gcj-02-undone",
        "moved against the way in which Chinese maps are",
        lambda x, y: undone(gcj, x, y),
        gcj,
        4326,
        SECRET_IN_THE_WEST,
    ),
    lie("bd-09", "moved twice", bd, lambda a, b: undone(bd, a, b), 4326, SECRET_IN_CHINA),
)
