"""The rule about how densely points of a cloud lie on the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.measures.point_cloud_density import Density, PointDensity
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class PointDensityParams(Params):
    """How many points may lie on a square metre."""

    points_per_m2: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        description="Points on a square metre, in the densest cell of ten by ten metres."
    )
    operator: Literal["<", "<="] = Field(
        description="`<`: this density itself is too high; `<=`: it is the highest that may leave."
    )


class LimitedPointDensity(Rule[PointDensityParams]):
    """Points of a cloud lie no denser on the ground than the policy allows.

    Why: with a hundred points on a square metre a cloud shows wires, antennas and faces; with one it shows terrain.
    Params: ``points_per_m2`` and ``operator``, the highest density.
    Finds: the points in each cell of ten by ten metres on the ground, of all classes and returns, whatever the
    reference system; the densest counts, to within one percent.
    Misses: what is denser than that within less than ten metres; several clouds of one place that together show more.
    Remedy: thin the points: `pdal translate in.laz out.laz sample --filters.sample.radius=1`.
    Basis: for example MNR notice 2024-07 (point clouds are surveying), ZICAD (code des transports L6224-1).
    """

    expectation = "expect_point_density_no_higher_than"
    params = PointDensityParams
    kinds = frozenset({LayerKind.POINT_CLOUD})
    bounds = (Limit("points_per_m2", "operator"),)
    says = "The density of points, where they lie closest, must be {operator} {points_per_m2}."

    def zone_lists(self, params: PointDensityParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: PointDensityParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the points by cells."""
        del params, zone_lists
        return (PointDensity(),)

    def settled(self, params: PointDensityParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a cell has too many points already."""
        (found,) = measurements.values()
        return isinstance(found, Density) and _is_denser(found, params)

    def judge(
        self, params: PointDensityParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the densest cell with the limit."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, Density):
            raise TypeError("the measurement has no density")
        observed = f"at most {found.densest_per_m2:g} points on a square metre, of {found.points:,}"
        return Judgement(observed=observed, problems=tuple(_problems(params, found)))


def _is_denser(found: Density, params: PointDensityParams) -> bool:
    density, limit = found.densest_per_m2, params.points_per_m2
    return not (density < limit if params.operator == "<" else density <= limit)


def _problems(params: PointDensityParams, found: Density) -> Iterator[Problem]:
    if found.elsewhere or not found.points:
        yield Problem(
            summary="there are no points, or some have no place on the ground",
            remedy="leave out points without a position",
            counts=(Count(what="points without a place", value=found.elsewhere),),
        )
    if _is_denser(found, params):
        yield Problem(
            summary=f"points lie denser than {params.points_per_m2:g} on a square metre",
            remedy="thin them: pdal translate in.laz out.laz sample --filters.sample.radius=1",
            measured=f"{found.densest_per_m2:g}",
            operator=params.operator,
            limit=f"{params.points_per_m2:g}",
            unit="points/m2",
            counts=(Count(what="points in the densest cell", value=found.densest),),
        )
