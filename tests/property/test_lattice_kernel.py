"""Lattices by compiled kernels against numpy, to the bit, whatever the numbers and however the stream is cut."""

from __future__ import annotations

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
from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.measures.lattice_tally import LatticeTally
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import PLAIN, Tools
from geogate.model.document import canonical_json

MEASURE = CoordinateLattice()
DEGREES = pyproj.CRS.from_epsg(4326)
METRES = pyproj.CRS.from_epsg(25832)

special = st.sampled_from([0.0, -0.0, 90.0, -90.0, 5e-324, 1e-15, float("nan"), float("inf"), -float("inf")])
degrees = st.floats(-90, 90, allow_nan=False)
rounded = st.builds(lambda number, places: min(max(round(number, places), -90.0), 90.0), degrees, st.integers(-2, 16))
ordinates = st.one_of(rounded, degrees, special, st.floats(-90, 90, width=32))
positions = st.lists(st.tuples(ordinates, ordinates), max_size=40)
anything = st.lists(
    st.tuples(
        st.one_of(st.floats(), st.builds(round, st.floats(-1e9, 1e9), st.integers(-7, 12))),
        st.one_of(st.floats(), st.integers(-(2**55), 2**55).map(float)),
    ),
    max_size=40,
)


def batch(xy: np.ndarray, crs: pyproj.CRS = DEGREES) -> LayerBatch:
    wkb = shapely.to_wkb(shapely.points(np.asarray(xy, np.float64).reshape(-1, 2)))
    return LayerBatch(wkb=pa.array(wkb, pa.binary()), attributes=pa.record_batch({"a": pa.nulls(len(wkb))}), crs=crs)


def tallied(*batches: LayerBatch) -> Lattice:
    tally = MEASURE.tally(Tools(kernels=True))
    assert isinstance(tally, LatticeTally)
    for each in batches:
        tally.add(each)
    return tally.measurement()


def same(*batches: LayerBatch) -> None:
    expected = reduce(add, map(MEASURE.of, batches), MEASURE.empty())
    assert canonical_json(tallied(*batches)) == canonical_json(expected)


@settings(deadline=None, max_examples=100)
@given(positions)
def test_degrees_are_counted_as_numpy_counts_them(rows: list[tuple[float, float]]) -> None:
    same(batch(np.array(rows)))


@settings(deadline=None, max_examples=100)
@given(anything)
def test_projected_positions_of_any_magnitude_are_counted_as_numpy_counts_them(rows: list[tuple[float, float]]) -> None:
    same(batch(np.array(rows), METRES))


@settings(deadline=None)
@given(positions, st.integers(1, 9), st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_cuts_tallies_and_their_order(rows, size, random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    parts = [batch(np.array(rows[i : i + size])) for i in range(0, len(rows), size)] or [batch(np.empty((0, 2)))]
    whole = canonical_json(tallied(batch(np.array(rows))))
    assert canonical_json(tallied(*parts)) == whole
    random.shuffle(parts)
    middle = len(parts) // 2
    assert canonical_json(tallied(*parts[:middle]) + tallied(*parts[middle:])) == whole


def mixed(rng: np.random.Generator, size: int) -> np.ndarray:
    """Make ordinates whose class changes along the array, so that guesses are right, wrong, and corrected."""
    numbers = rng.uniform(-89, 89, size)
    places = np.repeat(rng.choice([0, 2, 5, 7, 7, 7, 20], size // 500 + 1), 500)[:size]
    return np.array([round(number, int(place)) for number, place in zip(numbers.tolist(), places, strict=True)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("strange", ["nothing", "some", "many"])
def test_long_layers_of_changing_precision_are_counted_as_numpy_counts_them(seed: int, strange: str) -> None:
    rng = np.random.default_rng(seed)
    xy = np.column_stack([mixed(rng, 9_000), mixed(rng, 9_000)])
    share = {"nothing": 0.0, "some": 0.0002, "many": 0.2}[strange]
    for value in (np.nan, np.inf, -0.0, 90.0, -90.0):
        xy[rng.random(xy.shape) < share] = value
    same(*(batch(part) for part in np.array_split(xy, [1, 2_048, 2_049, 6_145])))


@pytest.mark.parametrize(
    ("low", "high", "places"),
    [(-180, 180, 20), (42, 51, 20), (3e5, 7e5, 20), (3e5, 7e5, 3), (3e5, 7e5, -2), (0, 1, 20)],
)
def test_long_layers_of_one_precision_are_counted_as_numpy_counts_them(low: float, high: float, places: int) -> None:
    rng = np.random.default_rng(7)
    xy = rng.uniform(low, high, (7_000, 2))
    same(
        batch(xy.round(places) if places < 16 else xy, METRES), batch(xy.astype(np.float32).astype(np.float64), METRES)
    )


@pytest.mark.parametrize("steps", [2, 5])
def test_last_digits_are_counted_on_every_step(steps: int) -> None:
    whole = np.random.default_rng(0).integers(-400_000, 400_000, (5_000, 2)) * steps
    same(batch(whole / 1e5))
    assert all(decimals.step >= steps * 1e-5 for decimals in tallied(batch(whole / 1e5)).x)


@pytest.mark.parametrize("kernels", [True, False])
def test_a_latitude_beyond_the_pole_is_refused(kernels: bool) -> None:  # noqa: FBT001
    tally = MEASURE.tally(Tools(kernels=kernels))
    tally.add(batch(np.array([[0.0, 90.0]])))
    with pytest.raises(UnmeasurableError, match=r"^some vertices have a latitude beyond the pole$"):
        tally.add(batch(np.array([[0.0, np.nextafter(90.0, 91.0)], [0.0, -95.0]])))


@pytest.mark.parametrize("tools", [PLAIN, Tools(kernels=True)])
def test_two_reference_systems_in_one_layer_are_refused(tools: Tools) -> None:
    tally = MEASURE.tally(tools)
    tally.add(batch(np.zeros((1, 2))))
    tally.add(batch(np.zeros((1, 2)), pyproj.CRS.from_epsg(4326)))
    with pytest.raises(UnmeasurableError, match="two reference systems"):
        tally.add(batch(np.zeros((1, 2)), METRES))


def test_no_batch_gives_the_empty_measurement() -> None:
    assert tallied() == MEASURE.empty()


def test_positions_in_buffers_that_cannot_be_written_are_read_in_place() -> None:
    given_batch = batch(np.random.default_rng(0).uniform(-80, 80, (100, 2)))
    expected = tallied(given_batch)
    given_batch.geometries.xy.flags.writeable = False
    assert tallied(given_batch) == expected
