"""Positions in the names of things: files, layers, columns, folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas
import pyogrio
from smuggling.case import Case
from smuggling.classes.positions_in_text import geohash, ungeohash
from smuggling.cover import cover
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smuggling.secret import Position

PAIR = re.compile(r"(\d+\.\d{4,})[^\d.]+(\d+\.\d{4,})")
PLAIN = f"{SECRET[0][1]:.6f}_{SECRET[0][0]:.6f}"


def _pairs(text: str) -> Iterator[Position]:
    yield from ((float(lon), float(lat)) for lat, lon in PAIR.findall(text))


def _paths(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*"):
        yield from _pairs(path.relative_to(folder).as_posix())


def _file(folder: Path) -> None:
    cover().to_file(folder / f"site_{PLAIN}.geojson", driver="GeoJSON")


def _folder(folder: Path) -> None:
    inner = folder / f"N{PLAIN.replace('_', ' E')}"
    inner.mkdir()
    cover().to_parquet(inner / "places.parquet")


def _layer(folder: Path) -> None:
    cover().to_file(folder / "places.gpkg", driver="GPKG", layer=f"at {SECRET[0][1]:.6f}, {SECRET[0][0]:.6f}")


def _layers(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.gpkg"):
        for name, _ in pyogrio.list_layers(path):
            yield from _pairs(name)


def _column(folder: Path) -> None:
    cover(**{f"v {SECRET[0][1]:.6f} {SECRET[0][0]:.6f}": 1}).to_parquet(folder / "places.parquet")


def _columns(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.parquet"):
        yield from (position for name in geopandas.read_parquet(path).columns for position in _pairs(name))


def _hashes(folder: Path) -> None:
    for number, secret in enumerate(SECRET):
        cover().to_parquet(folder / f"geohash={geohash(*secret)}-{number}.parquet")


def _unhashed(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.parquet"):
        yield ungeohash(path.stem.split("=")[1].split("-")[0])


def _marked(first: str, second: str) -> Case:
    """Call columns with the axes as what geogate, or any program, calls its own."""

    def write(folder: Path) -> None:
        lons, lats = ([at[axis] + row * 1e-6 for row, at in enumerate(SECRET * 4)] for axis in range(2))
        cover(**{first: lons, second: lats}).to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        for path in folder.rglob("*.parquet"):
            found = geopandas.read_parquet(path)
            yield from zip(found[first], found[second], strict=True)

    return Case(name=f"called-{first}", why="no name of a column makes it invisible", write=write, recover=recover)


CASES = (
    _marked("lon#", "lat#"),
    _marked("height of the geometry", "measure of the geometry"),
    _marked("p[0]", "p[1]"),
    Case(name="file", why="the name leaves with the file", write=_file, recover=_paths),
    Case(name="folder", why="an object's key has the folders", write=_folder, recover=_paths),
    Case(name="layer", why="a layer's name is kept", write=_layer, recover=_layers),
    Case(name="column", why="a column's name is kept", write=_column, recover=_columns),
    Case(name="geohash-partition", why="partitioned tables carry values in names", write=_hashes, recover=_unhashed),
)
