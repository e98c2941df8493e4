"""Writes TIFF: blocks one after the other, then the directories; nothing stands between that no tag refers to."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Value = tuple[int, int, bytes]
"""The type, the count and the bytes of a tag's value."""

ASCII, SHORT, LONG, DOUBLE, LONG8 = 2, 3, 4, 12, 16
_LEVEL: Final = 6


def short(*numbers: int) -> Value:
    """Make a value of 16-bit numbers."""
    return SHORT, len(numbers), struct.pack(f"<{len(numbers)}H", *numbers)


def long(*numbers: int) -> Value:
    """Make a value of 32-bit numbers."""
    return LONG, len(numbers), struct.pack(f"<{len(numbers)}I", *numbers)


def text(words: str) -> Value:
    """Make a value of ASCII text."""
    data = words.encode("ascii") + b"\0"
    return ASCII, len(data), data


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where the blocks of an image were written.

    Units: bytes.
    """

    at: tuple[int, ...]
    size: tuple[int, ...]


class TiffWriter:
    """A little-endian TIFF on an empty file; ``big`` chooses BigTIFF, for more than four gigabytes."""

    def __init__(self, file: BinaryIO, *, big: bool) -> None:
        self._file, self._big = file, big
        self._link = 8 if big else 4
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if big else struct.pack("<2sHI", b"II", 42, 0))

    def block(self, values: NDArray[Any], *, differences: bool) -> tuple[int, int]:
        """Write one tile of rows, columns and bands; return where it stands and how many bytes it has."""
        if differences:
            values = values.view(f"u{values.dtype.itemsize}")
            values = np.concatenate([values[:, :1], values[:, 1:] - values[:, :-1]], axis=1)
        data = zlib.compress(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes(), _LEVEL)
        at = self._file.tell()
        self._file.write(data)
        return at, len(data)

    def offsets(self, numbers: tuple[int, ...]) -> Value:
        """Make a value of places or sizes in the file."""
        kind, code = (LONG8, "Q") if self._big else (LONG, "I")
        return kind, len(numbers), struct.pack(f"<{len(numbers)}{code}", *numbers)

    def directory(self, tags: dict[int, Value]) -> None:
        """Write the directory of one image, and let the one before it, or the header, lead to it."""
        room, code = (8, "Q") if self._big else (4, "I")
        entries = []
        for number in sorted(tags):
            kind, count, data = tags[number]
            if len(data) > room:
                self._align()
                place = struct.pack(f"<{code}", self._file.tell())
                self._file.write(data)
            else:
                place = data.ljust(room, b"\0")
            entries.append(struct.pack(f"<HH{code}", number, kind, count) + place)
        self._align()
        at = self._file.tell()
        self._file.write(struct.pack("<Q" if self._big else "<H", len(entries)) + b"".join(entries))
        link = self._file.tell()
        self._file.write(bytes(room))
        self._file.seek(self._link)
        self._file.write(struct.pack(f"<{code}", at))
        self._file.seek(0, 2)
        self._link = link

    def _align(self) -> None:
        if self._file.tell() % 2:
            self._file.write(b"\0")
