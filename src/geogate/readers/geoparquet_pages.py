"""The pages of a Parquet column, one after the other: what stands in their heads, and that nothing stands beside them.

Values are not decoded, but for floating-point numbers, whose NaN could carry a message: that values fill their pages
follows from how many there are, and for texts from what is read.
Checksums are compared by whoever reads the rows.

Source: parquet-format 2.11 (parquet.thrift, Encodings.md); RFC 8878 for zstd.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import IO, Any, Final

import numpy as np

from geogate.libraries.bare_columns import has_odd_nan
from geogate.libraries.thrift import I32, STRUCT, TRUE, Field, Kinds, Struct, decoded_first, has_kinds, value_of
from geogate.readers.geoparquet_levels import OddLevelsError, count_levels
from geogate.readers.geoparquet_zstd import is_one_frame

PLAIN, RLE = 0, 3
NANS: Final = "numbers that are none, with bits of their own"
BOOLEAN, BYTE_ARRAY = "BOOLEAN", "BYTE_ARRAY"
WIDTHS: Final = {"INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}
FLOATS: Final = {"FLOAT": "<f4", "DOUBLE": "<f8"}
CODECS: Final = {0: "", 1: "snappy", 6: "zstd"}
"""The compressions in which a page cannot hold more than its values."""

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
_HEADS: Final = {DATA: 5, DICTIONARY: 7, DATA_V2: 8}
_PAGE: Final[Kinds] = dict.fromkeys((1, 2, 3, 4), I32)
_OWN: Final = {
    DATA: {**dict.fromkeys((1, 2, 3, 4), I32), 5: STRUCT},
    DICTIONARY: {1: I32, 2: I32, 3: TRUE},
    DATA_V2: {**dict.fromkeys((1, 2, 3, 4, 5, 6), I32), 7: TRUE, 8: STRUCT},
}
_HEAD_BYTES, _LARGEST_HEAD = 256, 1 << 20
_LENGTH = 4


class OddPageError(ValueError):
    """A page is not what geogate can look through; the argument says what it has, in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A column of values: its path, its physical type, and how deep its levels go.

    ``floats`` is numpy's name for its floating-point numbers, empty where it has others.

    Units: ``width`` in bytes, 0 where values have no fixed one.
    """

    path: str
    kind: str
    width: int
    definition: int
    repetition: int
    floats: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The values of a column in one row group, as the footer claims them.

    Units: ``start`` and ``size`` in bytes of the file.
    """

    leaf: Leaf
    codec: int
    start: int
    size: int


@dataclass(slots=True)
class Seen:
    """What the pages of a chunk hold; ``odd`` counts what is not accounted for.

    ``text_bytes`` are the bytes of all texts without their lengths, where values are texts.

    Units: ``raw`` in bytes of heads and pages before compression.
    """

    values: int = 0
    raw: int = 0
    text_bytes: int = 0
    definitions: list[int] | None = None
    repetitions: list[int] | None = None
    pages: Counter[tuple[int, int]] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)


def look_through(file: IO[bytes], chunk: Chunk) -> Seen:
    """Walk the pages of a chunk from its first to its last byte."""
    seen, at, end = Seen(), chunk.start, chunk.start + chunk.size
    try:
        while at < end:
            head, size = _head_at(file, at, end)
            at += size + _page(file, head, chunk, seen, room=end - at - size, at=at + size)
            seen.raw += size + _number(head, 2)
    except OddPageError as error:
        seen.odd[str(error)] += 1
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        seen.odd["pages that are not to the standard"] += 1
    return seen


def _head_at(file: IO[bytes], at: int, end: int) -> tuple[Struct, int]:
    for size in (_HEAD_BYTES, _LARGEST_HEAD):
        file.seek(at)
        data = file.read(min(size, end - at))
        try:
            return decoded_first(data)
        except ValueError:
            if len(data) < size:
                break
    raise OddPageError("page headers that are not to the standard")


def _number(struct: Struct, number: int) -> int:
    value = struct[number].value
    if not isinstance(value, int):
        raise OddPageError("page headers that are not to the standard")
    return value


def _page(file: IO[bytes], head: Struct, chunk: Chunk, seen: Seen, *, room: int, at: int) -> int:
    """Look at one page; returns its size in the file."""
    kind, raw, size = (_number(head, number) for number in (1, 2, 3))
    if not 0 <= size <= room or raw < 0:
        raise OddPageError("page headers that are not to the standard")
    if kind not in _HEADS or not has_kinds(head, {**_PAGE, _HEADS[kind]: STRUCT}):
        raise OddPageError("pages that are not to the standard")
    own: Struct = head[_HEADS[kind]].value
    if not has_kinds(own, _OWN[kind]):
        raise OddPageError("page headers that are not to the standard")
    file.seek(at)
    data = file.read(size)
    if kind == DICTIONARY:
        seen.odd["dictionaries"] += 1
        seen.pages[kind, _number(own, 2)] += 1
    elif kind == DATA:
        _first_version(data, own, chunk, seen, raw=raw)
    else:
        _second_version(data, own, chunk, seen, raw=raw)
    return size


