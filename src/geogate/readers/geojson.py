"""GeoJSON and GeoJSONSeq, feature by feature: a first pass for schema, CRS and count, a second for the rows.

GDAL is not used here: it takes an unknown CRS for WGS 84, guesses types and accepts what RFC 7946 does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format
from geogate.readers.columns import require_distinct
from geogate.readers.geojson_geometry import CODES, to_wkb
from geogate.readers.json_columns import Kind, column, field_of, kind_of, merge
from geogate.readers.json_text import RECORD_SEPARATOR, SPACE, JsonText, malformed

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj

BATCH_ROWS = 16_384
"""Features are Python objects for a while: fewer rows than other readers keep memory the same."""

GEOMETRY = "geometry"
IDS = ("id", "@id")
"""The column for the ids of features, and its name where a property has the first one."""


def _collection(text: JsonText, outer: dict[str, Any]) -> Iterator[Any]:
    """Yield the features of the one object of a file, and collect its other members in ``outer``."""
    text.take("{")
    while text.peek() != "}":
        if outer:
            text.take(",")
        name = text.value()
        if not isinstance(name, str) or name in outer:
            raise malformed("has an object with the same key twice, or a key that is no text")
        text.take(":")
        if name == "features":
            outer[name] = True
            yield from _array(text)
        else:
            outer[name] = text.value()
    text.take("}")
    if text.peek():
        raise malformed("goes on after its end")
    if outer.get("type") == "Feature" and "features" not in outer:
        yield outer
    elif outer.get("type") != "FeatureCollection" or "features" not in outer:
        raise malformed("is neither a FeatureCollection nor a Feature")


def _array(text: JsonText) -> Iterator[Any]:
    text.take("[")
    first = True
    while text.peek() != "]":
        if not first:
            text.take(",")
        yield text.value()
        first = False
    text.take("]")


def _sequence(text: JsonText) -> Iterator[Any]:
    """Yield the features of a sequence: each after a record separator (RFC 8142), or each on lines of its own."""
    separated = text.peek() == RECORD_SEPARATOR
    while text.peek():
        if separated:
            text.take(RECORD_SEPARATOR)
        yield text.value()
        if text.peek(" \t\r") not in {"\n", ""}:
            raise malformed("has two features on one line")
    if text.last != "\n":
        raise malformed("does not end with a line break, so its last feature may be cut")


def is_sequence(path: Path) -> bool:
    """Tell whether a file has several features one after the other rather than one object.

    Raises: UnreadableError when it is no JSON at its beginning.
    """
    with path.open("rb") as file:
        text = JsonText(file)
        if text.peek() == RECORD_SEPARATOR:
            return True
        text.take("{")
        while text.peek() not in {"}", ""}:
            name = text.value()
            text.take(":")
            if name == "features" or (text.value() == "FeatureCollection" and name == "type"):
                return False
            if text.peek() == ",":
                text.take(",")
        text.take("}")
        return text.peek(SPACE) in {"{", RECORD_SEPARATOR}


def _crs(outer: dict[str, Any]) -> pyproj.CRS | None:
    """Read the CRS member of GeoJSON 2008; RFC 7946 has none and means WGS 84, longitude first."""
    import pyproj

    if "crs" not in outer:
        return pyproj.CRS.from_user_input("OGC:CRS84")
    if outer["crs"] is None:
        return None
    try:
        if outer["crs"]["type"] == "name":
            return pyproj.CRS.from_user_input(str(outer["crs"]["properties"]["name"]))
    except (TypeError, KeyError, pyproj.exceptions.CRSError):
        pass
    raise UnreadableError(
        "the GeoJSON names a CRS that PROJ does not know", remedy="name it as urn:ogc:def:crs:EPSG::…"
    )


def _checked(feature: Any) -> tuple[Any, dict[str, Any]]:
    """Return the geometry and the properties of a feature."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature" or GEOMETRY not in feature:
        raise malformed("has a feature without its type or geometry")
    properties = feature.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise malformed("has a feature whose properties are no object")
    return feature[GEOMETRY], properties or {}


