"""GeoJSON and GeoJSONSeq, feature by feature: a first pass for schema, CRS and count, a second for the rows.

GDAL is not used here: it takes an unknown CRS for WGS 84, guesses types and accepts what RFC 7946 does not.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Fate, FilePart, Format
from geogate.readers.columns import require_distinct
from geogate.readers.geojson_geometry import CODES, encode_all
from geogate.readers.geojson_spelling import ID, Spelling
from geogate.readers.json_columns import Kind, column, field_of, kind_of_all, merge
from geogate.readers.json_text import RECORD_SEPARATOR, SPACE, JsonText, malformed, parse

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Container, Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj

BATCH_ROWS = 16_384
"""Features are Python objects for a while: fewer rows than other readers keep memory the same."""

RUN = 4_096
"""Features of a sequence that are looked at together."""

FEATURES = "features"
GEOMETRY = "geometry"
IDS = ("id", "@id")
"""The column for the ids of features, and its name where a property has the first one."""


def _collection(text: JsonText, outer: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield the features of the one object of a file in runs, and collect its other members in ``outer``."""
    text.take("{")
    while text.peek() != "}":
        if outer:
            text.take(",")
        name = text.value()
        if not isinstance(name, str) or name in outer:
            raise malformed("has an object with the same key twice, or a key that is no text")
        text.take(":")
        if name == FEATURES:
            outer[name] = True
            yield from text.array()
        else:
            outer[name] = text.value()
    text.take("}")
    if text.peek():
        raise malformed("goes on after its end")
    if outer.get("type") == "Feature" and FEATURES not in outer:
        yield [outer]
    elif outer.get("type") != "FeatureCollection" or FEATURES not in outer:
        raise malformed("is neither a FeatureCollection nor a Feature")


def _sequence(text: JsonText) -> Iterator[list[Any]]:
    """Yield the features of a sequence in runs."""
    features = _separated(text) if text.peek() == RECORD_SEPARATOR else _lines(text)
    while run := list(islice(features, RUN)):
        yield run
    if text.last != "\n":
        raise malformed("does not end with a line break, so its last feature may be cut")


def _separated(text: JsonText) -> Iterator[Any]:
    """Yield values that each come after a record separator (RFC 8142)."""
    while text.peek():
        text.take(RECORD_SEPARATOR)
        yield text.value()


def _lines(text: JsonText) -> Iterator[Any]:
    """Yield values that each have a line of their own."""
    while line := text.line():
        if line.strip(SPACE):
            yield parse(line)


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
            if name == FEATURES or (text.value() == "FeatureCollection" and name == "type"):
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


def _split(features: list[Any]) -> tuple[list[Any], list[dict[str, Any]], list[Any]]:
    """Return the geometries, the properties and the ids of features."""
    for feature in features:
        if not isinstance(feature, dict) or feature.get("type") != "Feature" or GEOMETRY not in feature:
            raise malformed("has a feature without its type or geometry")
    properties = [feature.get("properties") or {} for feature in features]
    if not all(isinstance(found, dict) for found in properties):
        raise malformed("has a feature whose properties are no object")
    return [feature[GEOMETRY] for feature in features], properties, [feature.get("id") for feature in features]


def _id_kind(values: list[Any]) -> Kind:
    if not set(map(type, values)) <= {int, float, str, type(None)}:
        raise malformed("has a feature whose id is neither text nor number")
    return kind_of_all(values)


def _id_column(taken: Container[str]) -> str:
    free = [name for name in IDS if name not in taken]
    if not free:
        raise malformed(f"has features with an id and with properties named {' and '.join(IDS)}")
    return free[0]


@dataclass(frozen=True, slots=True)
class _Survey:
    """What the first pass found; ``id_column`` is empty where no feature has an id, ``odd`` is what is no row."""

    layer: LayerSchema
    id_column: str
    odd: Counter[str]


@dataclass(frozen=True)
class GeoJSONSource:
    """One GeoJSON or GeoJSONSeq file, which is one layer named after the file."""

    path: Path
    format: Format

    def _features(self, outer: dict[str, Any], spelling: Spelling | None = None) -> Iterator[list[Any]]:
        """Yield the features in runs; a ``spelling`` is told of them, and of the text in which they stand."""
        with self.path.open("rb") as file:
            text = JsonText(file)
            if spelling is not None:
                text.passed()
            for run in _sequence(text) if self.format is Format.GEOJSONSEQ else _collection(text, outer):
                if spelling is not None:
                    spelling.add(run, text.passed())
                yield run
            if spelling is not None:
                spelling.tail = text.passed()

    @cached_property
    def _survey(self) -> _Survey:
        outer: dict[str, Any] = {}
        kinds: dict[str, Kind] = {}
        ids, rows, types, spelling = Kind.NULL, 0, set(), Spelling()
        for run in self._features(outer, spelling):
            geometries, properties, found = _split(run)
            for name in dict.fromkeys(chain.from_iterable(properties)):
                kind = kind_of_all([one.get(name) for one in properties])
                kinds[name] = merge(kinds.get(name, Kind.NULL), kind)
            ids = merge(ids, _id_kind(found))
            types |= {str(one.get("type")) if isinstance(one, dict) else None for one in geometries}
            rows += len(run)
        id_column = _id_column(kinds) if ids is not Kind.NULL else ""
        doubles = [name for name, kind in kinds.items() if kind is Kind.DOUBLE]
        spelling.end(outer, name=self.path.stem, doubles=[*doubles, ID] if ids is Kind.DOUBLE else doubles)
        layer = LayerSchema(
            name=self.path.stem,
            crs=_crs(outer),
            geometry_column=GEOMETRY,
            geometry_type=_one_type(types),
            attributes=_schema(kinds, ids, id_column),
            rows=rows,
        )
        return _Survey(layer=layer, id_column=id_column, odd=spelling.odd)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        survey = self._survey
        odd = sorted(survey.odd.items()) + [("byte order marks", 1)] * self._has_mark()
        return (
            FilePart(what="layers", fate=Fate.JUDGED),
            *(FilePart(what=what, fate=Fate.REMOVED, count=count) for what, count in odd),
        )

    def _has_mark(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8

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
        for chunk in _in_batches(self._features({})):
            batch = self._batch(chunk, layer, crs, first)
            yield batch
            first += batch.rows
        if first != layer.rows:
            raise UnreadableError("the file changed while it was read", remedy="stage it again", layer=layer.name)

    def _batch(self, features: list[Any], layer: LayerSchema, crs: pyproj.CRS, first: int) -> LayerBatch:
        import pyarrow as pa

        geometries, properties, ids = _split(features)
        wkb = encode_all(geometries)
        columns = []
        for field in layer.attributes:
            named = field.name == self._survey.id_column
            values = ids if named else [one.get(field.name) for one in properties]
            columns.append(column(values, field))
        rows = pa.record_batch(columns, schema=layer.attributes) if columns else _no_columns(wkb)
        return LayerBatch(wkb=wkb, attributes=rows, crs=crs, first_row=first)


def _in_batches(runs: Iterator[list[Any]]) -> Iterator[list[Any]]:
    waiting: list[Any] = []
    for run in runs:
        waiting += run
        if len(waiting) >= BATCH_ROWS:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


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
