"""Zones as they were read before, kept by the digest of their list; what is odd about them is as if it was not there.

Reading a list strictly takes a third of a millisecond a zone, each time the gate judges. What is kept was read by the
same code from the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import shapely

from geogate.zones import normalise
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.names import Sha256

FORMAT: Final = b"geogate zones 2\n"
PRIVATE: Final = 0o700
WORTH_KEEPING: Final = 500
"""Fewer zones are read again each time."""


_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_DIGEST: Final = 32
_SCHEMA: Final = pa.schema(
    [
        *(("id", pa.string()), ("category", pa.string()), ("grade", pa.string())),
        *(("buffer_m", pa.float64()), ("geometry", pa.large_binary())),
    ]
)


@dataclass(frozen=True, slots=True)
class KeptZones:
    """The kept zones in a folder of the gate's own, one file for each list and version of the code that reads it."""

    folder: Path

    def zones(self, digest: Sha256) -> tuple[Zone, ...] | None:
        """Return the zones of the list with this digest, ``None`` where they are not kept as they were written."""
        data = _own_bytes(self._path(digest))
        head = len(FORMAT) + _DIGEST
        if data is None or not data.startswith(FORMAT) or _sum(data[head:]) != data[len(FORMAT) : head]:
            return None
        table = pa.ipc.open_stream(pa.py_buffer(data).slice(head)).read_all()
        geometries = shapely.from_wkb(table["geometry"].to_numpy())
        names = ("id", "category", "grade", "buffer_m")
        rows = zip(*(table[name].to_pylist() for name in names), geometries, strict=True)
        return tuple(
            Zone(id=i, category=category, grade=grade, buffer_m=buffer, geometry=each)
            for i, category, grade, buffer, each in rows
        )

    def keep(self, digest: Sha256, zones: Sequence[Zone]) -> None:
        """Keep the zones of a long list; where that cannot be they are read again the next time."""
        if len(zones) < WORTH_KEEPING:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, _SCHEMA) as stream:
            stream.write_table(_table(zones))
        payload = sink.getvalue().to_pybytes()
        with suppress(OSError):
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(FORMAT + _sum(payload) + payload)
                Path(name).replace(self._path(digest))
            except OSError:
                Path(name).unlink()
                raise

    def _path(self, digest: Sha256) -> Path:
        return self.folder / f"{_sum(f'{digest} {_readers()}'.encode()).hex()}.zones"


def _table(zones: Sequence[Zone]) -> pa.Table:
    geometries = shapely.to_wkb(np.array([zone.geometry for zone in zones], dtype=object))
    columns = [[getattr(zone, name) for zone in zones] for name in ("id", "category", "grade", "buffer_m")]
    return pa.table([*columns, geometries], schema=_SCHEMA)


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@cache
def _readers() -> str:
    """Name the code that makes zones from bytes: another version may read the same list differently."""
    modules = sorted((*Path(__file__).parent.glob("*.py"), *Path(normalise.__file__).parent.glob("*.py")))
    digests = [_sum(path.read_bytes()).hex() for path in modules]
    return " ".join([*digests, shapely.__version__, shapely.geos_version_string, np.__version__])


def _own_bytes(path: Path) -> bytes | None:
    """Read a plain file that nobody else may have written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        theirs = found.st_uid not in {0, os.geteuid()} or found.st_mode & _OTHERS_WRITE
        return None if theirs or not stat.S_ISREG(found.st_mode) else file.read()
