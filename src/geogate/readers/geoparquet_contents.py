"""Everything that a GeoParquet file holds: what its rows show, what follows from them, and what else there is."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.libraries.bare_columns import has_plain_names, is_bare
from geogate.libraries.strict import reading
from geogate.libraries.thrift import BINARY, I32, I64, LIST, STRUCT, Kinds, Struct, decoded, has_kinds, value_of
from geogate.measures.published import published
from geogate.model.dataset import Fate, FilePart
from geogate.readers.geoparquet_claims import (
    MAGIC,
    NOT_STANDARD,
    TAIL,
    account_for_groups,
    footer_of,
    gaps,
    leaves_of,
    plain,
)
from geogate.readers.geoparquet_metadata import strict_json
from geogate.readers.geoparquet_texts import texts_are_read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyproj

GEO, STORED = b"geo", b"ARROW:schema"
_TYPES: Final = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
KNOWN_TYPES: Final = frozenset({*_TYPES, "GeometryCollection", *(f"{kind} Z" for kind in _TYPES)})
_VERSION: Final = "1.1.0"
_FILE: Final[Kinds] = {
    1: I32,
    2: (LIST, STRUCT),
    3: I64,
    4: (LIST, STRUCT),
    5: (LIST, STRUCT),
    6: BINARY,
    7: (LIST, STRUCT),
}
_PAIR: Final[Kinds] = {1: BINARY, 2: BINARY}
_OF_GEOMETRIES: Final = frozenset(
    {"vertices", "rings", "points", "linestrings", "polygons", "xy", "xyz", "xym", "xyzm"}
)
"""The names by GeoArrow of what the lists of geometries hold."""
_DESCRIBED: Final = frozenset({"encoding", "geometry_types", "crs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The parts of a file, and for each row group the bytes that its columns of plain texts have for them."""

    parts: tuple[FilePart, ...]
    texts: tuple[dict[int, int], ...] = ()


def contents_of(
    path: Path, *, schema: pa.Schema, geometry: str, metadata: pq.FileMetaData, crs: pyproj.CRS | None
) -> Contents:
    """Look through a whole file; ``geometry`` is the name of its geometry column.

    Raises: UnreadableError when it cannot be read.
    """
    leaves, groups = leaves_of(metadata), metadata.num_row_groups
    with reading("looked through"), path.open("rb") as file:
        found = footer_of(file)
        if found is None:
            return Contents(parts=_named(Counter({"a footer that cannot be looked through": 1}), groups=groups))
        footer, start = found
        try:
            account = account_for_groups(file, footer, leaves)
            odd = account.odd + _of_file(footer, schema=schema, crs=crs)
        except NOT_STANDARD:
            return Contents(parts=_named(Counter({"a footer that is not to the standard": 1}), groups=groups))
        end = file.seek(0, 2)
    between, twice = gaps(account.spans, start=len(MAGIC), end=start)
    odd["bytes between the columns"] += between
    odd["columns that share bytes"] += twice
    odd["types with parameters of their own"] += sum(not _is_bare(field, geometry) for field in schema)
    odd["texts that are read as something else"] += not texts_are_read(schema, leaves)
    return Contents(parts=_named(odd, groups=groups, footer=end - TAIL - start), texts=tuple(account.texts))


def _is_bare(field: pa.Field, geometry: str) -> bool:
    # The type of geometries follows from their encoding, but for the names of what lists hold.
    return has_plain_names(field.type, _OF_GEOMETRIES) if field.name == geometry else is_bare(field.type)


def _named(odd: Counter[str], *, groups: int, footer: int | None = None) -> tuple[FilePart, ...]:
    judged = (
        FilePart(what="layers", fate=Fate.JUDGED),
        FilePart(what="row groups", fate=Fate.JUDGED, count=groups),
        FilePart(what="footers", fate=Fate.JUDGED, size=footer),
    )
    return (*judged, *(FilePart(what=what, fate=Fate.REMOVED, count=count) for what, count in sorted((+odd).items())))


