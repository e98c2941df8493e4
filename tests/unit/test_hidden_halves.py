"""Halves of positions: found where they stand apart, put together where they stand in one row, no part of a whole."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.carrier import Carrier, carriers_in_texts
from geogate.measures.hidden.forms import half_forms
from geogate.measures.hidden.source import never_empty, said_by
from geogate.measures.hidden.text import name_positions, names, text_positions
from geogate.measures.hidden.text_halves import together

HALVES = [
    "N47.37691",
    "lat: 47.37691",
    "8.54171 E",
    "47.37691\u00b0",
    "N 47 22.614",
    "47 22 36 N",
    "lon_8_54171",
]
WHOLE = ["N47.3769 E8.5417", "lat=47.4123 lon=8.5123", "N48\u00b004'16.8\" somewhere E014\u00b019'18.3\""]
NONE = ["open 08:15-12:30 S", "version 1.2.34567", "3,500 kg", "12.345678", "LATITUDE 48", "N47 E008"]


def batch_of(**columns: list[str]) -> pa.RecordBatch:
    return pa.record_batch({name: pa.array(values) for name, values in columns.items()})


def forms_of(**columns: list[str]) -> set[str]:
    return {form.form for column in text_positions(batch_of(**columns)).columns for form in column.forms}


def carriers(**columns: list[str]) -> tuple[Carrier, ...]:
    texts = text_positions(batch_of(**columns))
    return carriers_in_texts(texts, halves=together([texts]))


@pytest.mark.parametrize("text", HALVES)
def test_one_axis_is_half_a_position(text: str) -> None:
    assert [carrier.forms[0] for carrier in carriers(a=[text])] == ["half-position"]


@pytest.mark.parametrize("text", WHOLE)
def test_a_part_of_a_whole_position_is_no_half(text: str) -> None:
    assert not forms_of(a=[text]) & half_forms()


@pytest.mark.parametrize("text", NONE)
def test_other_numbers_are_no_halves(text: str) -> None:
    assert not forms_of(a=[text]) & half_forms()


def test_one_fine_number_among_words_is_no_position_and_two_are() -> None:
    assert carriers(a=["ref 47.37691 ok"] * 9) == ()
    assert carriers(a=["ref 47.37691 ok", "see 8.54171"])[0].columns == ("a",)
    assert carriers(a=["ref 47.37691 ok"], b=["see 8.54171"])[0].columns == ("a", "b")


def test_one_axis_with_seconds_among_words_is_no_position_and_two_are() -> None:
    assert carriers(a=["turn at 47\u00b022'37\" N then"]) == ()
    assert carriers(a=["turn at 47\u00b022'37\" N then", "and at 8\u00b032'31\" E"]) != ()
    assert carriers(a=["north of 47\u00b020' N", "west of 8\u00b030' E", "south of 47\u00b022'30\" N"]) == ()


def test_a_number_in_a_text_and_one_in_a_name_are_two() -> None:
    said = text_positions(batch_of(a=["ref 47.37691 ok"]))
    assert together([said, name_positions(["roads"])]) == frozenset()
    assert together([said, name_positions(["part-8.54171-a"])])


def test_digits_behind_letters_are_halves_where_both_letters_stand_apart() -> None:
    assert carriers(a=["E01012345", "W01000001", "S01006506"]) == ()
    assert carriers(a=["N48071334"], b=["E014321773"]) != ()
    assert len(names(["n48071334", "e014321773"], forms=together([name_positions(["n48071334", "e014321773"])])))


def test_halves_of_one_row_are_put_together() -> None:
    rows = LayerBatch(
        wkb=pa.array(list(shapely.to_wkb(shapely.points([[0, 0], [1, 1]]))), pa.binary()),
        attributes=batch_of(a=["go N47.37691", "go N47.38"], b=["at E8.54171", "lon 8.12345"]),
        crs=pyproj.CRS.from_epsg(4326),
    )
    texts = text_positions(rows.attributes)
    (carrier,) = carriers_in_texts(texts)
    found, lonlat = said_by(carrier, rows)
    assert found.tolist() == [0, 1]
    assert lonlat[0].tolist() == [8.54171, 47.37691]
    assert np.isnan(lonlat[1]).any()


def test_a_half_without_the_other_one_is_an_impossible_position() -> None:
    lonlat = never_empty(np.array([[np.nan, np.nan], [8.5, 47.25]]))
    assert np.isnan(lonlat[0]).tolist() == [True, False]
    assert lonlat[1].tolist() == [8.5, 47.25]
