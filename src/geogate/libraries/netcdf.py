"""The header of a classic NetCDF file, as far as to see that the file has all numbers that it claims.

The library gives zeros for what a shorter file does not have.

Source: NetCDF Classic Format Specification, versions 1, 2 and 5.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CLASSIC: Final = b"CDF"
_SIZES: Final[Mapping[int, int]] = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
"""Bytes of a number of each type."""

_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_MOST: Final = 10_000
"""More dimensions, attributes or variables than that are no file that somebody wrote."""


def require_whole(path: Path) -> None:
    """See that a classic file ends where its last number does, or behind it; others are left to their library.

    Raises: UnreadableError.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:3] != _CLASSIC:
            return
        try:
            needed = _needed(data)
        except (IndexError, KeyError):
            raise _damaged() from None
        if needed > len(data):
            raise _damaged()


def _damaged() -> UnreadableError:
    return UnreadableError(
        "the NetCDF file is shorter than it says, or its header says too little",
        remedy="export it again; it is damaged or was cut short",
    )


@dataclass(slots=True)
class _Header:
    """Reads a header from its beginning.

    Units: ``at`` in bytes.
    """

    data: mmap.mmap
    version: int
    at: int = 4

    def whole(self, size: int) -> int:
        """Read a number of so many bytes."""
        self.at += size
        if self.at > len(self.data):
            raise _damaged()
        return int.from_bytes(self.data[self.at - size : self.at])

    def count(self) -> int:
        """Read a number that counts."""
        return self.whole(8 if self.version == 5 else 4)  # noqa: PLR2004 64-bit data

    def place(self) -> int:
        """Read a place in the file."""
        return self.whole(4 if self.version == 1 else 8)

    def skip(self, size: int) -> None:
        """Leave out some bytes and what fills up four."""
        self.at += -(-size // 4) * 4
        if self.at > len(self.data):
            raise _damaged()

    def listed(self, kind: int) -> int:
        """Read how many there are in a list that follows."""
        tag, count = self.whole(4), self.count()
        if (tag, count) != (0, 0) and (tag != kind or count > _MOST):
            raise _damaged()
        return count

    def attributes(self) -> None:
        """Leave out a list of attributes."""
        for _ in range(self.listed(_ATTRIBUTES)):
            self.skip(self.count())
            size = _SIZES[self.whole(4)]
            self.skip(size * self.count())


def _needed(data: mmap.mmap) -> int:
    """Return where the last number ends."""
    header = _Header(data, data[3])
    if header.version not in {1, 2, 5}:
        raise _damaged()
    records = header.count()
    lengths = []
    for _ in range(header.listed(_DIMENSIONS)):
        header.skip(header.count())
        lengths.append(header.count())
    header.attributes()
    fixed, several = [header.at], []
    for _ in range(header.listed(_VARIABLES)):
        begin, size, by_record = _variable(header, lengths)
        if by_record:
            several.append((begin, size))
        else:
            fixed.append(begin + size)
    step = sum(-(-size // 4) * 4 for _, size in several) if len(several) > 1 else sum(size for _, size in several)
    ends = [begin + (records - 1) * step + size for begin, size in several if records]
    return max(*fixed, header.at, *ends)


def _variable(header: _Header, lengths: list[int]) -> tuple[int, int, bool]:
    """Return where the numbers of a variable begin, how many bytes it has, and whether that is in each record."""
    header.skip(header.count())
    axes = header.count()
    if axes > _MOST:
        raise _damaged()
    own = [lengths[header.count()] for _ in range(axes)]
    header.attributes()
    size = _SIZES[header.whole(4)]
    header.count()
    by_record = bool(own) and own[0] == 0
    return header.place(), prod(own[1:] if by_record else own) * size, by_record
