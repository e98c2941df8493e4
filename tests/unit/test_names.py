"""Names of people: one person is one, and reasons are texts that say something."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geogate.model.names import hides_something, person, says_something

UNSEEN = {
    "variation selector": "\ufe0f",
    "another variation selector": "\U000e0100",
    "grapheme joiner": "\u034f",
    "zero width space": "\u200b",
    "soft hyphen": "\u00ad",
    "word joiner": "\u2060",
    "Hangul filler": "\u3164",
    "Mongolian selector": "\u180b",
    "tag": "\U000e0061",
    "control": "\u0080",
}


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("write", ["{}ada", "a{}da", "ada{}", "a{0}d{0}{0}a"])
def test_a_name_is_the_same_person_however_it_is_written(unseen: str, write: str) -> None:
    name = write.format(UNSEEN[unseen])
    assert person(name) == "ada"
    assert hides_something(name)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("ada", "ADA "),
        ("ada", "\uff21\uff44\uff41"),
        ("ada lovelace", "Ada\u00a0 Lovelace"),
        ("stra\u00dfe", "STRASSE"),
        ("zo\u00eb", "zoe\u0308"),
        ("zo\u00eb", "zoe\u034f\u0308"),
    ],
)
def test_capitals_forms_and_blanks_make_nobody_another_person(one: str, same: str) -> None:
    assert person(one) == person(same)


@pytest.mark.parametrize("other", ["adb", "a da", "ad", "ada1", "\u0430da"])
def test_another_name_is_another_person(other: str) -> None:
    assert person(other) != "ada"


@pytest.mark.parametrize("name", ["", " ", "\u3164", "\u200b\ufe0f", "\u00a0"])
def test_a_name_of_nothing_is_nobody(name: str) -> None:
    assert not person(name)


@given(st.text(max_size=30))
@example("\u1f80\u034f\u0345")
@example("\u212b\u034f\u0301")
def test_a_name_that_was_folded_stays_as_it_is(name: str) -> None:
    folded = person(name)
    assert person(folded) == folded
    assert unicodedata.is_normalized("NFKC", folded)


@pytest.mark.parametrize("name", ["ada", "Zo\u00eb", "token:pipeline", "\u674e\u96f7", "ada lovelace"])
def test_an_ordinary_name_hides_nothing(name: str) -> None:
    assert not hides_something(name)


@pytest.mark.parametrize("text", ["no", "1", "\u0434\u0430", "\u4e0d", "(see 7)"])
def test_a_reason_says_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize("text", ["", "  \n", "\u200b" * 10, "..........", "\u3164\u3164", "\ufe0f"])
def test_a_text_of_nothing_is_no_reason(text: str) -> None:
    assert not says_something(text)
