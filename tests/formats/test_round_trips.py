from __future__ import annotations

import datetime as dt
import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from formats.datasets import COUNTRY_ROWS, SUFFIXES, WGS84, content, countries, rows_of, sealed, wkb_of, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geogate.libraries.bare_columns import bare_schema
from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format
from geogate.readers import open_dataset
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj

    from geogate.model.dataset import FilePart

FLAT: dict[str, list[str | None]] = {
    "Point": ["POINT (0.1 -0.30000000000000004)", "POINT (179.99999999999997 5e-324)", None],
    "LineString": ["LINESTRING (0 0, 1.1 2.2, -3.3 1e-7)", None],
    "Polygon": ["POLYGON ((0 0, 9 0, 9 9, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))", None],
    "MultiPoint": ["MULTIPOINT ((1 2), (3 4))"],
    "MultiLineString": ["MULTILINESTRING ((0 0, 1 1), (2 2, 3 3.5))", None],
    "MultiPolygon": ["MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))"],
    "GeometryCollection": ["GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))"],
}
WITH_Z: dict[str, list[str | None]] = {
    "Point Z": ["POINT Z (1.5 2.5 -0.1)", None],
    "LineString Z": ["LINESTRING Z (0 0 1, 1 1 2.25)"],
    "Polygon Z": ["POLYGON Z ((0 0 1, 1 0 2, 1 1 3, 0 0 1))"],
    "MultiPolygon Z": ["MULTIPOLYGON Z (((0 0 1, 1 0 2, 1 1 3, 0 0 1)))"],
}
EMPTY = {
    "Point": ["POINT (1 2)", "POINT EMPTY"],
    "LineString": ["LINESTRING EMPTY"],
    "Polygon": ["POLYGON EMPTY"],
    "MultiPoint": ["MULTIPOINT EMPTY"],
    "MultiPolygon": ["MULTIPOLYGON EMPTY"],
    "GeometryCollection": ["GEOMETRYCOLLECTION EMPTY"],
}
WRITTEN_BY_GDAL = (Format.GEOPACKAGE, Format.FLATGEOBUF, Format.GEOJSON, Format.GEOJSONSEQ)
KEEPS_EMPTY = (Format.GEOPARQUET, Format.GEOPACKAGE, Format.GEOJSON)

ATTRIBUTES: dict[str, pa.Array] = {
    "int64": pa.array([2**63 - 1, -(2**63), None], pa.int64()),
    "int32": pa.array([2**31 - 1, 0, None], pa.int32()),
    "double": pa.array([0.1, 5e-324, None], pa.float64()),
    "large": pa.array([1.7976931348623157e308, -2.5, None], pa.float64()),
    "text": pa.array(["Zürich \U0001f5fa\n\"quoted\", with 'marks'", "", None], pa.string()),
    "flag": pa.array([True, False, None], pa.bool_()),
}
TYPED: dict[str, pa.Array] = {
    **ATTRIBUTES,
    "bytes": pa.array([b"\x00\xff", b"", None], pa.binary()),
    "single": pa.array([1.100000023841858, math.inf, None], pa.float32()),
}
PARQUET_ONLY: dict[str, pa.Array] = {
    "nan": pa.array([math.nan, -0.0, -math.inf], pa.float64()),
    "list": pa.array([[1, None], [], None], pa.list_(pa.int64())),
    "struct": pa.array([{"a": 1, "b": "x"}, {"a": None, "b": None}, None]),
    "decimal": pa.array([None, None, None], pa.decimal128(20, 3)),
    "day": pa.array([dt.date(2026, 2, 28), None, None]),
    "time": pa.array([dt.time(1, 2, 3, 4), None, None]),
    "zoned": pa.array([1, 2, None], pa.timestamp("us", "Europe/Zurich")),
    "nanos": pa.array([1, 2, None], pa.timestamp("ns")),
    "duration": pa.array([1, 2, None], pa.duration("s")),
    "large_text": pa.array(["x", "", None], pa.large_string()),
    "unsigned": pa.array([2**64 - 1, 0, None], pa.uint64()),
}


def bits(value: Any) -> Any:
    """Make floats comparable to the bit."""
    return struct.pack("<d", value) if isinstance(value, float) else value


