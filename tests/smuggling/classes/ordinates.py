"""Positions in heights and measures of geometries, beside coarse or far places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from smuggling.case import Case
from smuggling.secret import COVER, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from smuggling.secret import Position

POINTS = [SECRET[number % 3] for number in range(len(COVER))]


def _points() -> list[shapely.Geometry]:
    return [
        shapely.from_wkt(f"POINT ZM ({x} {y} {lon} {lat})") for (x, y), (lon, lat) in zip(COVER, POINTS, strict=True)
    ]


def _frame(geometries: Sequence[shapely.Geometry], **columns: object) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame({"n": range(len(geometries)), **columns}, geometry=geometries, crs=4326)


def _with_measures(geometries: Sequence[shapely.Geometry], folder: Path) -> None:
    """Write GeoParquet with measures, which geopandas leaves out."""
    path = folder / "places.parquet"
    _frame([shapely.force_2d(shape) for shape in geometries]).to_parquet(path)
    table = pq.read_table(path)
    wkb = [shapely.to_wkb(shape, flavor="iso", output_dimension=4) for shape in geometries]
    place = table.schema.get_field_index("geometry")
    table = table.set_column(place, table.schema.field(place), pa.array(wkb, pa.binary()))
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"] |= {"geometry_types": []}
    geo["columns"]["geometry"].pop("bbox", None)
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), path)


def _both(folder: Path) -> None:
    _with_measures(_points(), folder)


def _height_and_column(folder: Path) -> None:
    geometries = [shapely.Point(x, y, lon) for (x, y), (lon, _) in zip(COVER, POINTS, strict=True)]
    _frame(geometries, quality=[lat for _, lat in POINTS]).to_parquet(folder / "places.parquet")


def _line(folder: Path) -> None:
    lines = [
        shapely.LineString([(x, y, lon), (x + 0.1, y, lat)]) for (x, y), (lon, lat) in zip(COVER, POINTS, strict=True)
    ]
    _frame(lines).to_parquet(folder / "places.parquet")


def _measures(folder: Path) -> None:
    lines = [
        shapely.from_wkt(f"LINESTRING M ({x} {y} {lon}, {x + 0.1} {y} {lat})")
        for (x, y), (lon, lat) in zip(COVER, POINTS, strict=True)
    ]
    _with_measures(lines, folder)


def _read(folder: Path) -> geopandas.GeoDataFrame:
    (path,) = folder.rglob("*.parquet")
    frame = pq.read_table(path).to_pandas()
    return geopandas.GeoDataFrame(frame, geometry=shapely.from_wkb(frame["geometry"].to_numpy()), crs=4326)


def _from_points(folder: Path) -> Iterator[Position]:
    frame = _read(folder)
    yield from zip(shapely.get_z(frame.geometry.array), frame["quality"], strict=True)


def _from_vertices(axis: int) -> Callable[[Path], Iterator[Position]]:
    def recover(folder: Path) -> Iterator[Position]:
        for shape in _read(folder).geometry:
            ordinates = shapely.get_coordinates(shape, include_z=True, include_m=True)[:, axis]
            yield float(ordinates[0]), float(ordinates[1])

    return recover


def _from_dimensions(folder: Path) -> Iterator[Position]:
    for shape in _read(folder).geometry:
        yield float(shapely.get_z(shape)), float(shapely.get_m(shape))


CASES = (
    Case(
        name="height-and-measure", why="both axes behind x and y", write=_both, recover=_from_dimensions,
        fine_allowed=True,
    ),
    Case(
        name="height-and-column", why="a height, and a number with a harmless name", write=_height_and_column,
        recover=_from_points, fine_allowed=True,
    ),
    Case(name="heights-of-a-line", why="two vertices", write=_line, recover=_from_vertices(2), fine_allowed=True),
    Case(name="measures-of-a-line", why="two vertices", write=_measures, recover=_from_vertices(3), fine_allowed=True,
         ),
    Case(name="no-heights-allowed", why="the policy has a rule about heights", write=_both, recover=_from_dimensions,
         ),
)  # fmt: skip
