"""The rule about how closely lines and outlines follow what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from geogate.measures.vertex_spacing import LIMITS_M, Spacing, VertexSpacing
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


def _measured(distance_m: float) -> float:
    if distance_m not in LIMITS_M:
        raise ValueError("only 1, 2 and 5 times a power of ten from 0.001 to 500000 can be measured")
    return distance_m


class SpacingParams(Params):
    """How far apart consecutive vertices must be."""

    distance_m: Annotated[float, AfterValidator(_measured)] = Field(
        description="Metres that consecutive vertices must be apart: 1, 2 or 5 times a power of ten, 0.001 to 500000."
    )
    max_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="The largest share, from 0 to 1, of edges that may be shorter."
    )


class VerticesFarApart(Rule[SpacingParams]):
    """Consecutive vertices of lines and outlines are no closer than the policy allows.

    Why: a vertex each few metres shows every turn of a track and every corner of a site, however coarse its ordinates.
    Params: ``distance_m``, the least distance of consecutive vertices; ``max_share``, the share of shorter edges that
    may be there.
    Finds: edges of lines and rings that are shorter on the ground, repeated vertices among them, without heights.
    Distances are those of the chord, at most a millionth too short up to 30 km.
    Misses: points, also where they are the vertices of a track in rows of their own.
    Remedy: simplify lines and outlines; drop repeated vertices.
    Basis: data minimisation, GDPR art. 5(1)(c).
    """

    expectation = "expect_vertices_no_closer_than"
    params = SpacingParams
    bounds = (
        Limit("distance_m", ">="),
        Limit("max_share", "<="),
    )
    says = (
        "Consecutive vertices of lines and outlines must be at least {distance_m} apart; at most {max_share} "
        "of the edges may be shorter."
    )

    def zone_lists(self, params: SpacingParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: SpacingParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the lengths of edges."""
        del params, zone_lists
        return (VertexSpacing(),)

    def settled(self, params: SpacingParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that an edge is too short already, where none may be; a share can still fall."""
        spacing = measurements[VertexSpacing().id]
        return isinstance(spacing, Spacing) and params.max_share == 0 and spacing.closer_than(params.distance_m) > 0

    def judge(
        self, params: SpacingParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the share of short edges with the limit."""
        del circumstances
        spacing = measurements[VertexSpacing().id]
        if not isinstance(spacing, Spacing):
            raise TypeError("the measurement has no spacing")
        closer = spacing.closer_than(params.distance_m)
        observed = f"{closer:,} of {spacing.edges:,} edges shorter than {params.distance_m:g} m"
        return Judgement(observed=observed, problems=(*_strange(spacing), *_short(params, spacing, closer)))


def _strange(spacing: Spacing) -> Iterator[Problem]:
    if spacing.unmeasured:
        yield Problem(
            summary="some edges have no length, because their ends are no positions",
            remedy="remove positions that are not finite, or export the layer again from its source",
            counts=(Count(what="edges without a length", value=spacing.unmeasured),),
        )


def _short(params: SpacingParams, spacing: Spacing, closer: int) -> Iterator[Problem]:
    if closer > params.max_share * spacing.edges:
        yield Problem(
            summary=f"consecutive vertices are closer than {params.distance_m:g} m",
            remedy=f"simplify until edges are {params.distance_m:g} m or longer, in metres: "
            f"`gdf.geometry.simplify({params.distance_m:g})`; drop repeated vertices with "
            "`shapely.remove_repeated_points`",
            measured=f"{closer / spacing.edges:.6g}",
            operator="<=",
            limit=f"{params.max_share:g}",
            unit="share",
            counts=(
                Count(what="edges", value=spacing.edges),
                Count(what="edges that are shorter", value=closer),
                Count(what="edges of no length", value=spacing.counts[0]),
            ),
        )
