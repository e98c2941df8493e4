"""Distinct subjects as a sketch: exact up to its size, never too few above, the same however the stream is cut."""

from __future__ import annotations

import hashlib
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import shapely
from judging import batch_of

from geogate.engines.spark_tools import received_tools
from geogate.engines.spark_work import SharedTools
from geogate.measures.measure import UnmeasurableError
from geogate.measures.subjects import EXACT, SubjectCount, Subjects, together
from geogate.measures.subjects_hash import LONGEST, hashes_of, key_of
from geogate.measures.tools import PLAIN, Tools
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

MEASURE = SubjectCount(columns=("device*", "maid"))
KEY = bytes(range(16))


def count(ids: Sequence[Any], *, column: str = "device_id", tools: Tools = PLAIN, **more: list[Any]) -> Subjects:
    tally = MEASURE.tally(tools)
    tally.add(batch_of([shapely.Point(1, 2)] * len(ids), columns={column: list(ids), **more}))
    return tally.measurement()


def slow_siphash(data: bytes, key: bytes) -> int:
    """Hash one message as the authors wrote it down."""
    mask = (1 << 64) - 1
    halves = (int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little"))
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [word ^ halves[place % 2] for place, word in enumerate(start)]

    def turn(word: int, bits: int) -> int:
        return (word << bits | word >> (64 - bits)) & mask

    def rounds(times: int) -> None:
        for _ in range(times):
            v[0] = (v[0] + v[1]) & mask
            v[1] = turn(v[1], 13) ^ v[0]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = turn(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = turn(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = turn(v[1], 17) ^ v[2]
            v[2] = turn(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_hash_is_siphash_as_published() -> None:
    assert slow_siphash(bytes(range(15)), KEY) == 0xA129CA6149BE45E5
    texts = ["", "a", "1234567", "12345678", "123456789", "ü" * 7, "x" * LONGEST, "abc"]
    found = hashes_of(pa.array(texts, pa.large_string()), KEY).tolist()
    assert found == [slow_siphash(text.encode(), KEY) for text in texts]
    sliced = hashes_of(pa.array(["skip", *texts], pa.large_string()).slice(1), KEY).tolist()
    assert sliced == found


def test_long_ids_are_hashed_with_the_key_too() -> None:
    long = "y" * (LONGEST + 1)
    own = hashlib.blake2b(long.encode(), digest_size=8, key=KEY).digest()
    assert hashes_of(pa.array([long], pa.large_string()), KEY).tolist() == [int.from_bytes(own, "little")]


def test_another_secret_gives_other_hashes_and_the_same_number() -> None:
    one = count(range(100), tools=Tools(pepper=b"one"))
    other = count(range(100), tools=Tools(pepper=b"other"))
    assert one.most == other.most == 100
    assert not {*one.words.tolist()} & {*other.words.tolist()}
    assert key_of(b"one") != key_of(b"other")


def test_executors_hash_with_the_secret_of_the_gate() -> None:
    assert received_tools(SharedTools(pepper=b"secret")).pepper == b"secret"
    assert "secret" not in repr(Tools(pepper=b"secret")) + repr(SharedTools(pepper=b"secret"))


@pytest.mark.parametrize("number", [0, 1, EXACT - 1, EXACT])
def test_the_number_is_exact_up_to_the_size_of_the_sketch(number: int) -> None:
    found = count(range(1, number + 1))
    assert (found.most, found.exact) == (number, True)


@pytest.mark.parametrize("number", [EXACT + 1, 50_000, 200_000])
def test_above_it_never_too_few_are_counted(number: int) -> None:
    found = count(range(1, number + 1))
    assert not found.exact
    assert number <= found.most <= number * 1.06


def test_the_result_does_not_depend_on_how_the_stream_is_cut() -> None:
    ids = [place * 7919 % 40_000 for place in range(60_000)]
    whole = count(ids)
    parts = [count(ids[at : at + 9_999]) for at in range(0, len(ids), 9_999)]
    assert reduce(add, parts) == together(reversed(parts)) == whole
    assert MEASURE.empty() + whole == whole


def test_an_id_counts_once_as_a_number_and_as_a_text() -> None:
    assert together([count([1, 2, 3]), count(["1", "2", "3"])]).most == 3


@pytest.mark.parametrize("nobody", [
    None, "", "  ", "00000000-0000-0000-0000-000000000000", "0", "NaN", "null", "None", "N/A", "unknown",
])  # fmt: skip
def test_rows_without_an_id_count_one_by_one(nobody: str | None) -> None:
    found = count([nobody, nobody, "a", "a"])
    assert (found.unnamed, found.most, found.rows) == (2, 3, 4)


@pytest.mark.parametrize(
    ("wkt", "subjects"),
    [
        ("POINT (1 2)", 1),
        ("LINESTRING (1 2, 3 4, 5 6)", 1),
        ("MULTIPOINT (1 2)", 1),
        ("MULTIPOINT (1 2, 3 4, 5 6)", 3),
        ("MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))", 2),
        ("GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (MULTIPOINT (3 4, 5 6)))", 3),
        ("MULTIPOINT EMPTY", 1),
        ("GEOMETRYCOLLECTION (MULTIPOINT EMPTY)", 1),
        (None, 1),
    ],
)
def test_a_row_without_an_id_counts_as_many_as_its_geometry_has_parts(wkt: str | None, subjects: int) -> None:
    shapes = [None if wkt is None else shapely.from_wkt(wkt)] * 2
    assert MEASURE.of(batch_of(shapes, columns={"other": [1, 1]})).most == 2 * subjects
    assert MEASURE.of(batch_of(shapes, columns={"maid": ["a", None]})).most == 1 + subjects
    assert MEASURE.of(batch_of(shapes, columns={"maid": ["a", "a"]})).most == 1


def test_missing_numbers_count_one_by_one() -> None:
    found = count([1.0, float("nan"), float("nan"), None])
    assert (found.unnamed, found.most) == (3, 4)


def test_ids_that_differ_in_case_alone_are_two() -> None:
    assert count(["ab", "AB"]).most == 2


def test_a_layer_without_the_column_counts_its_rows() -> None:
    found = count([1, 1, 1], column="other")
    assert (found.unnamed, found.most) == (3, 3)


def test_all_columns_that_are_named_count_and_a_constant_one_hides_nobody() -> None:
    found = count(["x"] * 5, maid=[1, 2, 3, 4, 5])
    assert (found.unnamed, found.most) == (0, 6)


def test_columns_of_one_name_all_count() -> None:
    batch = batch_of([shapely.Point(1, 2)] * 2)
    ids = [pa.array(["x", "x"]), pa.array(["a", "b"])]
    batch.attributes = pa.RecordBatch.from_arrays(ids, names=["device", "device"])
    assert MEASURE.of(batch).most == 3


def test_ids_with_parts_cannot_be_counted() -> None:
    with pytest.raises(UnmeasurableError, match="parts"):
        count([{"a": 1}])


def test_a_sketch_is_read_back_as_it_was_and_an_edited_one_is_refused() -> None:
    found = count(range(20))
    assert from_json(Subjects, canonical_json(found)) == found
    words = found.words[::-1].astype("<u8").tobytes()
    from base64 import b64encode

    with pytest.raises(ValueError, match="not what is kept"):
        together([Subjects(rows=20, hashes=b64encode(words).decode())])
