"""A zone list compiled into tables for the kernels; what they cannot decide goes to the exact reference."""

from __future__ import annotations

from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import shapely

from geogate.zones.boundary import Hits
from geogate.zones.compiled_build import build_tables
from geogate.zones.compiled_file import Origin, damaged, read, write
from geogate.zones.compiled_tables import Grid, read_only
from geogate.zones.exact import OffGlobeError, ZoneJudge, check_positions, groups, limits_m
from geogate.zones.index import ZoneIndex
from geogate.zones.unwrap import on_the_map

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.kernels import grid_build_sort as sorted_
    from geogate.kernels import near, stripes
    from geogate.kernels.grid_probe import Scale
    from geogate.kernels.grid_probe_ahead import Pairs
    from geogate.zones.compiled_file import Check
    from geogate.zones.compiled_tables import Tables
    from geogate.zones.zone import Zone, ZoneList

_LEAST_ROOM: Final = 4_096
_JUDGES: Final = 4_096
"""Zones that are kept ready for exact questions."""


class CompiledIndex:
    """All zones of a list with their distances; answers as ``ZoneIndex`` does, many times as fast.

    Immutable and safe to use from several threads. ``stripes``, ``balls``, ``cells`` and ``grid`` are its tables; until
    ``verified`` has returned they may be wrong, and nothing that came of them may be told.
    """

    def __init__(self, *, zone_list: ZoneList, buffer_m: float, tables: Tables, check: Check | None) -> None:
        """Take tables that belong to the list and the distances; ``check`` compares them with what was written."""
        self.zone_list, self.buffer_m = zone_list, buffer_m
        self.stripes, self.balls, self.cells = tables.stripes, tables.balls, tables.cells
        self.grid = Grid(tables.bands)
        self._check = check
        self._lock = Lock()
        self._judge = lru_cache(maxsize=_JUDGES)(self._make_judge)

    @classmethod
    def build(cls, zone_list: ZoneList, *, buffer_m: float) -> Self:
        """Compile a list in memory.

        Units: metres.
        Raises: PolicyError when there is no zone, a distance is impossible, or a point or line has no distance.
        """
        tables = _tables(zone_list, limits_m(zone_list, buffer_m))
        return cls(zone_list=zone_list, buffer_m=buffer_m, tables=tables, check=None)

    @classmethod
    def open(cls, zone_list: ZoneList, *, buffer_m: float, folder: Path) -> Self:
        """Map the index of a list from its file; where there is none that fits, compile the list and write one.

        Where it cannot be written, for want of room, it stays in memory.

        Units: metres.
        Raises: PolicyError as ``build`` does; ServiceError when others can write to the folder.
        """
        origin = Origin(list_digest=zone_list.digest, buffer_m=float(buffer_m))
        tables, check = read(folder, zone_list, origin) or _written(folder, zone_list, origin)
        return cls(zone_list=zone_list, buffer_m=buffer_m, tables=tables, check=check)

    def verified(self) -> None:
        """Wait until the tables are known to be what was written.

        Raises: ServiceError when they are not; no answer of this index counts then.
        """
        if self._check is not None:
            self._check.wait()

    @cached_property
    def limit_m(self) -> NDArray[np.float64]:
        """The distance of each zone, tolerance not yet added.

        Shape: ``(zones,)``.
        Units: metres.
        """
        own_m = np.array([zone.buffer_m for zone in self.zone_list.zones], dtype=np.float64)
        return np.maximum(own_m, self.buffer_m)

    @cached_property
    def reference(self) -> ZoneIndex:
        """The exact index of the whole list, made when it is asked for."""
        with self._lock:
            if "reference" not in self.__dict__:
                return ZoneIndex.build(self.zone_list, buffer_m=self.buffer_m)
            made: ZoneIndex = self.__dict__["reference"]
            return made

    def points_within(self, lonlat: NDArray[np.float64]) -> Hits:
        """Find the zones that each position hits; the owners of the hits are the numbers of the positions.

        Shape: ``(n, 2)``.
        Units: degrees; longitudes up to a turn and a half.
        Raises: OffGlobeError when a position is not finite or not on the globe; ServiceError when tables are damaged.
        """
        from geogate.kernels.grid_probe import drop
        from geogate.kernels.stripes import ASK, OUT

        pairs, found = self._pairs(lonlat)
        asked = np.flatnonzero(pairs.answer[:found] == ASK)
        if len(asked):
            out = asked[~self._exactly(on_the_map(lonlat[pairs.row[asked]]), pairs.zone[asked])]
            if len(out):
                pairs.answer[out] = OUT
                found = drop(pairs, int(out[0]), found)
        return Hits(owner=pairs.row[:found], zone=pairs.zone[:found])

    def _pairs(self, lonlat: NDArray[np.float64]) -> tuple[Pairs, int]:
        from geogate.kernels.grid_probe import DAMAGED, NO_ROOM, OFF_MAP, hits, new_pairs

        lon, lat = read_only(lonlat[:, 0]), read_only(lonlat[:, 1])
        room = max(len(lon) + 1, _LEAST_ROOM)
        while True:
            pairs = new_pairs(room)
            found = hits(lon, lat, *self._for_kernels, pairs)
            if found == NO_ROOM:
                room *= 2
            elif found == OFF_MAP:
                check_positions(lonlat)
                turned = on_the_map(lonlat)
                if turned is lonlat:
                    raise OffGlobeError("positions are not on the globe")
                return self._pairs(turned)
            elif found == DAMAGED:
                raise damaged(self.zone_list.name)
            else:
                return pairs, found

    @cached_property
    def _for_kernels(self) -> tuple[Scale, sorted_.Cells, stripes.Stripes, near.Balls]:
        tables = (self.cells.for_kernels, self.stripes.for_kernels, self.balls.for_kernels)
        return self.grid.scale_for_kernels, *tables

    def _exactly(self, lonlat: NDArray[np.float64], zone: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Judge pairs of a position and a zone by the reference.

        Shape: ``(pairs, 2)`` and ``(pairs,)``.
        """
        hit = np.zeros(len(zone), np.bool_)
        for number, pairs in groups(zone):
            hit[pairs] = self._judge(number).hit(lonlat[pairs])
        return hit

    def _make_judge(self, number: int) -> ZoneJudge:
        zone = self.zone_list.zones[number]
        return ZoneJudge(zone, max(zone.buffer_m, self.buffer_m))


def _written(folder: Path, zone_list: ZoneList, origin: Origin) -> tuple[Tables, Check | None]:
    tables = _tables(zone_list, limits_m(zone_list, origin.buffer_m))
    try:
        write(folder, zone_list, origin, tables)
    except OSError:
        return tables, None
    return read(folder, zone_list, origin) or (tables, None)


def _tables(zone_list: ZoneList, limit_m: NDArray[np.float64]) -> Tables:
    parts, part_zone = shapely.get_parts([_without_overlaps(zone) for zone in zone_list.zones], return_index=True)
    return build_tables(parts, part_zone.astype(np.int64), limit_m)


def _without_overlaps(zone: Zone) -> BaseGeometry:
    """Give the geometry of a zone; polygons of a collection may overlap, which the kernels would take for holes."""
    if not isinstance(zone.geometry, shapely.GeometryCollection):
        return zone.geometry
    parts = shapely.get_parts(zone.geometry)
    is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    areas = shapely.get_parts(shapely.union_all(parts[is_area]))
    return shapely.GeometryCollection([*areas, *parts[~is_area]])
