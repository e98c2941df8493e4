"""The pass over a Spark table: WKB and Spark's own geometry, the same facts as the file it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pyproj
import pytest
from judging import CIRCUMSTANCES, policy_of, registered_rule
from pyspark.sql.types import LongType, StringType, UserDefinedType
from sparking.layers import measured_here, measures, points, polygons
from sparking.openers import fine
from sparking.sessions import session_of_tests

from geogate.engines.spark_tables import SEDONA, own_reference, table_pass
from geogate.measures.measure import Unmeasured
from geogate.model.errors import ServiceError, UsageError
from geogate.model.names import LayerName
from geogate.suites.judge import judge_layers
from geogate.suites.subject import LayerUnderTest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WGS84 = pyproj.CRS.from_epsg(4326)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with session_of_tests("local[2]") as begun:
        yield begun


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file without texts and times, which Spark has in other types of Arrow's than pandas."""
    path = points(tmp_path_factory.mktemp("table") / "places.parquet", 600, seed=1)
    pq.write_table(pq.read_table(path).drop_columns(["name", "at"]), path)
    return path


@pytest.fixture(scope="module")
def table(session: Any, places: Path) -> Any:
    """The rows of the file in three partitions, in any order."""
    return session.read.parquet(str(places)).repartition(3)


def test_wkb_has_the_facts_of_the_file(table: Any, places: Path) -> None:
    found = table_pass(table, geometry="geometry", crs=WGS84)(measures())
    here = measured_here(fine([places])[0], measures())

    assert found.rows == 600
    assert found.values == here.values


def test_a_column_of_spark_s_own_geometries_says_its_reference_system(session: Any, tmp_path: Path) -> None:
    path = polygons(tmp_path / "areas.parquet", 40, seed=2)
    areas = session.read.parquet(str(path)).selectExpr("id", "ST_GeomFromWKB(geometry, 4326) AS area")

    found = table_pass(areas, geometry="area")(measures())

    assert found.values == measured_here(fine([path])[0], measures()).values


def test_a_table_without_rows_has_facts(table: Any) -> None:
    found = table_pass(table.where("id < 0"), geometry="geometry", crs=WGS84)(measures())

    assert found.rows == 0
    assert found.values == {measure.id: measure.empty() for measure in measures()}


def test_what_cannot_be_measured_names_the_partition(session: Any) -> None:
    broken = session.sql("SELECT 1 AS id, X'0102' AS geometry").coalesce(1)

    found = table_pass(broken, geometry="geometry", crs=WGS84)(measures()[:5])

    reasons = [each.reason for each in found.values.values() if isinstance(each, Unmeasured)]
    assert len(reasons) == 5
    assert all(reason.startswith("in partition 0: ") for reason in reasons)


def test_a_table_that_cannot_be_read_is_no_verdict(session: Any) -> None:
    failing = session.range(3).selectExpr("id", "CAST(raise_error('broken') AS BINARY) AS geometry")

    with pytest.raises(ServiceError, match="a Spark task failed for good"):
        table_pass(failing, geometry="geometry", crs=WGS84)(measures())


def test_rules_judge_a_table_like_any_layer(table: Any) -> None:
    fine_steps = registered_rule("expect_coordinates_no_finer_than", step_m=100_000, operator=">=")
    layer = LayerUnderTest(name=LayerName("places"), run=table_pass(table, geometry="geometry", crs=WGS84))

    answer = judge_layers(policy_of(fine_steps), [layer], circumstances=CIRCUMSTANCES, zone_lists={})

    assert [bool(outcome.problems) for outcome in answer.outcomes] == [True]


@pytest.mark.parametrize(
    ("columns", "crs", "said"),
    [
        ("geometry AS wkb", WGS84, "no such geometry column"),
        ("id AS geometry", WGS84, "holds no geometry"),
        ("geometry", None, "does not say which reference system"),
        ("ST_GeomFromWKB(geometry) AS geometry", None, "does not say which reference system"),
        ("ST_GeomFromWKB(geometry, 3857) AS geometry", WGS84, "states another reference system"),
        ("ST_GeogFromWKB(geometry) AS geometry", None, "are not planar"),
        ("geometry", pyproj.CRS.from_proj4("+proj=aeqd +lat_0=47.1 +lon_0=8.3"), "no authority publishes"),
    ],
)
def test_a_column_that_cannot_be_measured_is_wrong_usage(table: Any, columns: str, crs: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        table_pass(table.selectExpr(columns), geometry="geometry", crs=crs)


class OtherObject(UserDefinedType):  # type: ignore[misc]
    """A column type of somebody's own."""

    scala = "org.example.OtherUDT"

    @classmethod
    def scalaUDT(cls) -> str:  # noqa: N802 - Spark's name
        return cls.scala


class SedonaGeometry(OtherObject):
    """A column type as Sedona registers it."""

    scala = SEDONA


def test_the_type_of_a_column_says_whether_it_is_sedona_s() -> None:
    assert own_reference(SedonaGeometry()) is None
    for kind in (OtherObject(), LongType(), StringType()):
        with pytest.raises(UsageError, match="holds no geometry"):
            own_reference(kind)


def test_rows_with_a_reference_system_each_are_wrong_usage() -> None:
    from pyspark.sql.types import GeometryType

    with pytest.raises(UsageError, match="each row has a reference system of its own"):
        own_reference(GeometryType("ANY"))
