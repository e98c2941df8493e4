from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from formats.datasets import content, rows_of, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers import json_text, open_dataset

if TYPE_CHECKING:
    from pathlib import Path

POINT = {"type": "Point", "coordinates": [7.5, 47.25]}


def feature(properties: Any = None, geometry: Any = POINT, **others: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry, **others}


def collection(*features: Any, **others: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **others, "features": list(features)}


def written(folder: Path, text: Any, name: str = "data.geojson") -> tuple[Path]:
    file = folder / name
    data = text if isinstance(text, str | bytes) else json.dumps(text)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return (file,)


def properties_of(files: tuple[Path, ...]) -> list[Any]:
    return [one["properties"] for one in json.loads(files[0].read_text())["features"]]


def crs_named(name: Any) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


def test_without_a_crs_it_is_wgs_84_with_longitude_first(tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, collection(feature())))
    assert source.layers[0].crs == "OGC:CRS84"


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::2056", "EPSG:2056"])
def test_the_crs_of_old_geojson_is_taken_and_leaves_with_it(name: str, tmp_path: Path) -> None:
    files = written(tmp_path, collection(feature(), crs=crs_named(name)))
    (out,) = sealed(files, tmp_path / "out")
    assert [s.layers[0].crs for s in open_dataset((*files, out))] == ["EPSG:2056", "EPSG:2056"]
    assert json.loads(out.read_text())["crs"] == crs_named("urn:ogc:def:crs:EPSG::2056")


def test_wgs_84_leaves_without_a_crs_member(tmp_path: Path) -> None:
    (out,) = sealed(
        written(tmp_path, collection(feature(), crs=crs_named("urn:ogc:def:crs:OGC:1.3:CRS84"))), tmp_path / "o"
    )
    assert "crs" not in json.loads(out.read_text())


def test_a_crs_of_null_means_that_nobody_knows(tmp_path: Path) -> None:
    (source,) = open_dataset(written(tmp_path, collection(feature(), crs=None)))
    assert source.layers[0].crs is None


@pytest.mark.parametrize(
    "crs", ["EPSG:4326", [], {}, {"type": "link", "properties": {"href": "http://x"}}, crs_named("moon")]
)
def test_a_crs_that_proj_does_not_know_is_refused(crs: Any, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="names a CRS that PROJ does not know"):
        rows_of(written(tmp_path, collection(feature(), crs=crs)))


def test_members_may_come_in_any_order(tmp_path: Path) -> None:
    text = '{"features":[{"geometry":null,"type":"Feature","properties":{}}],"crs":null,"type":"FeatureCollection"}'
    (source,) = open_dataset(written(tmp_path, text))
    assert (source.layers[0].rows, source.layers[0].crs) == (1, None)


def test_json_types_survive_together_with_nested_values(tmp_path: Path) -> None:
    rows = [
        {
            "i": 1,
            "f": 0.1,
            "b": True,
            "s": 'ü\u2028"\\\n',
            "n": None,
            "d": {"k": [1, "z", None]},
            "a": [1, 2],
            "mixed": 1,
        },
        {"i": -(2**63), "f": 1, "b": False, "s": "", "n": None, "d": {}, "a": [], "mixed": "1"},
        {"i": None, "f": None, "b": None, "s": None, "n": None, "d": None, "a": None, "mixed": 1.5},
        {"i": 2**53 + 1, "f": 5e-324, "b": True, "s": "x", "n": None, "d": {"é": True}, "a": ["x"], "mixed": {"a": 1}},
    ]
    files = written(tmp_path, collection(*map(feature, rows)))
    (out,) = sealed(files, tmp_path / "out")
    assert properties_of((out,)) == rows
    assert [type(row["f"]) for row in properties_of((out,))] == [float, float, type(None), float]


def test_whole_numbers_of_any_size_survive(tmp_path: Path) -> None:
    rows = [{"big": 10**30, "long": 2**60 + 1}, {"big": 1, "long": 0.5}]
    (out,) = sealed(written(tmp_path, collection(*map(feature, rows))), tmp_path / "out")
    assert properties_of((out,)) == rows


