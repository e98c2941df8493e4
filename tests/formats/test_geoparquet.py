from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from formats.datasets import COUNTRIES, WGS84, content, rows_of, sealed, wkb_of

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers import open_dataset
from geogate.seal import geoparquet
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POINTS = ["POINT (1 2)", None, "POINT (3.5 -4)"]
XY = pa.struct([("x", pa.float64()), ("y", pa.float64())])


def described(encoding: str = "WKB", **others: Any) -> dict[str, Any]:
    return {"encoding": encoding, "geometry_types": [], **others}


def geo(*, version: str = "1.1.0", primary: str = "geometry", **columns: Any) -> dict[str, Any]:
    return {"version": version, "primary_column": primary, "columns": columns or {"geometry": described()}}


def written(folder: Path, table: pa.Table, metadata: Any, **options: Any) -> tuple[Path]:
    file = folder / "data.parquet"
    text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    pq.write_table(table.replace_schema_metadata({b"geo": text} if text else {}), file, **options)
    return (file,)


@pytest.fixture
def points() -> pa.Table:
    return pa.table({"id": [1, 2, 3], "geometry": wkb_of(POINTS)})


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_without_a_crs_key_it_is_crs84(version: str, points: pa.Table, tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, points, geo(version=version)))
    layer = source.layers[0]
    assert layer.crs == "OGC:CRS84"
    assert (layer.rows, layer.name, layer.geometry_column) == (3, "data", "geometry")
    assert layer.attributes == pa.schema([("id", pa.int64())])


def test_a_crs_of_null_means_that_nobody_knows(points: pa.Table, tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, points, geo(geometry=described(crs=None))))
    assert source.layers[0].crs is None


def test_a_crs_is_projjson(points: pa.Table, tmp_path: Path) -> None:
    crs = pyproj.CRS(2056).to_json_dict()
    (source,) = open_dataset(written(tmp_path, points, geo(geometry=described(crs=crs))))
    assert source.layers[0].crs == "EPSG:2056"


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"version":"1.1.0","version":"1.1.0","primary_column":"geometry","columns":{"geometry":{}}}',
        geo(version="2.0.0"),
        geo(version="0.4.0"),
        geo(primary="other"),
        geo(primary="absent", absent=described()),
        geo(geometry=described(), other=described()),
        geo(geometry=described("WKT")),
        geo(geometry=described("polygon")),
        geo(geometry=described(edges="spherical")),
        geo(geometry={"encoding": "WKB"}),
        geo(geometry="WKB"),
        geo(geometry=described(crs="EPSG:4326")),
        geo(geometry=described(crs={"type": "GeographicCRS"})),
        {"version": "1.1.0", "primary_column": "geometry", "columns": []},
        {"primary_column": "geometry", "columns": {"geometry": described()}},
    ],
)
def test_metadata_that_is_not_strictly_geoparquet_is_refused(metadata: Any, points: pa.Table, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        rows_of(written(tmp_path, points, metadata))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "other",
    [
        pa.field("other", pa.binary(), metadata={b"ARROW:extension:name": b"geoarrow.wkb"}),
        pa.field("other", pa.binary(), metadata={b"ARROW:extension:name": b"ogc.wkb"}),
        pa.field("other", pa.list_(pa.field("item", pa.binary(), metadata={b"ARROW:extension:name": b"geoarrow.wkb"}))),
    ],
)
def test_a_second_column_that_says_it_holds_geometries_is_refused(
    other: pa.Field, points: pa.Table, tmp_path: Path
) -> None:
    table = points.append_column(other, pa.nulls(3, other.type))
    with pytest.raises(UnreadableError, match="say that they hold geometries"):
        rows_of(written(tmp_path, table, geo()))


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("a", ""), ("a", "Geometry")])
def test_names_of_columns_that_collide_are_refused(names: tuple[str, str], points: pa.Table, tmp_path: Path) -> None:
    table = pa.Table.from_arrays([[1] * 3, [2] * 3, points["geometry"]], names=[*names, "geometry"])
    with pytest.raises(UnreadableError, match=r"column names? |has no name"):
        rows_of(written(tmp_path, table, geo()))


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), XY])
def test_wkb_that_is_not_binary_is_refused(kind: pa.DataType, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="not binary"):
        rows_of(written(tmp_path, pa.table({"geometry": pa.nulls(3, kind)}), geo()))


