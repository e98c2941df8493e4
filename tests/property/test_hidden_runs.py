"""Looks at all bytes at once never spare a text that a pattern would find, wherever blocks and frames are cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures.byte_values import ByteValues
from geogate.measures.hidden.columns_facts import look
from geogate.measures.hidden.columns_leaves import Leaf
from geogate.measures.hidden.forms.form import END, START, compiled
from geogate.measures.hidden.forms.halves import HAS_COUNTED
from geogate.measures.hidden.text_decode import BASE32
from geogate.measures.hidden.text_runs import SHORTEST_BASE32, fine_numbers, long_words
from geogate.measures.hidden.text_search import framed, suspects

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS = "aAeEiImMqQyYzZpPfFoOkKsSdD627 0189.\u017f\u212aäЖ"
BLOCK = 1 << 16

words = st.text(st.sampled_from(LETTERS), max_size=60)
base32 = st.from_regex(re.compile(BASE32.replace("(?i:", "(?:")), fullmatch=True)
numbers = st.text(st.sampled_from("0189.,a "), max_size=30)
around = st.integers(0, 40).map("- ".__mul__)


def bytes_of(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(data, np.uint8)


@settings(max_examples=300, deadline=None)
@given(around, st.one_of(words, base32), st.sampled_from([str.upper, str.lower, str.swapcase]))
def test_what_the_pattern_of_base32_finds_has_a_long_word(
    before: str, text: str, spelled: Callable[[str], str]
) -> None:
    data = START + f"{before}{spelled(text)} ".encode() + END
    match = compiled(BASE32).search(data)
    if match is not None:
        first, last = match.start(), match.end() - SHORTEST_BASE32
        assert any(first <= at <= last for at in long_words(bytes_of(data)).tolist())


@pytest.mark.parametrize("before", [0, 1, BLOCK - SHORTEST_BASE32, BLOCK - 8, BLOCK - 1, BLOCK, BLOCK + 1])
def test_a_long_word_is_seen_across_the_edge_of_a_block(before: int) -> None:
    data = b" " * before + b"a" * SHORTEST_BASE32 + b" " * before
    assert long_words(bytes_of(data)).tolist() == [before]
    assert long_words(bytes_of(data.replace(b"a ", b"- ") + b" ")).tolist() == ([] if before else [before])
    number = b" " * before + b"8.5417" + b" " * before
    assert fine_numbers(bytes_of(number)).tolist() == [before]
    assert fine_numbers(bytes_of(number.replace(b"8.5417", b"8.541a"))).tolist() == []


@settings(max_examples=300, deadline=None)
@given(numbers)
def test_fine_numbers_are_those_of_the_pattern(text: str) -> None:
    wanted = [match.start() for match in re.finditer(f"(?={HAS_COUNTED})", text)]
    assert fine_numbers(bytes_of(text.encode())).tolist() == wanted


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(words, numbers, base32), min_size=1, max_size=8))
def test_each_text_that_tells_alone_tells_among_others(texts: list[str]) -> None:
    alone = [bool(len(suspects(ByteValues.of(pa.array([text]))))) for text in texts]
    together = set(suspects(ByteValues.of(pa.array(texts))).tolist())
    assert {place for place, tells in enumerate(alone) if tells} <= together


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=9).filter(lambda text: START not in text and END not in text), max_size=8))
def test_texts_are_framed_one_behind_the_other(texts: list[bytes]) -> None:
    some = ByteValues.of(pa.array([b"before", *texts, b"behind"], pa.binary()))
    data, ends = framed(some, 1, len(texts) + 1)
    assert data == b"".join(START + text + END for text in texts)
    assert ends.tolist() == np.cumsum([len(text) + 2 for text in texts]).tolist()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.sampled_from(["a@b.example", "@", "a@b", "", "x b@c.example", "ä"])), max_size=9),
    st.integers(0, 3),
)
def test_addresses_are_counted_in_all_texts_that_have_one(texts: list[str | None], cut: int) -> None:
    values = pa.array(texts, pa.string())[cut:]
    found = look(Leaf(name="a", kind="text", values=values), None).facts.addresses
    assert found == sum(text is not None and ".example" in text for text in texts[cut:])
