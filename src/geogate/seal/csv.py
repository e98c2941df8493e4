"""Canonical CSV: the same columns with commas, text as it stood, positions as the shortest decimals that mean them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import pyarrow as pa
from pyarrow import csv as arrow_csv

from geogate.libraries.wkt import wkt_of
from geogate.measures.source import UnreadableError
from geogate.seal.rows import canonical_rows

if TYPE_CHECKING:
    from pathlib import Path

    import pyproj

    from geogate.measures.source import LayerSchema, Source


@runtime_checkable
class Delimited(Protocol):
    """What a source of CSV says besides its layers: all columns in order, and which of them are the positions."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        ...

    @property
    def position_columns(self) -> tuple[str, ...]:
        """The columns of x and y, or the one of WKT."""
        ...

    @property
    def srid(self) -> int:
        """The SRID that the geometries as text name, 0 where they name none."""
        ...


def _numbers(wkb: pa.Array) -> list[pa.Array]:
    import shapely

    points = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
    missing = shapely.is_missing(points)
    # NaN is no position that a reader of CSV lets in, so it can stand for a missing one here.
    return [pa.array(part(points), pa.float64(), mask=missing) for part in (shapely.get_x, shapely.get_y)]


def _texts(wkb: pa.Array, srid: int, layer: LayerSchema) -> list[pa.Array]:
    import shapely

    geometries = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
    texts = wkt_of(geometries)
    if not _same(geometries, shapely.from_wkt(texts)):
        raise UnreadableError(
            "a geometry has no WKT that gives it back",
            remedy="send the layer as GeoParquet",
            layer=layer.name,
        )
    prefix = f"SRID={srid};" if srid else ""
    return [pa.array([None if text is None else prefix + text for text in texts], pa.string())]


def _same(geometries: Any, others: Any) -> bool:
    """Compare to the bit, but for the sign of zero, which GEOS does not write."""
    import shapely

    transform: Any = shapely.transform  # include_z=None, each geometry as it is, is missing from its types

    def encoded(shapes: Any, *, unsigned: bool) -> list[bytes | None]:
        plain = transform(shapes, lambda xyz: xyz + 0.0, include_z=None) if unsigned else shapes
        return list(shapely.to_wkb(plain, flavor="iso", byte_order=1))

    return any(encoded(geometries, unsigned=u) == encoded(others, unsigned=u) for u in (False, True))


def write_csv(source: Source, layers: dict[str, pyproj.CRS], target: Path) -> tuple[Path, ...]:
    """Write the one layer of a source.

    Raises: UnreadableError when rows are missing.
    """
    if not isinstance(source, Delimited):
        raise UnreadableError("the file does not say which columns are its positions", remedy="send it as GeoParquet")
    (layer,) = source.layers
    schema = _schema(source)
    options = arrow_csv.WriteOptions(include_header=True, delimiter=",", quoting_style="needed")
    with arrow_csv.CSVWriter(target, schema, write_options=options) as writer:
        for wkb, attributes in canonical_rows(source, layer, layers[layer.name]):
            positions = source.position_columns
            found = _numbers(wkb) if len(positions) > 1 else _texts(wkb, source.srid, layer)
            columns: dict[str, Any] = dict(zip(positions, found, strict=True))
            columns |= dict(zip(attributes.schema.names, attributes.columns, strict=True))
            writer.write_batch(pa.record_batch([columns[name] for name in source.columns], schema=schema))
    return (target,)


def _schema(source: Delimited) -> pa.Schema:
    number = pa.float64() if len(source.position_columns) > 1 else pa.string()
    kinds = dict.fromkeys(source.position_columns, number)
    return pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in source.columns])
