"""A second place for geometry: beside the one that the reader shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from smuggling.case import Case, only
from smuggling.cover import cover, position, spread
from smuggling.secret import COVER, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smuggling.secret import Position


def _second_column(folder: Path) -> None:
    frame = cover(shape=geopandas.GeoSeries(spread([shapely.Point(p) for p in SECRET]), crs=4326))
    frame.to_parquet(folder / "places.parquet")


def _wkb_columns(folder: Path) -> Iterator[Position]:
    table = pq.read_table(only(folder, "*.parquet"))
    for name in table.column_names:
        for value in table[name].to_pylist():
            if isinstance(value, bytes):
                yield position(shapely.from_wkb(value))


def _wkb_blob(folder: Path) -> None:
    cover(payload=spread([shapely.to_wkb(shapely.Point(p)) for p in SECRET])).to_parquet(folder / "places.parquet")


def _z(folder: Path) -> None:
    points = [shapely.Point(x, y, SECRET[n % 3][n // 3 % 2]) for n, (x, y) in enumerate(COVER)]
    cover().set_geometry(geopandas.GeoSeries(points, crs=4326)).to_file(folder / "places.gpkg", driver="GPKG")


def _heights(folder: Path) -> Iterator[Position]:
    frame = geopandas.read_file(only(folder, "*.gpkg"))
    heights = [point.z for point in frame.geometry]
    yield from ((heights[n], heights[n + 3]) for n in range(3))


def _features(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads(only(folder, "*.geojson").read_text())["features"])


def _write_geojson(folder: Path, change: Any) -> None:
    document = json.loads(cover().to_json())
    change(document)
    (folder / "places.geojson").write_text(json.dumps(document))


def _bbox(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        for feature, secret in zip(document["features"], SECRET, strict=False):
            feature["bbox"] = [*secret, *secret]

    _write_geojson(folder, change)


def _boxes(folder: Path) -> Iterator[Position]:
    yield from ((each["bbox"][0], each["bbox"][1]) for each in _features(folder) if "bbox" in each)


def _foreign(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["features"][0]["origin"] = {"at": SECRET}

    _write_geojson(folder, change)


def _foreign_members(folder: Path) -> Iterator[Position]:
    yield from ((x, y) for x, y in _features(folder)[0]["origin"]["at"])


def _wkt_of_null(folder: Path) -> None:
    frame = cover(remark=spread([f"POINT ({x} {y})" for x, y in SECRET]))
    frame.loc[:2, "geometry"] = None
    frame.to_parquet(folder / "places.parquet")


def _wkt(folder: Path) -> Iterator[Position]:
    for text in pq.read_table(only(folder, "*.parquet"))["remark"].to_pylist():
        if text:
            yield position(shapely.from_wkt(text))


def _struct(folder: Path) -> None:
    table = pa.table(cover().to_arrow())
    inner = pa.array(spread([{"a": x, "b": y} for x, y in SECRET]))
    frame = cover()
    frame.to_parquet(folder / "plain.parquet")
    meta = pq.read_schema(folder / "plain.parquet").metadata
    (folder / "plain.parquet").unlink()
    geometry = pa.array(shapely.to_wkb(frame.geometry.values), pa.binary())
    table = pa.table({"name": frame["name"].to_list(), "detail": inner, "geometry": geometry})
    pq.write_table(table.replace_schema_metadata(meta), folder / "places.parquet")


def _structs(folder: Path) -> Iterator[Position]:
    for value in pq.read_table(only(folder, "*.parquet"))["detail"].to_pylist():
        if value:
            yield (value["a"], value["b"])


CASES = (
    Case(name="second-geometry-column", why="GeoParquet may have several", write=_second_column, recover=_wkb_columns),
    Case(name="wkb-in-a-binary-column", why="opaque to most readers", write=_wkb_blob, recover=_wkb_columns),
    Case(name="ordinates-as-heights", why="Z carries longitudes and latitudes", write=_z, recover=_heights),
    Case(name="bbox-members", why="GeoJSON boxes need not be those of the geometry", write=_bbox, recover=_boxes),
    Case(name="foreign-members", why="readers skip what they do not know", write=_foreign, recover=_foreign_members),
    Case(name="wkt-of-a-null-geometry", why="the row looks empty", write=_wkt_of_null, recover=_wkt),
    Case(name="struct-of-numbers", why="nested columns are seldom looked at", write=_struct, recover=_structs),
)
