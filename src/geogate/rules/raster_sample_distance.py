"""The rule about how finely images show the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.measures.raster_distance import GroundSampleDistance, SampleDistances
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

DistanceM = Annotated[float, Field(gt=0, le=1_000_000)]


class SampleDistanceParams(Params):
    """How far apart neighbouring pixels must be."""

    gsd_m: DistanceM = Field(description="Metres on the ground that neighbouring pixels must be apart.")
    operator: Literal[">", ">="] = Field(
        description="`>`: this distance itself is too fine; `>=`: it is the finest that may leave."
    )


class SampleDistance(Rule[SampleDistanceParams]):
    """Neighbouring pixels of images are no closer on the ground than the policy allows.

    Why: laws on earth observation draw their lines at the ground sample distance: who sees half a metre sees vehicles.
    Params: ``gsd_m`` and ``operator``, the least distance.
    Finds: the distance in metres on the ground, by geodesics and not in units of the file, at a grid of places in each
    window of 512 pixels; the finest counts, of rows or of columns, across where pixels are skewed, of the base image
    and of each overview. Distances that are the limit to six digits are the limit.
    Misses: images that were enlarged, which show less than their distance says; several images of the same place that
    together show more; a transform that lies about the image. Towards the poles, beyond 85 degrees, columns of a grid
    in degrees count as far apart as its rows.
    Remedy: resample the image: `gdalwarp -tr <metres> <metres> -r average`.
    Basis: for example Kyl-Bingaman (0.4 m), SatDSiV § 1 (2.5 m), Korean security rules (0.25 m, 30 m, 90 m).
    """

    expectation = "expect_ground_sample_distance_no_finer_than"
    params = SampleDistanceParams
    kinds = frozenset({LayerKind.RASTER})
    bounds = (Limit("gsd_m", "operator"),)
    says = "The ground sample distance, neighbouring pixels of an image, must be {operator} {gsd_m}."

    def zone_lists(self, params: SampleDistanceParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: SampleDistanceParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the distances of all windows."""
        del params, zone_lists
        return (GroundSampleDistance(),)

    def settled(self, params: SampleDistanceParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a window is too fine already."""
        (found,) = measurements.values()
        return isinstance(found, SampleDistances) and is_finer(found.finest_m, params.gsd_m, params.operator)

    def judge(
        self, params: SampleDistanceParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the finest distance with the limit."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, SampleDistances):
            raise TypeError("the measurement has no sample distances")
        return judged(found, gsd_m=params.gsd_m, operator=params.operator, where="")


def is_finer(distance_m: float | None, limit_m: float, operator: str) -> bool:
    """Say whether a distance breaks the limit; ``operator`` is what it would have to be to the limit."""
    if distance_m is None:
        return False
    return not (distance_m > limit_m if operator == ">" else distance_m >= limit_m)


def unmeasured_problem(found: SampleDistances) -> Problem:
    """Name the windows whose distance nobody knows."""
    return Problem(
        summary="some windows of the image have no distance on the ground",
        remedy="warp the image to a system that is defined where it lies: `gdalwarp -t_srs EPSG:4326`",
        counts=(Count(what="windows without a distance", value=found.unmeasured),),
    )


def judged(found: SampleDistances, *, gsd_m: float, operator: str, where: str) -> Judgement:
    """Judge what was found against a limit; ``where`` is said after it."""
    finest = "no pixels" if found.finest_m is None else f"finest {found.finest_m:g} m"
    observed = f"{finest} in {found.windows:,} windows{where}"
    problems = tuple(_problems(found, gsd_m=gsd_m, operator=operator, where=where))
    return Judgement(observed=observed, problems=problems)


def _problems(found: SampleDistances, *, gsd_m: float, operator: str, where: str) -> Iterator[Problem]:
    if found.unmeasured:
        yield unmeasured_problem(found)
    if not found.windows + found.elsewhere:
        yield Problem(summary="the image has no windows", remedy="leave it out, or export it again", counts=())
    if is_finer(found.finest_m, gsd_m, operator):
        yield Problem(
            summary=f"images show the ground finer than {gsd_m:g} m{where}",
            remedy="resample them: `gdalwarp -tr <metres> <metres> -r average`, without overviews of the old image",
            measured=f"{found.finest_m:g}",
            operator=operator,
            limit=f"{gsd_m:g}",
            unit="m",
            counts=(Count(what="windows", value=found.windows),),
        )
