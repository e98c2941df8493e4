"""The rule about positions that take turns in a dimension of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from geogate.measures.point_cloud_values import PointTurns, PointValues
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class PointValuesParams(Params):
    """How far values may differ between rows that take turns."""

    max_separation: Annotated[float, Field(ge=0, lt=1)] = Field(
        description=(
            "How far values of even and odd rows, or of every third one, may differ: 0 not at all, 1 for no value of "
            "one size in common; 0.8 is met by whatever was measured."
        )
    )


class NoTurnsInPointValues(Rule[PointValuesParams]):
    """Values of points do not take turns from row to row, as the two ordinates of a position would.

    Why: a dimension such as the time or the height has one number a point; who hides positions there writes a longitude
    and a latitude in turn, and each number by itself is a fair height.
    Params: ``max_separation``, how far the values of rows that take turns may differ in size.
    Finds: numbers in heights, times and other dimensions whose sizes differ between even and odd rows, or between every
    first, second and third row, whatever their unit and order. Sizes are told apart by sixteenths of a power of two.
    Misses: numbers in turns that are longer or not regular; columns with fewer than 30 values a turn; small whole
    numbers. Two dimensions that are a position together are found by the gate itself.
    Remedy: leave the dimension out, or look at its values and sort the points as they were measured.
    Basis: for example GDPR art. 5(1)(f); what leaves must be what it says that it is.
    """

    expectation = "expect_point_values_not_to_take_turns"
    params = PointValuesParams
    kinds = frozenset({LayerKind.POINT_CLOUD})
    bounds = (Limit("max_separation", "<="),)
    says = "Values of rows that take turns may differ by at most {max_separation}."

    def zone_lists(self, params: PointValuesParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: PointValuesParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need how values take turns."""
        del params, zone_lists
        return (PointValues(),)

    def judge(
        self, params: PointValuesParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare each dimension with the limit."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, PointTurns):
            raise TypeError("the measurement has no turns")
        most = max((column.separation for column in found.columns or ()), default=0.0)
        observed = f"values of {len(found.columns or ())} dimensions, separated by at most {most:.2f}"
        return Judgement(observed=observed, problems=tuple(_problems(params, found)))


def _problems(params: PointValuesParams, found: PointTurns) -> Iterator[Problem]:
    if found.columns is None:
        yield Problem(summary="there are no points", remedy="leave the layer out, or export it again", counts=())
        return
    separate = [column.separation for column in found.columns if column.separation > params.max_separation]
    if separate:
        yield Problem(
            summary="values of points take turns from row to row, as longitudes and latitudes would",
            remedy="leave the dimensions out, or look at their values",
            measured=f"{max(separate):.2f}",
            operator="<=",
            limit=f"{params.max_separation:g}",
            counts=(Count(what="dimensions", value=len(separate)),),
        )
