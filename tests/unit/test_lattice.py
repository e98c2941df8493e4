"""Steps of a lattice: their factors, their length on the ground, and what is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.lattice import WITNESSES, CoordinateLattice, Lattice
from geogate.measures.lattice_metres import finest_step, layer_step, steps
from geogate.measures.measure import UnmeasurableError
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

MEASURE = CoordinateLattice()
GEOD = pyproj.Geod(ellps="WGS84")


def lattice(positions: object, crs: object = "EPSG:4326") -> Lattice:
    xy = np.array(positions, np.float64).reshape(-1, 2)
    return measured([shapely.Point(*position) for position in xy], crs)


def measured(shapes: Sequence[BaseGeometry | None], crs: object = "EPSG:4326") -> Lattice:
    return MEASURE.of(
        LayerBatch(
            wkb=pa.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], pa.binary()),
            attributes=pa.record_batch({"id": pa.array(range(len(shapes)), pa.int32())}),
            crs=pyproj.CRS.from_user_input(crs),
        )
    )


def along(step: float, count: int = WITNESSES) -> list[tuple[float, float]]:
    """Positions whose x are odd multiples of a step and whose y are whole."""
    return [((2 * i + 1) * step, float(i)) for i in range(count)]


@pytest.mark.parametrize(
    ("factor", "expected"), [(1, 0.001), (2, 0.002), (5, 0.005), (3, 0.001), (4, 0.002), (6, 0.002), (20, 0.02)]
)
def test_the_step_is_one_two_or_five_units_of_the_last_decimal(factor: int, expected: float) -> None:
    numbers = [i * factor / 1000 for i in range(1, 400)]
    assert layer_step(lattice([(number, 0) for number in numbers]), "x") == expected


@pytest.mark.parametrize(("count", "step"), [(WITNESSES - 1, 0.1), (WITNESSES, 0.5)])
def test_few_ordinates_do_not_vouch_for_a_factor(count: int, step: float) -> None:
    assert layer_step(lattice([(i + 0.5, 0) for i in range(count)]), "x") == step


@pytest.mark.parametrize("step", [0.2, 0.5])
def test_one_ordinate_that_does_not_end_in_the_digit_takes_the_factor_away(step: float) -> None:
    many = [(i + step, 0.0) for i in range(60)]
    assert layer_step(lattice([*many, (0.3, 0.0)]), "x") == 0.1
    assert layer_step(lattice([*many, (7.0, 0.0)]), "x") == step


def test_the_worst_ordinate_decides() -> None:
    step = finest_step(lattice([*[(i / 10, 40.0) for i in range(500)], (0.1234567, 40.0)]))
    assert step is not None
    assert (step.axis, step.places, step.count, step.step) == ("x", 7, 1, 1e-7)


def test_a_coarse_step_near_a_pole_can_be_shorter_than_a_fine_one_elsewhere() -> None:
    step = finest_step(lattice([(10.001, 0.0), (10.1, 89.9)]))
    assert step is not None
    assert (step.axis, step.places) == ("x", 1)


def test_full_precision_has_no_step() -> None:
    step = finest_step(lattice([(0.1 + 0.2, 1.0)]))
    assert step is not None
    assert (step.step, step.metres, step.label) == (0.0, 0.0, "more than 15 decimals")


def test_no_vertices_have_no_finest_step() -> None:
    for shapes in ([], [None], [shapely.Point()], [shapely.Polygon(), None]):
        assert finest_step(measured(shapes)) is None
        assert layer_step(measured(shapes), "x") is None
    assert finest_step(MEASURE.empty()) is None


def test_every_vertex_of_every_geometry_counts() -> None:
    shapes = [
        shapely.Point(1, 1),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.Polygon([(0, 0), (4, 0), (4, 4)], [[(1, 1), (2, 1), (2.001, 2)]]),
        shapely.GeometryCollection([shapely.MultiPoint([(0, 0), (1, 3.1)]), shapely.GeometryCollection()]),
        None,
    ]
    found = measured(shapes)
    assert {decimals.places for decimals in found.x} >= {3}
    assert {decimals.places for decimals in found.y} >= {1}
    assert sum(decimals.count for decimals in found.x) == 1 + 2 + 8 + 2


@pytest.mark.parametrize("latitude", [0.0, 1.0, 23.4, 45.0, 60.0, 66.6, 80.0, 89.0, 89.99, -33.3, -75.0])
@pytest.mark.parametrize("places", [0, 3, 5])
def test_steps_in_degrees_are_as_long_as_geod_says(latitude: float, places: int) -> None:
    size = 10.0**-places
    found = {step.axis: step for step in steps(lattice([(1 + size, latitude)])) if step.places == places}
    _, _, east = GEOD.inv(0, latitude, size / 100, latitude)
    assert found["x"].metres == pytest.approx(east * 100, rel=1e-5)


@pytest.mark.parametrize("latitude", [0.001, 1.001, 23.401, 45.001, 60.001, 89.001, -33.301, -75.001])
def test_steps_along_the_meridian_are_as_long_as_geod_says(latitude: float) -> None:
    found = next(step for step in steps(lattice([(1, latitude)])) if step.axis == "y")
    _, _, north = GEOD.inv(0, abs(latitude), 0, abs(latitude) - 0.001)
    assert found.step == 0.001
    assert found.metres == pytest.approx(north, rel=1e-6)


@pytest.mark.parametrize(
    ("crs", "position"),
    [
        ("EPSG:3857", (1_000_001, 1_000_003)),
        ("EPSG:3857", (1_000_001, 8_399_737)),
        ("EPSG:25832", (500_001, 5_300_001)),
        ("EPSG:25832", (300_001, 6_600_001)),
        ("EPSG:27700", (300_001, 600_001)),
        ("EPSG:2263", (987_001, 213_001)),
        ("EPSG:3413", (-1_200_001, 400_003)),
        ("EPSG:3413", (1, 3)),
        ("EPSG:7415", (155_001, 463_001)),
        ("EPSG:5513", (1_043_001, 743_001)),
        ("ESRI:54009", (6_000_001, 7_000_001)),
    ],
)
def test_steps_in_projected_systems_are_as_long_as_geod_says(crs: str, position: tuple[int, int]) -> None:
    system = pyproj.CRS.from_user_input(crs)
    flat = system.sub_crs_list[0] if system.is_compound else system
    ellipsoid = flat.ellipsoid
    assert ellipsoid is not None
    assert flat.geodetic_crs is not None
    own = pyproj.Geod(a=ellipsoid.semi_major_metre, b=ellipsoid.semi_minor_metre)
    back = pyproj.Transformer.from_crs(flat, flat.geodetic_crs, always_xy=True)
    found = {step.axis: step for step in steps(lattice([position], crs)) if step.places == 0}
    for axis, (dx, dy) in {"x": (1, 0), "y": (0, 1)}.items():
        ends = [back.transform(position[0] + s * 50 * dx, position[1] + s * 50 * dy) for s in (-1, 1)]
        _, _, metres = own.inv(*ends[0], *ends[1])
        assert found[axis].step == 1
        assert found[axis].metres == pytest.approx(metres / 100, rel=1e-5)


@pytest.mark.parametrize(
    ("crs", "position", "metres"),
    [
        # Web Mercator: cos 60 / sqrt(1 - e2 sin2 60); UTM: 1 / 0.9996 on the central meridian.
        ("EPSG:3857", (1, 8_399_737), 0.50126),
        ("EPSG:25832", (500_001, 5_300_001), 1.0004),
        ("EPSG:2263", (987_001, 213_001), 0.3048),
        ("EPSG:4807", (1.001, 50.0), 70.97),
    ],
)
def test_steps_of_particular_systems(crs: str, position: tuple[float, float], metres: float) -> None:
    found = next(step for step in steps(lattice([position], crs)) if step.axis == "x")
    assert found.metres == pytest.approx(metres, rel=2e-4)


def test_the_scale_is_taken_where_it_makes_the_step_shortest() -> None:
    step = finest_step(lattice([(1, 1), (1, 8_399_737)], "EPSG:3857"))
    assert step is not None
    assert step.metres == pytest.approx(0.5, rel=0.01)


def test_a_vertex_at_a_pole_does_not_make_every_longitude_precise() -> None:
    with_pole, without = finest_step(lattice([(179.9, 90.0), (10.1, 50.0)])), finest_step(lattice([(10.1, 50.0)]))
    assert with_pole is not None
    assert without is not None
    assert (with_pole.axis, with_pole.metres) == (without.axis, without.metres)


def test_a_longitude_at_a_pole_counts_as_one_at_the_equator_because_it_can_be_read() -> None:
    step, equator = finest_step(lattice([(45.123456, -90.0)])), finest_step(lattice([(45.123456, 0.0)]))
    assert step is not None
    assert equator is not None
    assert (step.axis, step.places, step.metres) == ("x", 6, equator.metres)


@pytest.mark.parametrize(("crs", "latitude"), [("EPSG:4326", 90.0), ("EPSG:4326", -90.0), ("EPSG:4807", 100.0)])
def test_a_latitude_may_be_that_of_the_pole_and_not_beyond(crs: str, latitude: float) -> None:
    assert lattice([(1, latitude)], crs).non_finite == 0
    with pytest.raises(UnmeasurableError, match="some vertices have a latitude beyond the pole"):
        lattice([(1, np.nextafter(latitude, 2 * latitude))], crs)


@pytest.mark.parametrize("bad", [(math.nan, 1.0), (1.0, math.nan), (math.inf, 1.0), (1.0, -math.inf)])
def test_vertices_that_are_not_finite_are_counted_apart(bad: tuple[float, float]) -> None:
    found = lattice([bad, (1.5, 2.5)])
    assert found.non_finite == 1
    assert [decimals.count for decimals in (*found.x, *found.y)] == [1, 1]


def test_two_reference_systems_do_not_merge() -> None:
    with pytest.raises(UnmeasurableError, match="two reference systems"):
        lattice([(1, 2)]) + lattice([(1, 2)], "EPSG:25832")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:25832", "EPSG:7415", "EPSG:4807"])
def test_a_kept_measurement_says_the_same_as_the_fresh_one(crs: str) -> None:
    fresh = lattice([(7.125, 49.3), (8.5, 47.25)], crs)
    assert steps(from_json(Lattice, canonical_json(fresh))) == steps(fresh)


def test_vertices_outside_the_projection_have_no_steps() -> None:
    with pytest.raises(UnmeasurableError, match="outside the projection"):
        finest_step(lattice([(1e9, 1e9 + 1)], "ESRI:54009"))


@pytest.mark.parametrize("crs", ["EPSG:4978", "EPSG:5703", 'LOCAL_CS["here",UNIT["metre",1]]'])
def test_systems_that_are_neither_geographic_nor_projected_are_refused(crs: str) -> None:
    with pytest.raises(UnmeasurableError, match="neither geographic nor projected"):
        lattice([(1, 2)], crs)


@pytest.mark.parametrize(
    ("x", "label"),
    [(1e6, "multiples of 1,000,000"), (3.0, "multiples of 1"), (0.5, "1 decimal"), (0.25, "2 decimals")],
)
def test_classes_have_names(x: float, label: str) -> None:
    assert steps(lattice([(x, 0)], "EPSG:25832"))[0].label == label
