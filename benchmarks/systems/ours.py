"""geogate itself: one pass of the local engine, as a screening runs it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from benchmarks.question import GEOMETRY, Pairs
from geogate.engines.local import LocalPass
from geogate.kernels.state import ready
from geogate.measures.inventory import LayerInventory
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.measure import MeasureId, Unmeasured
from geogate.measures.time_steps import TimeSteps
from geogate.measures.tools import Tools
from geogate.measures.zone_devices import ZoneDevices
from geogate.measures.zone_hits import ZoneHits
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.model.names import Sha256, ZoneListName
from geogate.readers.dataset import open_source
from geogate.zones.zone import Zone, ZoneList

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.question import Ints, Question
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import LayerFacts, Measure, Tally

INDEXES: Final = "indexes"
"""The folder beside the zones in which compiled indexes are kept."""

DEVICE: Final = "device"
ENOUGH_DEVICES: Final = 10
"""A rule wants to know whether a zone has fewer devices than this."""

FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2036, 1, 1)


def zone_list(path: Path) -> ZoneList:
    """Read zones as the list that a policy would name; they are made valid, and are not normalised again."""
    data = path.read_bytes()
    shapes = shapely.from_wkb(pq.read_table(path).column(GEOMETRY).to_numpy())
    return ZoneList(
        name=ZoneListName("benchmark"),
        title="Benchmark",
        source="made by the benchmark",
        licence="none",
        as_of=FIRST_DAY,
        valid_until=LAST_DAY,
        digest=Sha256(hashlib.sha256(data).hexdigest()),
        zones=tuple(
            Zone(id=str(number), category="military", buffer_m=0.0, geometry=shape)
            for number, shape in enumerate(shapes)
        ),
    )


class Geogate:
    """The compiled kernels where they are ready, and the index, which is opened from its file or made before."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._zones = zone_list(question.zones)
        indexes = question.zones.with_name(INDEXES)
        indexes.mkdir(exist_ok=True)
        self._tools = Tools(kernels=ready(), indexes=indexes)
        pa.set_cpu_count(question.threads)
        # Compiling a list is measured by itself; a pass finds its index.
        for name in question.measures:
            self._measure(name).tally(self._tools)

    def counts(self) -> Ints:
        """Measure all that is asked for, and give the features of each zone."""
        measures = [self._measure(name) for name in self._question.measures]
        facts = self._pass(measures)
        counts = np.zeros(self._question.zone_count, np.int64)
        for measure in measures:
            value: Any = facts.values[measure.id]
            if isinstance(measure, ZoneHits):
                for zone in value.zones:
                    counts[int(zone.zone)] = zone.features
        return counts

    def pairs(self) -> Pairs:
        """Take the pairs from the same index by a measure of the benchmark's own."""
        measure = ZonePairs(zone_list=self._zones, within_m=self._question.within_m)
        found: Any = self._pass([measure]).values[measure.id]
        return Pairs.of_keys(np.concatenate(found.keys))

    def _pass(self, measures: list[Measure[Any]]) -> LayerFacts:
        source = open_source(self._question.layer, ())
        (layer,) = source.layers
        assert layer.crs is not None
        run = LocalPass(source, layer, layer.crs, _ignore, tools=self._tools, workers=self._question.threads)
        facts = run(measures)
        for value in facts.values.values():
            assert not isinstance(value, Unmeasured), value
        return facts

    def _measure(self, name: str) -> Measure[Any]:
        makers: dict[str, Callable[[], Measure[Any]]] = {
            "zones": lambda: ZoneHits.against(self._zones, buffer_m=self._question.within_m),
            "precision": CoordinateLattice,
            "inventory": LayerInventory,
            "time-steps": TimeSteps,
            "devices": self._devices,
        }
        return makers[name]()

    def _devices(self) -> Measure[Any]:
        within_m = self._question.within_m
        return ZoneDevices.against(self._zones, buffer_m=within_m, column=DEVICE, enough=ENOUGH_DEVICES)


def _ignore(_rows: int) -> None:
    """Take no notice of rows that were read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundPairs:
    """The pairs of some rows, in no order."""

    keys: tuple[Ints, ...]

    def __add__(self, other: FoundPairs) -> FoundPairs:
        return FoundPairs(keys=self.keys + other.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePairs:
    """The measure that keeps which row hits which zone; for answers only, it grows with the data."""

    zone_list: ZoneList
    within_m: float

    @property
    def id(self) -> MeasureId:
        """One for all: only one is asked for at a time."""
        return MeasureId("zone-pairs")

    def empty(self) -> FoundPairs:
        """Return no pairs."""
        return FoundPairs(keys=(np.zeros(0, np.int64),))

    def of(self, batch: LayerBatch) -> FoundPairs:
        """Find the pairs of a batch with the reference."""
        tally = self.tally(Tools())
        tally.add(batch)
        return tally.measurement()

    def tally(self, tools: Tools) -> Tally[FoundPairs]:
        """Begin to collect pairs."""
        return _Collected(self, tools)


class _Collected:
    def __init__(self, measure: ZonePairs, tools: Tools) -> None:
        self._index = zone_index(measure.zone_list, measure.within_m, tools)
        self._keys: list[Ints] = [np.zeros(0, np.int64)]

    def add(self, batch: LayerBatch, /) -> None:
        hits = feature_hits(batch, self._index)
        rows = hits.owner.astype(np.int64) + batch.first_row
        self._keys.append(rows << np.int64(32) | hits.zone.astype(np.int64))

    def measurement(self) -> FoundPairs:
        return FoundPairs(keys=tuple(self._keys))
