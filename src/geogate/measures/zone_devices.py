"""How many distinct devices are seen in each zone, exactly up to as many as are enough; how many that is, rules say.

What hits a zone is a row: by a vertex, an edge or an inside, so that a track that crosses a zone without a fix in it
counts. All rows without an id are one device together: they never make a zone look more visited than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.measures.measure import MeasureId, UnmeasurableError
from geogate.measures.tools import PLAIN
from geogate.model.errors import PolicyError
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList

MOST_KEPT: Final = 1 << 22
"""The most devices, over all zones of a list, that a pass may have to keep apart: 200 MB a thread at the worst."""

HEX: Final = 16
"""The digits of a hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneDeviceCount:
    """The devices seen in one zone: ``devices`` of them, where the number that is enough stands for that many or more.

    ``hashes`` are those of the devices while they are not enough, 16 hexadecimal digits each, ascending.
    """

    zone: str
    devices: int
    hashes: str

    @classmethod
    def of(cls, zone: str, hashes: set[str], *, enough: int) -> ZoneDeviceCount:
        """Count distinct hashes, and forget them once they are enough."""
        if len(hashes) >= enough:
            return cls(zone=zone, devices=enough, hashes="")
        return cls(zone=zone, devices=len(hashes), hashes="".join(sorted(hashes)))

    def merged(self, other: ZoneDeviceCount, *, enough: int) -> ZoneDeviceCount:
        """Count the devices of the same zone in other rows too.

        Raises: UnmeasurableError when a side does not have its hashes any more.
        """
        if max(self.devices, other.devices) >= enough:
            return ZoneDeviceCount(zone=self.zone, devices=enough, hashes="")
        for side in (self, other):
            if len(side.hashes) != HEX * side.devices:
                raise UnmeasurableError("devices that were counted for keeping cannot be added up")
        return ZoneDeviceCount.of(self.zone, {*_cut(self.hashes), *_cut(other.hashes)}, enough=enough)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesInZones:
    """The devices in the zones that are hit, by the zones' ids; counts end at ``enough``.

    ``without_column`` says that there were rows whose layer has no such column.
    """

    enough: int
    without_column: bool
    zones: tuple[ZoneDeviceCount, ...]

    def __add__(self, other: DevicesInZones) -> DevicesInZones:
        if self.enough != other.enough:
            raise UnmeasurableError("devices were counted up to different numbers")
        counts = {count.zone: count for count in self.zones}
        for count in other.zones:
            before = counts.get(count.zone)
            counts[count.zone] = count if before is None else before.merged(count, enough=self.enough)
        return DevicesInZones(
            enough=self.enough,
            without_column=self.without_column or other.without_column,
            zones=tuple(counts[zone] for zone in sorted(counts)),
        )

    def kept(self) -> DevicesInZones:
        """Return the counts without the hashes, to be kept: nobody is recognised by them, and they cannot be added."""
        zones = tuple(ZoneDeviceCount(zone=count.zone, devices=count.devices, hashes="") for count in self.zones)
        return DevicesInZones(enough=self.enough, without_column=self.without_column, zones=zones)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneDevices:
    """Counts the distinct values of a column among the rows that hit each zone of a list; it is light.

    Two ids whose hashes are the same count once, which errs to the safe side: a count is never too high.
    """

    id: MeasureId
    zone_list: ZoneList
    buffer_m: float
    column: str
    enough: int

    @classmethod
    def against(cls, zone_list: ZoneList, *, buffer_m: float, column: str, enough: int) -> ZoneDevices:
        """Measure against a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when the list cannot protect with this distance, has a zone twice, or has so many zones that
            so many devices cannot be kept apart.
        """
        limits_m(zone_list, buffer_m)
        if len({zone.id for zone in zone_list.zones}) != len(zone_list.zones):
            raise PolicyError(f"zone list {zone_list.name} has an id twice", hint="give each zone an id of its own")
        if len(zone_list.zones) * enough > MOST_KEPT:
            raise PolicyError(
                f"{enough} devices in each zone of list {zone_list.name} are too many to keep apart",
                hint=f"zones times devices must not be more than {MOST_KEPT:,}",
            )
        name = f"zone-devices:{zone_list.digest[:16]}:{float(buffer_m)!r}:{enough}:{column}"
        return cls(id=MeasureId(name), zone_list=zone_list, buffer_m=buffer_m, column=column, enough=enough)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneDevices) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def seed(self) -> int:
        """The start of all hashes: those of different lists have nothing in common."""
        return int(self.zone_list.digest[:HEX], 16)

    def empty(self) -> DevicesInZones:
        """Return the measurement of no rows."""
        return DevicesInZones(enough=self.enough, without_column=False, zones=())

    def tally(self, tools: Tools) -> Tally[DevicesInZones]:
        """Begin to measure many batches.

        Raises: PolicyError, ServiceError as ``zone_index`` does.
        """
        from geogate.measures.zone_devices_tally import DeviceTally

        return DeviceTally(self, tools)

    def of(self, batch: LayerBatch) -> DevicesInZones:
        """Count the devices of one batch.

        Raises: UnmeasurableError when a row cannot be placed, or the column does not have ids.
        """
        tally = self.tally(PLAIN)
        tally.add(batch)
        return tally.measurement()


def _cut(hashes: str) -> list[str]:
    return [hashes[at : at + HEX] for at in range(0, len(hashes), HEX)]
