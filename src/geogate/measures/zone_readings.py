"""What would hit the zones of a list if numbers meant something else; what may hit is for the rules to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.measures.measure import MeasureId
from geogate.measures.tools import PLAIN
from geogate.measures.zone_hits import ZoneCount, ZoneHitCounts
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.readings import Family
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingCount:
    """What hits zones under one reading.

    ``fitting`` are the vertices whose numbers the reading is possible for. ``strange`` says that such numbers are
    hardly what the layer says they are; a reading that is not strange is possible for much honest data.
    """

    reading: str
    strange: bool
    fitting: int
    features: int = 0
    vertices: int = 0
    zones: tuple[ZoneCount, ...] = ()

    def __add__(self, other: ReadingCount) -> ReadingCount:
        """Add the counts of other rows under the same reading."""
        zones = ZoneHitCounts(zones=self.zones) + ZoneHitCounts(zones=other.zones)
        return ReadingCount(
            reading=self.reading,
            strange=self.strange,
            fitting=self.fitting + other.fitting,
            features=self.features + other.features,
            vertices=self.vertices + other.vertices,
            zones=zones.zones,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneReadingCounts:
    """What hits zones under each reading; ``readings`` has those that fit any vertex, sorted by name.

    ``features`` are all rows, those without a geometry included; ``vertices`` are all whose numbers are finite.
    """

    features: int = 0
    vertices: int = 0
    readings: tuple[ReadingCount, ...] = ()

    def __add__(self, other: ZoneReadingCounts) -> ZoneReadingCounts:
        """Add the counts of other rows."""
        counts: dict[str, ReadingCount] = {}
        for count in (*self.readings, *other.readings):
            before = counts.get(count.reading)
            counts[count.reading] = count if before is None else before + count
        return ZoneReadingCounts(
            features=self.features + other.features,
            vertices=self.vertices + other.vertices,
            readings=tuple(counts[reading] for reading in sorted(counts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneReadings:
    """Counts features and vertices that would hit a zone of a list, or come within its distance, if read otherwise.

    A vertex is read by ``Reading.lonlat``, and hits as in ``ZoneIndex``. The edges of a line or polygon are straight in
    degrees between its vertices as they were read; it is read only where the reading fits all its vertices.
    """

    id: MeasureId
    zone_list: ZoneList
    buffer_m: float
    families: frozenset[Family]

    @classmethod
    def against(cls, zone_list: ZoneList, *, buffer_m: float, families: Iterable[Family]) -> ZoneReadings:
        """Measure against a list under some families of readings; each zone's distance is as in ``ZoneHits``.

        Units: metres.
        Raises: PolicyError when the list cannot protect with this distance.
        """
        limits_m(zone_list, buffer_m)
        several = frozenset(families)
        names = "+".join(sorted(several))
        return cls(
            id=MeasureId(f"zone-readings:{zone_list.digest[:16]}:{float(buffer_m)!r}:{names}"),
            zone_list=zone_list,
            buffer_m=buffer_m,
            families=several,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneReadings) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def empty(self) -> ZoneReadingCounts:
        """Return the counts of no rows."""
        return ZoneReadingCounts()

    def tally(self, tools: Tools) -> Tally[ZoneReadingCounts]:
        """Begin to measure many batches.

        Raises: PolicyError, ServiceError as ``zone_index`` does.
        """
        from geogate.measures.zone_readings_tally import ReadingsTally

        return ReadingsTally(self, tools)

    def of(self, batch: LayerBatch) -> ZoneReadingCounts:
        """Count the hits of one batch under each reading.

        Raises: UnmeasurableError when a reference system has no way to WGS 84, or GEOS refuses a geometry.
        """
        tally = self.tally(PLAIN)
        tally.add(batch)
        return tally.measurement()
