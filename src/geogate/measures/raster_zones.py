"""How many pixels that show anything lie in the zones of a list; how many may is for the rules to say.

A site that was blanked in the base image shows nothing there, and counts where an overview still shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geogate.measures.measure import MeasureId, Summed
from geogate.measures.raster import windows_of
from geogate.measures.raster_pixels import shown_near
from geogate.measures.tools import PLAIN
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.raster import Windows
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePixels:
    """The pixels that show anything in one zone or within its distance, in the base image and in the overviews."""

    zone: str
    base: int
    overviews: int

    def __add__(self, other: ZonePixels) -> ZonePixels:
        """Add the pixels of other windows in the same zone."""
        return ZonePixels(zone=self.zone, base=self.base + other.base, overviews=self.overviews + other.overviews)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePixelCounts:
    """What shows zones of a list; ``zones`` has those of which anything is shown, sorted by id.

    ``blank`` counts the windows that lie in or near a zone and show nothing of it.
    """

    windows: int = 0
    blank: int = 0
    zones: tuple[ZonePixels, ...] = ()

    def __add__(self, other: ZonePixelCounts) -> ZonePixelCounts:
        """Add the counts of other windows."""
        counts: dict[str, ZonePixels] = {}
        for count in (*self.zones, *other.zones):
            before = counts.get(count.zone)
            counts[count.zone] = count if before is None else before + count
        return ZonePixelCounts(
            windows=self.windows + other.windows,
            blank=self.blank + other.blank,
            zones=tuple(counts[zone] for zone in sorted(counts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RasterZonePixels:
    """Counts the pixels that show anything in a zone of a list or within its distance.

    A pixel counts where any of it may lie there: where its centre is as near as half its diagonal and the distance.
    Where an image is not placed by an affine transform, all pixels of a window near a zone count.
    """

    id: MeasureId
    zone_list: ZoneList
    buffer_m: float

    @classmethod
    def against(cls, zone_list: ZoneList, *, buffer_m: float) -> RasterZonePixels:
        """Measure against a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when the list cannot protect with this distance.
        """
        limits_m(zone_list, buffer_m)
        return cls(
            id=MeasureId(f"raster-zone-pixels:{zone_list.digest[:16]}:{float(buffer_m)!r}"),
            zone_list=zone_list,
            buffer_m=buffer_m,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RasterZonePixels) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def empty(self) -> ZonePixelCounts:
        """Return the counts of no windows."""
        return ZonePixelCounts()

    def tally(self, tools: Tools) -> Tally[ZonePixelCounts]:
        """Begin to measure many batches."""
        # Windows are few: the index that needs no file and no kernels is quick enough.
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> ZonePixelCounts:
        """Count the pixels of one batch.

        Raises: UnmeasurableError when the layer is no raster, or a window cannot be placed.
        """
        windows = windows_of(batch)
        is_base = np.equal(batch.attributes.column("image").to_numpy(zero_copy_only=False), "base")
        hits = feature_hits(batch, zone_index(self.zone_list, self.buffer_m, PLAIN))
        limits = limits_m(self.zone_list, self.buffer_m)
        found = ZonePixelCounts(windows=batch.rows)
        for row in np.unique(hits.owner).tolist():
            zones = hits.zone[hits.owner == row]
            counts = {zone: self._shown(batch, windows, row, zone, limits[zone]) for zone in zones.tolist()}
            several = tuple(
                ZonePixels(
                    zone=self.zone_list.zones[zone].id,
                    base=count if is_base[row] else 0,
                    overviews=0 if is_base[row] else count,
                )
                for zone, count in counts.items()
                if count
            )
            for each in several:
                found += ZonePixelCounts(zones=(each,))
            found += ZonePixelCounts(blank=int(not several))
        return found

    def _shown(self, batch: LayerBatch, windows: Windows, row: int, zone: int, limit_m: float) -> int:
        """Count the pixels of one window that show anything of one zone."""
        if not windows.shown[row] or not windows.gridded[row]:
            return int(windows.shown[row])
        return shown_near(batch, windows, row, zone=self.zone_list.zones[zone], limit_m=limit_m)
