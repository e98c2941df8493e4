"""Subjects by cell against sets of their ids, and categories against measuring each by itself; however rows are cut."""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures import cell_subjects
from geogate.measures.batch import LayerBatch
from geogate.measures.category_lattice import CategoryLattices, LatticeByCategory
from geogate.measures.cell_subjects import METRES_A_DEGREE, CellSubjects, SubjectsInCells
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import PLAIN
from geogate.model.document import canonical_json, from_json

WGS84 = pyproj.CRS.from_epsg(4326)
LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"

place = st.tuples(st.integers(-1, 3), st.integers(-1, 3))
rows_of = st.lists(st.tuples(place, st.sampled_from(["a", "b", "c", "d", "", None])), max_size=40)


def batch(geometries: list[Any], column: Any, name: str = "id") -> LayerBatch:
    wkb = pa.array(list(shapely.to_wkb(np.array(geometries, object))), pa.binary())
    return LayerBatch(wkb=wkb, attributes=pa.record_batch({name: column}), crs=WGS84)


def seen(rows: list[Any]) -> LayerBatch:
    points = [shapely.Point(8 + lon / 100 + 0.005, 47 + lat / 100 + 0.005) for (lon, lat), _ in rows]
    return batch(points, pa.array([row[1] for row in rows], pa.string()))


def squares(enough: int = 3, size_m: float = 200.0) -> SubjectsInCells:
    return SubjectsInCells(column="id", size_m=size_m, geohash=None, enough=enough)


def geohashes(letters: int, enough: int = 3) -> SubjectsInCells:
    return SubjectsInCells(column="id", size_m=None, geohash=letters, enough=enough)


@settings(deadline=None, max_examples=80)
@given(rows_of, st.integers(2, 5))
def test_each_cell_has_as_many_subjects_as_a_set_has(rows: list[Any], enough: int) -> None:
    found = squares(enough).of(seen(rows))
    sets: dict[Any, set[Any]] = defaultdict(set)
    for at, own in rows:
        sets[at].add(own)
    counts = [min(len(own), enough) for own in sets.values()]
    assert found.counts == tuple(counts.count(number) for number in range(enough + 1))


@settings(deadline=None, max_examples=50)
@given(rows_of, st.integers(1, 6), st.integers(2, 4), st.randoms(use_true_random=False))
def test_subjects_do_not_depend_on_cuts_and_their_order(rows: list[Any], size: int, enough: int, random: Any) -> None:
    measure = squares(enough)
    whole = measure.of(seen(rows))
    parts = [seen(rows[i : i + size]) for i in range(0, max(len(rows), 1), size)]
    random.shuffle(parts)
    assert reduce(add, map(measure.of, parts), measure.empty()) == whole
    tally = measure.tally(PLAIN)
    for part in parts:
        tally.add(part)
    assert tally.measurement() == whole
    assert from_json(CellSubjects, canonical_json(whole)) == whole


def degrees(most: int) -> st.SearchStrategy[float]:
    """Choose multiples of a power of two, on some of which the edges of geohashes lie."""
    return st.integers(-most * 4096, most * 4096 - 1).map(lambda number: number / 4096)


def geohash(lon: float, lat: float, letters: int) -> str:
    """Write a geohash bit by bit."""
    spans, found, bits = [[-180.0, 180.0], [-90.0, 90.0]], "", 0
    for bit in range(5 * letters):
        span, value = spans[bit % 2], (lon, lat)[bit % 2]
        middle = sum(span) / 2
        upper = value >= middle
        span[0 if upper else 1] = middle
        bits = bits * 2 + upper
        if bit % 5 == 4:
            found, bits = found + LETTERS[bits], 0
    return found


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(degrees(180), degrees(90)), min_size=2, max_size=20), st.integers(1, 9))
def test_positions_share_a_cell_exactly_if_they_share_a_geohash(places: list[Any], letters: int) -> None:
    cells = geohashes(letters).cells(np.array(places)).tolist()
    # Going round the Earth once rounds a longitude.
    hashes = [geohash((lon + 180) % 360 - 180, lat, letters) for lon, lat in places]
    for one in range(len(places)):
        assert [cell == cells[one] for cell in cells] == [each == hashes[one] for each in hashes]


