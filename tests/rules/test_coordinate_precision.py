"""The precision rule at its limits; its remedies are carried out and must work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas
import numpy as np
import pytest
import shapely
from judging import CIRCUMSTANCES, batch_of

from geogate.measures.lattice import CoordinateLattice
from geogate.measures.lattice_metres import finest_step
from geogate.model.finding import Count
from geogate.rules.coordinate_precision import CoordinatePrecision, PrecisionParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.rules.rule import Judgement


def judge(
    geometries: Sequence[shapely.Geometry | None], *, step_m: float, operator: str = ">=", crs: str = "EPSG:4326"
) -> Judgement:
    rule, measure = CoordinatePrecision(), CoordinateLattice()
    lattice = measure.of(batch_of(geometries, crs=crs))
    params = PrecisionParams.model_validate({"step_m": step_m, "operator": operator})
    return rule.judge(params, {measure.id: lattice}, CIRCUMSTANCES)


def points(*xy: tuple[float, float]) -> list[shapely.Geometry]:
    return [shapely.Point(each) for each in xy]


def step_of(geometries: Sequence[shapely.Geometry], crs: str = "EPSG:4326") -> float:
    found = finest_step(CoordinateLattice().of(batch_of(geometries, crs=crs)))
    assert found
    return found.metres


@pytest.mark.parametrize(
    ("share", "settled"), [(0.4, False), (1.0, False), (5.1, False), (9.9, False), (10.1, True), (1e4, True)]
)
def test_the_rule_is_settled_when_a_step_is_far_too_fine(share: float, settled: bool) -> None:  # noqa: FBT001
    some, measure = points((8.12, 50.34)), CoordinateLattice()
    params = PrecisionParams(step_m=step_of(some) * share, operator=">")
    assert CoordinatePrecision().settled(params, {measure.id: measure.of(batch_of(some))}) is settled


def test_the_rule_is_not_settled_by_no_position() -> None:
    measure = CoordinateLattice()
    params = PrecisionParams(step_m=1.0, operator=">")
    assert not CoordinatePrecision().settled(params, {measure.id: measure.empty()})


@pytest.mark.parametrize("operator", [">=", ">"])
def test_the_operator_decides_at_the_limit_itself(operator: str) -> None:
    some = points((8.12, 50.34))
    limit = step_of(some)
    assert bool(judge(some, step_m=limit, operator=operator).problems) is (operator == ">")
    assert not judge(some, step_m=np.nextafter(limit, 0), operator=operator).problems
    assert judge(some, step_m=np.nextafter(limit, 1e9), operator=operator).problems


def test_one_fine_ordinate_among_many_is_found_and_counted() -> None:
    some = points(*[(8.1, 50.3)] * 99, (8.1234567, 50.3))
    (problem,) = judge(some, step_m=100).problems
    assert problem.operator == ">="
    assert (problem.limit, problem.unit) == ("100", "m")
    assert Count(what="x ordinates finer than the limit", value=1) in problem.counts
    assert Count(what="y ordinates finer than the limit", value=0) in problem.counts
    assert Count(what="x ordinates with 7 decimals", value=1) in problem.counts


def test_a_layer_without_a_position_is_a_problem() -> None:
    (problem,) = judge([None, shapely.Point()], step_m=1).problems
    assert problem.summary == "the layer has no position whose precision could be judged"


def test_positions_that_are_not_finite_are_a_problem_even_if_the_rest_is_coarse() -> None:
    some = [shapely.Point(8, 50), shapely.Point(np.inf, 50)]
    (problem,) = judge(some, step_m=1).problems
    assert problem.counts == (Count(what="vertices that are not finite", value=1),)


def test_the_observation_and_the_problem_hold_no_coordinate() -> None:
    judgement = judge(points((8.1234567, 50.7654321)), step_m=100)
    assert "8.12" not in str(judgement)
    assert "50.7" not in str(judgement)


@pytest.mark.parametrize(
    ("crs", "xy", "step_m"),
    [
        ("EPSG:4326", (8.1234567, 50.7654321), 100),
        ("EPSG:4326", (8.1234567, 50.7654321), 1000),
        ("EPSG:4326", (8.1234567, 50.7654321), 50_000),
        ("EPSG:4326", (25.1234567, 78.7654321), 1000),
        ("EPSG:25832", (512345.678, 5512345.678), 100),
        ("EPSG:25832", (512345.678, 5512345.678), 0.05),
        ("EPSG:2263", (983456.789, 197654.321), 100),
    ],
)
def test_the_command_in_the_remedy_makes_the_layer_pass(crs: str, xy: tuple[float, float], step_m: float) -> None:
    gdf = geopandas.GeoDataFrame(geometry=points(xy, (xy[0] + 1 / 3, xy[1] + 1 / 3)), crs=crs)
    (problem,) = judge(gdf.geometry.to_numpy(), step_m=step_m, crs=crs).problems
    command = problem.remedy.partition("`")[2].rstrip("`")
    exec(command, {"gdf": gdf, "numpy": np})
    assert not judge(gdf.geometry.to_numpy(), step_m=step_m, crs=crs).problems


def test_where_no_rounding_helps_the_remedy_says_so() -> None:
    (problem,) = judge(points((8.1234567, 50.7654321)), step_m=1e7).problems
    assert problem.remedy.startswith("no rounding to decimals makes these positions coarse enough")


def test_whole_degrees_are_named_as_such() -> None:
    (problem,) = judge(points((8.5, 50.5)), step_m=50_000).problems
    assert problem.remedy.startswith("round positions to multiples of 1, for example")


def test_a_measurement_of_another_kind_is_an_error() -> None:
    rule = CoordinatePrecision()
    params = PrecisionParams(step_m=1.0, operator=">")
    with pytest.raises(TypeError):
        rule.judge(params, {CoordinateLattice().id: 3}, CIRCUMSTANCES)
