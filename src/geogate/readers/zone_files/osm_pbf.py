"""OpenStreetMap PBF: blocks of zlib-packed protocol buffers, read within bounds; an unknown feature is an error.

Source: https://wiki.openstreetmap.org/wiki/PBF_Format.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from geogate.readers.zone_files.osm import Elements, Relation, Tags, Way
from geogate.readers.zone_files.raw import UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

SIGNATURE: Final = b"\n\tOSMHeader"
"""Stands after the four bytes of the first length."""

_FEATURES: Final = frozenset({b"OsmSchema-V0.6", b"DenseNodes"})
_LARGEST_HEADER, _LARGEST_BLOB = 64 << 10, 32 << 20
_NANO: Final = 1e-9
_KINDS: Final = ("node", "way", "relation")
_ZLIB: Final = 3
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS: Final = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT: Final = 10
_Fields = dict[int, list[bytes]]
_T = TypeVar("_T")
_BROKEN: Final = "the PBF is broken, or cut off"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    strings: Sequence[bytes]
    groups: Sequence[_Fields]
    granularity: int
    lat_offset: int
    lon_offset: int

    def tags(self, keys: NDArray[np.int64], values: NDArray[np.int64]) -> Tags:
        return {self.text(int(key)): self.text(int(value)) for key, value in zip(keys, values, strict=True)}

    def text(self, number: int) -> str:
        return self.strings[number].decode("utf-8")

    def degrees(self, raw: NDArray[np.int64], offset: int) -> NDArray[np.float64]:
        exact = offset + self.granularity * raw
        return np.round(exact * _NANO, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class PbfExtract:
    """An extract as the bytes of a PBF file."""

    data: bytes

    def elements(self) -> Elements:
        """Read ways, relations and nodes with tags.

        Raises: UnreadableZonesError.
        """
        nodes: dict[int, Tags] = {}
        ways: dict[int, Way] = {}
        relations: dict[int, Relation] = {}
        for block in self._blocks():
            for group in block.groups:
                for message in group.get(1, []):
                    fields = _fields(message)
                    if tags := _tags(fields, block):
                        _put(nodes, _zigzag(_single(fields, 1)), tags)
                for dense in group.get(2, []):
                    for number, tags in _dense_tags(_fields(dense), block).items():
                        _put(nodes, number, tags)
                for message in group.get(3, []):
                    fields = _fields(message)
                    refs = np.cumsum(_zigzags(_packed(fields, 8)))
                    _put(ways, _single(fields, 1), Way(tags=_tags(fields, block), nodes=refs.tolist()))
                for message in group.get(4, []):
                    fields = _fields(message)
                    _put(relations, _single(fields, 1), _relation(fields, block))
        return Elements(nodes=nodes, ways=ways, relations=relations)

    def positions(self, wanted: Collection[int]) -> Mapping[int, tuple[float, float]]:
        """Read where nodes are.

        Raises: UnreadableZonesError.
        """
        ids = np.fromiter(wanted, dtype=np.int64, count=len(wanted))
        found: dict[int, tuple[float, float]] = {}
        for block in self._blocks():
            for group in block.groups:
                for numbers, lon, lat in _placed(group, block):
                    if not len(numbers) == len(lon) == len(lat):
                        raise UnreadableZonesError(_BROKEN)
                    here = np.isin(numbers, ids)
                    where = zip(lon[here].tolist(), lat[here].tolist(), strict=True)
                    found |= dict(zip(numbers[here].tolist(), where, strict=True))
        return found

    def _blocks(self) -> Iterator[_Block]:
        """Unpack the blocks.

        Raises: UnreadableZonesError.
        """
        try:
            for kind, payload in self._blobs():
                if kind == b"OSMHeader":
                    strange = set(_fields(payload).get(4, [])) - _FEATURES
                    if strange:
                        raise UnreadableZonesError("the PBF needs a feature that is not read, such as history")
                elif kind == b"OSMData":
                    yield _block(payload)
        except (IndexError, ValueError, OverflowError, zlib.error):
            raise UnreadableZonesError(_BROKEN) from None

    def _blobs(self) -> Iterator[tuple[bytes, bytes]]:
        at, end = 0, len(self.data)
        while at < end:
            length = int.from_bytes(self.data[at : at + 4], "big")
            header = _fields(self._cut(at + 4, length, most=_LARGEST_HEADER))
            size = _single(header, 3)
            blob = _fields(self._cut(at + 4 + length, size, most=_LARGEST_BLOB))
            at += 4 + length + size
            yield header[1][0], _unpacked(blob)

    def _cut(self, start: int, length: int, *, most: int) -> bytes:
        part = self.data[start : start + length]
        if len(part) != length or length > most:
            raise ValueError(_BROKEN)
        return part


def _put(found: dict[int, _T], number: int, element: _T) -> None:
    if number in found:
        raise UnreadableZonesError("an element stands twice in the PBF")
    found[number] = element


def _unpacked(blob: _Fields) -> bytes:
    if 1 in blob:
        return blob[1][0]
    if _ZLIB not in blob:
        raise UnreadableZonesError("the PBF is packed by other means than zlib")
    unpack = zlib.decompressobj()
    data = unpack.decompress(blob[_ZLIB][0], _LARGEST_BLOB)
    if not unpack.eof or len(data) != _single(blob, 2):
        raise ValueError(_BROKEN)
    return data


def _block(payload: bytes) -> _Block:
    fields = _fields(payload)
    return _Block(
        strings=_fields(fields[1][0] if 1 in fields else b"").get(1, []),
        groups=[_fields(group) for group in fields.get(2, [])],
        granularity=_single(fields, 17, otherwise=100),
        lat_offset=_single(fields, 19, otherwise=0),
        lon_offset=_single(fields, 20, otherwise=0),
    )


def _placed(
    group: _Fields, block: _Block
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
    for dense in group.get(2, []):
        fields = _fields(dense)
        ids, lat, lon = (np.cumsum(_zigzags(_packed(fields, key))) for key in (1, 8, 9))
        yield ids, block.degrees(lon, block.lon_offset), block.degrees(lat, block.lat_offset)
    for message in group.get(1, []):
        fields = _fields(message)
        one, lat, lon = (np.array([_zigzag(_single(fields, key))], dtype=np.int64) for key in (1, 8, 9))
        yield one, block.degrees(lon, block.lon_offset), block.degrees(lat, block.lat_offset)


def _dense_tags(fields: _Fields, block: _Block) -> dict[int, Tags]:
    """Read the tags of dense nodes: pairs of key and value, and a zero after each node."""
    pairs = _packed(fields, 10).astype(np.int64)
    if not pairs.any():
        return {}
    ids = np.cumsum(_zigzags(_packed(fields, 1)))
    found: dict[int, Tags] = {}
    at = node = 0
    while at < len(pairs):
        if pairs[at] == 0:
            node, at = node + 1, at + 1
            continue
        found.setdefault(int(ids[node]), {})[block.text(int(pairs[at]))] = block.text(int(pairs[at + 1]))
        at += 2
    if node != len(ids):
        raise ValueError(_BROKEN)
    return found


def _relation(fields: _Fields, block: _Block) -> Relation:
    roles, types = _packed(fields, 8).astype(np.int64), _packed(fields, 10).astype(np.int64)
    numbers = np.cumsum(_zigzags(_packed(fields, 9)))
    each = zip(types.tolist(), numbers.tolist(), roles.tolist(), strict=True)
    return Relation(
        tags=_tags(fields, block), members=[(_KINDS[kind], number, block.text(role)) for kind, number, role in each]
    )


def _tags(fields: _Fields, block: _Block) -> Tags:
    return block.tags(_packed(fields, 2).astype(np.int64), _packed(fields, 3).astype(np.int64))


def _fields(message: bytes) -> _Fields:
    """Split a message into its fields; numbers are kept as their bytes."""
    found: _Fields = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == _BYTES:
            length, at = _varint(message, at)
            after = at + length
        elif wire == _VARINT:
            after = _varint(message, at)[1]
        else:
            after = at + _WIDTHS.get(wire, len(message) + 1)
        if after > len(message):
            raise ValueError(_BROKEN)
        found.setdefault(number, []).append(message[at:after])
        at = after
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(_LONGEST_VARINT):
        byte = data[at + count]
        value |= (byte & 127) << (7 * count)
        if byte < 128:  # noqa: PLR2004 - the top bit says that more follows
            return value, at + count + 1
    raise ValueError(_BROKEN)


def _single(fields: _Fields, number: int, *, otherwise: int | None = None) -> int:
    if number not in fields:
        if otherwise is None:
            raise ValueError(_BROKEN)
        return otherwise
    value = _varint(fields[number][-1], 0)[0]
    return value - (1 << 64) if value >> 63 else value


def _zigzag(value: int) -> int:
    unsigned = value & ((1 << 64) - 1)
    return (unsigned >> 1) ^ -(unsigned & 1)


def _packed(fields: _Fields, number: int) -> NDArray[np.uint64]:
    raw = np.frombuffer(b"".join(fields.get(number, [])), dtype=np.uint8)
    if not len(raw):
        return np.empty(0, dtype=np.uint64)
    ends = np.flatnonzero(raw < 128)  # noqa: PLR2004 - the top bit says that more follows
    if not len(ends) or ends[-1] != len(raw) - 1:
        raise ValueError(_BROKEN)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST_VARINT:
        raise ValueError(_BROKEN)
    shifts = (7 * (np.arange(len(raw)) - np.repeat(starts, lengths))).astype(np.uint64)
    found: NDArray[np.uint64] = np.add.reduceat((raw & 127).astype(np.uint64) << shifts, starts)
    return found


def _zigzags(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    halves = (values >> np.uint64(1)).astype(np.int64)
    odd = (values & np.uint64(1)).astype(np.int64)
    found: NDArray[np.int64] = halves ^ -odd
    return found
