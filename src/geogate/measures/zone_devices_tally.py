"""The tally of devices by zone: bounded sets of hashes, kept in dictionaries or in a table for compiled kernels."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import numpy as np
import pyarrow as pa

from geogate.kernels.inputs import read_only
from geogate.measures.device_ids import DeviceIds, hash_id, plain, require_ids
from geogate.measures.measure import UnmeasurableError
from geogate.measures.zone_devices import HEX, DevicesInZones, ZoneDeviceCount
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.zones.compiled import CompiledIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.tools import Tools
    from geogate.measures.zone_devices import ZoneDevices

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

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
        self.without_column = False

    def add(self, batch: LayerBatch, /) -> None:
        """Count the devices of one more batch.

        Raises: UnmeasurableError when a row cannot be placed, or the column does not have ids.
        """
        column = self._column(batch)
        self.without_column |= column is None and batch.rows > 0
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
        return self.together(())

    def together(self, others: Sequence[Self], /) -> DevicesInZones:
        """Return the counts of this tally and of others; a device that several of them met counts once.

        Raises: ServiceError when an index turns out to be damaged.
        """
        own, *more = [tally.sound_sets() for tally in (self, *others)]
        counts = sorted(own.together(more), key=attrgetter("zone"))
        without_column = any(tally.without_column for tally in (self, *others))
        return DevicesInZones(enough=self._measure.enough, without_column=without_column, zones=tuple(counts))

    def sound_sets(self) -> _Sets:
        """Return what was counted, once the tables of the index are known to be sound.

        Raises: ServiceError when the index turns out to be damaged.
        """
        if isinstance(self._index, CompiledIndex):
            self._index.verified()
        return self._sets

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

    def together(self, others: Sequence[Self]) -> Iterator[ZoneDeviceCount]:
        """Return the count of each zone that was hit here or in others, in any order."""
        ...


class _PlainSets:
    """A set for each zone; the slow reference."""

    def __init__(self, measure: ZoneDevices) -> None:
        self._zones, self._enough, self._seed = measure.zone_list.zones, measure.enough, measure.seed
        self.sets: dict[int, set[str]] = {}
        self.full = np.zeros(len(self._zones), np.bool_)

    def still_counting(self, zone: Ints) -> Ints:
        return np.flatnonzero(~self.full[zone])

    def enter(self, ids: DeviceIds, values: Ints, zone: Ints) -> None:
        numbers, place = np.unique(values, return_inverse=True)
        hashes = [f"{hash_id(ids.value(number), self._seed):016x}" for number in numbers.tolist()]
        for own, number in np.unique(np.column_stack([zone, place]), axis=0).tolist():
            found = self.sets.setdefault(own, set())
            if not self.full[own]:
                found.add(hashes[number])
                self.full[own] = len(found) >= self._enough

    def together(self, others: Sequence[Self]) -> Iterator[ZoneDeviceCount]:
        found: dict[int, set[str]] = {}
        for sets in (self, *others):
            for own, hashes in sets.sets.items():
                found[own] = found.get(own, set()) | hashes
        for own, hashes in found.items():
            yield ZoneDeviceCount.of(self._zones[own].id, hashes, enough=self._enough)


class _TableSets:
    """One table of pairs of zone and hash, which forgets those of full zones when it grows."""

    def __init__(self, measure: ZoneDevices) -> None:
        from geogate.kernels import devices

        self._kernels = devices
        self._zones, self._enough, self._seed = measure.zone_list.zones, measure.enough, np.uint64(measure.seed)
        self._table = devices.new_table(_FIRST_TABLE)
        self._counts = np.zeros(len(self._zones), np.int64)
        self.full = np.zeros(len(self._zones), np.bool_)
        self._used = np.zeros(1, np.int64)

    def still_counting(self, zone: Ints) -> Ints:
        picked = np.empty(len(zone), np.int64)
        count = int(self._kernels.pick_open(read_only(zone), self.full, picked))
        if count < 0:
            raise UnmeasurableError("rows hit zones that are not in the list")
        return picked[:count]

    def enter(self, ids: DeviceIds, values: Ints, zone: Ints) -> None:
        given = (ids.values.data, ids.values.offsets, read_only(values), read_only(zone))
        entered = 0
        while True:
            kept = (self._table, self._counts, self.full, self._used)
            entered = int(self._kernels.enter_devices(*given, entered, self._seed, self._enough, *kept))
            if entered == len(values):
                return
            self._grow()

    def together(self, others: Sequence[Self]) -> Iterator[ZoneDeviceCount]:
        tables = (self, *others)
        full = np.logical_or.reduce([each.full for each in tables])
        owners, hashes = _distinct([each.kept(full) for each in tables])
        counts = np.bincount(owners, minlength=len(full))
        full |= counts >= self._enough
        text, ends = hashes.astype(">u8").tobytes().hex(), (np.cumsum(counts) * HEX).tolist()
        hit = np.flatnonzero(full | (counts > 0))
        for own, enough, devices in zip(hit.tolist(), full[hit].tolist(), counts[hit].tolist(), strict=True):
            zone = self._zones[own].id
            if enough:
                yield ZoneDeviceCount(zone=zone, devices=self._enough, hashes="")
            else:
                yield ZoneDeviceCount(zone=zone, devices=devices, hashes=text[ends[own] - HEX * devices : ends[own]])

    def kept(self, full: Bools) -> tuple[Ints, Words]:
        """Return the owners and hashes of what is entered for zones that are not full."""
        hashes, owners = self._table[::2], self._table[1::2].astype(np.int64) - 1
        entered = np.flatnonzero(owners >= 0)
        kept = entered[~full[owners[entered]]]
        return owners[kept], hashes[kept]

    def _grow(self) -> None:
        """Take a table that what is kept of zones which are not full fills to a third at most."""
        old, kept = self._table, int(self._counts[~self.full].sum())
        self._table = self._kernels.new_table(max(_FIRST_TABLE, 1 << (3 * kept).bit_length()))
        self._used[0] = self._kernels.refill(old, self.full, self._table)


def _distinct(pairs: Sequence[tuple[Ints, Words]]) -> tuple[Ints, Words]:
    """Sort pairs of owner and hash, and keep one of those that are the same."""
    owners, hashes = (np.concatenate(column) for column in zip(*pairs, strict=True))
    order = np.lexsort((hashes, owners))
    owners, hashes = owners[order], hashes[order]
    first = np.ones(len(owners), np.bool_)
    first[1:] = (owners[1:] != owners[:-1]) | (hashes[1:] != hashes[:-1])
    return owners[first], hashes[first]
