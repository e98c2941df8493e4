"""Datasets of points in every format that geogate reads, written by the libraries that people use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas
import pyogrio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Points = Sequence[tuple[float, float]]

COARSE: Points = ((8.3, 47.1), (8.4, 47.2), (-0.5, 51.4))
"""Cleared: steps of more than 6 km."""

MIDDLE: Points = ((8.31, 47.12), (8.44, 47.23), (-0.51, 51.42))
"""Held: steps of about 700 m."""

FINE: Points = ((8.30931, 47.12011), (8.4, 47.2), (-0.5, 51.4))
"""Denied: one position of a metre."""

INSIDE: Points = ((8.3, 47.1), (20.5, 20.5))
"""Denied: one position in the only zone."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: its name, the file's extension, how it is written, and the extension that it leaves with.

    ``assume_crs`` is what has to be stated because the file cannot say it.
    """

    name: str
    extension: str
    write: Callable[[Path, Points, Sequence[str]], None]
    leaves_as: str
    assume_crs: str = ""


def frame(points: Points, names: Sequence[str], crs: str | None = "EPSG:4326") -> geopandas.GeoDataFrame:
    """Give points with names, which may be fewer and begin again."""
    texts = [names[number % len(names)] for number in range(len(points))]
    geometry = geopandas.points_from_xy([x for x, _ in points], [y for _, y in points])
    return geopandas.GeoDataFrame({"name": texts}, geometry=geometry, crs=crs)


def _parquet(path: Path, points: Points, names: Sequence[str]) -> None:
    frame(points, names).to_parquet(path)


def _geoarrow(path: Path, points: Points, names: Sequence[str]) -> None:
    frame(points, names).to_parquet(path, geometry_encoding="geoarrow", schema_version="1.1.0")


def _ogr(driver: str) -> Callable[[Path, Points, Sequence[str]], None]:
    def write(path: Path, points: Points, names: Sequence[str]) -> None:
        pyogrio.write_dataframe(frame(points, names), path, driver=driver)

    return write


def _feature(point: tuple[float, float], name: str) -> str:
    geometry = {"type": "Point", "coordinates": list(point)}
    return json.dumps({"type": "Feature", "properties": {"name": name}, "geometry": geometry})


def _features(points: Points, names: Sequence[str]) -> list[str]:
    return [_feature(point, names[number % len(names)]) for number, point in enumerate(points)]


def _geojson(path: Path, points: Points, names: Sequence[str]) -> None:
    path.write_text(f'{{"type": "FeatureCollection", "features": [{", ".join(_features(points, names))}]}}')


def _geojsonseq(path: Path, points: Points, names: Sequence[str]) -> None:
    path.write_text("".join(f"{feature}\n" for feature in _features(points, names)))


def _csv(path: Path, points: Points, names: Sequence[str]) -> None:
    rows = [f"{names[number % len(names)]},{x},{y}\n" for number, (x, y) in enumerate(points)]
    path.write_text("name,lon,lat\n" + "".join(rows))


def _csv_wkt(path: Path, points: Points, names: Sequence[str]) -> None:
    rows = [f"{names[number % len(names)]},POINT ({x} {y})\n" for number, (x, y) in enumerate(points)]
    path.write_text("name,wkt\n" + "".join(rows))


KINDS: tuple[Kind, ...] = (
    Kind("GeoParquet", ".parquet", _parquet, ".parquet"),
    Kind("GeoArrow", ".parquet", _geoarrow, ".parquet"),
    Kind("GeoPackage", ".gpkg", _ogr("GPKG"), ".gpkg"),
    Kind("FlatGeobuf", ".fgb", _ogr("FlatGeobuf"), ".fgb"),
    Kind("GeoJSON", ".geojson", _geojson, ".geojson"),
    Kind("GeoJSONSeq", ".geojsonl", _geojsonseq, ".geojsonl"),
    Kind("Shapefile", ".shp", _ogr("ESRI Shapefile"), ".gpkg"),
    Kind("CSV", ".csv", _csv, ".csv"),
    Kind("CSV with WKT", ".csv", _csv_wkt, ".csv", "EPSG:4326"),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def stage(
    kind: str, folder: Path, points: Points = COARSE, *, stem: str = "data", names: Sequence[str] = ("x",)
) -> Path:
    """Write a dataset of its own: a file, or the folder of a Shapefile's parts."""
    found = BY_NAME[kind]
    if kind == "Shapefile":
        folder = folder / f"{stem}-parts"
        folder.mkdir()
    path = folder / f"{stem}{found.extension}"
    found.write(path, points, names)
    return folder if kind == "Shapefile" else path
