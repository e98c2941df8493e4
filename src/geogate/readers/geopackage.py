"""What a GeoPackage holds besides its layers, asked of SQLite itself: anything that the layer list does not show."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

JOURNALS = ("-wal", "-journal", "-shm")
HEADER_BYTES = 100
_SYSTEM = frozenset(
    {
        "gpkg_contents",
        "gpkg_data_column_constraints",
        "gpkg_data_columns",
        "gpkg_extensions",
        "gpkg_geometry_columns",
        "gpkg_metadata",
        "gpkg_metadata_reference",
        "gpkg_ogr_contents",
        "gpkg_spatial_ref_sys",
        "gpkg_tile_matrix",
        "gpkg_tile_matrix_set",
        "sqlite_sequence",
        "sqlite_stat1",
        "sqlite_stat4",
    }
)
"""The tables of the standard, of GDAL and of SQLite itself; any other is a layer or hides something."""


def _odd(why: str, remedy: str) -> UnreadableError:
    return UnreadableError(f"the GeoPackage {why}", remedy=remedy)


def damaged() -> UnreadableError:
    """Say that SQLite cannot read it."""
    return _odd("is damaged", "export it again")


def check_geopackage(path: Path) -> tuple[str, ...]:
    """Return the names of the registered feature tables of a whole GeoPackage that has nothing else.

    Raises: UnreadableError for a journal beside it, damage, views, tables that are not registered or have no geometry.
    """
    if any(path.with_name(path.name + end).exists() for end in JOURNALS):
        raise _odd("has a journal beside it, so rows may be missing", "close it in every program, then export it again")
    try:
        with closing(connect(path)) as database:
            _check_whole(database, path)
            return _feature_tables(database)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError, TypeError):
        raise damaged() from None


def connect(path: Path) -> sqlite3.Connection:
    """Open a GeoPackage to be read, without a journal and without trust in its schema."""
    database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    # A hostile schema could otherwise run functions of its own in views and indexes.
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA cell_size_check=ON")
    return database


def _check_whole(database: sqlite3.Connection, path: Path) -> None:
    (pages,), (size,) = (
        database.execute("PRAGMA page_count").fetchone(),
        database.execute("PRAGMA page_size").fetchone(),
    )
    with path.open("rb") as file:
        claimed = int.from_bytes(file.read(HEADER_BYTES)[28:32], "big")
    if path.stat().st_size != pages * size or claimed != pages:
        raise _odd("does not have the size that it claims", "export it again")
    if database.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
        raise _odd("is damaged", "export it again")


def _feature_tables(database: sqlite3.Connection) -> tuple[str, ...]:
    contents = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents ORDER BY rowid"))
    columns = [name for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns")]
    objects = database.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    indexes = _rtree_tables(database)
    views = sum(kind == "view" for _, kind in objects)
    if views:
        raise _odd(f"has {views} views", "export each view as a layer of its own, or drop it")
    tables = {name for name, _ in objects} - _SYSTEM - indexes
    features = [name for name, kind in contents.items() if kind == "features"]
    others = len(contents) - len(features)
    if others:
        raise _odd(f"has {others} contents without geometries or of tiles", "drop them, or export them separately")
    hidden = len(tables.difference(features))
    if hidden:
        raise _odd(f"has {hidden} tables that it does not register", "drop them, or export them as layers")
    if sorted(columns) != sorted(features) or not tables.issuperset(features):
        raise _odd("does not describe every layer's geometry column", "export every layer into a new GeoPackage")
    return tuple(features)


def _rtree_tables(database: sqlite3.Connection) -> set[str]:
    """Name the spatial indexes of the geometry columns with their parts; anything else of that name is a table."""
    found = database.execute("SELECT 'rtree_' || table_name || '_' || column_name FROM gpkg_geometry_columns")
    names = {str(name) for (name,) in found}
    return names | {f"{name}_{part}" for name in names for part in ("node", "parent", "rowid")}
