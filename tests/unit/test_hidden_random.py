"""What nobody can read is opaque, and holds unless it is declared so; digests of files are not."""

from __future__ import annotations

import base64
import hashlib
import random
import struct
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.hidden.columns_classes import HARMLESS, ColumnClass, recognise
from geogate.measures.hidden.columns_random import Unreadable, unreadable
from geogate.measures.hidden.text import text_positions
from geogate.rules.declared_columns import FITS, SAFE

if TYPE_CHECKING:
    from collections.abc import Callable

DRAW = random.Random(1)
SECRETS = [f"48.{DRAW.randrange(10**7):07d},14.{DRAW.randrange(10**7):07d}".encode() for _ in range(12)]
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def in_digits(raw: bytes, letters: str) -> str:
    number, found = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, len(letters))
        found = letters[rest] + found
    return found


ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "base85": lambda raw: base64.b85encode(raw).decode(),
    "ascii85": lambda raw: base64.a85encode(raw).decode(),
    "base64 of a cipher": lambda raw: base64.b64encode(hashlib.sha256(raw).digest()[:16]).decode(),
    "base58": lambda raw: in_digits(raw, BASE58),
    "base36": lambda raw: in_digits(raw, BASE36),
}
READABLE = {
    "names": ["Plan-de-Dieu", "Metro-Goldwyn-Mayer", "America/Dawson_Creek", "Provence-Alpes-Cote-d'Azur"],
    "orders": [f"CA-2016-{number}" for number in range(100000, 100020)],
    "files": ["flights-200k.json", "UC_InchWater", "Albers_Equal_Area-Africa-WGS84"],
    "formulas": ["[Rn].5f14.6d3.7s2"] + ["[Rn] 7s2"] * 11,
    "places": [f"https://example.com/a/{number}?b=Xy1zZ9" for number in range(12)],
    "words": ["the quick brown fox", "jumps over", "the lazy dog 12"],
}
SHA = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(100)]


def class_of(values: Any, name: str = "ref") -> ColumnClass:
    batch = LayerBatch(
        wkb=pa.array(list(shapely.to_wkb(shapely.points([[8, 47]] * len(values)))), pa.binary()),
        attributes=pa.record_batch({name: pa.array(values)}),
        crs=pyproj.CRS.from_epsg(4326),
    )
    return recognise(ColumnContents().of(batch))[-1].kind


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("fill", [[], ["nothing to report"] * 30])
def test_words_that_nobody_can_read_are_opaque(encoding: str, fill: list[str]) -> None:
    texts = [ENCODINGS[encoding](secret) for secret in SECRETS]
    assert class_of(texts + fill) is ColumnClass.OPAQUE


def test_unreadable_words_that_come_back_are_no_list_of_codes() -> None:
    texts = [ENCODINGS["base58"](secret) for secret in SECRETS[:2]]
    assert class_of(texts * 20) is ColumnClass.OPAQUE


@pytest.mark.parametrize("texts", READABLE.values(), ids=READABLE)
def test_words_that_people_read_are_not(texts: list[str]) -> None:
    assert class_of(texts) in HARMLESS


def test_lists_of_bytes_are_opaque_and_short_lists_of_numbers_are_not() -> None:
    assert class_of([list(hashlib.sha256(secret).digest()) for secret in SECRETS]) is ColumnClass.OPAQUE
    assert class_of([[255, 128, number] for number in range(12)]) in HARMLESS


@pytest.mark.parametrize("kind", [pa.list_(pa.uint8()), pa.large_list(pa.int32()), pa.list_(pa.int64(), 21)])
def test_lists_of_codes_of_letters_are_read(kind: pa.DataType) -> None:
    others = [] if "uint8" in str(kind) else [[300] * len(SECRETS[0])]
    rows = pa.array([None, *(list(secret) for secret in SECRETS), *others], kind)
    (column,) = text_positions(pa.record_batch({"a": rows})).columns
    assert (column.texts, column.certain) == (len(SECRETS), ("decimal-pair", "decimal-pair-swapped"))


def test_what_cannot_be_read_leaves_only_where_it_is_declared_as_that() -> None:
    assert ColumnClass.OPAQUE not in SAFE["harmless"] | SAFE["readable"] | SAFE["none"]
    assert {holds for holds, kinds in FITS.items() if ColumnClass.OPAQUE in kinds} == {"position", "identity", "opaque"}


def test_digests_of_files_are_harmless() -> None:
    assert class_of(SHA, "sha") in HARMLESS
    assert class_of([hashlib.sha256(each.encode()).hexdigest() for each in SHA], "checksum") in HARMLESS


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("ref", SHA),
        ("sha", SHA[:50] * 2),
        ("sha", SHA[:20]),
        ("user_sha", SHA),
        ("sha", [each[:24] for each in SHA]),
        ("sha", [*SHA[:-1], SHA[-1].upper()[:32]]),
        ("md5", [struct.pack("<dd", 14 + n / 999, 48 + n / 998).hex() for n in range(100)]),
        ("md5", [f"{n:032x}" for n in range(100)]),
    ],
)
def test_digests_that_could_be_something_else_hold(name: str, texts: list[str]) -> None:
    assert class_of(texts, name) not in HARMLESS


def test_the_result_does_not_depend_on_how_texts_are_cut() -> None:
    texts = [*SHA, *(ENCODINGS["base58"](secret) for secret in SECRETS)]
    parts = [unreadable(pa.array([text.encode()], pa.large_binary())) for text in texts]
    whole = unreadable(pa.array([text.encode() for text in texts], pa.large_binary()))
    assert reduce(add, parts, Unreadable()) == whole
    assert (whole.words, whole.digests) == (len(SECRETS), len(SHA))


def test_some_long_hexadecimal_numbers_among_texts_are_opaque() -> None:
    numbers = [struct.pack("<dd", 14.3217734 + row / 100, 48.0713345).hex() for row in range(3)]
    assert class_of(numbers[:2] + ["nothing to report"] * 200) is ColumnClass.OPAQUE
    assert class_of(numbers[:1] + ["nothing to report"] * 200) in HARMLESS