def _id_kind(value: Any) -> Kind:
    if isinstance(value, list | dict | bool):
        raise malformed("has a feature whose id is neither text nor number")
    return kind_of(value)


def _id_column(taken: Container[str]) -> str:
    free = [name for name in IDS if name not in taken]
    if not free:
        raise malformed(f"has features with an id and with properties named {' and '.join(IDS)}")
    return free[0]


@dataclass(frozen=True, slots=True)
class _Survey:
    """What the first pass found; ``id_column`` is empty where no feature has an id."""

    layer: LayerSchema
    id_column: str


@dataclass(frozen=True)
class GeoJSONSource:
    """One GeoJSON or GeoJSONSeq file, which is one layer named after the file."""

    path: Path
    format: Format

    def _features(self, outer: dict[str, Any]) -> Iterator[Any]:
        with self.path.open("rb") as file:
            text = JsonText(file)
            yield from _sequence(text) if self.format is Format.GEOJSONSEQ else _collection(text, outer)

    @cached_property
    def _survey(self) -> _Survey:
        outer: dict[str, Any] = {}
        kinds: dict[str, Kind] = {}
        ids, rows, types = Kind.NULL, 0, set()
        for feature in self._features(outer):
            geometry, properties = _checked(feature)
            for name, value in properties.items():
                kinds[name] = merge(kinds.get(name, Kind.NULL), kind_of(value))
            ids = merge(ids, _id_kind(feature.get("id")))
            types.add(geometry.get("type") if isinstance(geometry, dict) else None)
            rows += 1
        id_column = _id_column(kinds) if ids is not Kind.NULL else ""
        layer = LayerSchema(
            name=self.path.stem,
            crs=_crs(outer),
            geometry_column=GEOMETRY,
            geometry_type=_one_type(types),
            attributes=_schema(kinds, ids, id_column),
            rows=rows,
        )
        return _Survey(layer=layer, id_column=id_column)

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's one layer.

        Raises: UnreadableError.
        """
        return (self._survey.layer,)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows.

        Raises: UnreadableError.
        """
        first = 0
        features = self._features({})
        while chunk := list(islice(features, BATCH_ROWS)):
            batch = self._batch(chunk, layer, crs, first)
            yield batch
            first += batch.rows
        if first != layer.rows:
            raise UnreadableError("the file changed while it was read", remedy="stage it again", layer=layer.name)

    def _batch(self, features: list[Any], layer: LayerSchema, crs: pyproj.CRS, first: int) -> LayerBatch:
        import pyarrow as pa

        parts = [_checked(feature) for feature in features]
        wkb = pa.array([to_wkb(geometry) for geometry, _ in parts], pa.binary())
        columns = []
        for field in layer.attributes:
            if field.name == self._survey.id_column:
                values = [feature.get("id") for feature in features]
            else:
                values = [properties.get(field.name) for _, properties in parts]
            columns.append(column(values, field))
        rows = pa.record_batch(columns, schema=layer.attributes) if columns else _no_columns(wkb)
        return LayerBatch(wkb=wkb, attributes=rows, crs=crs, first_row=first)


def _one_type(types: set[Any]) -> str:
    """Name the one type of all geometries, where they have one that GeoJSON knows."""
    named = types - {None}
    (only,) = named if len(named) == 1 else (None,)
    return only if only in CODES else "Unknown"


def _no_columns(wkb: pa.Array) -> pa.RecordBatch:
    """Make a batch that has rows and no columns."""
    import pyarrow as pa

    return pa.record_batch([wkb], names=[GEOMETRY]).select([])


def _schema(kinds: dict[str, Kind], ids: Kind, id_column: str) -> pa.Schema:
    import pyarrow as pa

    fields = [field_of(name, kind) for name, kind in kinds.items()]
    if id_column:
        field = field_of(id_column, ids)
        fields.insert(0, field.with_metadata({**(field.metadata or {}), b"geogate-id": b"yes"}))
    require_distinct(pa.schema([*fields, pa.field(GEOMETRY, pa.binary())]))
    return pa.schema(fields)
