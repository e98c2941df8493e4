"""Canonical GeoJSON and GeoJSONSeq, written by geogate itself: features in order, one a line, and no foreign member."""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.seal.rows import canonical_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.source import LayerSchema, Source

WGS84 = (("OGC", "CRS84"), ("EPSG", "4326"))
"""What RFC 7946 means where it names no CRS; longitude comes first under both names."""

_LONG = re.compile(r"-?(?=[\d.]{17})[\d.]++(?:e[+-]?\d++)?|-?[\d.]++e[+-]?\d++")
"""Numbers that GEOS may write with more digits than it takes: of two spellings of a double, one has more than 15."""

_JSON = b"geogate"
_ID = b"geogate-id"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _geometries(wkb: pa.Array, layer: LayerSchema) -> NDArray[np.object_]:
    """Write geometries with the fewest digits that give back every double, ``null`` for missing ones."""
    import shapely

    shapes = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
    ordinates = shapely.get_coordinates(shapes, include_z=bool(shapely.has_z(shapes).any()))
    # GEOS fills the Z of flat geometries beside others with NaN: only x and y count for those.
    if np.isinf(ordinates).any() or np.isnan(ordinates[:, :2]).any():
        raise UnreadableError(
            "a geometry has ordinates that are not finite",
            remedy="remove or correct them; GeoJSON cannot hold them",
            layer=layer.name,
        )
    texts: NDArray[np.object_] = shapely.to_geojson(shapes)
    texts[shapely.is_missing(shapes)] = "null"
    for number, text in enumerate(texts):
        texts[number] = _LONG.sub(_shortest, text)
    return texts


def _shortest(found: re.Match[str]) -> str:
    return repr(float(found[0]))


def _columns(attributes: pa.RecordBatch, layer: LayerSchema) -> dict[str, list[str]]:
    """Write the values of every column as JSON; what is JSON text already stays as it is."""
    columns = {}
    for field, column in zip(layer.attributes, attributes.columns, strict=True):
        values = column.to_pylist()
        if _JSON in (field.metadata or {}):
            columns[field.name] = ["null" if value is None else value for value in values]
        else:
            columns[field.name] = [_dump(value) for value in values]
    return columns


def _features(source: Source, layer: LayerSchema, crs: pyproj.CRS) -> Iterator[str]:
    ids = [field.name for field in layer.attributes if _ID in (field.metadata or {})]
    names = [name for name in layer.attributes.names if name not in ids]
    keys = [_dump(name) + ":" for name in names]
    for wkb, attributes in canonical_rows(source, layer, crs):
        geometries = _geometries(wkb, layer)
        columns = _columns(attributes, layer)
        rows = zip(*(columns[name] for name in names), strict=True) if names else ((),) * len(geometries)
        identities = columns[ids[0]] if ids else ["null"] * len(geometries)
        for geometry, values, identity in zip(geometries, rows, identities, strict=True):
            start = '{"type":"Feature",' + (f'"id":{identity},' if identity != "null" else "")
            properties = ",".join([key + value for key, value in zip(keys, values, strict=True)])
            yield f'{start}"properties":{{{properties}}},"geometry":{geometry}}}'


def _crs_member(crs: pyproj.CRS, layer: LayerSchema) -> str:
    authority = crs.to_authority(min_confidence=100)
    if authority in WGS84:
        return ""
    if authority is None:
        raise UnreadableError(
            "GeoJSON cannot name the layer's CRS",
            remedy="reproject to longitude and latitude (EPSG:4326), or to a CRS with a code",
            layer=layer.name,
        )
    name = f"urn:ogc:def:crs:{authority[0]}::{authority[1]}"
    return f'"crs":{_dump({"type": "name", "properties": {"name": name}})},'


def write_geojson(source: Source, layers: dict[str, pyproj.CRS], target: Path, kind: Format) -> tuple[Path, ...]:
    """Write the one layer of a source.

    Raises: UnreadableError when rows are missing, or a geometry or the CRS has no form in GeoJSON.
    """
    (layer,) = source.layers
    crs = layers[layer.name]
    member = _crs_member(crs, layer)
    with target.open("w", encoding="utf-8", newline="\n") as file:
        if kind is Format.GEOJSONSEQ:
            if member:
                raise UnreadableError(
                    "GeoJSONSeq cannot name the layer's CRS",
                    remedy="reproject to longitude and latitude (EPSG:4326)",
                    layer=layer.name,
                )
            file.writelines(feature + "\n" for feature in _features(source, layer, crs))
        else:
            _write_collection(file, member, _features(source, layer, crs))
    return (target,)


def _write_collection(file: IO[str], member: str, features: Iterator[str]) -> None:
    file.write(f'{{"type":"FeatureCollection",{member}"features":[')
    for index, feature in enumerate(features):
        file.write((",\n" if index else "\n") + feature)
    file.write("\n]}\n")