@pytest.mark.parametrize("kind", [pa.large_binary(), pa.binary_view()])
def test_every_binary_type_holds_wkb(kind: pa.DataType, points: pa.Table, tmp_path: Path) -> None:
    table = points.set_column(1, "geometry", points["geometry"].cast(kind))
    (source,) = open_dataset(written(tmp_path, table, geo()))
    assert content(source)[0] == wkb_of(POINTS).to_pylist()


def test_an_encrypted_file_is_refused(points: pa.Table, tmp_path: Path) -> None:
    (file,) = written(tmp_path, points, geo())
    file.write_bytes(b"PARE" + file.read_bytes()[4:-4] + b"PARE")
    with pytest.raises(UnreadableError):
        rows_of((file,))


def test_a_page_whose_checksum_does_not_fit_is_refused(points: pa.Table, tmp_path: Path) -> None:
    (file,) = written(
        tmp_path,
        points,
        geo(),
        write_page_checksum=True,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
    )
    data = bytearray(file.read_bytes())
    at = data.index(wkb_of(["POINT (3.5 -4)"])[0].as_py())
    data[at + 12] ^= 1
    file.write_bytes(data)
    with pytest.raises(UnreadableError, match="cannot be read to its end"):
        rows_of((file,))


NATIVE: dict[str, list[list[str | None]]] = {
    "point": [["POINT (1 2)", None, "POINT (3 4)"], ["POINT Z (1 2 3)", None]],
    "linestring": [["LINESTRING (0 0, 1 1)", None, "LINESTRING EMPTY"], ["LINESTRING Z (0 0 1, 1 1 2)"]],
    "polygon": [
        ["POLYGON ((0 0, 9 0, 9 9, 0 0), (1 .5, 2 .5, 2 1, 1 .5))", None],
        ["POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))"],
    ],
    "multipoint": [["MULTIPOINT ((1 2), (3 4))", None], ["MULTIPOINT Z ((1 2 3))"]],
    "multilinestring": [["MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", None]],
    "multipolygon": [["MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))", None]],
}
SEPARATED = [(encoding, texts) for encoding, groups in NATIVE.items() for texts in groups]
# Parquet forgets whether the third of three interleaved numbers is z or m.
CASES = [(*case, False) for case in SEPARATED] + [(*case, True) for case in SEPARATED if " Z " not in str(case[1])]


def native(texts: list[str | None], *, interleaved: bool) -> pa.Array:
    series: Any = gpd.GeoSeries(shapely.from_wkt(texts))
    column = pa.chunked_array(pa.array(series.to_arrow(geometry_encoding="geoarrow", interleaved=interleaved)))
    found = column.combine_chunks()
    return getattr(found, "storage", found)


@pytest.mark.parametrize(("encoding", "texts", "interleaved"), CASES)
def test_native_encodings_are_read_as_wkb(
    encoding: str,
    texts: list[str | None],
    interleaved: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
) -> None:
    column = native(texts, interleaved=interleaved)
    table = pa.table({"geometry": pa.concat_arrays([column] * 3).slice(len(texts))})
    (source,) = open_dataset(written(tmp_path, table, geo(geometry=described(encoding))))
    assert content(source)[0] == wkb_of(texts).to_pylist() * 2


def test_geopandas_native_files_are_read_and_leave_as_wkb(tmp_path: Path) -> None:
    frame = gpd.read_file(COUNTRIES)
    file, plain = tmp_path / "native.parquet", tmp_path / "plain.parquet"
    frame.to_parquet(file, geometry_encoding="geoarrow", write_covering_bbox=True)
    frame.to_parquet(plain)
    (out,) = sealed((file,), tmp_path / "out")
    found, expected = (shapely.from_wkb(content(open_dataset((one,))[0])[0]) for one in (out, plain))
    assert np.array_equal(shapely.get_coordinates(found), shapely.get_coordinates(expected))
    assert json.loads(pq.read_metadata(out).metadata[b"geo"])["columns"]["geometry"].keys() == {
        "encoding",
        "geometry_types",
        "crs",
    }


def test_an_empty_native_point_is_an_empty_point(tmp_path: Path) -> None:
    column = pa.array([{"x": np.nan, "y": np.nan}], XY)
    (source,) = open_dataset(written(tmp_path, pa.table({"geometry": column}), geo(geometry=described("point"))))
    assert content(source)[0] == wkb_of(["POINT EMPTY"]).to_pylist()


