"""Files of every format for tests, real ones and made ones, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely
from pyogrio.raw import write_arrow

from geogate.model.dataset import Format
from geogate.readers import open_dataset
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.measures.source import Source

COUNTRIES = Path(pyogrio.__file__).parent / "tests/fixtures/naturalearth_lowres/naturalearth_lowres.shp"
PARTS = (".shx", ".dbf", ".prj", ".cpg")
WGS84 = pyproj.CRS.from_user_input("OGC:CRS84")
DRIVERS = {
    Format.GEOPACKAGE: "GPKG",
    Format.FLATGEOBUF: "FlatGeobuf",
    Format.GEOJSON: "GeoJSON",
    Format.GEOJSONSEQ: "GeoJSONSeq",
    Format.SHAPEFILE: "ESRI Shapefile",
}
SUFFIXES = {
    Format.GEOPARQUET: ".parquet",
    Format.GEOPACKAGE: ".gpkg",
    Format.FLATGEOBUF: ".fgb",
    Format.GEOJSON: ".geojson",
    Format.GEOJSONSEQ: ".geojsonl",
    Format.SHAPEFILE: ".shp",
    Format.CSV: ".csv",
}
COUNTRY_ROWS = 177


def countries(folder: Path, kind: Format) -> tuple[Path, ...]:
    """Write the countries of Natural Earth in a format, with the tools that other people use."""
    target = folder / f"countries{SUFFIXES[kind]}"
    frame = gpd.read_file(COUNTRIES)
    if kind is Format.GEOPARQUET:
        frame.to_parquet(target)
    elif kind is Format.CSV:
        frame["wkt"] = "SRID=4326;" + frame.geometry.to_wkt(rounding_precision=-1)
        frame.drop(columns="geometry").to_csv(target, index=False)
    else:
        frame.to_file(target, driver=DRIVERS[kind])
    return (target, *(target.with_suffix(part) for part in PARTS)) if kind is Format.SHAPEFILE else (target,)


def wkb_of(texts: Sequence[str | None]) -> pa.Array:
    """Encode WKT as little-endian ISO WKB."""
    shapes = shapely.from_wkt(texts)
    return pa.array(shapely.to_wkb(shapes, flavor="iso", byte_order=1), pa.binary())


def write(table: pa.Table, target: Path, kind: Format, geometry_type: str) -> Path:
    """Write a table with a column ``geom`` of WKB through the format's ordinary writer."""
    if kind is Format.GEOPARQUET:
        metadata = (
            b'{"version":"1.1.0","primary_column":"geom","columns":{"geom":{"encoding":"WKB","geometry_types":[]}}}'
        )
        pq.write_table(table.replace_schema_metadata({b"geo": metadata}), target)
        return target
    options = {"SPATIAL_INDEX": "NO"} if kind is Format.FLATGEOBUF else {}
    write_arrow(
        table,
        target,
        driver=DRIVERS[kind],
        geometry_name="geom",
        geometry_type=geometry_type,
        crs="OGC:CRS84",
        layer_options=options,
    )
    return target


def content(source: Source, layer: int = 0) -> tuple[list[bytes | None], dict[str, list[Any]]]:
    """Read all rows of a layer: geometries, and attributes by column."""
    schema = source.layers[layer]
    batches = list(source.batches(schema, crs=schema.crs or WGS84))
    wkb = [value for batch in batches for value in batch.wkb.to_pylist()]
    rows = pa.Table.from_batches([batch.attributes for batch in batches], schema=schema.attributes)
    return wkb, rows.to_pydict()


def rows_of(files: tuple[Path, ...]) -> int:
    """Read every row of every layer and return their number."""
    sources = open_dataset(files)
    layers = [(source, layer) for source in sources for layer in source.layers]
    return sum(batch.rows for source, layer in layers for batch in source.batches(layer, crs=layer.crs or WGS84))


def sealed(files: tuple[Path, ...], into: Path, shapefile_as: Format = Format.GEOPACKAGE) -> tuple[Path, ...]:
    """Write the canonical encoding of some files."""
    into.mkdir(exist_ok=True)
    sources = [(s, {layer.name: layer.crs or WGS84 for layer in s.layers}) for s in open_dataset(files)]
    return encode(sources, into=into, shapefile_as=shapefile_as)
