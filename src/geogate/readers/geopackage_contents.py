"""What a GeoPackage holds besides its layers: what the format has names for; of other bytes nothing is said here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from geogate.model.dataset import Fate, FilePart
from geogate.readers.geopackage import connect, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOTES: Final = {
    "gpkg_metadata": "metadata",
    "gpkg_metadata_reference": "metadata",
    "gpkg_data_columns": "notes on columns",
    "gpkg_data_column_constraints": "notes on columns",
    "gpkg_tile_matrix": "tile matrices",
    "gpkg_tile_matrix_set": "tile matrices",
    "sqlite_stat1": "statistics",
    "sqlite_stat4": "statistics",
}
_COUNTERS: Final = ("trigger_insert_feature_count_", "trigger_delete_feature_count_")
"""Triggers by which GDAL counts the features of a table."""

_TILES: Final = "gpkg_tile_matrix_"
"""Triggers of the standard, which every GeoPackage of GDAL has."""


def geopackage_parts(path: Path) -> tuple[FilePart, ...]:
    """Name what lies beside the layers.

    Raises: UnreadableError.
    """
    try:
        with closing(connect(path)) as database:
            return tuple(_removed(database))
    except (sqlite3.Error, UnicodeDecodeError, OverflowError, TypeError):
        raise damaged() from None


def _removed(database: sqlite3.Connection) -> Iterator[FilePart]:
    (size,) = database.execute("PRAGMA page_size").fetchone()
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    if free:
        yield FilePart(what="free pages", fate=Fate.REMOVED, count=free, size=free * size)
    objects = database.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
    indexes = sum(name.startswith("rtree_") and name.endswith("_rowid") for kind, name, _ in objects if kind == "table")
    counters = {f"{start}{table}" for _, _, table in objects for start in _COUNTERS}
    triggers = sum(
        kind == "trigger" and name not in counters and not name.startswith(_TILES) for kind, name, _ in objects
    )
    for what, count in (("spatial indexes", indexes), ("triggers", triggers)):
        if count:
            yield FilePart(what=what, fate=Fate.REMOVED, count=count)
    tables = {name for kind, name, _ in objects if kind == "table"}
    for table in sorted(_NOTES.keys() & tables):
        (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name of this module
        if rows:
            yield FilePart(what=_NOTES[table], fate=Fate.REMOVED, count=rows)
