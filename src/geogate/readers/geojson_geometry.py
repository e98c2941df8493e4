"""Geometries of GeoJSON to WKB, ordinate by ordinate as Python reads them; nothing is repaired.

Source: RFC 7946, section 3.1; ISO WKB for the bytes.
"""

from __future__ import annotations

import math
import struct
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from geogate.measures.source import UnreadableError
from geogate.readers.points import points_to_wkb

CODES = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
    "GeometryCollection": 7,
}
_PARTS = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}
_DEPTHS = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_NUMBERS = {int, float}
_FLAT, _WITH_Z = 2, 3
_ISO_Z = 1000
_SMALLEST_RING = 4
_DEEPEST = 20


def _bad(why: str) -> UnreadableError:
    return UnreadableError(
        f"the GeoJSON has a geometry that {why}", remedy="write geometries as RFC 7946 says, with x, y and at most z"
    )


def _positions(coordinates: Any, depth: int) -> list[Any]:
    """Return all positions of nested lists."""
    found = [coordinates] if depth == 0 else coordinates
    for _ in range(depth - 1):
        if not isinstance(found, list) or not all(isinstance(part, list) for part in found):
            raise _bad("is not nested as its type says")
        found = list(chain.from_iterable(found))
    if not isinstance(found, list) or not all(isinstance(position, list) for position in found):
        raise _bad("is not nested as its type says")
    return found


def _size(kind: str, coordinates: Any) -> int:
    """Return the number of ordinates that every position of a geometry has; 0 where it has no position."""
    positions = _positions(coordinates, _DEPTHS[kind])
    if kind == "Point" and coordinates == []:
        return 0
    sizes = set(map(len, positions))
    ordinates = list(chain.from_iterable(positions))
    if len(sizes) > 1 or not sizes <= {_FLAT, _WITH_Z}:
        raise _bad("has positions of other than two or three numbers, or mixes them")
    if not set(map(type, ordinates)) <= _NUMBERS:
        raise _bad("has positions that are not numbers")
    try:
        finite = all(map(math.isfinite, ordinates))
    except OverflowError:
        finite = False
    if not finite:
        raise _bad("has numbers that are too large")
    return sizes.pop() if sizes else 0


def _head(kind: str, size: int) -> bytes:
    return struct.pack("<BI", 1, CODES[kind] + (_ISO_Z if size == _WITH_Z else 0))


def _run(positions: list[list[float]]) -> bytes:
    ordinates = list(chain.from_iterable(positions))
    return struct.pack(f"<I{len(ordinates)}d", len(positions), *ordinates)


def _ring(ring: list[list[float]]) -> bytes:
    if len(ring) < _SMALLEST_RING or ring[0] != ring[-1]:
        raise _bad("has a ring that is not closed")
    return _run(ring)


def _encode(kind: str, coordinates: list[Any], size: int) -> bytes:
    head = _head(kind, size)
    match kind:
        case "Point":
            ordinates = coordinates or [math.nan] * (size or _FLAT)
            return head + struct.pack(f"<{len(ordinates)}d", *ordinates)
        case "LineString":
            return head + _run(coordinates)
        case "Polygon":
            # GEOS writes an empty polygon as one empty ring.
            rings = [] if coordinates == [[]] else [_ring(ring) for ring in coordinates]
            return head + struct.pack("<I", len(rings)) + b"".join(rings)
        case _:
            parts = [_encode(_PARTS[kind], part, size) for part in coordinates]
            return head + struct.pack("<I", len(parts)) + b"".join(parts)


def _collection_size(geometry: dict[str, Any], depth: int) -> int:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind != "GeometryCollection":
        if not isinstance(kind, str) or kind not in _DEPTHS:
            raise _bad("has an unknown type")
        return _size(kind, geometry.get("coordinates"))
    members = geometry.get("geometries")
    if not isinstance(members, list) or depth > _DEEPEST:
        raise _bad("is not nested as its type says")
    sizes = {_collection_size(member, depth + 1) for member in members} - {0}
    if len(sizes) > 1:
        raise _bad("mixes positions of two and of three numbers")
    return sizes.pop() if sizes else 0


def _collect(geometry: dict[str, Any], size: int) -> bytes:
    kind = geometry["type"]
    if kind != "GeometryCollection":
        return _encode(kind, geometry["coordinates"], size)
    members = [_collect(member, size) for member in geometry["geometries"]]
    return _head(kind, size) + struct.pack("<I", len(members)) + b"".join(members)


def to_wkb(geometry: Any) -> bytes | None:
    """Encode a geometry object, or its absence; other members of the object are not looked at.

    Raises: UnreadableError when it is not a geometry of RFC 7946.
    """
    return None if geometry is None else _collect(geometry, _collection_size(geometry, 0))


def encode_all(geometries: list[Any]) -> pa.Array:
    """Encode the geometries of some rows, points of one size together.

    Raises: UnreadableError when one is not a geometry of RFC 7946.
    """
    points = _points(geometries)
    return pa.array([to_wkb(geometry) for geometry in geometries], pa.binary()) if points is None else points


def _points(geometries: list[Any]) -> pa.Array | None:
    """Encode rows that are nothing but whole points of one size; ``None`` where they are anything else."""
    present = [one for one in geometries if one is not None]
    if not present or not all(isinstance(one, dict) and one.get("type") == "Point" for one in present):
        return None
    positions = [one.get("coordinates") for one in present]
    if set(map(type, positions)) != {list} or set(map(len, positions)) not in ({_FLAT}, {_WITH_Z}):
        return None
    flat = list(chain.from_iterable(positions))
    # Whole numbers may be too large for a double; they take the way that says so.
    if set(map(type, flat)) != {float} or not all(map(math.isfinite, flat)):
        return None
    valid = np.fromiter((one is not None for one in geometries), np.bool_, len(geometries))
    return points_to_wkb(np.array(flat, np.float64).reshape(len(present), -1), valid)
