"""Positions written in texts: what is found in which column, how sure it is, and what it costs."""

from __future__ import annotations

import base64
import gzip
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden import Strength
from geogate.measures.hidden.text import TextPositions, TextScan, names, positions_in, text_positions
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.hidden import Found

PLACE = (8.5417, 47.3769)
PLANTED = [
    "47.3769, 8.5417",
    "N47.3769 E8.5417",
    "lat=47.3769 lon=8.5417",
    "(47.3769|8.5417)",
    "47,3769; 8,5417",
    "47°22'37\"N 8°32'30\"E",
    "47 22 36.8 N 8 32 30.1 E",
    "472237N0083230E",
    "N 47° 22.614 E 008° 32.502",
    "32TMT6539447156",
    "32T MT 65394 47156",
    "32T 465394 5247156",
    "EPSG:2056 2683303 1247925",
    "8FVC9GGR+QM",
    "h3:891f8ed951bffff",
    "POINT (8.5417 47.3769)",
    "SRID=4326;POINT Z (8.5417 47.3769 400)",
    shapely.to_wkb(shapely.Point(*PLACE), hex=True),
    shapely.to_wkb(shapely.set_srid(shapely.Point(*PLACE), 4326), hex=True, byte_order=0, include_srid=True),
    base64.b64encode(shapely.to_wkb(shapely.Point(*PLACE))).decode(),
    '{"type":"Point","coordinates":[8.5417,47.3769]}',
    "https://www.google.com/maps/@47.3769,8.5417,15z",
    "https://www.google.com/maps?q=47.3769,8.5417",
    "https://www.google.com/maps/place/x/data=!3d47.3769!4d8.5417",
    "https://www.openstreetmap.org/#map=15/47.3769/8.5417",
    "https://www.openstreetmap.org/?mlat=47.3769&mlon=8.5417",
    "https://maps.apple.com/?ll=47.3769,8.5417",
    "https://bing.com/maps?cp=47.3769~8.5417",
    "https://waze.com/ul?ll=47.3769%2C8.5417",
    "geo:47.3769,8.5417",
    "https://a.tile.osm.org/18/137291/91798.png",
    '{"latitudeE7": 473769000, "longitudeE7": 85417000}',
    "+47.3769+008.5417/",
    "４７.３７６９, ８.５４１７",
    "4\u200b7.37\u200b69, 8.54\u200b17",
    "٤٧٫٣٧٦٩, ٨٫٥٤١٧",
    "47°22′37″N 8°32′30″E",
    "N47\u0332.3769 E8.5417",
    "\U000e0034\U000e0037\U000e002e\U000e0033\U000e0037\U000e0036\U000e0039, 8.5417",
    "47.3769%2C%208.5417",
    "&#52;&#55;.3769, 8.5417",
    "47=2E3769=2C 8=2E5417",
    "\\u0034\\u0037.3769, 8.5417",
    base64.b64encode(b"47.3769, 8.5417").decode(),
    base64.b64encode("47°22'37\"N 8°32'30\"E".encode()).decode(),
    base64.b64encode(base64.b64encode(b"47.3769, 8.5417")).decode(),
    base64.b32encode(b"47.3769, 8.5417").decode(),
    b"47.3769, 8.5417".hex(),
    base64.b64encode(gzip.compress(b"47.3769, 8.5417", mtime=0)).decode(),
    "we met at (47.3769, 8.5417), as agreed",
]


def near(found: Found, metres: float) -> NDArray[np.bool_]:
    east = (found.lonlat[:, 0] - PLACE[0]) * 111_320 * np.cos(np.radians(PLACE[1]))
    north = (found.lonlat[:, 1] - PLACE[1]) * 111_320
    close: NDArray[np.bool_] = np.hypot(east, north) <= metres
    return close


@pytest.mark.parametrize("text", PLANTED)
def test_one_position_among_many_ordinary_texts_is_found(text: str) -> None:
    texts = ["Anna Müller", "2026-01-02", "Bahnhofstrasse 5"] * 1000
    texts[1234] = text
    batch = pa.record_batch({"remarks": pa.array(texts)})
    (column,) = text_positions(batch).columns
    assert column.certain
    found = positions_in(batch, "remarks", column.likely)
    assert set(found.rows) == {1234}
    assert (near(found, 300.0) & (found.strength == Strength.CERTAIN)).any()


@pytest.mark.parametrize("text", PLANTED)
def test_positions_in_names_are_found(text: str) -> None:
    assert near(names(["plan", text]), 300.0).any()


def test_three_words_hold_though_nobody_can_read_them() -> None:
    found = names(["///filled.count.soap"])
    assert found.form_names() == ("three-words",)
    assert not found.known.any()


def test_half_a_position_in_degrees_holds() -> None:
    (column,) = text_positions(pa.record_batch({"a": pa.array(["47°22'37\"N"])})).columns
    assert column.likely == ("half-position",)


def test_several_positions_in_one_text_are_all_found() -> None:
    batch = pa.record_batch({"a": pa.array(["from 47.3769, 8.5417 to 46.9481, 7.4474 and geo:46.2044,6.1432"])})
    found = positions_in(batch, "a", ["decimal-pair"])
    assert {tuple(each) for each in found.lonlat} == {(8.5417, 47.3769), (7.4474, 46.9481), (6.1432, 46.2044)}


GEOHASHES = [
    "u0qj9x2",
    "u0qjd7z",
    "u0m71q3",
    "gcpvj0d",
    "9q8yyk8",
    "dr5ru6j",
    "xn774c0",
    "r3gx2f7",
    "ezs42e4",
    "u4pruyd",
]


