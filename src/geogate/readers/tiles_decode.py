"""Vector tiles decoded: a small reader of protocol buffers, and geometries placed on the Web Mercator plane.

Source: Mapbox Vector Tile Specification 2.1; https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.readers.geojson_geometry import to_wkb
from geogate.readers.table_layer import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

HALF_M: Final = 20037508.342789244
"""Half of the side of the square that all tiles together cover."""

LARGEST_TILE: Final = 32 << 20
MOST_REPEATS: Final = 1 << 24
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOVE, _LINE, _CLOSE = 1, 2, 7
_POINT, _LINES, _POLYGON = 1, 2, 3
_IMAGES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_LONGEST_VARINT: Final = 70


def bad_tile(why: str = "are damaged") -> UnreadableError:
    """Word what is wrong with tiles."""
    return UnreadableError(
        f"the vector tiles {why}", remedy="send the layers that the tiles were made from, as GeoPackage or GeoParquet"
    )


def plain_tile(data: bytes) -> bytes:
    """Decompress a tile where it is compressed.

    Raises: UnreadableError for images, and for what is damaged or too large.
    """
    if data.startswith(_IMAGES):
        raise UnreadableError("the tiles are images", remedy="convert them to a GeoTIFF")
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        plain = inflate.decompress(data, LARGEST_TILE)
    except zlib.error:
        raise bad_tile() from None
    if not inflate.eof or inflate.unused_data:
        raise bad_tile("are too large, cut short, or followed by something else")
    return plain


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place after it.

    Raises: IndexError when the data end; UnreadableError when it is too long.
    """
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return number, at
        shift += 7
        if shift >= _LONGEST_VARINT:
            raise bad_tile()


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield the number, the wire type and the value of each field."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        value: Any
        if wire == _VARINT:
            value, at = varint(data, at)
        elif wire in {_BYTES, _FIXED32, _FIXED64}:
            size, at = varint(data, at) if wire == _BYTES else (8 if wire == _FIXED64 else 4, at)
            value, at = data[at : at + size], at + size
            if at > len(data):
                raise bad_tile()
        else:
            raise bad_tile()
        yield number, wire, value


def _numbers(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        found.append(number)
    return found


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _value(data: bytes) -> Any:
    found: Any = None
    for number, _, value in _fields(data):
        match number:
            case 1:
                found = value.decode("utf-8")
            case 2:
                (found,) = struct.unpack("<f", value)
            case 3:
                (found,) = struct.unpack("<d", value)
            case 4:
                found = value - (1 << 64) if value >= 1 << 63 else value
            case 5:
                found = value
            case 6:
                found = _signed(value)
            case 7:
                found = bool(value)
            case _:
                raise bad_tile("have values of an unknown type")
    return found


@dataclass(slots=True)
class _Layer:
    name: str = ""
    features: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    extent: int = 4096


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile by its zoom, its column from the west and its row from the north, and its bytes."""

    zoom: int
    column: int
    row: int
    data: bytes

    def rows(self, only: str | None = None) -> Iterator[tuple[str, Row]]:
        """Yield the layer and the row of each feature; of one layer where ``only`` names it.

        Raises: UnreadableError.
        """
        try:
            for number, _, data in _fields(plain_tile(self.data)):
                if number != _POLYGON:
                    raise bad_tile("have something in them that is no layer")
                layer = _layer(data)
                if only is None or layer.name == only:
                    yield from ((layer.name, self._row(feature, layer)) for feature in layer.features)
        except (IndexError, struct.error, UnicodeDecodeError, TypeError, AttributeError, OverflowError):
            raise bad_tile() from None

    def _row(self, data: bytes, layer: _Layer) -> Row:
        values: dict[str, Any] = {}
        kind, commands = 0, b""
        tags: list[int] = []
        for number, _, value in _fields(data):
            match number:
                case 1:
                    values["mvt_id"] = value
                case 2:
                    tags += _numbers(value)
                case 3:
                    kind = value
                case 4:
                    commands += value
                case _:
                    raise bad_tile("have something in a feature that is not read")
        for key, value in zip(tags[::2], tags[1::2], strict=True):
            if layer.keys[key] in values:
                raise bad_tile("have a feature with two values of the same name")
            values[layer.keys[key]] = layer.values[value]
        return Row(to_wkb(_geometry(kind, self._paths(_numbers(commands), layer.extent))), values)

    def _paths(self, commands: list[int], extent: int) -> list[list[list[float]]]:
        """Follow the commands of a geometry and return its paths in metres."""
        side = 2 * HALF_M / (1 << self.zoom)
        paths: list[list[list[float]]] = []
        x = y = at = 0
        while at < len(commands):
            command, count = commands[at] & 7, commands[at] >> 3
            at += 1
            if command == _CLOSE:
                paths[-1].append(paths[-1][0])
                continue
            if command not in {_MOVE, _LINE} or count * 2 > len(commands) - at or count > MOST_REPEATS:
                raise bad_tile()
            for _ in range(count):
                x, y = x + _signed(commands[at]), y + _signed(commands[at + 1])
                at += 2
                east, south = self.column + x / extent, self.row + y / extent
                if command == _MOVE:
                    paths.append([])
                paths[-1].append([east * side - HALF_M, HALF_M - south * side])
        return paths


def _layer(data: bytes) -> _Layer:
    layer = _Layer()
    for number, _, value in _fields(data):
        match number:
            case 1:
                layer.name = value.decode("utf-8")
            case 2:
                layer.features.append(value)
            case 3:
                layer.keys.append(value.decode("utf-8"))
            case 4:
                layer.values.append(_value(value))
            case 5:
                layer.extent = value
            case 15:
                pass
            case _:
                raise bad_tile("have something in a layer that is not read")
    if not layer.name or not layer.extent:
        raise bad_tile("have a layer without a name or an extent")
    return layer


def _geometry(kind: int, paths: list[list[list[float]]]) -> dict[str, Any]:
    match kind:
        case 1:
            return {"type": "MultiPoint", "coordinates": [path[0] for path in paths]}
        case 2:
            return {"type": "MultiLineString", "coordinates": paths}
        case 3:
            areas: list[list[list[list[float]]]] = []
            for path in paths:
                # In metres with north up, an outer ring has the sign of the first one.
                if not areas or _area(path) * _area(areas[0][0]) > 0:
                    areas.append([path])
                else:
                    areas[-1].append(path)
            return {"type": "MultiPolygon", "coordinates": areas}
        case _:
            raise bad_tile("have geometries of an unknown type")


def _area(ring: list[list[float]]) -> float:
    (x0, y0) = ring[0]
    shifted = [(x - x0, y - y0) for x, y in ring]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(shifted))