def _of_file(footer: Struct, *, schema: pa.Schema, crs: pyproj.CRS | None) -> Counter[str]:
    """Compare what the footer says about the whole file with what pyarrow says about an empty one."""
    odd: Counter[str] = Counter()
    keys = [(pair[1].value, value_of(pair, 2, b"")) for pair in _values(footer, 5)]
    stored = [value for key, value in keys if key == STORED]
    odd["footer keys"] += sum(key not in {GEO, STORED} for key, _ in keys)
    odd["footer keys that stand twice"] += len(keys) - len({key for key, _ in keys})
    odd["footer keys"] += sum(not has_kinds(pair, _PAIR) for pair in _values(footer, 5))
    expected = _expected(_without_notes(schema), stored=bool(stored))
    odd["column notes"] += plain(footer.get(2)) != plain(expected.get(2)) or _has_notes(schema)
    odd["Arrow schemas"] += stored != [pair[2].value for pair in _values(expected, 5) if pair[1].value == STORED]
    odd["names of writing programs"] += value_of(footer, 6) not in {None, value_of(expected, 6)}
    odd["footer members"] += plain(footer.get(1)) != plain(expected.get(1))
    odd["footer members"] += plain(footer.get(7)) != plain(expected.get(7))
    odd["footer members"] += not has_kinds(footer, _FILE)
    for text in (value for key, value in keys if key == GEO):
        odd += odd_geo(text, crs=crs)
    return odd


def _values(footer: Struct, number: int) -> Sequence[Any]:
    return footer[number].value.values if number in footer else ()


def _without_notes(schema: pa.Schema) -> pa.Schema:
    return schema.remove_metadata()


def _has_notes(schema: pa.Schema) -> bool:
    return any(_noted(field) for field in schema)


def _noted(field: pa.Field) -> bool:
    return bool(field.metadata) or any(_noted(field.type.field(i)) for i in range(field.type.num_fields))


def _expected(schema: pa.Schema, *, stored: bool) -> Struct:
    """Read the footer of an empty file of the same schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink, store_schema=stored, version="2.6")
    data = sink.getvalue().to_pybytes()
    size = int.from_bytes(data[-TAIL:-4], "little")
    return decoded(data[-TAIL - size : -TAIL])


def odd_geo(text: bytes, *, crs: pyproj.CRS | None) -> Counter[str]:
    """Count what the ``geo`` metadata says besides where geometries are, which ones, and in which published CRS."""
    odd: Counter[str] = Counter()
    geo = strict_json(text)
    (column,) = geo["columns"].values()
    odd["members of the geo metadata"] += len(geo.keys() - {"version", "primary_column", "columns"})
    odd["bounding boxes"] += "bbox" in column
    odd["members of the geo metadata"] += len(column.keys() - _DESCRIBED - {"bbox"})
    odd["an older version of the geo metadata"] += geo["version"] != _VERSION
    types = column["geometry_types"]
    odd["geometry types that are not known"] += types != sorted(KNOWN_TYPES.intersection(types))
    if column.get("crs") is not None:
        known = published(crs) if crs is not None else None
        odd["descriptions of the reference"] += known is None or column["crs"] != known.to_json_dict()
    odd["other spellings of the geo metadata"] += not +odd and text.decode() not in _spellings(geo, column)
    return +odd


def _spellings(geo: dict[str, Any], column: dict[str, Any]) -> set[str]:
    described = {key: column[key] for key in ("encoding", "geometry_types", "crs") if key in column}
    plainly = {
        "version": geo["version"],
        "primary_column": geo["primary_column"],
        "columns": {geo["primary_column"]: described},
    }
    compact = json.dumps(plainly, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return {compact, json.dumps(plainly), json.dumps(plainly, separators=(",", ":"))}
