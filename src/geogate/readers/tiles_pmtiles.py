"""PMTiles by its directories: each entry leads to tiles that lie within the file.

Source: PMTiles 3, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.readers.tiles_decode import Tile, bad_tile, plain_tile, varint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER: Final = 127
_NONE, _GZIP = 1, 2
_VECTOR: Final = 1
_DEEPEST: Final = 4
LARGEST_DIRECTORY: Final = 32 << 20
MOST_TILES: Final = 1_000_000
_DEEPEST_ZOOM: Final = 26


def pmtiles(path: Path) -> Iterator[Tile]:
    """Yield the tiles of a file in the order of their numbers.

    Raises: UnreadableError.
    """
    with path.open("rb") as file:
        try:
            yield from _Archive(file, path.stat().st_size).tiles()
        except (struct.error, IndexError, ValueError, OverflowError):
            raise bad_tile() from None


class _Archive:
    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size = file, size
        head = file.read(_HEADER)
        if len(head) < _HEADER or head[:8] != b"PMTiles\x03":
            raise bad_tile("have a header that is not read")
        self._root, self._root_bytes, _, _, self._leaves, self._leaves_bytes, self._data, self._data_bytes = (
            struct.unpack_from("<8Q", head, 8)
        )
        self._inner, self._tile_compression, kind = head[97:100]
        if kind != _VECTOR:
            raise UnreadableError("the tiles are images", remedy="convert them to a GeoTIFF")
        if {self._inner, self._tile_compression} - {_NONE, _GZIP}:
            raise bad_tile("are compressed in an uncommon way")
        self._count = 0

    def _read(self, offset: int, size: int, within: tuple[int, int]) -> bytes:
        start, length = within
        if size > LARGEST_DIRECTORY or offset < start or offset + size > min(start + length, self._size):
            raise bad_tile("point outside of their file")
        self._file.seek(offset)
        return self._file.read(size)

    def tiles(self) -> Iterator[Tile]:
        """Walk the directories from the root."""
        yield from self._walk(self._root, self._root_bytes, (self._root, self._root_bytes), 0)

    def _walk(self, offset: int, size: int, within: tuple[int, int], depth: int) -> Iterator[Tile]:
        if depth > _DEEPEST:
            raise bad_tile("have directories within directories")
        for number, run, length, at in _entries(plain_tile(self._read(offset, size, within))):
            if not run:
                leaves = (self._leaves, self._leaves_bytes)
                yield from self._walk(self._leaves + at, length, leaves, depth + 1)
                continue
            data = self._read(self._data + at, length, (self._data, self._data_bytes))
            self._count += run
            if self._count > MOST_TILES:
                raise bad_tile("are too many")
            for each in range(number, number + run):
                yield Tile(*_place(each), data)


def _entries(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, run, length and offset of each entry of a directory."""
    count, at = varint(data, 0)
    if count > len(data):
        raise bad_tile()
    columns: list[list[int]] = []
    for _ in range(4):
        column = []
        for _ in range(count):
            number, at = varint(data, at)
            column.append(number)
        columns.append(column)
    if at != len(data):
        raise bad_tile("have directories that go on after their end")
    number = end = 0
    for step, run, length, offset in zip(*columns, strict=True):
        number += step
        start = end if not offset else offset - 1
        end = start + length
        yield number, run, length, start


def _place(number: int) -> tuple[int, int, int]:
    """Return zoom, column and row from the north of a place on Hilbert's curve.

    Raises: UnreadableError when it is too large.
    """
    zoom, before = 0, 0
    while number >= before + (1 << (2 * zoom)):
        before += 1 << (2 * zoom)
        zoom += 1
        if zoom > _DEEPEST_ZOOM:
            raise bad_tile("have numbers outside of their zoom")
    rest, x, y, side = number - before, 0, 0, 1
    while side < 1 << zoom:
        right = 1 & (rest // 2)
        up = 1 & (rest ^ right)
        if not up:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        x, y = x + side * right, y + side * up
        rest //= 4
        side *= 2
    return zoom, x, y
