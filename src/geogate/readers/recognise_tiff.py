"""Whether a TIFF says where it is on the Earth, by the tags of all its directories."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.readers.recognise_glimpse import Glimpse

GEOGRAPHIC: Final = frozenset({33550, 33920, 33922, 34264, 34735, 34736, 34737, 42112, 42113, 50844})
"""Pixel scale, tie points, transformations and keys of GeoTIFF; metadata and no-data of GDAL; RPC."""

MOST_DIRECTORIES: Final = 1_000
_CLASSIC, _BIG = 42, 43


def is_tiff(seen: Glimpse) -> bool:
    """Tell whether a file is a TIFF or a BigTIFF."""
    return seen.head.startswith((b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"))


def is_geotiff(seen: Glimpse) -> bool:
    """Tell whether one of the directories of a TIFF has a tag with which rasters are placed on the Earth."""
    try:
        with seen.path.open("rb") as file:
            return any(tags & GEOGRAPHIC for tags in _directories(file, seen.head))
    except (struct.error, ValueError, OverflowError, OSError):
        # A damaged one is left to the reader of rasters, which refuses more.
        return True


def _directories(file: IO[bytes], head: bytes) -> Iterator[frozenset[int]]:
    """Yield the tags of each directory of the chain; one that comes round again ends it.

    Raises: struct.error when the file ends within one.
    """
    order = "<" if head[:2] == b"II" else ">"
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    big = version == _BIG
    count_form, entry_size, next_form = (f"{order}Q", 20, f"{order}Q") if big else (f"{order}H", 12, f"{order}I")
    (at,) = struct.unpack_from(next_form, head, 8 if big else 4)
    met: set[int] = set()
    while at and at not in met and len(met) < MOST_DIRECTORIES:
        met.add(at)
        file.seek(at)
        (count,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
        if count > MOST_DIRECTORIES:
            raise struct.error
        entries = file.read(count * entry_size)
        yield frozenset(struct.unpack_from(f"{order}H", entries, i * entry_size)[0] for i in range(count))
        (at,) = struct.unpack(next_form, file.read(struct.calcsize(next_form)))
