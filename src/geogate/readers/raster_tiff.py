"""TIFF and BigTIFF by their directories: every tag, every block, and the bytes that none of them refers to.

Source: TIFF 6.0; BigTIFF; TIFF Technical Note 1 for subfiles.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

SIZES: Final[Mapping[int, int]] = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip
"""Bytes of a value of each type."""

_WHOLE: Final[Mapping[int, str]] = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
"""The types that count or point, as numpy has them."""

_CLASSIC, _BIG = 42, 43
_MOST_DIRECTORIES: Final = 1_000
_MOST_TAGS: Final = 1_000

WIDTH, HEIGHT, BITS, COMPRESSION, SAMPLES, ROWS_A_STRIP = 256, 257, 258, 259, 277, 278
SUBFILE, ORIENTATION, PLANES, PREDICTOR, SUBDIRECTORIES = 254, 274, 284, 317, 330
STRIPS, STRIP_SIZES, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_SIZES = 273, 279, 322, 323, 324, 325


def damaged() -> UnreadableError:
    """Say that the directories do not hold."""
    return UnreadableError(
        "the TIFF's directories point where nothing is, or say too little",
        remedy="export it again, for example with `gdal_translate`; it is damaged or was cut short",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One entry of a directory; ``slack`` says that bytes beside its value are not zero.

    Units: ``at`` and ``size`` in bytes.
    """

    number: int
    kind: int
    count: int
    at: int
    size: int
    slack: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One image of the file: its tags by their number."""

    at: int
    size: int
    tags: Mapping[int, Tag]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiff:
    """An open TIFF."""

    data: mmap.mmap
    order: str
    big: bool
    directories: tuple[Directory, ...]

    def raw(self, tag: Tag) -> bytes:
        """Return the bytes of a tag's value."""
        return self.data[tag.at : tag.at + tag.size]

    def numbers(self, directory: Directory, number: int) -> NDArray[np.int64]:
        """Return the whole numbers of a tag; none where it is not there.

        Raises: UnreadableError when it has no whole numbers.
        """
        tag = directory.tags.get(number)
        if tag is None:
            return np.empty(0, np.int64)
        if tag.kind not in _WHOLE:
            raise damaged()
        found = np.frombuffer(self.raw(tag), self.order + _WHOLE[tag.kind])
        if len(found) and found.max() > np.iinfo(np.int64).max:
            raise damaged()
        return found.astype(np.int64)

    def number(self, directory: Directory, number: int, default: int) -> int:
        """Return the first whole number of a tag."""
        found = self.numbers(directory, number)
        return int(found[0]) if len(found) else default

    def blocks(self, directory: Directory) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the strips or tiles of an image begin, and how many bytes each has.

        Raises: UnreadableError when they are not both there, or lie outside the file.
        """
        tiled = TILES in directory.tags
        if tiled and STRIPS in directory.tags:
            raise damaged()
        at = self.numbers(directory, TILES if tiled else STRIPS)
        size = self.numbers(directory, TILE_SIZES if tiled else STRIP_SIZES)
        if len(at) != len(size) or not len(at) or (size > len(self.data)).any() or (at > len(self.data)).any():
            raise damaged()
        if (at + size > len(self.data)).any():
            raise damaged()
        return at, size

    def unreferenced(self) -> int:
        """Count the bytes that no header, directory, tag or block refers to; single zeros only align what follows.

        Raises: UnreadableError.
        """
        starts, ends = [np.array([0])], [np.array([16 if self.big else 8])]
        for directory in self.directories:
            at, size = self.blocks(directory)
            outside = [tag for tag in directory.tags.values() if tag.size > (8 if self.big else 4)]
            starts += [at, np.array([directory.at, *(tag.at for tag in outside)])]
            ends += [at + size, np.array([directory.at + directory.size, *(tag.at + tag.size for tag in outside)])]
        start, end = np.concatenate(starts), np.concatenate(ends)
        order = np.argsort(start, kind="stable")
        start, end = start[order], np.maximum.accumulate(end[order])
        gap_from, gap_to = end, np.append(start[1:], len(self.data))
        gaps = np.flatnonzero(gap_to > gap_from)
        return sum(
            int(gap_to[gap] - gap_from[gap])
            for gap in gaps
            if gap_to[gap] - gap_from[gap] > 1 or self.data[int(gap_from[gap])]
        )


class OpenTiff:
    """A TIFF that is mapped while its directories are looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Tiff:
        self._file = self._path.open("rb")
        try:
            self._data = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, OSError):
            self._file.close()
            raise damaged() from None
        try:
            return _walk(self._data)
        except (struct.error, IndexError, KeyError, OverflowError):
            self.__exit__()
            raise damaged() from None
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._data.close()
        self._file.close()


def _walk(data: mmap.mmap) -> Tiff:
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    (magic,) = struct.unpack_from(f"{order}H", data, 2)
    if magic not in {_CLASSIC, _BIG}:
        raise damaged()
    big = magic == _BIG
    if big and struct.unpack_from(f"{order}HH", data, 4) != (8, 0):
        raise damaged()
    (at,) = struct.unpack_from(f"{order}Q", data, 8) if big else struct.unpack_from(f"{order}I", data, 4)
    directories: list[Directory] = []
    seen: set[int] = set()
    while at:
        if at in seen or len(directories) >= _MOST_DIRECTORIES:
            raise damaged()
        seen.add(at)
        directory, at = _directory(data, at, order=order, big=big)
        directories.append(directory)
    if not directories:
        raise damaged()
    return Tiff(data=data, order=order, big=big, directories=tuple(directories))


def _directory(data: mmap.mmap, at: int, *, order: str, big: bool) -> tuple[Directory, int]:
    """Read one directory and where the next one is."""
    head, entry, link = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
    if at > len(data):
        # Beyond 2^63 there is not even a place to look at.
        raise damaged()
    (count,) = struct.unpack_from(order + head, data, at)
    if count > _MOST_TAGS:
        raise damaged()
    first, step = at + struct.calcsize(order + head), struct.calcsize(order + entry)
    tags: dict[int, Tag] = {}
    for place in range(first, first + count * step, step):
        number, kind, values, inline = struct.unpack_from(order + entry, data, place)
        size = values * SIZES[kind]
        room = len(inline)
        where = place + step - room if size <= room else struct.unpack(order + link, inline)[0]
        if number in tags or where + size > len(data):
            raise damaged()
        slack = size <= room and any(inline[size:])
        tags[number] = Tag(number=number, kind=kind, count=values, at=where, size=size, slack=slack)
    end = first + count * step
    (following,) = struct.unpack_from(order + link, data, end)
    return Directory(at=at, size=end + struct.calcsize(order + link) - at, tags=tags), following