@pytest.mark.parametrize(
    ("encoding", "column"),
    [
        ("point", pa.array([{"x": 1.0, "y": 2.0, "m": 3.0}])),
        ("point", pa.array([{"y": 1.0, "x": 2.0}])),
        ("point", pa.array([{"x": 1, "y": 2}])),
        ("point", pa.array([{"x": 1.0, "y": None}])),
        ("point", pa.array([[1.0, 2.0, 3.0]], pa.list_(pa.float64(), 3))),
        ("point", pa.array([[1.0]], pa.list_(pa.float64(), 1))),
        ("point", pa.array([[{"x": 1.0, "y": 2.0}]])),
        ("linestring", pa.array([{"x": 1.0, "y": 2.0}])),
        ("linestring", pa.array([[{"x": 1.0, "y": 2.0}, None]])),
        ("polygon", pa.array([[None]], pa.list_(pa.list_(XY)))),
    ],
)
def test_native_columns_that_do_not_fit_their_encoding_are_refused(
    encoding: str, column: pa.Array, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableError):
        rows_of(written(tmp_path, pa.table({"geometry": column}), geo(geometry=described(encoding))))


def test_the_canonical_file_holds_nothing_but_rows(points: pa.Table, tmp_path: Path) -> None:
    secret = "8.123456"
    table = points.append_column(pa.field("word", pa.string(), metadata={"note": secret}), [["a", "b", "c"]])
    metadata = geo(geometry=described(bbox=[8.123456] * 4, note=secret), note=secret) | {"note": secret}
    (file,) = written(
        tmp_path, table, {**metadata, "columns": {"geometry": described(bbox=[8.123456] * 4, note=secret)}}
    )
    with pq.ParquetWriter(file, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(
            {"geo": json.dumps(geo(geometry=described(bbox=[8.123456] * 4))), "pandas": secret}
        )
    (out,) = sealed((file,), tmp_path / "out")
    assert secret.encode() in file.read_bytes()
    assert secret.encode() not in out.read_bytes()
    footer = pq.read_metadata(out)
    assert set(footer.metadata) == {b"geo"}
    assert all(footer.row_group(0).column(i).statistics is None for i in range(footer.num_columns))
    assert pq.read_schema(out).field("word").metadata is None


def test_a_crs_leaves_without_free_text(points: pa.Table, tmp_path: Path) -> None:
    crs = pyproj.CRS.from_epsg(3035).to_json_dict() | {"remarks": "8.123456"}
    (out,) = sealed(written(tmp_path, points, geo(geometry=described(crs=crs))), tmp_path / "out")
    (source,) = open_dataset((out,))
    assert b"8.123456" not in out.read_bytes()
    assert source.layers[0].crs == pyproj.CRS.from_epsg(3035)


def test_a_crs_that_nobody_publishes_does_not_leave(points: pa.Table, tmp_path: Path) -> None:
    crs = pyproj.CRS.from_proj4("+proj=laea +lat_0=47.123456 +lon_0=8.123456 +datum=WGS84").to_json_dict()
    with pytest.raises(UnreadableError, match="not one that an authority publishes"):
        sealed(written(tmp_path, points, geo(geometry=described(crs=crs))), tmp_path / "out")


@pytest.mark.parametrize("group", [1, 1000, 70_000, 131_072, 200_000])
def test_how_the_rows_were_grouped_does_not_show(group: int, tmp_path: Path) -> None:
    rows = 140_000
    wkb = wkb_of(["POINT (1 2)"]).take(pa.array(np.zeros(rows, np.int64)))
    table = pa.table({"id": np.arange(rows), "geometry": wkb})
    if group == 1:
        table, rows = table.slice(0, 50), 50
    reference = sealed(written(tmp_path, table, geo()), tmp_path / "one")[0].read_bytes()
    files = written(tmp_path, table, geo(), row_group_size=group, compression="snappy")
    assert sealed(files, tmp_path / "two")[0].read_bytes() == reference
    assert rows_of((tmp_path / "two" / "data.parquet",)) == rows


def test_the_canonical_bytes_are_the_same_with_and_without_kernels(tmp_path: Path) -> None:
    texts = [
        "POINT (1 2)",
        None,
        "LINESTRING Z (0 0 1, 1 1 2)",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
        "POINT EMPTY",
    ]
    shapes = shapely.from_wkt(texts)
    mixed = [
        shapely.to_wkb(shape, byte_order=number % 2, flavor="iso") if shape is not None else None
        for number, shape in enumerate(shapes)
    ]
    table = pa.table({"geometry": pa.array(mixed * 100, pa.binary())})
    (source,) = open_dataset(written(tmp_path, table, geo()))
    found = []
    for kernels in (False, True):
        into = tmp_path / str(kernels)
        into.mkdir()
        layers = {source.layers[0].name: WGS84}
        (out,) = encode([(source, layers)], into=into, shapefile_as=Format.GEOPACKAGE, kernels=kernels)
        found.append(out.read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("workers", [2, 3, 100])
def test_the_canonical_bytes_do_not_depend_on_the_number_of_threads(workers: int, tmp_path: Path) -> None:
    rows = 8 * geoparquet.ROW_GROUP + 5
    wkb = wkb_of(["POINT (1 2)", "POINT EMPTY", "LINESTRING (0 1, 2 3)"]).take(pa.array(np.arange(rows) % 3))
    (source,) = open_dataset(written(tmp_path, pa.table({"id": np.arange(rows), "geometry": wkb}), geo()))
    found = []
    for number in (1, workers):
        into = tmp_path / str(number)
        into.mkdir()
        layers = {source.layers[0].name: WGS84}
        (out,) = encode([(source, layers)], into=into, shapefile_as=Format.GEOPACKAGE, workers=number)
        found.append(out.read_bytes())
    assert found[0] == found[1]
    assert pq.read_table(pa.BufferReader(found[0])).column("id").to_numpy().tolist() == list(range(rows))


def test_an_error_of_a_thread_that_compresses_is_raised() -> None:
    def work(block: pa.Table) -> pa.Buffer:
        if block.num_rows == 3:
            raise pa.ArrowNotImplementedError("three")
        return pa.py_buffer(b"x")

    blocks = iter([pa.table({"a": range(rows)}) for rows in range(8)])
    with pytest.raises(pa.ArrowNotImplementedError, match="three"):
        list(geoparquet._ahead(work, blocks, workers=2))
    assert next(blocks).num_rows == 6  # nobody reads on


def test_few_blocks_are_read_ahead_of_what_is_written() -> None:
    taken: list[int] = []

    def blocks() -> Iterator[pa.Table]:
        for number in range(10):
            taken.append(number)
            yield pa.table({"a": range(number)})

    parts = geoparquet._ahead(lambda block: pa.py_buffer(bytes(block.num_rows)), blocks(), workers=2)
    sizes = []
    for part in parts:
        sizes.append(part.size)
        assert len(taken) - len(sizes) <= 2
    assert sizes == list(range(10))


def test_heavy_rows_make_small_row_groups_however_they_were_grouped(tmp_path: Path) -> None:
    heavy = wkb_of([f"LINESTRING ({', '.join(f'{number} 1' for number in range(70_000))})"])
    light = wkb_of(["POINT (1 2)"])
    column = pa.concat_arrays([light.take(pa.array([0] * 5)), heavy.take(pa.array([0] * 200))])
    table = pa.table({"word": ["x"] * 205, "geometry": column})
    reference = sealed(written(tmp_path, table, geo(), row_group_size=205), tmp_path / "one")[0]
    footer = pq.read_metadata(reference)
    rows = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    # The row that brings a group to 64 MB is its last: 60 rows of 1.12 MB.
    assert rows == [65, 60, 60, 20]
    grouped = sealed(written(tmp_path, table, geo(), row_group_size=7), tmp_path / "two")[0]
    assert grouped.read_bytes() == reference.read_bytes()


def test_a_geometry_that_cannot_be_written_is_named_by_its_row_in_the_layer(tmp_path: Path) -> None:
    rows = 140_000
    good = wkb_of(["POINT (1 2)"]).take(pa.array(np.zeros(rows, np.int64)))
    table = pa.table({"geometry": pa.concat_arrays([good, pa.array([b"\x01\x01"], pa.binary())])})
    with pytest.raises(UnreadableError, match=f"row {rows}"):
        sealed(written(tmp_path, table, geo()), tmp_path / "out")


def test_a_file_without_attributes_or_rows_is_read(tmp_path: Path) -> None:
    for rows in (0, 2):
        table = pa.table({"geometry": wkb_of(["POINT (1 2)"] * rows)})
        files = written(tmp_path, table, geo())
        (source,) = open_dataset(files)
        assert [batch.rows for batch in source.batches(source.layers[0], crs=WGS84)] == [rows] * bool(rows)
        assert pq.read_table(sealed(files, tmp_path / "out")[0]).num_rows == rows
