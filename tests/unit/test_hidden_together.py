"""Columns that say positions only together; and winds, hours, countries and answers that look a little like them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from numbering import found

from geogate.measures.hidden.text_numerals import spelt
from geogate.readers.point_cloud import _is_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS = 120


def _ordinary() -> dict[str, dict[str, Any]]:
    chance = np.random.default_rng(8)
    hours = [chance.integers(0, most, ROWS) for most in (10, 24, 24, 10, 24, 24)]
    return {
        "wind": {"speed": chance.uniform(0, 20, ROWS).round(1), "direction": chance.integers(0, 360, ROWS)},
        "countries": {
            "country": pa.array(chance.choice(["DE", "FR", "AT"], ROWS)),
            "zone": chance.integers(1, 61, ROWS),
            "number": chance.integers(0, 9_999, ROWS),
        },
        "hours": {f"t{place}": values for place, values in enumerate(hours)},
        "answers": {f"q{place}": chance.integers(1, 6, ROWS) for place in range(15)},
        "notes": {"note": pa.array(["one two three go", "two or three of them", "point of no return"] * (ROWS // 3))},
    }


@pytest.mark.parametrize("name", list(_ordinary()))
def test_ordinary_columns_beside_each_other_are_no_positions(name: str) -> None:
    chance = np.random.default_rng(2)
    numbers = found(chance.uniform((6, 46), (14, 54), (ROWS, 2)), _ordinary()[name])
    assert not numbers.possible
    assert not numbers.carriers


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("forty-eight point zero seven one three north", "48.0713 north"),
        ("acht und vierzig", None),
        ("achtundvierzig Komma null sieben eins drei", "48.0713"),
        ("quatre huit virgule zéro sept", "48.07"),
        ("one two three go", None),
    ],
)
def test_numbers_in_words_are_digits_where_they_are_long(text: str, digits: str | None) -> None:
    assert spelt(text) == digits


@pytest.mark.parametrize(
    ("number", "plain"), [(0.01, True), (0.25, True), (2.0**-15, True), (0.125, True), (14.32, False)]
)
def test_scales_of_dimensions_have_three_digits_at_most(number: float, plain: bool) -> None:  # noqa: FBT001 a case
    assert _is_plain(number) is plain
