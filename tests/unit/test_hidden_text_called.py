"""Eastings and northings that are called so, and degrees, minutes and seconds in German words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from geogate.measures.hidden.text import positions_in, text_positions

PLACE = (8.5417, 47.3769)

TOLD = (
    "Rechtswert 3465466 Hochwert 5248810",
    "Hochwert: 5248810, Rechtswert: 3465466",
    "R 3465466 H 5248810",
    "RW 3465466.32 / HW 5248809.90",
    "Ostwert 32465403 Nordwert 5247151",
    "47 Grad 22 Minuten 36,8 Sekunden Nord, 8 Grad 32 Minuten 30,1 Sekunden Ost",
    "2683303 1247925",
)


def found_in(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    batch = pa.record_batch({"remarks": pa.array(["Anna Müller", "Bahnhofstrasse 5", text])})
    (column,) = text_positions(batch).columns
    return positions_in(batch, "remarks", column.likely).lonlat


@pytest.mark.parametrize("text", TOLD)
def test_a_position_is_read(text: str) -> None:
    assert (np.abs(found_in(text) - PLACE).max(axis=1) < 0.003).any()


def test_words_without_a_zone_are_a_position_that_nobody_can_read() -> None:
    assert np.isnan(found_in("easting 465403 northing 5247151")).all()
    assert len(found_in("easting 465403 northing 5247151"))


@pytest.mark.parametrize(
    "text",
    [
        "R 1465466 H 5248810",
        "R 3465466 H 8248810",
        "R 346546 H 524881",
        "H 210 R 45",
        "30 Grad, 5 Minuten backen",
        "2683303 4247925",
        "northing and easting",
    ],
)
def test_what_only_looks_a_little_like_it_is_none(text: str) -> None:
    assert not len(found_in(text))
