"""What a JSON text is, by the members of its first object up to the one that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from geogate.model.dataset import Format
from geogate.readers.geojson import is_sequence
from geogate.readers.geojson_geometry import CODES
from geogate.readers.json_text import RECORD_SEPARATOR, JsonText
from geogate.readers.recognise_glimpse import CLOUD, NO_DATA, TABLE, VECTOR, Known

if TYPE_CHECKING:
    from pathlib import Path

_TYPES: Final[dict[str, Format | Known]] = {
    "FeatureCollection": Format.GEOJSON,
    "Topology": Format.TOPOJSON,
    "CityJSON": Known("a city model (CityJSON)", VECTOR),
    "CityJSONFeature": Known("a city model (CityJSON)", VECTOR),
    "Collection": Known("a catalogue (STAC)", "send the data itself"),
    "Catalog": Known("a catalogue (STAC)", "send the data itself"),
    **dict.fromkeys(CODES, Format.GEOJSON),
}
_ESRI: Final = Known("ESRI JSON", "export GeoJSON instead (f=geojson), GeoPackage or GeoParquet")
_MEMBERS: Final[dict[str, Known]] = {
    **dict.fromkeys(("geometryType", "spatialReference", "displayFieldName", "objectIdFieldName", "rings"), _ESRI),
    "zarr_format": Known("a part of a Zarr store", "send the whole folder"),
    "tilejson": Known("a description of tiles", "send the data itself"),
    "asset": Known("a 3D scene", NO_DATA),
    "conformsTo": Known("JSON-FG", "export RFC 7946 GeoJSON, GeoPackage or GeoParquet"),
    "pipeline": Known("a processing pipeline", CLOUD),
    "cells": Known("a notebook", NO_DATA),
}
_OTHER: Final = Known("JSON of another kind", TABLE)


def kind_of_json(path: Path) -> Format | Known:
    """Name what a JSON text is.

    Raises: UnreadableError when it is no JSON at its beginning.
    """
    with path.open("rb") as file:
        text = JsonText(file)
        if text.peek() == RECORD_SEPARATOR:
            return Format.GEOJSONSEQ
        if text.peek() == "[":
            return _OTHER
        found = _first_object(text)
    if found is None:
        return Format.GEOJSONSEQ if is_sequence(path) else Format.GEOJSON
    return found


def _first_object(text: JsonText) -> Format | Known | None:
    """Read members until one decides; ``None`` for a Feature, which may be the first of many."""
    text.take("{")
    while text.peek() not in {"}", ""}:
        name = text.value()
        text.take(":")
        if name == "features":
            return Format.GEOJSON
        if isinstance(name, str) and name in _MEMBERS:
            return _MEMBERS[name]
        value: Any = text.value()
        if name == "type" and value == "Feature":
            return None
        if name == "type" and isinstance(value, str) and value in _TYPES:
            return _TYPES[value]
        if text.peek() == ",":
            text.take(",")
    return _OTHER
