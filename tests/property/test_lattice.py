"""The decimal lattice against exact arithmetic, and its independence of how the stream is cut."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures.batch import LayerBatch
from geogate.measures.decimals import COARSEST, FINER, FINEST, LIMIT, classify
from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.model.document import canonical_json, from_json

WGS84 = pyproj.CRS.from_epsg(4326)
MEASURE = CoordinateLattice()


def exact_class(number: float) -> tuple[int, int]:
    """Find the class and the integer on it with fractions, from the definition."""
    if abs(number) >= LIMIT:
        return FINER, 0
    for places in range(COARSEST, FINEST + 1):
        scale = Fraction(10) ** places
        near = round(Fraction(number) * scale)
        for whole in (near, near - 1, near + 1):
            if abs(whole) < LIMIT and float(whole / scale) == number:
                return places, whole
    return FINER, 0


def classes_of(numbers: list[float]) -> list[int]:
    return [int(place) for place in classify(np.array(numbers, np.float64))[0]]


def batch(positions: list[tuple[float, float]], first_row: int = 0) -> LayerBatch:
    xy = np.array(positions, np.float64).reshape(-1, 2)
    return LayerBatch(
        wkb=pa.array(shapely.to_wkb(shapely.points(xy)), pa.binary()),
        attributes=pa.record_batch({"id": pa.array(range(len(xy)), pa.int32())}),
        crs=WGS84,
        first_row=first_row,
    )


rounded = st.builds(round, st.floats(-1e9, 1e9, allow_nan=False), st.integers(-6, 16))
neighbours = st.builds(lambda number, to: float(np.nextafter(number, to)), rounded, st.sampled_from([-np.inf, np.inf]))
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
anything = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.one_of(rounded, neighbours, singles, anything, st.integers(-(2**60), 2**60).map(float))


@settings(max_examples=400, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=30))
def test_classes_and_last_digits_are_those_of_exact_arithmetic(values: list[float]) -> None:
    classes, digits = classify(np.array(values))
    for value, place, digit in zip(values, classes.tolist(), digits.tolist(), strict=True):
        expected, whole = exact_class(value)
        assert place == expected
        if COARSEST < expected <= FINEST:
            assert (digit - whole) % 10 == 0
            assert digit != 0
        else:
            assert digit == 0


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**15), 10**15), st.integers(0, 15))
def test_a_decimal_text_of_up_to_fifteen_digits_has_the_places_that_it_shows(whole: int, places: int) -> None:
    text = Decimal(whole).scaleb(-places).normalize()
    exponent = text.as_tuple().exponent
    assert isinstance(exponent, int)
    expected = COARSEST if whole == 0 else max(-exponent, COARSEST)
    assert classes_of([float(text)]) == [expected]
    shown = Decimal(repr(float(text))).normalize().as_tuple().exponent
    assert whole == 0 or shown == exponent


@settings(deadline=None)
@given(st.integers(-(10**14), 10**14), st.integers(0, 9))
def test_one_bit_more_or_less_is_never_reported_coarser_than_its_own_digits(whole: int, places: int) -> None:
    number = float(Fraction(whole, 10**places))
    for neighbour in (np.nextafter(number, np.inf), np.nextafter(number, -np.inf)):
        (place,) = classes_of([float(neighbour)])
        assert place == exact_class(float(neighbour))[0]
        assert place > places or abs(neighbour) < 10.0**-places


@settings(deadline=None)
@given(st.lists(numbers, min_size=1, max_size=30))
def test_a_class_does_not_depend_on_the_other_numbers(values: list[float]) -> None:
    alone = [classes_of([value])[0] for value in values]
    assert classes_of(values) == alone
    assert classes_of(values[::-1]) == alone[::-1]


@settings(deadline=None)
@given(rounded, st.integers(-5, 9))
def test_what_lies_on_a_lattice_lies_on_every_finer_one(number: float, places: int) -> None:
    (place,) = classes_of([number])
    if place <= places and abs(number) * 10.0 ** max(places, 0) < LIMIT:
        assert float(Fraction(round(Fraction(number) * Fraction(10) ** places)) / Fraction(10) ** places) == number


degrees = st.floats(-90, 90, allow_nan=False)
ordinates = st.one_of(
    st.builds(round, degrees, st.integers(0, 9)),
    degrees,
    st.sampled_from([0.0, -0.0, 90.0, -90.0, float("nan"), float("inf")]),
)
positions = st.lists(st.tuples(ordinates, ordinates), max_size=30)


@settings(deadline=None)
@given(positions, st.integers(1, 7), st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_how_the_stream_is_cut_nor_on_the_order(rows, size, random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    whole = MEASURE.of(batch(rows))
    parts = [MEASURE.of(batch(rows[i : i + size])) for i in range(0, len(rows), size)]
    assert canonical_json(reduce(add, parts, MEASURE.of(batch([])))) == canonical_json(whole)
    random.shuffle(parts)
    assert canonical_json(reduce(add, parts, MEASURE.of(batch([])))) == canonical_json(whole)


@settings(deadline=None)
@given(positions)
def test_the_empty_measurement_is_neutral_and_documents_are_exact(rows: list[tuple[float, float]]) -> None:
    measured = MEASURE.of(batch(rows))
    assert MEASURE.empty() + measured == measured == measured + MEASURE.empty()
    assert from_json(Lattice, canonical_json(measured)) == measured


@settings(deadline=None)
@given(positions)
def test_every_ordinate_is_counted_once(rows: list[tuple[float, float]]) -> None:
    measured = MEASURE.of(batch(rows))
    # A point of two NaN is an empty one.
    vertices = sum(1 for x, y in rows if not (np.isnan(x) and np.isnan(y)))
    for histogram in (measured.x, measured.y):
        assert sum(decimals.count for decimals in histogram) + measured.non_finite == vertices
        assert [decimals.places for decimals in histogram] == sorted({decimals.places for decimals in histogram})


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (0.0, COARSEST),
        (-0.0, COARSEST),
        (1e6, -6),
        (1.5e6, -5),
        (100.0, -2),
        (1.0, 0),
        (0.5, 1),
        (8.1234567, 7),
        (float(np.nextafter(8.1234567, 9)), FINER),
        (0.1 + 0.2, FINER),
        (float(np.float32(47.3)), FINER),
        (5e-324, FINER),
        (1e-310, FINER),
        (1e-15, 15),
        (1e-16, FINER),
        (2.0**51 - 1, 0),
        (2.0**51, FINER),
        (2.0**53 + 2, FINER),
        (1e22, FINER),
        (1.7e308, FINER),
    ],
)
def test_places_of_particular_numbers(number: float, place: int) -> None:
    assert classes_of([number]) == [place]