@pytest.mark.parametrize("latitude", [0.0, 47.3, -61.2, 84.9])
def test_squares_are_as_wide_as_they_say_wherever_they_lie(latitude: float) -> None:
    size_m = 1000.0
    degrees = np.arange(0, 1, 1e-5)
    east = np.column_stack([8 + degrees, np.full(len(degrees), latitude)])
    width = (
        1e-5
        * METRES_A_DEGREE
        * np.cos(np.radians(latitude))
        * len(degrees)
        / len(np.unique(squares(size_m=size_m).cells(east)))
    )
    assert width == pytest.approx(size_m, rel=0.06)


def test_a_place_is_the_same_cell_however_often_one_goes_round() -> None:
    cells = squares().cells(np.array([[179.9999, 10.0], [-180.0001, 10.0], [539.9999, 10.0]]))
    assert len(np.unique(cells)) == 1
    with pytest.raises(UnmeasurableError, match="beyond the Earth"):
        squares().cells(np.array([[0.0, 90.1]]))


def test_lines_positions_that_are_not_finite_and_a_missing_column_are_said() -> None:
    line = shapely.LineString([(8, 47), (9, 48)])
    several = shapely.MultiPoint([(8, 47), (9, 47)])
    found = squares().of(batch([line, several, None, shapely.Point(np.inf, 1)], pa.array(["a", "b", "c", "d"])))
    assert (found.not_points, found.nowhere, found.without_column) == (1, 1, False)
    assert sum(found.counts) == 3
    assert squares().of(batch([several], pa.array(["a"]), name="other")).without_column


def test_without_the_column_all_rows_are_one_subject() -> None:
    found = squares().of(batch([shapely.Point(8, 47)] * 3, pa.array(["a", "b", "c"]), name="other"))
    assert found.counts == (0, 1, 0, 0)


def test_too_many_subjects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_subjects, "MOST_KEPT", 2)
    points = [shapely.Point(8, 47)] * 3
    with pytest.raises(UnmeasurableError, match="more than 2 subjects"):
        squares().of(batch(points, pa.array(["a", "b", "c"])))
    assert squares(2).of(batch(points, pa.array(["a", "b", "c"]))).counts == (0, 0, 1)


def test_what_is_kept_has_the_counts_and_neither_cells_nor_subjects() -> None:
    some = squares().of(batch([shapely.Point(8, 47)], pa.array(["a"])))
    assert some.kept().counts == some.counts
    assert not some.kept().pairs
    with pytest.raises(UnmeasurableError, match="cannot be added"):
        _ = some.kept() + some
    with pytest.raises(UnmeasurableError, match="different numbers"):
        _ = some + squares(4).empty()


CATEGORIES = LatticeByCategory(column="id", labels=(("1", "high"), ("2",)))
ordinate = st.sampled_from([8.0, 8.1, 8.25, 8.123, 8.123456])
sensitive = st.lists(st.tuples(ordinate, ordinate, st.sampled_from(["1", " HIGH", "2", "3", None])), max_size=15)


def sensitive_batch(rows: list[Any]) -> LayerBatch:
    return batch([shapely.Point(x, y) for x, y, _ in rows], pa.array([row[2] for row in rows], pa.string()))


@settings(deadline=None, max_examples=60)
@given(sensitive, st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_category_is_measured_as_if_its_rows_stood_alone(rows: list[Any], size: int, random: Any) -> None:
    found = CATEGORIES.of(sensitive_batch(rows))
    for own, labels in zip(found.categories, ({"1", "high"}, {"2"}), strict=True):
        mine = [row for row in rows if row[2] is not None and row[2].strip().lower() in labels]
        assert (own.rows, own.placed) == (len(mine), len(mine))
        if mine:
            assert own.lattice == CoordinateLattice().of(sensitive_batch(mine))
    assert found.unknown == sum(row[2] in {"3", None} for row in rows)
    parts = [sensitive_batch(rows[i : i + size]) for i in range(0, max(len(rows), 1), size)]
    random.shuffle(parts)
    assert reduce(add, map(CATEGORIES.of, parts), CATEGORIES.empty()) == found
    assert from_json(CategoryLattices, canonical_json(found)) == found


def test_categories_of_numbers_are_read_and_a_missing_column_is_said() -> None:
    found = CATEGORIES.of(batch([shapely.Point(8, 47), None], pa.array([1, 2])))
    assert [(own.rows, own.placed) for own in found.categories] == [(1, 1), (1, 0)]
    assert CATEGORIES.of(batch([shapely.Point(8, 47)], pa.array([1]), name="x")).without_column
    with pytest.raises(UnmeasurableError, match="different categories"):
        _ = CATEGORIES.empty() + LatticeByCategory(column="id", labels=()).empty()
