"""The file of a compiled zone index: written once, mapped into memory by every process that needs it.

It starts with a magic word, the format's version, the length and the digest of the header, and the header: of what the
file is made, its size, the places of the arrays, and the digest of all that follows. What can be told at once is told
when the file is opened: another version, list, distance or builder, a damaged header, a wrong size. Such a file is
passed over, and a new one takes its place. The digest of the content takes longer and is compared while the index is
already in use; see ``Check``.
"""

from __future__ import annotations

import json
import mmap
import struct
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from geogate.kernels.folder import is_own, why_untrusted
from geogate.model.errors import ServiceError
from geogate.zones.compiled_tables import BANDS, LAYOUT, Tables, read_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

    from geogate.zones.zone import ZoneList

VERSION: Final = 1
_MAGIC: Final = b"geogate zones\r\n\0"
_START: Final = struct.Struct("<16sII32s")
_LONGEST_HEADER: Final = 1 << 20
_ALIGNED: Final = 64
_AT_ONCE: Final = 1 << 22
_ZONES_AT_ONCE: Final = 1 << 14
_SOURCES: Final = (
    "zones/*.py",
    "kernels/jit.py",
    "kernels/inputs.py",
    "kernels/raw.py",
    "kernels/stripes.py",
    "kernels/near.py",
    "kernels/grid_*.py",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the tables of a file are made of."""

    list_digest: str
    buffer_m: float

    @property
    def name(self) -> str:
        """The name of the file, the same for all versions and builders: a new file takes the place of an old one."""
        return f"{sha256(f'{self.list_digest} {self.buffer_m!r}'.encode()).hexdigest()[:32]}.zones"

    def document(self) -> dict[str, Any]:
        """Say all that must be the same for a file to be used."""
        return {
            "list": self.list_digest,
            "buffer_m": repr(self.buffer_m),
            "version": VERSION,
            "byteorder": sys.byteorder,
            "builder": builder_digest(),
        }


@cache
def builder_digest() -> str:
    """Digest the sources that build tables, and the libraries that they are built with."""
    versions = [shapely.__version__, shapely.geos_version_string, *map(version, ("numpy", "numba", "llvmlite"))]
    whole = sha256(" ".join(versions).encode())
    package = Path(__file__).resolve().parent.parent
    for path in sorted(path for pattern in _SOURCES for path in package.glob(pattern)):
        whole.update(f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def zones_digest(zone_list: ZoneList) -> bytes:
    """Digest what the tables depend on of each zone: its own distance, its kind, and all its vertices in their order.

    Where a ring ends is seen from its vertices, and whether it is a hole makes no difference to the tables.
    """
    geometries = np.array([zone.geometry for zone in zone_list.zones], dtype=object)
    whole = sha256(np.array([zone.buffer_m for zone in zone_list.zones], dtype="<f8").data)
    for numbers in (shapely.get_type_id(geometries), shapely.get_num_coordinates(geometries)):
        whole.update(np.ascontiguousarray(numbers, dtype="<i8").data)
    for first in range(0, len(geometries), _ZONES_AT_ONCE):
        lonlat = shapely.get_coordinates(geometries[first : first + _ZONES_AT_ONCE])
        whole.update(np.ascontiguousarray(lonlat, dtype="<f8").data)
    return whole.digest()


class Check:
    """Compares the digests of a mapped file and of the zones with what the header says, in a thread of its own."""

    def __init__(self, zone_list: ZoneList, content: memoryview, *, digest: str, zones: str) -> None:
        """Begin."""
        self._name = zone_list.name
        self._right = False
        self._thread = Thread(
            target=self._compare, args=(zone_list, content, digest, zones), name="geogate-index-check", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Wait for the answer.

        Raises: ServiceError when the file is damaged or does not belong to the zones.
        """
        self._thread.join()
        if not self._right:
            raise damaged(self._name)

    def _compare(self, zone_list: ZoneList, content: memoryview, digest: str, zones: str) -> None:
        whole = sha256()
        for first in range(0, len(content), _AT_ONCE):
            whole.update(content[first : first + _AT_ONCE])
        self._right = whole.hexdigest() == digest and zones_digest(zone_list).hex() == zones


def damaged(list_name: str) -> ServiceError:
    """Say that an index cannot be believed."""
    return ServiceError(
        f"the compiled index of zone list {list_name} is damaged, and nothing that it was used for counts",
        hint="delete its file in the folder of the indexes, and measure again; then check the disk",
    )


def read(folder: Path, zone_list: ZoneList, origin: Origin) -> tuple[Tables, Check] | None:
    """Map the tables of an index into memory; ``None`` where there is no file, or not one that fits.

    Raises: ServiceError when others can write to the folder.
    """
    check_folder(folder)
    try:
        with (folder / origin.name).open("rb") as file:
            header = _header(file, origin) if is_own(file.fileno()) else None
            if header is None:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        # It is missing, or cannot be read, or is empty.
        return None
    if len(mapped) != header.size:
        return None
    arrays = {name: _array(mapped, name, first, rows) for name, (first, rows) in header.places.items()}
    tables = Tables.of(header.bands, arrays)
    if not tables.fit(len(zone_list.zones)):
        return None
    content = memoryview(mapped)[header.begin :]
    return tables, Check(zone_list, content, digest=header.content, zones=header.zones)


def write(folder: Path, zone_list: ZoneList, origin: Origin, tables: Tables) -> None:
    """Write tables into a new file, and put it in the place of the one that there may be.

    Raises: ServiceError when others can write to the folder; OSError when it cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(folder)
    places, digest, end = {}, sha256(), 0
    for name, array in tables.arrays.items():
        places[name] = [end, len(array)]
        for piece in _pieces(array):
            digest.update(piece)
            end += len(piece)
    document = {
        "origin": origin.document(),
        "bands": tables.bands,
        "places": places,
        "end": end,
        "content": digest.hexdigest(),
        "zones": zones_digest(zone_list).hex(),
    }
    header = json.dumps(document).encode()
    header += b" " * (-(_START.size + len(header)) % _ALIGNED)
    # For this user alone: the tables are the zones.
    with NamedTemporaryFile(dir=folder, prefix=origin.name, suffix=".part", delete=False) as file:
        path = Path(file.name)
        try:
            file.write(_START.pack(_MAGIC, VERSION, len(header), sha256(header).digest()))
            file.write(header)
            for array in tables.arrays.values():
                for piece in _pieces(array):
                    file.write(piece)
            file.close()
            path.replace(folder / origin.name)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def check_folder(folder: Path) -> None:
    """Refuse a folder in which others could lay an index of their own.

    Raises: ServiceError.
    """
    if folder.exists() and why_untrusted(folder):
        raise ServiceError(
            "the folder of the compiled zone indexes belongs to another user or can be written by others",
            hint="make it a folder of your own with mode 0700, and delete what is in it",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What the header of a file says; ``places`` are the first byte and the rows of each array."""

    bands: int
    begin: int
    size: int
    content: str
    zones: str
    places: dict[str, tuple[int, int]]


def _header(file: BinaryIO, origin: Origin) -> _Header | None:
    start = file.read(_START.size)
    if len(start) < _START.size:
        return None
    magic, version, length, digest = _START.unpack(start)
    if magic != _MAGIC or version != VERSION or length > _LONGEST_HEADER:
        return None
    text = file.read(length)
    if len(text) < length or sha256(text).digest() != digest:
        return None
    document = json.loads(text)
    if document["origin"] != origin.document() or set(document["places"]) != set(LAYOUT):
        return None
    if document["bands"] not in BANDS:
        return None
    begin = _START.size + length
    return _Header(
        bands=document["bands"],
        begin=begin,
        size=begin + document["end"],
        content=document["content"],
        zones=document["zones"],
        places={name: (begin + first, rows) for name, (first, rows) in document["places"].items()},
    )


def _array(mapped: mmap.mmap, name: str, first: int, rows: int) -> NDArray[Any]:
    kind, columns = LAYOUT[name]
    array = np.frombuffer(mapped, kind, rows * columns, first)
    return read_only(array if columns == 1 else array.reshape(rows, columns))


def _pieces(array: NDArray[Any]) -> Iterator[memoryview]:
    """Yield the bytes of an array, and zeros up to where the next one may begin."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    for first in range(0, len(flat), _AT_ONCE):
        yield flat[first : first + _AT_ONCE]
    if len(flat) % _ALIGNED:
        yield memoryview(bytes(_ALIGNED - len(flat) % _ALIGNED))
