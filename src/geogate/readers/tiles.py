"""Vector tiles in MBTiles and PMTiles: every layer at every zoom is a layer, because each may show what others blur."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format
from geogate.readers.table_layer import Survey, batches_of
from geogate.readers.tiles_decode import Tile, bad_tile
from geogate.readers.tiles_pmtiles import pmtiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.measures.source import LayerSchema
    from geogate.readers.table_layer import Row

MOST_LAYERS: Final = 2_000
MOST_STEPS: Final = 2_000_000_000
"""Steps of SQLite's machine that one query may take: a view could go on for ever."""

_STEPS_AT_ONCE: Final = 100_000
_TABLES: Final = frozenset({"tiles", "metadata", "map", "images", "sqlite_stat1", "sqlite_sequence"})
_LAYERS_AND_ZOOM: Final = "@"


@dataclass(frozen=True)
class TilesSource:
    """One file of vector tiles."""

    path: Path
    format: Format

    def _tiles(self, zoom: int | None = None) -> Iterator[Tile]:
        found = _mbtiles(self.path) if self.format is Format.MBTILES else pmtiles(self.path)
        return (tile for tile in found if zoom is None or tile.zoom == zoom)

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """A layer for each layer of the tiles at each zoom.

        Raises: UnreadableError.
        """
        import pyproj

        surveys: dict[tuple[int, str], Survey] = {}
        for tile in self._tiles():
            for name, row in tile.rows():
                surveys.setdefault((tile.zoom, name), Survey()).add(row)
            if len(surveys) > MOST_LAYERS:
                raise bad_tile("have too many layers")
        if not surveys:
            raise bad_tile("have no features")
        crs = pyproj.CRS.from_epsg(3857)
        return tuple(
            survey.layer(f"{name}{_LAYERS_AND_ZOOM}{zoom}", crs) for (zoom, name), survey in sorted(surveys.items())
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        rows = sum(layer.rows or 0 for layer in self.layers)
        return (
            FilePart(what="features of tiles", fate=Fate.JUDGED, count=rows),
            FilePart(what="metadata, directories and free space of tiles", fate=Fate.REMOVED),
        )

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows of a layer.

        Raises: UnreadableError.
        """
        name, _, zoom = layer.name.rpartition(_LAYERS_AND_ZOOM)
        yield from batches_of(self._rows(name, int(zoom)), layer, crs)

    def _rows(self, name: str, zoom: int) -> Iterator[Row]:
        for tile in self._tiles(zoom):
            yield from (row for _, row in tile.rows(name))


def _mbtiles(path: Path) -> Iterator[Tile]:
    """Yield the tiles of a database in the order of their numbers.

    Raises: UnreadableError for other tables, and whatever is damaged.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    left = [MOST_STEPS // _STEPS_AT_ONCE]

    def spent() -> bool:
        left[0] -= 1
        return left[0] < 0

    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("PRAGMA trusted_schema=OFF")
            database.set_progress_handler(spent, _STEPS_AT_ONCE)
            _require_tiles_only(database)
            query = "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles ORDER BY 1, 2, 3"
            for zoom, column, row, data in database.execute(query):
                yield _tile(zoom, column, row, data)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError):
        raise bad_tile() from None


def _require_tiles_only(database: sqlite3.Connection) -> None:
    names = {str(name).lower() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type != 'index'")}
    if names - _TABLES:
        raise UnreadableError("the MBTiles has tables that are no tiles", remedy="export the tiles into a new file")
    if database.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
        raise bad_tile()
    if database.execute("SELECT count(*) FROM metadata WHERE name = 'scheme' AND value != 'tms'").fetchone() != (0,):
        raise bad_tile("are numbered in an uncommon way")


def _tile(zoom: object, column: object, row: object, data: object) -> Tile:
    """Make a tile whose row counts from the north.

    Raises: UnreadableError when its numbers are none, or lie outside of its zoom.
    """
    if not (type(zoom) is int and type(column) is int and type(row) is int and isinstance(data, bytes)):
        raise bad_tile()
    most = 1 << zoom if 0 <= zoom <= _DEEPEST else 0
    if not (0 <= column < most and 0 <= row < most):
        raise bad_tile("have numbers outside of their zoom")
    return Tile(zoom, column, most - 1 - row, data)


_DEEPEST: Final = 30
