"""The rule about how finely images show some places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from geogate.measures.raster_distance import SampleDistances, ZoneSampleDistance
from geogate.model.dataset import LayerKind
from geogate.rules.bounds import Limit
from geogate.rules.raster_sample_distance import DistanceM, is_finer, judged
from geogate.rules.restricted_zones import BufferM, ListName
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class ZoneDistanceParams(Params):
    """How far apart neighbouring pixels must be, and where."""

    gsd_m: DistanceM = Field(description="Metres on the ground that neighbouring pixels must be apart.")
    operator: Literal[">", ">="] = Field(
        description="`>`: this distance itself is too fine; `>=`: it is the finest that may leave."
    )
    zone_list: ListName = Field(description="The zone list near which images are judged, such as a country.")
    buffer_m: BufferM = Field(
        description="Metres around each zone that count as inside; a zone's own buffer counts where it is larger."
    )


class SampleDistanceInZones(Rule[ZoneDistanceParams]):
    """Neighbouring pixels of images of some places are no closer on the ground than the policy allows.

    Why: some laws limit how finely one country may be shown, and leave others alone.
    Params: ``gsd_m`` and ``operator``, the least distance; ``zone_list`` and ``buffer_m``, where images are judged.
    Finds: what expect_ground_sample_distance_no_finer_than finds, in windows of 512 pixels that touch a zone or its
    buffer, also where they are blank there.
    Misses: what expect_ground_sample_distance_no_finer_than misses, and places that the list does not have.
    Remedy: resample the image, or crop it to what lies outside.
    Basis: for example Kyl-Bingaman (0.4 m over Israel) and SatDSiV § 2 (2.5 m over the areas of its annex 3).
    """

    expectation = "expect_ground_sample_distance_in_zones_no_finer_than"
    params = ZoneDistanceParams
    kinds = frozenset({LayerKind.RASTER})
    bounds = (
        Limit("gsd_m", "operator"),
        Limit("buffer_m", ">"),
    )
    says = (
        "In zones of {zone_list} and within {buffer_m} of them, the ground sample distance must be {operator} {gsd_m}."
    )

    def zone_lists(self, params: ZoneDistanceParams) -> tuple[str, ...]:
        """Need the one list."""
        return (params.zone_list,)

    def measures(
        self, params: ZoneDistanceParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the distances of the windows near the zones.

        Raises: KeyError when the list is missing; PolicyError when it cannot be asked with this buffer.
        """
        return (ZoneSampleDistance.within(zone_lists[params.zone_list], buffer_m=params.buffer_m),)

    def settled(self, params: ZoneDistanceParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a window is too fine already."""
        (found,) = measurements.values()
        return isinstance(found, SampleDistances) and is_finer(found.finest_m, params.gsd_m, params.operator)

    def judge(
        self, params: ZoneDistanceParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the finest distance near the zones with the limit."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, SampleDistances):
            raise TypeError("the measurement has no sample distances")
        where = f" near zones of {params.zone_list}"
        return judged(found, gsd_m=params.gsd_m, operator=params.operator, where=where)
