"""The rule about how old fine images are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.measures.raster_bands import Bands, RasterBands
from geogate.measures.raster_distance import GroundSampleDistance, SampleDistances
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.raster_sample_distance import DistanceM, is_finer, unmeasured_problem
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class SceneAgeParams(Params):
    """How old images must be that show the ground finely."""

    days: Annotated[int, Field(ge=1, le=36_525)] = Field(
        description="Whole days that must have gone by since the end of the day on which an image was taken."
    )
    gsd_m: DistanceM = Field(description="Metres on the ground between pixels; coarser images may be of any age.")
    operator: Literal[">", ">="] = Field(
        description="`>`: an image of this distance itself must be old; `>=`: it may be of any age."
    )


class SceneAge(Rule[SceneAgeParams]):
    """Fine images are as old as the policy asks.

    Why: what an image shows of today can be acted upon; laws let older images go where they hold those of this week.
    Params: ``days``; ``gsd_m`` and ``operator``, which say what images are fine.
    Finds: layers with a finer ground sample distance between whose day and that of the verdict, in UTC, there are less
    than so many whole days, or that were taken on a day to come, or that do not say when. The day is that of the TIFF's
    DateTime, which the canonical encoding keeps without the time of day.
    Misses: a day that is not that on which the image was taken, such as that on which its file was written.
    Remedy: wait, resample the image, or say when it was taken:
    `gdal_edit.py -mo TIFFTAG_DATETIME="2026:01:31 00:00:00" in.tif`.
    Basis: for example SatDSiV § 2(2) no. 2 b (5 days and 1.2 m), Japanese regulation art. 3 (5 years).
    """

    expectation = "expect_fine_images_no_newer_than"
    params = SceneAgeParams
    kinds = frozenset({LayerKind.RASTER})

    def zone_lists(self, params: SceneAgeParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: SceneAgeParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need when images were taken, and the distances of all windows."""
        del params, zone_lists
        return RasterBands(), GroundSampleDistance()

    def judge(
        self, params: SceneAgeParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the age of fine images with the limit."""
        taken, found = measurements[RasterBands().id], measurements[GroundSampleDistance().id]
        if not isinstance(taken, Bands) or not isinstance(found, SampleDistances):
            raise TypeError("the measurements are not of images and distances")
        age = None if taken.newest is None else _age(taken.newest, circumstances.today)
        finest = "no pixels" if found.finest_m is None else f"finest {found.finest_m:g} m"
        observed = f"{finest}, {'of an unknown day' if age is None or taken.undated else f'{age:,} days old'}"
        return Judgement(observed=observed, problems=(*_problems(params, taken, found, age=age),))


def _age(taken: date, today: date) -> int:
    """Count the whole days after the one on which an image was taken and before today; negative for a day to come."""
    days = (today - taken).days
    return days - 1 if days > 0 else days


def _problems(params: SceneAgeParams, taken: Bands, found: SampleDistances, *, age: int | None) -> Iterator[Problem]:
    if found.unmeasured:
        yield unmeasured_problem(found)
    if not found.windows + found.elsewhere:
        yield Problem(summary="the image has no windows", remedy="leave it out, or export it again", counts=())
    if not is_finer(found.finest_m, params.gsd_m, params.operator):
        return
    if taken.undated or age is None:
        yield Problem(
            summary="fine images do not say when they were taken",
            remedy='write it: `gdal_edit.py -mo TIFFTAG_DATETIME="2026:01:31 00:00:00"`, or resample them',
            counts=(Count(what="windows without a day", value=taken.undated),),
        )
    if age is not None and age < params.days:
        yield Problem(
            summary="fine images are newer than may leave",
            remedy="wait, or resample them: `gdalwarp -tr <metres> <metres> -r average`",
            measured=str(age),
            operator=">=",
            limit=str(params.days),
            unit="days",
            counts=(Count(what="windows", value=found.windows),),
        )
