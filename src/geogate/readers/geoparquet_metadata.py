"""The ``geo`` metadata of a GeoParquet file, read strictly; it decides nothing about rows.

Source: GeoParquet 1.0.0 and 1.1.0, https://geoparquet.org/releases/v1.1.0/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    import pyproj

VERSIONS = ("1.0.0", "1.1.0")
NATIVE = ("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon")
REWRITE = "write the file again with one WKB geometry column and GeoParquet 1.0 or 1.1 metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoMetadata:
    """The one geometry column: its name, ``WKB`` or a native encoding, and its CRS."""

    column: str
    encoding: str
    geometry_type: str
    crs: pyproj.CRS | None


def refuse(why: str, *, remedy: str = REWRITE) -> NoReturn:
    """Say that the metadata is not what a reader can vouch for.

    Raises: UnreadableError.
    """
    raise UnreadableError(f"the GeoParquet metadata {why}", remedy=remedy)


def strict_json(text: bytes) -> Any:
    """Parse JSON in which no key stands twice and no number is infinite.

    Raises: ValueError.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in found}) < len(found):
            raise ValueError("a key stands twice")
        return dict(found)

    def constant(_name: str) -> NoReturn:
        raise ValueError("not a JSON number")

    return json.loads(text.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)


def parse_geo(text: bytes | None) -> GeoMetadata:
    """Read the value of the file's ``geo`` key.

    Raises: UnreadableError when it is absent, unknown, ambiguous or names more than one geometry column.
    """
    if text is None:
        raise UnreadableError(
            "the Parquet file has no 'geo' metadata, so nobody can tell where its geometries are", remedy=REWRITE
        )
    try:
        geo = strict_json(text)
    except (ValueError, RecursionError):
        refuse("is not valid JSON")
    if not isinstance(geo, dict) or geo.get("version") not in VERSIONS:
        refuse(f"has a version other than {' and '.join(VERSIONS)}")
    name, columns = geo.get("primary_column"), geo.get("columns")
    if not isinstance(name, str) or not isinstance(columns, dict) or name not in columns:
        refuse("does not describe its primary column")
    if len(columns) > 1:
        refuse(
            f"names {len(columns)} geometry columns", remedy="keep one geometry column a file; drop or split the others"
        )
    return _column(name, columns[name])


def _column(name: str, column: Any) -> GeoMetadata:
    if not isinstance(column, dict):
        refuse("does not describe its primary column")
    encoding = column.get("encoding")
    if encoding != "WKB" and encoding not in NATIVE:
        refuse("has an unknown encoding")
    if column.get("edges", "planar") != "planar":
        refuse("has edges that are not planar", remedy="densify the lines, and write them as planar edges")
    types = column.get("geometry_types")
    if not isinstance(types, list) or not all(isinstance(t, str) for t in types):
        refuse("has no list of geometry types")
    return GeoMetadata(
        column=name, encoding=encoding, geometry_type=types[0] if len(types) == 1 else "Unknown", crs=_crs(column)
    )


def _crs(column: dict[str, Any]) -> pyproj.CRS | None:
    """Read the CRS; by the specification an absent key means OGC:CRS84, and null means that nobody knows."""
    import pyproj

    if "crs" not in column:
        return pyproj.CRS.from_user_input("OGC:CRS84")
    if column["crs"] is None:
        return None
    try:
        return pyproj.CRS.from_json_dict(column["crs"])
    except (pyproj.exceptions.CRSError, TypeError, ValueError, KeyError, AttributeError):
        refuse("has a CRS that is not valid PROJJSON")
