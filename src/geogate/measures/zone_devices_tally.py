"""The tally of devices by zone: bounded sets of hashes, kept in dictionaries or in a table for compiled kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pyarrow as pa

from geogate.kernels.inputs import read_only
from geogate.measures.device_ids import DeviceIds, hash_id, plain, require_ids
from geogate.measures.measure import UnmeasurableError
from geogate.measures.zone_devices import DevicesInZones, ZoneDeviceCount
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.zones.compiled import CompiledIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.tools import Tools
    from geogate.measures.zone_devices import ZoneDevices

    Ints = NDArray[np.int64]

_FIRST_TABLE: Final = 1_024
_FEW: Final = 8
"""If less than one row in as many counts, its id is looked up by itself."""


class DeviceTally:
    """Counts devices by zone; what was counted is told only after the tables of the index were found to be sound."""

    def __init__(self, measure: ZoneDevices, tools: Tools) -> None:
        """Begin with an index of the measure's list."""
        self._measure = measure
        self._index = zone_index(measure.zone_list, measure.buffer_m, tools)
        self._sets: _Sets = (_TableSets if tools.kernels else _PlainSets)(measure)
        self._without_column = False

    def add(self, batch: LayerBatch, /) -> None:
        """Count the devices of one more batch.

        Raises: UnmeasurableError when a row cannot be placed, or the column does not have ids.
        """
        column = self._column(batch)
        self._without_column |= column is None and batch.rows > 0
        hits = feature_hits(batch, self._index)
        counting = self._sets.still_counting(hits.zone)
        if not len(counting):
            return
        rows = hits.owner[counting]
        if column is not None and len(rows) * _FEW < batch.rows:
            column, rows = column.take(pa.array(rows)), np.arange(len(rows))
        ids = DeviceIds.nobody(batch.rows) if column is None else DeviceIds.of(column)
        self._sets.enter(ids, ids.of_rows(rows), hits.zone[counting])

    def measurement(self) -> DevicesInZones:
        """Return the counts.

        Raises: ServiceError when the index turns out to be damaged.
        """
        if isinstance(self._index, CompiledIndex):
            self._index.verified()
        counts = sorted(self._sets.counts(), key=lambda count: count.zone)
        return DevicesInZones(enough=self._measure.enough, without_column=self._without_column, zones=tuple(counts))

    def _column(self, batch: LayerBatch) -> Any:
        """Return the column of ids, ``None`` where there is none.

        Raises: UnmeasurableError when there are several, or its values are no ids.
        """
        places = batch.attributes.schema.get_all_field_indices(self._measure.column)
        if len(places) > 1:
            raise UnmeasurableError("the layer has several columns with the name of that of the device ids")
        if not places:
            return None
        column = batch.attributes.column(places[0])
        require_ids(column.type)
        return plain(column)


class _Sets(Protocol):
    """The devices of each zone, up to as many as are enough."""

    def still_counting(self, zone: Ints) -> Ints:
        """List the numbers of the hits whose zones do not have enough devices yet."""
        ...

    def enter(self, ids: DeviceIds, values: Ints, zone: Ints) -> None:
        """Enter the devices of some hits, by the numbers of their ids and zones."""
        ...

    def counts(self) -> Iterator[ZoneDeviceCount]:
        """Return the count of each zone that was hit, in any order."""
        ...


class _PlainSets:
    """A set for each zone; the slow reference."""

    def __init__(self, measure: ZoneDevices) -> None:
        self._zones, self._enough, self._seed = measure.zone_list.zones, measure.enough, measure.seed
        self._sets: dict[int, set[str]] = {}
        self._full = np.zeros(len(self._zones), np.bool_)

    def still_counting(self, zone: Ints) -> Ints:
        return np.flatnonzero(~self._full[zone])

    def enter(self, ids: DeviceIds, values: Ints, zone: Ints) -> None:
        numbers, place = np.unique(values, return_inverse=True)
        hashes = [f"{hash_id(ids.value(number), self._seed):016x}" for number in numbers.tolist()]
        for own, number in np.unique(np.column_stack([zone, place]), axis=0).tolist():
            found = self._sets.setdefault(own, set())
            if not self._full[own]:
                found.add(hashes[number])
                self._full[own] = len(found) >= self._enough

    def counts(self) -> Iterator[ZoneDeviceCount]:
        for own, found in self._sets.items():
            yield ZoneDeviceCount.of(self._zones[own].id, found, enough=self._enough)


class _TableSets:
    """One table of pairs of zone and hash, which forgets those of full zones when it grows."""

    def __init__(self, measure: ZoneDevices) -> None:
        from geogate.kernels import devices

        self._kernels = devices
        self._zones, self._enough, self._seed = measure.zone_list.zones, measure.enough, np.uint64(measure.seed)
        self._table = devices.new_table(_FIRST_TABLE)
        self._counts = np.zeros(len(self._zones), np.int64)
        self._full = np.zeros(len(self._zones), np.bool_)
        self._used = np.zeros(1, np.int64)

    def still_counting(self, zone: Ints) -> Ints:
        picked = np.empty(len(zone), np.int64)
        count = int(self._kernels.pick_open(read_only(zone), self._full, picked))
        if count < 0:
            raise UnmeasurableError("rows hit zones that are not in the list")
        return picked[:count]

    def enter(self, ids: DeviceIds, values: Ints, zone: Ints) -> None:
        given = (ids.values.data, ids.values.offsets, read_only(values), read_only(zone))
        entered = 0
        while True:
            kept = (self._table, self._counts, self._full, self._used)
            entered = int(self._kernels.enter_devices(*given, entered, self._seed, self._enough, *kept))
            if entered == len(values):
                return
            self._grow()

    def counts(self) -> Iterator[ZoneDeviceCount]:
        for own in np.flatnonzero(self._full):
            yield ZoneDeviceCount(zone=self._zones[own].id, devices=self._enough, hashes="")
        hashes, owners = self._table[::2], self._table[1::2].astype(np.int64) - 1
        kept = np.flatnonzero(owners >= 0)
        kept = kept[~self._full[owners[kept]]]
        kept = kept[np.lexsort((hashes[kept], owners[kept]))]
        zones, first = np.unique(owners[kept], return_index=True)
        for own, some in zip(zones, np.split(kept, first[1:]), strict=False):
            text = hashes[some].astype(">u8").tobytes().hex()
            yield ZoneDeviceCount(zone=self._zones[own].id, devices=len(some), hashes=text)

    def _grow(self) -> None:
        """Take a table that what is kept of zones which are not full fills to a third at most."""
        old, kept = self._table, int(self._counts[~self._full].sum())
        self._table = self._kernels.new_table(max(_FIRST_TABLE, 1 << (3 * kept).bit_length()))
        self._used[0] = self._kernels.refill(old, self._full, self._table)
