"""The features of an artefact: what of a file goes into a collection, how each is known there, and when two are equal.

Only geogate's own GeoJSON is taken, in longitude and latitude: one feature a line, and nothing beside features that
would be lost on the way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.model.document import canonical_json
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geogate.model.names import Nonce

HEAD: Final = b'{"type":"FeatureCollection","features":['
TAIL: Final = b"]}"
MEBIBYTE: Final = 1 << 20
MOST_BYTES: Final = 64 * MEBIBYTE
"""Of a file, which is in memory as a whole while it is sent."""

MOST_FEATURES: Final = 10_000
"""Of a file: each takes two requests, one after the other."""

LARGEST_FEATURE: Final = 4 * MEBIBYTE
MEMBERS: Final = frozenset({"type", "properties", "geometry"})
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H: Final = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
"""Longitude and latitude, and with a height. Source: OGC API Features, Part 1, 17-069r4, section 6.4."""

ANYWHERE: Final = "send it to a place for files, or as GeoJSON in longitude and latitude under a canonical policy"


class UnfitError(UsageError):
    """A file cannot become features of a collection."""

    def __init__(self, name: str, why: str, *, hint: str = ANYWHERE) -> None:
        super().__init__(f"{name!r} cannot go into a collection: {why}", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature on its way, under the id that the gate gives it; ``text`` is its canonical form without the id."""

    id: str
    body: bytes
    crs: str
    text: str


def features_of(content: bytes, *, name: str, nonce: Nonce) -> tuple[Feature, ...]:
    """Read the features of a file, in their order, each with its id under a clearance.

    Raises: UnfitError for what is not geogate's own GeoJSON in longitude and latitude, or too much of it.
    """
    rows = tuple(_rows(content, name))
    if not rows:
        raise UnfitError(name, "it has no features")
    prefix = prefix_of(nonce, name)
    return tuple(_feature(row, id=f"{prefix}{number}") for number, row in enumerate(rows))


def prefix_of(nonce: Nonce, name: str) -> str:
    """Return how the ids of a file's features begin: nobody can have guessed it before the clearance was used."""
    return f"geogate-{nonce}-{hashlib.sha256(name.encode()).hexdigest()[:8]}-"


def require_fit(content: bytes, *, name: str) -> None:
    """See that a file can become features.

    Raises: UnfitError.
    """
    if not any(True for _ in _rows(content, name)):
        raise UnfitError(name, "it has no features")


def text_of(feature: Any) -> str:
    """Give the canonical form of what a feature says: its geometry and its properties, of which null is none.

    What servers add beside these, such as links, says nothing of the data. A number is the same however it is written.

    Raises: ValueError for what is no feature.
    """
    properties, geometry = feature.get("properties") or {}, feature["geometry"]
    if feature.get("type") != "Feature" or not isinstance(properties, dict):
        raise ValueError("not a feature")
    said = {key: _plain(value) for key, value in properties.items() if value is not None}
    return canonical_json({"geometry": _shape(geometry), "properties": said})


def parse(text: bytes) -> Any:
    """Read JSON; numbers that are none are refused.

    Raises: ValueError.
    """
    return json.loads(text, parse_constant=_no_number)


def content_of(texts: Sequence[str]) -> str:
    """Return the SHA-256 of what features say, in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()


def _rows(content: bytes, name: str) -> Iterator[Any]:
    if len(content) > MOST_BYTES:
        raise UnfitError(name, f"it has more than {MOST_BYTES // MEBIBYTE} MiB")
    head, *lines = content.split(b"\n")
    if b'"crs"' in head and head.startswith(HEAD[:-12]):
        raise UnfitError(name, "it is in another reference system", hint="reproject it to longitude and latitude")
    if head != HEAD or lines[-2:] != [TAIL, b""]:
        raise UnfitError(name, "it is not GeoJSON as geogate writes it")
    lines = [line for line in lines[:-2] if line]
    if len(lines) > MOST_FEATURES:
        raise UnfitError(name, f"it has more than {MOST_FEATURES:,} features")
    for number, line in enumerate(lines, start=1):
        yield _row(line.removesuffix(b","), number, name)


def _row(line: bytes, number: int, name: str) -> Any:
    if len(line) > LARGEST_FEATURE:
        raise UnfitError(name, f"feature {number} has more than {LARGEST_FEATURE // MEBIBYTE} MiB")
    try:
        row = parse(line)
        text_of(row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnfitError(name, f"feature {number} is no feature") from error
    if "id" in row:
        raise UnfitError(
            name,
            "its features have ids of their own, and the gate has to give them",
            hint="keep the ids in a property, and leave out the member id",
        )
    if row.keys() != MEMBERS:
        raise UnfitError(name, f"feature {number} says more than a collection keeps")
    return row


def _feature(row: Any, *, id: str) -> Feature:  # noqa: A002 - its name in GeoJSON
    body = json.dumps({"type": "Feature", "id": id, **row}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Feature(id=id, body=body.encode(), crs=CRS84H if _is_high(row["geometry"]) else CRS84, text=text_of(row))


def _is_high(geometry: Any) -> bool:
    """Say whether a geometry has heights, by its first position."""
    if geometry is None:
        return False
    if geometry["type"] == "GeometryCollection":
        return any(_is_high(each) for each in geometry["geometries"])
    position = geometry["coordinates"]
    while position and isinstance(position[0], list):
        position = position[0]
    return len(position) > len(("lon", "lat"))


def _shape(geometry: Any) -> Any:
    if geometry is None:
        return None
    if geometry["type"] == "GeometryCollection":
        return {"type": geometry["type"], "geometries": [_shape(each) for each in geometry["geometries"]]}
    return {"type": str(geometry["type"]), "coordinates": _plain(geometry["coordinates"])}


def _plain(value: Any) -> Any:
    """Write whole numbers in one way: 1.0 and 1 are the same in JSON."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _no_number(_: str) -> Any:
    raise ValueError("not a number")
