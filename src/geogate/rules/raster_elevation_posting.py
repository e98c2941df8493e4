"""The rule about how finely elevation models show the relief."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from geogate.measures.raster_distance import GroundSampleDistance, SampleDistances
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit, Ranked
from geogate.rules.raster_sample_distance import DistanceM, is_finer, unmeasured_problem
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class PostingParams(Params):
    """How far apart neighbouring heights must be."""

    posting_m: DistanceM = Field(description="Metres on the ground that neighbouring heights must be apart.")
    operator: Literal[">", ">="] = Field(
        description="`>`: this distance itself is too fine; `>=`: it is the finest that may leave."
    )
    images: Literal["all", "possible heights"] = Field(
        description="`all`: every image counts as an elevation model; `possible heights`: those whose values may be."
    )


class ElevationPosting(Rule[PostingParams]):
    """Neighbouring heights of an elevation model are no closer on the ground than the policy allows.

    Why: a fine elevation model gives coordinates in three dimensions, for which laws have limits of their own.
    Params: ``posting_m`` and ``operator``, the least distance; ``images``, which images are judged.
    Finds: the ground sample distance of images whose values may be heights: one band with more than eight bits, a
    vertical reference system, a band whose name, text or unit speaks of heights.
    Misses: heights that are coded as colours or in eight bits, unless all images are judged; how exact heights are.
    Remedy: resample the model: `gdalwarp -tr <metres> <metres> -r average`.
    Basis: for example Korean security rules (30 m and 90 m), the Chinese public-map supplement of 2009 (100 m).
    """

    expectation = "expect_elevation_posting_no_finer_than"
    params = PostingParams
    kinds = frozenset({LayerKind.RASTER})
    bounds = (
        Limit("posting_m", "operator"),
        Ranked("images", ("all", "possible heights")),
    )
    says = "Neighbouring heights must be {operator} {posting_m} apart; images that are judged: {images}."

    def zone_lists(self, params: PostingParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: PostingParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the distances of all windows."""
        del params, zone_lists
        return (GroundSampleDistance(),)

    def settled(self, params: PostingParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a window is too fine already."""
        (found,) = measurements.values()
        return isinstance(found, SampleDistances) and is_finer(
            _finest(params, found)[0], params.posting_m, params.operator
        )

    def judge(
        self, params: PostingParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the finest distance with the limit."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, SampleDistances):
            raise TypeError("the measurement has no sample distances")
        finest_m, windows = _finest(params, found)
        seen = "no heights" if finest_m is None else f"finest posting {finest_m:g} m"
        unmeasured = (unmeasured_problem(found),) if found.unmeasured else ()
        observed = f"{seen} in {windows:,} of {found.windows:,} windows"
        if not is_finer(finest_m, params.posting_m, params.operator):
            return Judgement(observed=observed, problems=unmeasured)
        problem = Problem(
            summary=f"heights are closer than {params.posting_m:g} m on the ground",
            remedy="resample them: `gdalwarp -tr <metres> <metres> -r average`, without overviews of the old model",
            measured=f"{finest_m:g}",
            operator=params.operator,
            limit=f"{params.posting_m:g}",
            unit="m",
            counts=(Count(what="windows with heights", value=windows),),
        )
        return Judgement(observed=observed, problems=(*unmeasured, problem))


def _finest(params: PostingParams, found: SampleDistances) -> tuple[float | None, int]:
    if params.images == "all":
        return found.finest_m, found.windows
    return found.elevation_m, found.elevation_windows
