"""The rule about zones in which too few devices are seen for anybody to be lost among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from geogate.measures.zone_devices import DevicesInZones, ZoneDevices
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.layer_inventory import ColumnName
from geogate.rules.restricted_zones import MOST_ZONES, BufferM, ListName, opaque
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.measures.zone_devices import ZoneDeviceCount
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class DevicesParams(Params):
    """Which zones, which column says whose a row is, and how many devices are enough."""

    zone_list: ListName = Field(description="The name of the zone list.")
    buffer_m: BufferM = Field(
        description="Metres around each zone that count as inside; a zone's own buffer counts where it is larger."
    )
    device_column: ColumnName = Field(description="The column whose values tell devices, or people, apart.")
    devices: Annotated[int, Field(ge=2, le=1000)] = Field(
        description="The fewest distinct devices in each zone that is hit at all."
    )


class EnoughDevicesInZones(Rule[DevicesParams]):
    """Each zone that is hit is hit by enough distinct devices.

    Why: where few devices are seen, each of them can be told who it is, and a quiet site shows who works there.
    Params: ``zone_list``, the name of a list beside the policies; ``buffer_m``, metres around each zone, where a zone's
    own buffer counts if it is larger; ``device_column``, whose values tell devices apart; ``devices``, how many are
    enough.
    Finds: zones in which, by a vertex, an edge or an inside, fewer distinct values of the column are seen. Rows without
    a value are one device together; so are all rows of a layer without the column, which is a problem by itself.
    Misses: one device with several ids, for example a new one each day; places that the list does not have.
    Remedy: leave out the rows in these zones, or send counts by area instead.
    Basis: k-anonymity, Sweeney (2002); data minimisation, GDPR art. 5(1)(c).
    """

    expectation = "expect_enough_devices_in_zones"
    params = DevicesParams
    bounds = (Limit("devices", ">="),)
    says = (
        "Each zone of {zone_list}, with {buffer_m} around it, has no position or those of at least {devices}, "
        "told apart by {device_column}."
    )

    def zone_lists(self, params: DevicesParams) -> tuple[str, ...]:
        """Need the one list."""
        return (params.zone_list,)

    def measures(self, params: DevicesParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the devices in the list's zones within the buffer.

        Raises: KeyError when the list is missing; PolicyError when it cannot protect with this buffer, or has too many
            zones for so many devices.
        """
        measure = ZoneDevices.against(
            zone_lists[params.zone_list],
            buffer_m=params.buffer_m,
            column=params.device_column,
            enough=params.devices,
        )
        return (measure,)

    def judge(
        self, params: DevicesParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the number of devices in each zone that is hit with the limit."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, DevicesInZones):
            raise TypeError("the measurement has no devices")
        if found.enough != params.devices:
            raise TypeError("the devices were counted up to another number")
        few = [zone for zone in found.zones if not zone.devices >= params.devices]
        fewest = min((zone.devices for zone in found.zones), default=None)
        return Judgement(
            observed="no zone is hit"
            if fewest is None
            else f"{len(few):,} of {len(found.zones):,} zones that are hit have fewer than {params.devices} devices",
            problems=(*_without_column(params, found), *_few(params, few)),
        )


def _without_column(params: DevicesParams, found: DevicesInZones) -> Iterator[Problem]:
    if found.without_column:
        yield Problem(
            summary=f"the layer has no column {params.device_column!r} that tells devices apart",
            remedy="give it the column, or have the policy changed for data that are counts already",
        )


def _few(params: DevicesParams, few: Sequence[ZoneDeviceCount]) -> Iterator[Problem]:
    if few:
        worst = sorted(few, key=lambda zone: (zone.devices, zone.zone))[:MOST_ZONES]
        yield Problem(
            summary=f"{len(few):,} zones of {params.zone_list} are hit by fewer than {params.devices} devices",
            remedy=f"leave out the rows in these {len(few):,} zones, or send counts by area instead",
            measured=str(worst[0].devices),
            operator=">=",
            limit=str(params.devices),
            unit="devices",
            counts=(
                Count(what="zones with too few devices", value=len(few)),
                *(Count(what=f"devices in zone {opaque(zone.zone)}", value=zone.devices) for zone in worst),
            ),
        )
