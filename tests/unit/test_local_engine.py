"""The pass on this machine: complete, in order, bounded, and honest about what could not be measured."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.engines.local import LocalPass
from geogate.measures.batch import LayerBatch
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError, Unmeasured
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.measures.tools import Tools

ROWS = MeasureId("rows")
WGS84 = pyproj.CRS.from_epsg(4326)
SCHEMA = LayerSchema(
    name="places", crs=WGS84, geometry_column="geometry", geometry_type="Point", attributes=pa.schema([]), rows=None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How many rows were seen."""

    count: int

    def __add__(self, other: Rows) -> Rows:
        return Rows(count=self.count + other.count)


@dataclass(frozen=True, slots=True)
class CountRows:
    """Counts rows; ``refuse_from`` is the first row that it cannot measure."""

    id: MeasureId = ROWS
    refuse_from: int | None = None

    def empty(self) -> Rows:
        return Rows(count=0)

    def of(self, batch: LayerBatch) -> Rows:
        if self.refuse_from is not None and batch.first_row >= self.refuse_from:
            raise UnmeasurableError(f"row {batch.first_row} cannot be measured")
        return Rows(count=batch.rows)

    def tally(self, tools: Tools) -> Summed[Rows]:
        del tools
        return Summed(self)


def batch(rows: int, first_row: int = 0) -> LayerBatch:
    wkb = pa.array(shapely.to_wkb(shapely.points([[1.0, 2.0]] * rows)), pa.binary())
    nothing = pa.record_batch([pa.nulls(rows)], names=["nothing"])
    return LayerBatch(wkb=wkb, attributes=nothing, crs=WGS84, first_row=first_row)


@dataclass(frozen=True, slots=True)
class Given:
    """A source that gives batches of these sizes, and then perhaps refuses."""

    sizes: tuple[int, ...]
    refusal: Exception | None = None
    format: Format = Format.GEOPARQUET
    path: Path = Path("places.parquet")

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        return (SCHEMA,)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        assert layer.name == "places"
        assert crs == WGS84
        first = 0
        for size in self.sizes:
            yield batch(size, first)
            first += size
        if self.refusal is not None:
            raise self.refusal


def passed(source: Given, *, claimed: int | None = None) -> LocalPass:
    return LocalPass(source, replace(SCHEMA, rows=claimed), WGS84, lambda _rows: None)


def test_all_rows_of_all_batches_are_measured() -> None:
    facts = passed(Given((3, 1, 4, 1, 5, 9, 2, 6)))([CountRows()])
    assert facts.rows == 31
    assert facts.values == {"rows": Rows(count=31)}


def test_a_layer_without_batches_has_the_empty_measurement() -> None:
    facts = passed(Given(()))([CountRows()])
    assert facts.rows == 0
    assert facts.values == {"rows": Rows(count=0)}


@pytest.mark.parametrize("refuse_from", [0, 2, 4])
def test_one_batch_that_cannot_be_measured_makes_the_whole_measurement_missing(refuse_from: int) -> None:
    facts = passed(Given((2, 2, 2)))([CountRows(refuse_from=refuse_from), CountRows(id=MeasureId("all"))])
    assert facts.values[ROWS] == Unmeasured(reason=f"row {refuse_from} cannot be measured")
    assert facts.values[MeasureId("all")] == Rows(count=6)


@pytest.mark.parametrize("claimed", [5, 7])
def test_fewer_or_more_rows_than_claimed_are_unreadable(claimed: int) -> None:
    with pytest.raises(UnreadableError, match=f"6 rows were read where the file claims {claimed}"):
        passed(Given((2, 2, 2)), claimed=claimed)([CountRows()])


def test_as_many_rows_as_claimed_are_readable() -> None:
    assert passed(Given((2, 2, 2)), claimed=6)([CountRows()]).rows == 6


def test_a_refusal_after_the_last_row_ends_the_pass() -> None:
    refusal = UnreadableError("the end is missing", remedy="export again")
    with pytest.raises(UnreadableError, match="the end is missing"):
        passed(Given((2, 2), refusal))([CountRows()])


def test_an_error_that_is_no_refusal_is_not_swallowed() -> None:
    class Broken(CountRows):
        __slots__ = ()

        def of(self, batch: LayerBatch) -> Rows:
            raise KeyError(batch.rows)

    with pytest.raises(KeyError):
        passed(Given((2, 2)))([Broken()])


def test_progress_hears_of_every_row() -> None:
    heard: list[int] = []
    LocalPass(Given((3, 1, 4)), SCHEMA, WGS84, heard.append)([CountRows()])
    assert heard == [3, 1, 4]


def test_only_a_few_batches_are_in_memory_however_slow_measuring_is() -> None:
    alive: weakref.WeakSet[LayerBatch] = weakref.WeakSet()
    most: list[int] = []

    class Tracked(Given):
        __slots__ = ()

        def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
            for each in super().batches(layer, crs=crs):
                alive.add(each)
                most.append(len(alive))
                yield each

    gate = threading.Event()

    @dataclass(frozen=True, slots=True)
    class Slow(CountRows):
        def of(self, batch: LayerBatch) -> Rows:
            gate.wait(0.01)
            return Rows(count=batch.rows)

    facts = passed(Tracked((1,) * 60))([Slow()])
    assert facts.rows == 60
    assert max(most) <= 8
