"""The rule about places that images must not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from geogate.measures.raster_zones import RasterZonePixels, ZonePixelCounts, ZonePixels
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.restricted_zones import MOST_ZONES, BufferM, ListName, opaque
from geogate.rules.rule import Judgement, Params, Rule, SoFar
from geogate.rules.together import found_beside, require_measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class PixelZonesParams(Params):
    """Which zones, how near is too near, and how much may be shown."""

    zone_list: ListName = Field(description="The name of the zone list.")
    buffer_m: BufferM = Field(
        description="Metres around each zone that count as inside; a zone's own buffer counts where it is larger."
    )
    max_pixels: Annotated[int, Field(ge=0)] = Field(
        description="Pixels, of the base image or of all overviews, that may show a zone in all images of a release "
        "together; more are a problem."
    )


class PixelZones(Rule[PixelZonesParams]):
    """No pixel that shows anything lies in a restricted zone or within its buffer, in no image of the file.

    Why: a site can be blanked in an image that may otherwise leave, and is then often still there in its overviews.
    Params: ``zone_list``, the name of a list beside the policies; ``buffer_m``, metres around each zone, where a zone's
    own buffer counts if it is larger; ``max_pixels``, how many pixels may show a zone.
    Finds: pixels of the base image and of each overview that are not blank and may lie in a zone, up to half a pixel
    beside it. Blank is what has the nodata value in all bands, or zeros under a mask or an alpha band; what a mask only
    hides is shown. Where control points or a sensor model place the image, a window near a zone counts as a whole.
    Where some may show a zone, those count with a batch of a feed that the recipient got before.
    Misses: places that the list does not have; a site that was painted over with other values counts as shown; shadows
    and traces that a site leaves outside its zone.
    Remedy: blank the zones in the image, write it with a nodata value, and make overviews after that or none.
    Basis: acts on the protection of military areas and critical infrastructure; the list names its own source.
    """

    expectation = "expect_no_pixels_in_restricted_zones"
    params = PixelZonesParams
    kinds = frozenset({LayerKind.RASTER})
    bounds = (
        Limit("buffer_m", ">"),
        Limit("max_pixels", "<="),
    )
    says = (
        "At most {max_pixels} with a value, of all images together, may lie in zones of {zone_list} or within "
        "{buffer_m} of them."
    )

    def zone_lists(self, params: PixelZonesParams) -> tuple[str, ...]:
        """Need the one list."""
        return (params.zone_list,)

    def measures(
        self, params: PixelZonesParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the pixels in the list's zones within the buffer.

        Raises: KeyError when the list is missing; PolicyError when it cannot protect with this buffer.
        """
        return (RasterZonePixels.against(zone_lists[params.zone_list], buffer_m=params.buffer_m),)

    def adds_up(
        self, params: PixelZonesParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...] | None:
        """Count on by the pixels, where some are let pass."""
        return self.measures(params, zone_lists) if params.max_pixels else None

    def settled(self, params: PixelZonesParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that too many pixels show a zone already: counts only grow."""
        (found,) = measurements.values()
        return isinstance(found, ZonePixelCounts) and _most(found) > params.max_pixels

    def so_far(
        self, params: PixelZonesParams, measure_ids: Sequence[MeasureId], circumstances: Circumstances
    ) -> SoFar | None:
        """Count the pixels in zones, where some are let pass."""
        if not params.max_pixels:
            return None
        (measure,) = measure_ids
        pixels = sum(map(_most, found_beside(circumstances, measure, ZonePixelCounts)))
        return SoFar(measured=pixels, operator="<=", limit=params.max_pixels, unit="pixels in zones")

    def judge(
        self, params: PixelZonesParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the number of pixels that show a zone with the limit."""
        ((measure, found),) = measurements.items()
        if not isinstance(found, ZonePixelCounts):
            raise TypeError("the measurement has no pixels")
        most = _most(found)
        observed = (
            f"{most:,} pixels in {len(found.zones):,} zones, {found.blank:,} of {found.windows:,} windows blanked"
        )
        if not found.windows:
            problem = Problem(summary="the image has no windows", remedy="leave it out, or export it again", counts=())
            return Judgement(observed=observed, problems=(problem,))
        # Where none may be shown each image speaks for itself.
        if params.max_pixels and most:
            require_measured(circumstances, measure, self.kinds)
            most += sum(map(_most, found_beside(circumstances, measure, ZonePixelCounts)))
        if most <= params.max_pixels:
            return Judgement(observed=observed)
        return Judgement(observed=observed, problems=(_problem(params, found, most),))


def _most(found: ZonePixelCounts) -> int:
    """Count the pixels that show zones in the base image or in the overviews, whichever are more."""
    return max(sum(zone.base for zone in found.zones), sum(zone.overviews for zone in found.zones))


def _problem(params: PixelZonesParams, found: ZonePixelCounts, most: int) -> Problem:
    base, overviews = (sum(counts) for counts in zip(*((z.base, z.overviews) for z in found.zones), strict=True))
    where = f"zones of {params.zone_list} or within {params.buffer_m:g} m"
    summary = f"images show {most:,} pixels in {where}"
    if overviews and not base:
        summary = f"the base image is blank in {where}, and overviews show {overviews:,} pixels there"
    return Problem(
        summary=summary,
        remedy="blank the zones with a nodata value, and make overviews after that or none",
        measured=str(most),
        operator="<=",
        limit=str(params.max_pixels),
        unit="pixels",
        counts=(
            Count(what="pixels of the base image in zones", value=base),
            Count(what="pixels of overviews in zones", value=overviews),
            Count(what="zones", value=len(found.zones)),
            *(Count(what=f"pixels in zone {opaque(z.zone)}", value=z.base + z.overviews) for z in _worst(found)),
        ),
    )


def _worst(found: ZonePixelCounts) -> list[ZonePixels]:
    return sorted(found.zones, key=lambda zone: (-zone.base - zone.overviews, zone.zone))[:MOST_ZONES]
