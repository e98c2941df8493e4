"""The messages of a GRIB file, as far as to see that all of them lie on the same grid, which GDAL takes for granted.

Source: WMO Manual on Codes, FM 92 GRIB editions 1 and 2.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START, _END = b"GRIB", b"7777"
_GRID_SECTION: Final = 3
_HAS_GRID: Final = 0x80
"""The bit of edition 1 that says that a message describes its grid."""

_MOST_MESSAGES: Final = 100_000


def require_one_grid(path: Path) -> None:
    """See that the file is whole messages one after the other, each on the grid of the first.

    Raises: UnreadableError.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            grids = set(_grids(data))
        except IndexError:
            raise _damaged() from None
    if len(grids) != 1:
        raise UnreadableError(
            "the messages of the GRIB file lie on different grids",
            remedy="send those of each grid in a file of its own: `grib_copy`",
        )


def _damaged() -> UnreadableError:
    return UnreadableError(
        "the GRIB file is not one message after the other", remedy="write it again, for example with `grib_copy`"
    )


def _grids(data: mmap.mmap) -> Iterator[bytes]:
    at = messages = 0
    while at < len(data):
        messages += 1
        if messages > _MOST_MESSAGES or data[at : at + 4] != _START:
            raise _damaged()
        edition = data[at + 7]
        size = int.from_bytes(data[at + 4 : at + 7]) if edition == 1 else int.from_bytes(data[at + 8 : at + 16])
        end = at + size
        if size < len(_START) + len(_END) or end > len(data) or data[end - 4 : end] != _END:
            raise _damaged()
        yield from _of_edition_1(data, at) if edition == 1 else _of_edition_2(data, at, end)
        at = end


def _of_edition_1(data: mmap.mmap, at: int) -> Iterator[bytes]:
    said = at + 8
    if not data[said + 7] & _HAS_GRID:
        raise UnreadableError(
            "a message of the GRIB file has its grid from a catalogue",
            remedy="write the grid into it: `cdo setgridtype`",
        )
    grid = said + int.from_bytes(data[said : said + 3])
    yield b"1" + data[grid : grid + int.from_bytes(data[grid : grid + 3])]


def _of_edition_2(data: mmap.mmap, at: int, end: int) -> Iterator[bytes]:
    section = at + 16
    while section < end - 4:
        size = int.from_bytes(data[section : section + 4])
        if size < 5 or section + size > end - 4:  # noqa: PLR2004 a length and a number
            raise _damaged()
        if data[section + 4] == _GRID_SECTION:
            yield b"2" + data[section : section + size]
        section += size
    if section != end - 4:
        raise _damaged()