def same(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> bool:
    return {name: list(map(bits, column)) for name, column in one.items()} == {
        name: list(map(bits, column)) for name, column in other.items()
    }


def round_trip(table: pa.Table, folder: Path, kind: Format, geometry_type: str) -> tuple[Any, Any]:
    (folder / "in").mkdir()
    # One feature alone is GeoJSON, whatever it was meant to be.
    table = pa.concat_tables([table, table])
    file = write(table, folder / "in" / f"data{SUFFIXES[kind]}", kind, geometry_type)
    (before,) = open_dataset((file,))
    (after,) = open_dataset(sealed((file,), folder / "out"))
    assert after.format is before.format is kind
    assert after.layers[0].rows == table.num_rows
    assert after.layers[0].attributes == bare_schema(before.layers[0].attributes)
    return content(before), content(after)


@pytest.mark.parametrize("kind", [Format.GEOPARQUET, *WRITTEN_BY_GDAL])
@pytest.mark.parametrize("geometry_type", [*FLAT, *WITH_Z])
def test_geometries_leave_as_they_came_to_the_bit(kind: Format, geometry_type: str, tmp_path: Path) -> None:
    wkb = wkb_of({**FLAT, **WITH_Z}[geometry_type])
    before, after = round_trip(pa.table({"geom": wkb}), tmp_path, kind, geometry_type)
    assert before[0] == after[0]
    # GDAL itself rounds what it writes as GeoJSON.
    assert kind in {Format.GEOJSON, Format.GEOJSONSEQ} or after[0] == wkb.to_pylist() * 2


@pytest.mark.parametrize("kind", KEEPS_EMPTY)
@pytest.mark.parametrize("geometry_type", EMPTY)
def test_empty_geometries_stay_empty_and_do_not_become_missing(
    kind: Format, geometry_type: str, tmp_path: Path
) -> None:
    wkb = wkb_of(EMPTY[geometry_type])
    before, after = round_trip(pa.table({"geom": wkb}), tmp_path, kind, geometry_type)
    assert after[0] == before[0]
    # GDAL itself writes an empty point as null.
    assert kind is Format.GEOJSON or after[0] == wkb.to_pylist() * 2


@pytest.mark.parametrize("kind", [Format.GEOPARQUET, *WRITTEN_BY_GDAL])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_leave_as_they_came_to_the_bit(kind: Format, name: str, tmp_path: Path) -> None:
    table = pa.table({name: ATTRIBUTES[name], "geom": wkb_of(["POINT (1 2)"] * 3)})
    before, after = round_trip(table, tmp_path, kind, "Point")
    assert same(before[1], after[1])
    assert same(after[1], {name: ATTRIBUTES[name].to_pylist() * 2})


@pytest.mark.parametrize("kind", [Format.GEOPARQUET, Format.GEOPACKAGE, Format.FLATGEOBUF])
@pytest.mark.parametrize("name", TYPED)
def test_attributes_keep_their_types_where_the_format_has_types(kind: Format, name: str, tmp_path: Path) -> None:
    table = pa.table({name: TYPED[name], "geom": wkb_of(["POINT (1 2)"] * 3)})
    before, after = round_trip(table, tmp_path, kind, "Point")
    assert same(before[1], after[1])
    assert same(after[1], {name: TYPED[name].to_pylist() * 2})


@pytest.mark.parametrize("name", PARQUET_ONLY)
def test_parquet_keeps_every_type_that_it_has(name: str, tmp_path: Path) -> None:
    table = pa.table({name: PARQUET_ONLY[name], "geom": wkb_of(["POINT (1 2)"] * 3)})
    before, after = round_trip(table, tmp_path, Format.GEOPARQUET, "Point")
    assert same(before[1], after[1])


def test_dictionaries_leave_as_their_values(tmp_path: Path) -> None:
    words = pa.array(["a", "b", None]).dictionary_encode()
    file = write(pa.table({"word": words, "geom": wkb_of(["POINT (1 2)"] * 3)}), tmp_path / "d", Format.GEOPARQUET, "")
    (source,) = open_dataset((file,))
    assert source.layers[0].attributes.field("word").type == pa.string()
    (out,) = sealed((file,), tmp_path / "out")
    assert pq.read_table(out)["word"].to_pylist() == ["a", "b", None]


@pytest.mark.parametrize("kind", [Format.GEOPACKAGE, Format.FLATGEOBUF])
def test_moments_with_a_zone_stay_the_same_moment(kind: Format, tmp_path: Path) -> None:
    moments = pa.array([dt.datetime(2026, 1, 2, 3, 4, 5, 678000, dt.UTC), None], pa.timestamp("ms", "UTC"))
    table = pa.table({"at": moments, "geom": wkb_of(["POINT (1 2)"] * 2)})
    before, after = round_trip(table, tmp_path, kind, "Point")
    assert before == after
    assert str(after[1]["at"][0]).replace("T", " ").replace("Z", "+00:00")[:23] == "2026-01-02 03:04:05.678"


def test_moments_in_other_zones_are_not_read_from_a_geopackage(tmp_path: Path) -> None:
    moments = pa.array([dt.datetime(2026, 1, 2, tzinfo=dt.UTC)], pa.timestamp("ms", "+02:00"))
    file = write(
        pa.table({"at": moments, "geom": wkb_of(["POINT (1 2)"])}), tmp_path / "z.gpkg", Format.GEOPACKAGE, "Point"
    )
    with pytest.raises(UnreadableError, match="date-times that are not in UTC"):
        rows_of((file,))


@dataclass(frozen=True)
class Misdeclared:
    """A source whose layer says that it is flat, and whose rows have heights."""

    path: Path
    format: Format = Format.FLATGEOBUF

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        return (
            LayerSchema(
                name="heights",
                crs=WGS84,
                geometry_column="geom",
                geometry_type="Unknown",
                attributes=pa.schema([]),
                rows=2,
            ),
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        return ()

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        del layer
        wkb = wkb_of(["POINT Z (1 2 3)", "LINESTRING Z (0 0 1, 1 1 2)"])
        yield LayerBatch(wkb=wkb, attributes=pa.record_batch({"geom": wkb}).select([]), crs=crs)


def test_a_flatgeobuf_does_not_lose_heights_silently(tmp_path: Path) -> None:
    source = Misdeclared(tmp_path / "heights.fgb")
    with pytest.raises(UnreadableError, match="does not hold the geometries as they are"):
        encode([(source, {"heights": WGS84})], into=tmp_path, shapefile_as=Format.GEOPACKAGE)


ordinates = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("kind", [Format.GEOPARQUET, *WRITTEN_BY_GDAL])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.lists(st.tuples(ordinates, ordinates), min_size=1, max_size=30))
def test_any_finite_position_survives(kind: Format, points: list[tuple[float, float]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("any")
    wkb = pa.array([struct.pack("<BIdd", 1, 1, *point) for point in points], pa.binary())
    if kind in {Format.GEOJSON, Format.GEOJSONSEQ}:
        file = folder / "data"
        lines = [
            f'{{"type":"Feature","properties":{{}},"geometry":{{"type":"Point","coordinates":[{x!r},{y!r}]}}}}'
            for x, y in points
        ]
        whole = '{"type":"FeatureCollection","features":[' + ",".join(lines) + "]}"
        file.write_text(whole if kind is Format.GEOJSON else "".join(line + "\n" for line in lines))
    else:
        file = write(pa.table({"geom": wkb}), folder / f"data{SUFFIXES[kind]}", kind, "Point")
    (out,) = sealed((file,), folder / "out")
    (after,) = open_dataset((out,))
    assert content(after)[0] == wkb.to_pylist()


@settings(max_examples=25, deadline=None)
@given(
    points=st.lists(st.tuples(ordinates, ordinates), min_size=1, max_size=30),
    texts=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), min_size=1, max_size=1),
)
def test_any_finite_position_and_any_text_survive_as_csv(
    points: list[tuple[float, float]], texts: list[str], tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    file = folder / "data.csv"
    note = texts[0].replace('"', '""')
    file.write_text("x,note,y\n" + "".join(f'{x!r},"{note}",{y!r}\n' for x, y in points), encoding="utf-8", newline="")
    (out,) = sealed((file,), folder / "out")
    before, after = content(open_dataset((file,))[0]), content(open_dataset((out,))[0])
    assert before == after
    assert after[0] == [struct.pack("<BIdd", 1, 1, *point) for point in points]
    assert after[1] == {"note": [texts[0]] * len(points)}


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_real_countries_leave_as_they_came(kind: Format, tmp_path: Path) -> None:
    files = countries(tmp_path, kind)
    (before,) = open_dataset(files)
    (after,) = open_dataset(sealed(files, tmp_path / "out"))
    assert before.layers[0].crs is not None
    assert after.layers[0].crs == before.layers[0].crs
    assert content(after) == content(before)
    assert len(content(after)[0]) == COUNTRY_ROWS
    assert after.format is (Format.GEOPACKAGE if kind is Format.SHAPEFILE else kind)


def test_a_shapefile_may_stay_one(tmp_path: Path) -> None:
    files = countries(tmp_path, Format.SHAPEFILE)
    out = sealed(files, tmp_path / "out", Format.SHAPEFILE)
    assert [path.name for path in out] == [f"countries{end}" for end in (".shp", ".shx", ".dbf", ".prj", ".cpg")]
    assert content(open_dataset(out)[0]) == content(open_dataset(files)[0])


def test_every_layer_of_a_geopackage_leaves_in_its_order(tmp_path: Path) -> None:
    frame = gpd.read_parquet(countries(tmp_path, Format.GEOPARQUET)[0])
    for name in ("zeta", "alpha"):
        frame.head(5).to_file(tmp_path / "two.gpkg", layer=name)
    (out,) = sealed((tmp_path / "two.gpkg",), tmp_path / "out")
    (source,) = open_dataset((out,))
    assert [layer.name for layer in source.layers] == ["zeta", "alpha"]
    assert [len(content(source, index)[0]) for index in (0, 1)] == [5, 5]