def _first_version(data: bytes, own: Struct, chunk: Chunk, seen: Seen, *, raw: int) -> None:
    seen.odd["statistics"] += bool(value_of(own, 5))
    values, encoding, *of_levels = (_number(own, number) for number in (1, 2, 3, 4))
    if of_levels != [RLE, RLE]:
        raise OddPageError("levels in an encoding that cannot be looked through")
    stream = _opened(data, chunk.codec, raw)
    levels = 0
    leaf = chunk.leaf
    blocks: list[bytes] = []
    for most in (leaf.repetition, leaf.definition):
        block = b""
        if most:
            size = int.from_bytes(stream.read(_LENGTH), "little")
            if size > raw:
                raise OddPageError("levels that are not to the standard")
            block = stream.read(size)
            levels += _LENGTH + size
        blocks.append(block)
    present = _levels(seen, leaf, values, blocks)
    seen.pages[DATA, encoding] += 1
    _values(stream, chunk, seen, encoding=encoding, present=present, size=raw - levels)


def _second_version(data: bytes, own: Struct, chunk: Chunk, seen: Seen, *, raw: int) -> None:
    seen.odd["statistics"] += bool(value_of(own, 8))
    values, missing, rows, encoding, definition, repetition = (_number(own, number) for number in range(1, 7))
    if min(definition, repetition) < 0 or definition + repetition > min(len(data), raw):
        raise OddPageError("levels that are not to the standard")
    blocks = [data[:repetition], data[repetition : repetition + definition]]
    before = 0 if seen.repetitions is None else seen.repetitions[0]
    present = _levels(seen, chunk.leaf, values, blocks)
    begun = values if seen.repetitions is None else seen.repetitions[0] - before
    if missing != values - present or rows != begun:
        raise OddPageError("page headers that are not to the standard")
    plain = own.get(7, Field(TRUE, None)).kind != TRUE
    size = raw - definition - repetition
    stream = _opened(data[definition + repetition :], 0 if plain else chunk.codec, size)
    seen.pages[DATA_V2, encoding] += 1
    _values(stream, chunk, seen, encoding=encoding, present=present, size=size)


def _levels(seen: Seen, leaf: Leaf, values: int, blocks: list[bytes]) -> int:
    """Count the levels of a page; returns how many values are not missing."""
    seen.values += values
    present = values
    if values < 0 or any(block and not most for block, most in zip(blocks, _depths(leaf), strict=True)):
        raise OddPageError("levels that are not to the standard")
    try:
        if leaf.repetition:
            counts = count_levels(blocks[0], most=leaf.repetition, values=values)
            seen.repetitions = _sum(seen.repetitions, counts)
        if leaf.definition:
            counts = count_levels(blocks[1], most=leaf.definition, values=values)
            seen.definitions = _sum(seen.definitions, counts)
            present = counts[-1]
    except OddLevelsError:
        raise OddPageError("levels that are not to the standard") from None
    return present


def _sum(one: list[int] | None, other: list[int]) -> list[int]:
    return other if one is None else [a + b for a, b in zip(one, other, strict=True)]


def _depths(leaf: Leaf) -> tuple[int, int]:
    return leaf.repetition, leaf.definition


def _opened(data: bytes, codec: int, raw: int) -> Any:
    """Give a stream of what a page holds, of which only the beginning is ever read."""
    import pyarrow as pa

    if codec not in CODECS:
        raise OddPageError("pages in a compression that cannot be looked through")
    if not CODECS[codec]:
        if len(data) != raw:
            raise OddPageError("pages that are not to the standard")
        return pa.BufferReader(data)
    if not data and not raw:
        return pa.BufferReader(b"")
    if CODECS[codec] == "zstd":
        if not is_one_frame(data, raw):
            raise OddPageError("pages with more than their values")
        return pa.CompressedInputStream(pa.BufferReader(data), "zstd")
    return pa.BufferReader(pa.decompress(data, raw, codec=CODECS[codec]))


def _values(stream: Any, chunk: Chunk, seen: Seen, *, encoding: int, present: int, size: int) -> None:
    """Compare the bytes that are left for the values of a page with what so many values need."""
    if encoding != PLAIN:
        seen.odd["pages in an encoding that cannot be looked through"] += 1
        return
    kind = chunk.leaf.kind
    if kind == BYTE_ARRAY:
        seen.text_bytes += size - _LENGTH * present
        fits = size >= _LENGTH * present
    elif kind == BOOLEAN:
        bits = stream.read(size)
        fits = len(bits) == -(-present // 8) and not int.from_bytes(bits, "little") >> present
    else:
        fits = size == present * chunk.leaf.width
    if not fits:
        raise OddPageError("pages with more than their values")
    if chunk.leaf.floats:
        seen.odd[NANS] += has_odd_nan(np.frombuffer(stream.read(size), chunk.leaf.floats))
