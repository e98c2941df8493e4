"""Texts over a few words or signs are opaque, in whatever language; lists, kinds and ordinary remarks are not."""

from __future__ import annotations

import random
import time
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.hidden.columns_alphabet import FEWEST, LARGEST, Alphabet, alphabet
from geogate.measures.hidden.columns_classes import HARMLESS, ColumnClass, recognise

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAW = random.Random(3)
SECONDS = 10.0
DIGITS = [f"{DRAW.randrange(10**14):014d}" for _ in range(12)]
WORDS = "nula jedna dva tři čtyři pět šest sedm osm devět".split()  # noqa: SIM905
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
HIDDEN = "".join("\u200b" if int(digit) % 2 else "\u200c" for digit in "".join(DIGITS[:4]))


def class_of(values: Any) -> ColumnClass:
    batch = LayerBatch(
        wkb=pa.array(list(shapely.to_wkb(shapely.points([[8, 47]] * len(values)))), pa.binary()),
        attributes=pa.record_batch({"remark": pa.array(values)}),
        crs=pyproj.CRS.from_epsg(4326),
    )
    return recognise(ColumnContents().of(batch))[-1].kind


def spelt(words: Sequence[str], between: str) -> list[str]:
    return [between.join(words[int(digit)] for digit in digits) for digits in DIGITS]


@pytest.mark.parametrize("fill", [[], ["nothing to report"] * 30])
@pytest.mark.parametrize("between", [" ", "-", ", "])
def test_digits_in_words_of_any_language_are_opaque(between: str, fill: list[str]) -> None:
    assert class_of(spelt(WORDS, between) + fill) is ColumnClass.OPAQUE


@pytest.mark.parametrize("signs", ["abcdefghij", "〇一二三四五六七八九", "⠚⠁⠃⠉⠙⠑⠋⠛⠓⠊", '=!"§$%&/()'])
def test_digits_in_signs_are_opaque(signs: str) -> None:
    assert class_of(spelt(signs, "")) is ColumnClass.OPAQUE


def test_the_alphabet_is_as_large_as_digits_with_what_stands_between_them() -> None:
    def texts(size: int) -> pa.Array:
        words = [f"w{chr(ord('a') + number)}" for number in range(size)]
        return pa.array([" ".join(words[:-1] * 2 + words[-2:]).encode() + b" " * row for row in range(FEWEST)])

    assert alphabet(texts(LARGEST)).spells
    assert not alphabet(texts(LARGEST + 2)).spells


def test_two_texts_are_no_alphabet_of_their_own() -> None:
    assert class_of(spelt(WORDS, " ")[: FEWEST - 1] * 20) in HARMLESS
    assert class_of(spelt(WORDS, " ")[:FEWEST] * 20) is ColumnClass.OPAQUE


@pytest.mark.parametrize(
    "texts",
    [
        [", ".join([*DAYS[row:], *DAYS[:row], "and", "on", "holidays"]) for row in range(7)],
        [" ".join(f"line {letter}" for letter in "ABCDEFG"[: 5 + row % 3]) for row in range(9)],
        ["medium_airport", "small_airport", "seaplane_base", "heliport"] * 20,
        [f"{number} {number + 1} {number + 2} " * 5 for number in range(10)],
        ["Chippenham", "Birmingham", "Warrington", "Hachijojima", "Okayama City"] * 5,
    ],
    ids=["days", "lines", "kinds", "numbers", "towns"],
)
def test_lists_of_ordinary_words_are_harmless(texts: list[str]) -> None:
    assert class_of(texts) in HARMLESS


@pytest.mark.parametrize("letters", ["01", "NY", "ACGT"])
def test_long_words_of_four_letters_and_fewer_are_opaque(letters: str) -> None:
    some = ["".join(DRAW.choice(letters) for _ in range(52)) for _ in range(3)]
    assert class_of(some + ["ok"] * 20) is ColumnClass.OPAQUE
    assert class_of([text[:20] for text in some if letters != "01"] + ["ok"] * 20) in HARMLESS


def test_signs_that_nobody_sees_are_opaque_where_they_stand_in_rows() -> None:
    assert class_of([f"nice{HIDDEN} place", *["ok"] * 40]) is ColumnClass.OPAQUE
    assert class_of(["nice" + HIDDEN.replace("\u200b", " ").replace("\u200c", "\t"), "ok"]) is ColumnClass.OPAQUE
    assert class_of(["co\u00adope\u00adra\u00adtion", "na\u200cme\u200dly", "a\tb\tc\td", "ok"]) in HARMLESS


def test_parts_add_up() -> None:
    texts = [text.encode() for text in [*spelt(WORDS, " "), f"a{HIDDEN}", "NY" * 20]]
    assert reduce(add, (alphabet(pa.array([text])) for text in texts), Alphabet()) == alphabet(pa.array(texts))


def test_what_is_kept_tells_no_words() -> None:
    found = alphabet(pa.array([text.encode() for text in spelt(WORDS, " ")]))
    kept = found.kept()
    assert found.texts > FEWEST
    assert (kept.texts, kept.words, kept.different) == (found.texts, "0", "0")


def test_long_texts_are_searched_too_and_in_linear_time() -> None:
    long = "word " * 2_000
    assert class_of([f"{long}{HIDDEN}", "ok"]) is ColumnClass.OPAQUE
    begun = time.perf_counter()
    assert not alphabet(pa.array([("\u200c" * 2 + "abcdefghi") * 50_000 for _ in range(4)]).cast(pa.binary())).bits
    assert time.perf_counter() - begun < SECONDS