def test_columns_have_one_type_or_are_json_text(tmp_path: Path) -> None:
    rows = [
        {"i": 1, "x": 1.5, "t": "a", "b": True, "m": 1},
        {"i": 2, "x": 1, "t": None, "b": None, "m": "1", "late": 1},
    ]
    (source,) = open_dataset(written(tmp_path, collection(*map(feature, rows))))
    assert [(f.name, f.type) for f in source.layers[0].attributes] == [
        ("i", pa.int64()),
        ("x", pa.float64()),
        ("t", pa.string()),
        ("b", pa.bool_()),
        ("m", pa.string()),
        ("late", pa.int64()),
    ]
    assert content(source)[1]["m"] == ["1", '"1"']


def test_ids_of_features_are_a_column_and_leave_as_ids(tmp_path: Path) -> None:
    files = written(tmp_path, collection(feature({"a": 1}, id="x"), feature({"a": 2}, id=7), feature({"a": 3})))
    (out,) = sealed(files, tmp_path / "out")
    assert content(open_dataset(files)[0])[1]["id"] == ['"x"', "7", None]
    assert [one.get("id") for one in json.loads(out.read_text())["features"]] == ["x", 7, None]


def test_ids_beside_a_property_of_that_name_have_a_column_too(tmp_path: Path) -> None:
    (out,) = sealed(written(tmp_path, collection(feature({"id": 1}, id="x"))), tmp_path / "out")
    (one,) = json.loads(out.read_text())["features"]
    assert (one["id"], one["properties"]) == ("x", {"id": 1})
    with pytest.raises(UnreadableError, match="with an id and with properties named"):
        rows_of(written(tmp_path, collection(feature({"id": 1, "@id": 2}, id="x"))))


def test_foreign_members_and_bounds_do_not_leave(tmp_path: Path) -> None:
    secret = {"x": 8.123456}
    files = written(
        tmp_path,
        collection(
            feature({"a": 1}, {**POINT, "secret": secret, "bbox": [8.123456]}, secret=secret, bbox=[8.123456]),
            secret=secret,
        ),
    )
    (out,) = sealed(files, tmp_path / "out")
    assert "secret" not in out.read_text()
    assert "8.123456" not in out.read_text()


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"FeatureCollection","features":[]}x',
        '{"type":"FeatureCollection","features":[]}{}',
        '{"type":"FeatureCollection","features":[],"features":[]}',
        '{"type":"FeatureCollection","features":{}}',
        '{"type":"FeatureCollection","features":[1]}',
        '{"type":"FeatureCollection","features":[{}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{}}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":[1],"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1,"a":2},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":NaN},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1e999},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":[1e999]},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":"\\ud800"},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"":1},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"A":1,"a":1},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"geometry":1},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","id":[1],"properties":{},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","id":true,"properties":{},"geometry":null}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":null},]}',
        '{"type":"FeatureCollection" "features":[]}',
        "{'type':'FeatureCollection','features':[]}",
        '{"type":["FeatureCollection"],"features":[]}',
        '{"type":"FeatureCollection","features":' + "[" * 100_000,
        '{"type":"Feature","properties":' + '{"a":' * 100_000,
    ],
)
def test_what_is_not_strictly_geojson_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        rows_of(written(tmp_path, text))
    assert caught.value.remedy


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_other_encodings_are_refused(encoding: str, tmp_path: Path) -> None:
    text = json.dumps(collection(feature({"name": "Zürich"})), ensure_ascii=False)
    with pytest.raises(UnreadableError):
        rows_of(written(tmp_path, text.encode(encoding)))


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, "\ufeff" + json.dumps(collection(feature())))) == 1


RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    "geometry",
    [
        7,
        [],
        {},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": ["Point"], "coordinates": [1, 2]},
        {"type": "Point"},
        {"type": "Point", "coordinates": None},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": [1, 2, 3, 4]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [True, False]},
        {"type": "Point", "coordinates": [1, None]},
        {"type": "Point", "coordinates": [[1, 2]]},
        {"type": "Point", "coordinates": "ab"},
        {"type": "Point", "coordinates": [10**400, 1]},
        {"type": "LineString", "coordinates": [[0, 0], [1, 1, 1]]},
        {"type": "LineString", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": {"a": 1}},
        {"type": "Polygon", "coordinates": [RING[:3]]},
        {"type": "Polygon", "coordinates": [[*RING[:3], [0, 0.1]]]},
        {"type": "Polygon", "coordinates": RING},
        {"type": "MultiPolygon", "coordinates": [[RING, []]]},
        {"type": "GeometryCollection"},
        {"type": "GeometryCollection", "geometries": [None]},
        {"type": "GeometryCollection", "geometries": [POINT, {"type": "Point", "coordinates": [1, 2, 3]}]},
    ],
)
def test_geometries_that_rfc_7946_does_not_know_are_refused(geometry: Any, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        rows_of(written(tmp_path, collection(feature({}, geometry), feature())))


def test_a_collection_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    geometry: dict[str, Any] = POINT
    for _ in range(30):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    with pytest.raises(UnreadableError, match="not nested as its type says"):
        rows_of(written(tmp_path, collection(feature({}, geometry))))


@pytest.mark.parametrize(
    "text",
    [
        "{0}\n{0}\n",
        "{0}\n\n{0}\n\n",
        "{0}\r\n{0}\r\n",
        "\x1e{0}\n\x1e{0}\n",
        '\x1e{{"type":"Feature",\n"properties":{{}},\n"geometry":null}}\n\x1e{0}\n',
    ],
)
def test_sequences_are_recognised_and_stay_sequences(text: str, tmp_path: Path) -> None:
    files = written(tmp_path, text.format(json.dumps(feature({"a": 1}))))
    (source,) = open_dataset(files)
    assert source.format is Format.GEOJSONSEQ
    (out,) = sealed(files, tmp_path / "out")
    assert out.suffix == ".geojsonl"
    assert [json.loads(line)["type"] for line in out.read_text().splitlines()] == ["Feature"] * 2


@pytest.mark.parametrize(
    "text", ["{0}\n{0}", "{0}\n{0}{0}\n", "{0}\n[1]\n", "{0}\n\x1e{0}\n", "\x1e{0}\n{0}\n", "{0}\n{{\n"]
)
def test_what_is_not_strictly_a_sequence_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        rows_of(written(tmp_path, text.format(json.dumps(feature()))))


def test_a_sequence_cannot_name_another_crs(tmp_path: Path) -> None:
    files = written(tmp_path, (json.dumps(feature()) + "\n") * 2)
    (source,) = open_dataset(files)
    import pyproj

    from geogate.seal.canonical import encode

    with pytest.raises(UnreadableError, match="GeoJSONSeq cannot name"):
        encode([(source, {"data": pyproj.CRS(2056)})], into=tmp_path, shapefile_as=Format.GEOPACKAGE)


@pytest.mark.parametrize("opening", ['{"type":"Feature","x":', '{ "type": "Feature", "x":', '{"x":'])
def test_long_files_are_read_piece_by_piece_however_features_begin(opening: str, tmp_path: Path) -> None:
    # Texts within features look like the beginning of the next one, so that cuts fall at the wrong places too.
    tail = ',"type":"Feature"' if opening == '{"x":' else ""
    one = opening + '",{\\"type\\":\\"Feature\\"},"' + tail + ',"properties":{"n":%d,"t":"},{"},"geometry":null}'
    rows = 3 * json_text.CHUNK // len(one)
    text = '{"type":"FeatureCollection","features":[' + ",\n".join(one % n for n in range(rows)) + "]}"
    (source,) = open_dataset(written(tmp_path, text))
    assert content(source)[1]["n"] == list(range(rows))


def test_a_feature_larger_than_the_buffer_is_read(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[i, i + 0.5] for i in range(200_000)]}
    (source,) = open_dataset(written(tmp_path, collection(feature({}, line), feature())))
    wkb = content(source)[0]
    assert len(wkb[0] or b"") == 9 + 200_000 * 16


def test_a_feature_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (file,) = written(tmp_path, '{"type":"FeatureCollection","features":["')
    with file.open("ab") as target:
        target.writelines([b"x" * json_text.CHUNK] * (2 * json_text.LARGEST_VALUE // json_text.CHUNK))
    with pytest.raises(UnreadableError, match="too large"):
        rows_of((file,))


def test_geometries_that_are_not_finite_do_not_leave_as_geojson(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, collection(feature({}, {"type": "Point", "coordinates": []})))) == 1
    (out,) = sealed(written(tmp_path, collection(feature({}, {"type": "Point", "coordinates": []}))), tmp_path / "out")
    assert json.loads(out.read_text())["features"][0]["geometry"] == {"type": "Point", "coordinates": []}
