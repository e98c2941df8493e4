"""What a SQLite database is: a GeoPackage by its identifier, tiles by its tables, or another one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from geogate.model.dataset import Format
from geogate.readers.recognise_glimpse import VECTOR, Known

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.readers.recognise_glimpse import Glimpse

_GEOPACKAGE: Final = (b"GPKG", b"GP10", b"GP11")
_TILES: Final = b"MPBX"
MOST_NAMES: Final = 10_000


def is_sqlite(seen: Glimpse) -> bool:
    """Tell whether a file is a SQLite database."""
    return seen.head.startswith(b"SQLite format 3\0")


def kind_of_sqlite(seen: Glimpse) -> Format | Known:
    """Name what a database is; a GeoPackage says so itself, and its reader looks at all its tables."""
    identifier = seen.head[68:72]
    if identifier in _GEOPACKAGE:
        return Format.GEOPACKAGE
    names = _names(seen.path)
    if identifier == _TILES or {"tiles", "metadata"} <= names:
        return Format.MBTILES
    if {"geometry_columns", "spatial_ref_sys"} <= names:
        return Known("a SpatiaLite database", VECTOR)
    return Known("a SQLite database", VECTOR)


def _names(path: Path) -> set[str]:
    """Name the tables and views in lower case; none where the database is damaged."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("PRAGMA trusted_schema=OFF")
            found = database.execute("SELECT lower(name) FROM sqlite_master LIMIT ?", (MOST_NAMES,)).fetchall()
            return {str(name) for (name,) in found}
    except (sqlite3.Error, UnicodeDecodeError):
        return set()
