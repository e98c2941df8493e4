"""Real tables that nobody minds: from packages of the environment and from the folder of shared data, as layers."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sqlite3
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
MOST_ROWS: Final = 2_000
"""Of longer tables the first rows are taken, so that a run takes minutes."""


class NotThereError(Exception):
    """The files of a dataset are not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A real table: its name, how it is had, and the formats in which it is submitted."""

    name: str
    load: Callable[[], geopandas.GeoDataFrame]
    formats: tuple[str, ...]


def package(name: str, *parts: str) -> Path:
    """Give a file of an installed package."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise NotThereError(f"the package {name} is not installed")
    return existing(Path(found.submodule_search_locations[0], *parts))


def shared(*parts: str) -> Path:
    """Give a file of the shared data beside the repository."""
    return existing(SHARED.joinpath(*parts))


def existing(path: Path) -> Path:
    """Give a path behind which there is a file."""
    if not path.exists():
        raise NotThereError(f"{path.parent.name}/{path.name} is not there")
    return path


def on_grid(frame: pd.DataFrame) -> geopandas.GeoDataFrame:
    """Give each row a place on a tenth of a degree, which tells nothing of it."""
    frame = frame.head(MOST_ROWS).reset_index(drop=True)
    mixed = [zlib.crc32(b"place %d" % row) for row in range(len(frame))]
    places = geopandas.points_from_xy(
        [round(6 + value % 90 / 10, 1) for value in mixed], [round(46 + value // 90 % 70 / 10, 1) for value in mixed]
    )
    return geopandas.GeoDataFrame(frame, geometry=places, crs=4326)


def at(frame: pd.DataFrame, x: str, y: str) -> geopandas.GeoDataFrame:
    """Make the geometry of two columns, which go."""
    places = geopandas.points_from_xy(frame[x], frame[y])
    return geopandas.GeoDataFrame(frame.drop(columns=[x, y]), geometry=places, crs=4326).head(MOST_ROWS)


def sample(name: str, **options: Any) -> pd.DataFrame:
    """Read a table of bokeh's sample data."""
    frame: pd.DataFrame = pd.read_csv(package("bokeh_sampledata", "_data", name), **options)
    return frame


def table(name: str, *formats: str, **options: Any) -> Table:
    """Put one of bokeh's tables without a geometry on the grid."""
    stem = name.partition(".")[0]
    return Table(name=stem, load=lambda: on_grid(sample(name, **options)), formats=formats)


@cache
def countries() -> geopandas.GeoDataFrame:
    """Read the countries of Natural Earth."""
    path = package("pyogrio", "tests", "fixtures", "naturalearth_lowres", "naturalearth_lowres.shp")
    return geopandas.read_file(path)


def in_countries(frame: pd.DataFrame, column: str) -> geopandas.GeoDataFrame:
    """Put the rows of a table about countries into the middle of these."""
    middles = countries().set_index("name").geometry.representative_point()
    known = frame[frame[column].isin(middles.index)].iloc[:: max(1, len(frame) // MOST_ROWS)]
    places = shapely.set_precision(known[column].map(middles).to_numpy(), 0.1)
    return geopandas.GeoDataFrame(known.reset_index(drop=True), geometry=places, crs=4326)


@cache
def airports() -> pd.DataFrame:
    """Read the airports of the package airportsdata."""
    return pd.read_csv(package("airportsdata", "airports.csv"), keep_default_na=False)


def airports_of(country: str) -> geopandas.GeoDataFrame:
    """Take the airports of one country."""
    found = airports()
    return at(found[found["country"] == country], "lon", "lat")


@cache
def american(level: str) -> geopandas.GeoDataFrame:
    """Read the states or counties of the United States from bokeh's sample data."""
    path = package("bokeh_sampledata", "_data", "geographic_boundaries.db")
    with sqlite3.connect(path) as connection:
        rows = connection.execute(f"SELECT id, state, metadata, geometry FROM us_{level} ORDER BY ordinal").fetchall()
    about = pd.json_normalize([json.loads(row[2]) for row in rows])
    frame = geopandas.GeoDataFrame(about, geometry=shapely.from_wkb([row[3] for row in rows]), crs=4326)
    return frame.assign(id=[row[0] for row in rows], state=[row[1] for row in rows])


def counties_of(state: str) -> geopandas.GeoDataFrame:
    """Take the counties of one state."""
    found = american("counties")
    return found[found["state"] == state]


def time_zones(name: str) -> geopandas.GeoDataFrame:
    """Read a table of the places that time zones are named after, with their positions as the geometry."""
    path = package("tzdata", "zoneinfo", name)
    rows = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    frame = pd.DataFrame([[*row, ""][:4] for row in rows], columns=["countries", "at", "zone", "notes"])
    pattern = r"([+-]\d{2})(\d{2})\d{0,2}([+-]\d{3})(\d{2})\d{0,2}$"
    parts = frame["at"].str.extract(pattern).astype(float)
    frame["lat"] = (parts[0] + np.copysign(parts[1] / 60, parts[0])).round(2)
    frame["lon"] = (parts[2] + np.copysign(parts[3] / 60, parts[2])).round(2)
    return at(frame.drop(columns="at"), "lon", "lat")


def areas(where: str, *, described: bool = False) -> geopandas.GeoDataFrame:
    """Read where reference systems are used from PROJ's database, as rectangles."""
    path = package("pyproj", "proj_dir", "share", "proj", "proj.db")
    with sqlite3.connect(path) as connection:
        frame = pd.read_sql("SELECT * FROM extent WHERE west_lon < east_lon ORDER BY auth_name, code", connection)
    frame = frame[frame["name"].str.contains(where) | (frame["description"].str.contains("°") & described)].head(800)
    sides = ["west_lon", "south_lat", "east_lon", "north_lat"]
    west, south, east, north = (frame[side].to_numpy() for side in sides)
    boxes = shapely.box(west, south, east, north)
    kept = frame.drop(columns=[*sides, *([] if described else ["description"])])
    return geopandas.GeoDataFrame(kept, geometry=boxes, crs=4326)


def natural_earth_airports(*, military: bool) -> geopandas.GeoDataFrame:
    """Read the airports of Natural Earth, with or without those that are military."""
    frame = geopandas.read_file(shared("vector", "ne_10m_airports.json"))
    return frame if military else frame[~frame["type"].str.contains("military")]


def gps_fixes(*, trackers: bool) -> geopandas.GeoDataFrame:
    """Read positions of vehicles in Beijing, with or without what tells the trackers."""
    frame = geopandas.read_parquet(shared("movement", "demodata_geolife.parquet")).reset_index().head(MOST_ROWS)
    return frame if trackers else frame[["sequence", "t", "geometry"]]


def aircraft(name: str, *, named: bool) -> geopandas.GeoDataFrame:
    """Read positions of aircraft, with or without their addresses and call signs."""
    with gzip.open(shared("movement", name), "rt") as file:
        frame = pd.DataFrame(json.load(file))
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="ms")
    kept = frame if named else frame.drop(columns=["icao24", "callsign"])
    return at(kept[:: len(kept) // MOST_ROWS + 1].dropna(), "longitude", "latitude")


def gdal(name: str, **options: Any) -> geopandas.GeoDataFrame:
    """Read one of GDAL's tables, whose lines with a hash are comments."""
    return on_grid(pd.read_csv(package("pyogrio", "gdal_data", name), comment="#", **options))


def movies(name: str, *columns: str) -> geopandas.GeoDataFrame:
    """Read a table about films."""
    path = package("bokeh_sampledata", "_data", "movies.db")
    with sqlite3.connect(path) as connection:
        chosen = ", ".join(f'"{column}"' for column in columns)
        return on_grid(pd.read_sql(f'SELECT {chosen} FROM "{name}" LIMIT {MOST_ROWS}', connection))
