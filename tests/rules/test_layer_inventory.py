"""The inventory rule at its limits, and what a finding may repeat of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import shapely
from judging import CIRCUMSTANCES, batch_of

from geogate.measures.inventory import LayerInventory
from geogate.rules.layer_inventory import InventoryParams, LayerContents

if TYPE_CHECKING:
    from collections.abc import Sequence

PARAMS: dict[str, Any] = {
    "columns": "any",
    "min_rows": 1,
    "max_rows": 100,
    "crs": "any",
    "max_share_without_geometry": 0.5,
    "geometry_kinds": "any",
    "z_allowed": True,
    "m_allowed": True,
}
POINT = shapely.Point(1, 2)


def judge(
    geometries: Sequence[shapely.Geometry | None], *, attributes: dict[str, list[Any]] | None = None, **params: Any
) -> list[str]:
    measure = LayerInventory()
    found = measure.of(batch_of(geometries, columns=attributes))
    rule = LayerContents()
    judgement = rule.judge(InventoryParams.model_validate(PARAMS | params), {measure.id: found}, CIRCUMSTANCES)
    assert all(problem.remedy for problem in judgement.problems)
    return [problem.summary for problem in judgement.problems]


@pytest.mark.parametrize(("rows", "problems"), [(1, 1), (2, 0), (3, 0), (4, 1)])
def test_rows_have_a_least_and_a_most(rows: int, problems: int) -> None:
    assert len(judge([POINT] * rows, min_rows=2, max_rows=3)) == problems


@pytest.mark.parametrize(("without", "problems"), [(1, 0), (2, 1)])
def test_the_share_of_rows_without_a_geometry_has_a_limit(without: int, problems: int) -> None:
    some = [POINT] * (4 - without) + [None, shapely.Point()][:without]
    assert len(judge(some, max_share_without_geometry=0.25)) == problems


def test_one_row_without_a_geometry_is_too_many_where_none_may_be() -> None:
    assert judge([POINT] * 9 + [None], max_share_without_geometry=0.0) == ["too many rows have no geometry"]


@pytest.mark.parametrize(
    ("geometry", "heights", "measures"),
    [
        (shapely.from_wkt("POINT Z (1 2 3)"), 1, 0),
        (shapely.from_wkt("POINT M (1 2 3)"), 0, 1),
        (shapely.from_wkt("POINT ZM (1 2 3 4)"), 1, 1),
        (POINT, 0, 0),
    ],
)
def test_heights_and_measures_are_told_apart(geometry: shapely.Geometry, heights: int, measures: int) -> None:
    assert len(judge([geometry], z_allowed=False)) == heights
    assert len(judge([geometry], m_allowed=False)) == measures
    assert judge([geometry]) == []


def test_only_listed_kinds_are_allowed() -> None:
    line = shapely.LineString([(1, 2), (3, 4)])
    assert judge([POINT, line], geometry_kinds=("Point", "LineString")) == []
    assert judge([POINT, line], geometry_kinds=("Point",)) == [
        "the layer has geometries of kinds that are not allowed: LineString"
    ]


@pytest.mark.parametrize(("allowed", "problems"), [(("EPSG:4326",), 0), (("EPSG:4258", "EPSG:3857"), 1)])
def test_only_listed_reference_systems_are_allowed(allowed: tuple[str, ...], problems: int) -> None:
    assert len(judge([POINT], crs=allowed)) == problems


def test_a_column_is_declared_by_its_exact_name() -> None:
    columns = {"name": ["x"], "Name": ["y"]}
    assert judge([POINT], attributes=columns) == []
    assert judge([POINT], attributes=columns, columns=("name", "Name")) == []
    assert judge([POINT], attributes=columns, columns=("name",)) == ["1 columns are not declared: Name"]
    assert judge([POINT], attributes=columns, columns=()) == ["2 columns are not declared: name, Name"]


@pytest.mark.parametrize("name", ["11.0563", "53.77,11.05", "Erika Mustermann", "a" * 41, "<script>", "naïve", ""])
def test_the_name_of_a_column_that_could_be_a_value_is_not_repeated(name: str) -> None:
    assert judge([POINT], attributes={name: ["x"]}, columns=("id",)) == ["1 columns are not declared"]


def test_at_most_ten_undeclared_names_are_listed() -> None:
    (summary,) = judge([POINT], attributes={f"c{i}": ["x"] for i in range(12)}, columns=())
    assert summary.endswith("c0, c1, c2, c3, c4, c5, c6, c7, c8, c9")


def test_positions_that_are_not_on_the_earth_are_a_problem_whatever_the_policy_says() -> None:
    assert judge([shapely.Point(1, 91)]) == [
        "some positions are not on the Earth, or have no longitude from -180 to 180"
    ]
    assert judge([shapely.Point(float("inf"), 1)]) != []
    assert judge([shapely.Point(180, 90)]) == []


def test_a_measurement_of_another_kind_is_an_error() -> None:
    with pytest.raises(TypeError):
        LayerContents().judge(
            InventoryParams.model_validate(PARAMS),
            {LayerInventory().id: 3},
            CIRCUMSTANCES,
        )
