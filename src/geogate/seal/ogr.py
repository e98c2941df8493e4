"""Canonical GeoPackage, FlatGeobuf and Shapefile through GDAL: no index, no clock, no metadata; read back again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from geogate.libraries.bare_columns import bare_type
from geogate.libraries.gdal import configure_gdal
from geogate.libraries.strict import writing
from geogate.measures.canonical import canonical_wkb
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.seal.rows import canonical_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj

    from geogate.measures.source import LayerSchema, Source

DRIVERS = {Format.GEOPACKAGE: "GPKG", Format.FLATGEOBUF: "FlatGeobuf", Format.SHAPEFILE: "ESRI Shapefile"}
FIDS = ("fid", "ogc_fid", "geogate_fid")
NO_DATE = "2000-01-01"
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@dataclass(slots=True)
class _Seen:
    """A digest of geometries that does not depend on how their stream is cut."""

    rows: int = 0
    lengths: Any = field(default_factory=hashlib.sha256)
    bytes: Any = field(default_factory=hashlib.sha256)

    def add(self, wkb: pa.Array) -> None:
        lengths = pa.compute.fill_null(pa.compute.binary_length(wkb), -1).cast(pa.int64())
        self.lengths.update(lengths.to_numpy())
        joined = wkb.drop_null()
        if len(joined):
            start, end = joined.offset, joined.offset + len(joined)
            offsets = memoryview(joined.buffers()[1]).cast("i")
            self.bytes.update(memoryview(joined.buffers()[2])[offsets[start] : offsets[end]])
        self.rows += len(wkb)

    @property
    def digest(self) -> tuple[int, bytes, bytes]:
        """What equal geometries in the same order have in common."""
        return self.rows, self.lengths.digest(), self.bytes.digest()


def _layer_options(kind: Format, layer: LayerSchema) -> dict[str, str]:
    match kind:
        case Format.GEOPACKAGE:
            taken = {name.casefold() for name in [*layer.attributes.names, layer.geometry_column]}
            fid = next(name for name in (*FIDS, f"{FIDS[0]}_{len(taken)}") if name not in taken)
            return {"SPATIAL_INDEX": "NO", "GEOMETRY_NAME": layer.geometry_column, "FID": fid}
        case Format.FLATGEOBUF:
            return {"SPATIAL_INDEX": "NO"}
        case _:
            return {"DBF_DATE_LAST_UPDATE": NO_DATE, "ENCODING": "UTF-8"}


def _stream(
    source: Source, layer: LayerSchema, crs: pyproj.CRS, seen: _Seen
) -> tuple[pa.RecordBatchReader, list[UnreadableError]]:
    """Make the stream that GDAL consumes, and a place for the reader's own words if it fails half-way."""
    fields = [*layer.attributes, pa.field(layer.geometry_column, pa.binary())]
    schema = pa.schema([pa.field(f.name, bare_type(f.type)) for f in fields])
    failed: list[UnreadableError] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for wkb, attributes in canonical_rows(source, layer, crs):
                seen.add(wkb)
                yield pa.record_batch([*attributes.columns, wkb], schema=schema)
        except UnreadableError as error:
            failed.append(error)
            raise

    return pa.RecordBatchReader.from_batches(schema, batches()), failed


def _geometry_type(layer: LayerSchema, source: Source) -> str:
    # A Shapefile says Polygon for single and multi-part rows alike; only its points are what it says.
    if source.format is Format.SHAPEFILE and not layer.geometry_type.startswith("Point"):
        return "Unknown"
    return layer.geometry_type


def _write_layer(source: Source, layer: LayerSchema, crs: pyproj.CRS, target: Path, kind: Format) -> None:
    from pyogrio.raw import write_arrow

    seen = _Seen()
    stream, failed = _stream(source, layer, crs, seen)
    try:
        with writing(layer=layer.name):
            write_arrow(
                stream,
                target,
                layer=layer.name if kind is not Format.SHAPEFILE else target.stem,
                driver=DRIVERS[kind],
                geometry_name=layer.geometry_column,
                geometry_type=_geometry_type(layer, source),
                crs=crs.to_wkt(),
                layer_options=_layer_options(kind, layer),
            )
    except UnreadableError:
        if failed:
            raise failed[0] from None
        raise
    _compare(target, layer, seen)


def _compare(target: Path, layer: LayerSchema, written: _Seen) -> None:
    """Read the geometries back: a format that cannot hold them as they are says nothing while it writes."""
    import pyogrio
    from pyogrio.raw import open_arrow

    found = _Seen()
    with writing(layer=layer.name):
        names = [str(name) for name, _ in pyogrio.list_layers(target)]
        name = layer.name if layer.name in names else names[0]
        with open_arrow(target, layer=name, columns=[], use_pyarrow=True) as (meta, stream):
            for batch in stream:
                column = batch.column(meta["geometry_name"] or "wkb_geometry")
                found.add(canonical_wkb(getattr(column, "storage", column)))
    if found.digest != written.digest:
        raise UnreadableError(
            "the format does not hold the geometries as they are",
            remedy="send the layer as GeoPackage or GeoParquet",
            layer=layer.name,
        )


def write_ogr(source: Source, layers: dict[str, pyproj.CRS], target: Path, kind: Format) -> tuple[Path, ...]:
    """Write every layer of a source into one file, or one Shapefile with its parts.

    Raises: UnreadableError when rows are missing or do not fit the format; ServiceError when the disk fails.
    """
    configure_gdal()
    for layer in source.layers:
        _write_layer(source, layer, layers[layer.name], target, kind)
    if kind is not Format.SHAPEFILE:
        return (target,)
    return tuple(path for path in (target.with_suffix(suffix) for suffix in PARTS) if path.exists())