def test_a_column_of_geohashes_is_likely_as_a_whole() -> None:
    (column,) = text_positions(pa.record_batch({"code": pa.array(GEOHASHES)})).columns
    assert column.likely == ("geohash",)
    assert column.certain == ()


def test_a_few_geohashes_among_words_are_not_likely() -> None:
    texts = GEOHASHES + ["kitchen table"] * 10
    (column,) = text_positions(pa.record_batch({"code": pa.array(texts)})).columns
    assert column.likely == ()


def test_the_name_of_a_column_tells() -> None:
    batch = pa.record_batch({"geohash": pa.array(GEOHASHES[:2])})
    assert text_positions(batch).columns[0].likely == ("geohash",)


def test_geohashes_of_a_column_are_read_and_lie_on_a_lattice_no_coarser_than_their_cells() -> None:
    found = positions_in(pa.record_batch({"a": pa.array(["u0qjd7z"])}), "a", ["geohash"])
    assert found.lonlat[0] == pytest.approx((8.51, 47.39), abs=0.05)
    assert found.lonlat[0, 0] * 2000 == pytest.approx(round(found.lonlat[0, 0] * 2000))


def kinds_of(value: str) -> Iterator[tuple[str, Any]]:
    yield "string", pa.array([value], pa.string())
    yield "large", pa.array([value], pa.large_string())
    yield "view", pa.array([value], pa.string_view())
    yield "binary", pa.array([value.encode()], pa.binary())
    yield "dictionary", pa.array([value]).dictionary_encode()
    yield "list", pa.array([[None, value]])
    yield "fixed list", pa.array([[value, None]], pa.list_(pa.string(), 2))
    yield "struct", pa.array([{"a": {"b": value}}])
    yield "map", pa.array([[("k", value)]], pa.map_(pa.string(), pa.string()))
    yield "run ends", pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([value]))
    yield (
        "dense union",
        pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([value])]),
    )
    yield "json", pa.array(['{"note": {"text": "' + value + '"}}'])
    yield "packed", pa.array([gzip.compress(value.encode())])
    yield "wkb", pa.array([shapely.to_wkb(shapely.Point(*PLACE))])


@pytest.mark.parametrize(
    ("kind", "array"), list(kinds_of("47.3769, 8.5417")), ids=lambda each: each if isinstance(each, str) else ""
)
def test_positions_are_found_in_every_kind_of_column(kind: str, array: Any) -> None:
    array = pa.concat_arrays([pa.nulls(1, array.type), array]) if "union" not in kind and "run" not in kind else array
    batch = pa.record_batch({"a": array})
    (column,) = text_positions(batch).columns
    assert column.certain, kind
    found = positions_in(batch, "a", column.certain)
    assert set(found.rows) == {len(array) - 1}
    assert near(found, 20).any()


def test_what_does_not_occur_in_a_dictionary_is_not_counted() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([1, 1]), pa.array(["47.3769, 8.5417", "a"]))
    assert text_positions(pa.record_batch({"a": array})).columns[0].forms == ()


def test_columns_of_numbers_are_not_looked_at() -> None:
    assert text_positions(pa.record_batch({"a": pa.array([1.5])})).columns == ()


@pytest.mark.parametrize("mark", ["\x1e", "\x1f", "\x00", "\x7f"])
def test_control_characters_do_not_hide_a_position(mark: str) -> None:
    batch = pa.record_batch({"a": pa.array(["a", f"47.3{mark}769, 8.{mark}5417", "b"])})
    assert positions_in(batch, "a", ["decimal-pair"]).lonlat.tolist() == [list(PLACE)]


HOSTILE = {
    "points": "POINT(POINT(" * 100_000,
    "brackets": "coordinates:[" * 100_000,
    "numbers": "1.12 " * 300_000,
    "dots": "1.1.1." * 200_000,
    "commas": "1,12," * 200_000,
    "degrees": "1°1'" * 200_000,
    "letters": "N1" * 400_000,
    "percent": "%25" * 400_000,
    "entities": "&amp;" * 200_000,
    "geohash": "geohash:" * 100_000,
    "base64": "NDcu" * 300_000,
    "wkb": "0101000000" * 100_000,
    "bomb": base64.b64encode(gzip.compress(b"\0" * 50_000_000, mtime=0)).decode(),
    "nested": "GEOMETRYCOLLECTION(" * 50_000 + "POINT(1 2" + ")" * 50_001,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_end_in_time(text: str) -> None:
    began = time.thread_time()
    text_positions(pa.record_batch({"a": pa.array([text])}))
    assert time.thread_time() - began < 20


def test_a_bomb_is_too_much_to_judge() -> None:
    batch = pa.record_batch({"a": pa.array([HOSTILE["bomb"]])})
    assert "unscanned" in text_positions(batch).columns[0].certain


def test_a_position_deep_in_a_long_text_is_found() -> None:
    text = "lorem ipsum " * 300_000 + "47.3769, 8.5417" + " dolor" * 100_000
    batch = pa.record_batch({"a": pa.array([text])})
    assert near(positions_in(batch, "a", ["decimal-pair"]), 20).any()


def test_the_measure_counts_what_a_batch_has_and_is_plain_data() -> None:
    batch = LayerBatch(
        wkb=pa.array([None, None], pa.binary()),
        attributes=pa.record_batch({"a": pa.array(["geo:47.3769,8.5417", None]), "b": pa.array([1, 2])}),
        crs=pyproj.CRS.from_epsg(4326),
    )
    found = TextScan().of(batch)
    assert [(column.column, column.texts) for column in found.columns] == [("a", 1)]
    assert "geo-uri" in found.columns[0].certain
    text = canonical_json(found)
    assert from_json(TextPositions, text) == found
    assert "47.3769" not in text
    assert TextScan().empty() + found == found
