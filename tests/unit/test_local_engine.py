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

from geogate.engines.ending import Ending
from geogate.engines.local import LocalPass, cores
from geogate.measures.batch import LayerBatch
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError, Unmeasured
from geogate.measures.source import LayerSchema, Part, UnreadableError
from geogate.measures.tools import PLAIN
from geogate.model.dataset import FilePart, Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from geogate.measures.measure import Measurement
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
    def contents(self) -> tuple[FilePart, ...]:
        return ()

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


WORKERS = pytest.mark.parametrize("workers", [1, 2, 5])


@dataclass(frozen=True, slots=True)
class Parted:
    """A source whose parts give batches of these sizes; ``faults`` says what a part does before its last batch."""

    sizes: tuple[tuple[int, ...], ...]
    faults: Mapping[int, Callable[[], object]]
    format: Format = Format.GEOPARQUET
    path: Path = Path("places.parquet")

    @property
    def contents(self) -> tuple[FilePart, ...]:
        return ()

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        return (SCHEMA,)

    def parts(self, layer: LayerSchema) -> tuple[Part, ...]:
        assert layer.name == "places"
        rows = [sum(sizes) for sizes in self.sizes]
        return tuple(
            Part(number=number, first_row=sum(rows[:number]), rows=count, span=(number, number + 1))
            for number, count in enumerate(rows)
        )

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        for part in self.parts(layer):
            yield from self.part_batches(layer, part, crs=crs)

    def part_batches(self, layer: LayerSchema, part: Part, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        assert (layer.name, crs) == ("places", WGS84)
        first, sizes = part.first_row, self.sizes[part.number]
        for number, size in enumerate(sizes):
            if number == len(sizes) - 1:
                self.faults.get(part.number, lambda: None)()
            yield batch(size, first)
            first += size


def parted(*sizes: tuple[int, ...], faults: Mapping[int, Callable[[], object]] | None = None) -> Parted:
    return Parted(sizes, faults or {})


def raises(error: BaseException) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


def in_parts(
    source: Parted, workers: int, *, claimed: int | None = None, endings: tuple[Ending, ...] = ()
) -> LocalPass:
    layer = replace(SCHEMA, rows=claimed)
    return LocalPass(source, layer, WGS84, lambda _rows: None, PLAIN, workers, endings)


@WORKERS
def test_every_part_is_measured_once_whatever_the_threads(workers: int) -> None:
    source = parted((3, 1), (4,), (), (1, 5, 9), (2,), (6,))
    facts = in_parts(source, workers, claimed=31)([CountRows(), CountRows(id=MeasureId("again"))])
    assert (facts.rows, facts.complete, facts.claimed) == (31, True, 31)
    assert facts.values == {"rows": Rows(count=31), "again": Rows(count=31)}


@WORKERS
def test_the_reason_why_a_measure_cannot_is_the_one_with_the_lowest_row(workers: int) -> None:
    source = parted(*[(1, 1)] * 20)
    for _ in range(5):
        facts = in_parts(source, workers)([CountRows(refuse_from=7), CountRows(id=MeasureId("all"))])
        assert facts.values[ROWS] == Unmeasured(reason="row 7 cannot be measured")
        assert facts.values[MeasureId("all")] == Rows(count=40)


@WORKERS
def test_of_several_refusals_that_of_the_lowest_part_is_raised(workers: int) -> None:
    late, early = threading.Event(), UnreadableError("part 2 is damaged", remedy="")

    def low() -> None:
        late.wait(0.2 if workers > 1 else 0)
        raise early

    def high() -> None:
        late.set()
        raise UnreadableError("part 3 is damaged", remedy="")

    source = parted((1,), (1,), (1,), (1,), (1,), faults={2: low, 3: high})
    with pytest.raises(UnreadableError, match="part 2 is damaged"):
        in_parts(source, workers)([CountRows()])


@WORKERS
def test_a_refusal_stops_the_parts_above_it(workers: int) -> None:
    begun: list[int] = []

    def slow(number: int) -> Callable[[], None]:
        def fault() -> None:
            begun.append(number)
            threading.Event().wait(0.01)

        return fault

    faults = {number: slow(number) for number in range(1, 200)}
    source = parted(*[(1,)] * 200, faults=faults | {0: raises(UnreadableError("gone", remedy=""))})
    with pytest.raises(UnreadableError, match="gone"):
        in_parts(source, workers)([CountRows()])
    assert len(begun) < 100


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), SystemExit(0)])
@WORKERS
def test_a_worker_that_dies_is_never_lost(workers: int, error: BaseException) -> None:
    source = parted((1,), (1,), (1,), faults={1: raises(error)})
    with pytest.raises(type(error)):
        in_parts(source, workers, claimed=3)([CountRows()])


def test_a_worker_that_dies_while_another_thread_reads_is_never_lost() -> None:
    class Dies(CountRows):
        __slots__ = ()

        def of(self, batch: LayerBatch) -> Rows:
            raise SystemExit(batch.rows - batch.rows)

    with pytest.raises(SystemExit):
        passed(Given((2, 2)))([Dies()])


@WORKERS
def test_a_part_with_other_rows_than_it_claims_is_unreadable(workers: int) -> None:
    class Short(Parted):
        __slots__ = ()

        def part_batches(self, layer: LayerSchema, part: Part, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
            del layer, crs
            # As many rows in all as claimed, but not in each part.
            yield batch({0: part.rows - 1, 1: part.rows + 1}.get(part.number, part.rows), part.first_row)

    with pytest.raises(UnreadableError, match="not measured exactly once"):
        in_parts(Short(((2,), (2,), (2,)), {}), workers, claimed=6)([CountRows()])


@WORKERS
def test_parts_that_are_not_the_whole_layer_are_unreadable(workers: int) -> None:
    with pytest.raises(UnreadableError, match="6 rows were read where the file claims 7"):
        in_parts(parted((3,), (3,)), workers, claimed=7)([CountRows()])


@WORKERS
def test_an_interrupt_ends_the_workers(workers: int) -> None:
    def interrupted(_rows: int) -> None:
        raise KeyboardInterrupt

    source = parted(*[(1,)] * 50)
    with pytest.raises(KeyboardInterrupt):
        LocalPass(source, SCHEMA, WGS84, interrupted, PLAIN, workers)([CountRows()])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("geogate-measure")]


def test_progress_hears_one_call_at_a_time() -> None:
    heard: list[int] = []
    inside = threading.Lock()

    def hear(rows: int) -> None:
        assert inside.acquire(blocking=False)
        heard.append(rows)
        inside.release()

    LocalPass(parted(*[(1, 2)] * 30), SCHEMA, WGS84, hear, PLAIN, 5)([CountRows()])
    assert sorted(heard) == [1] * 30 + [2] * 30


def at_least(limit: int) -> Ending:
    def certain(found: Mapping[MeasureId, Measurement]) -> bool:
        (rows,) = found.values()
        return isinstance(rows, Rows) and rows.count >= limit

    return Ending(measures=(ROWS,), certain=certain)


@WORKERS
def test_a_pass_in_parts_ends_when_a_denial_is_certain(workers: int) -> None:
    source = parted(*[(1,)] * 100)
    facts = in_parts(source, workers, claimed=100, endings=(at_least(3),))([CountRows()])
    assert (facts.complete, facts.claimed) == (False, 100)
    assert 3 <= facts.rows < 100
    assert facts.values == {ROWS: Rows(count=facts.rows)}


def test_a_pass_in_one_stream_ends_when_a_denial_is_certain() -> None:
    layer = replace(SCHEMA, rows=100)
    run = LocalPass(Given((1,) * 100), layer, WGS84, lambda _rows: None, PLAIN, 2, (at_least(3),))
    facts = run([CountRows()])
    assert (facts.complete, facts.claimed) == (False, 100)
    assert 3 <= facts.rows < 100


@WORKERS
def test_a_pass_that_never_finds_a_certain_denial_reads_all(workers: int) -> None:
    facts = in_parts(parted(*[(1,)] * 100), workers, claimed=100, endings=(at_least(101),))([CountRows()])
    assert (facts.rows, facts.complete) == (100, True)


@WORKERS
def test_what_cannot_be_measured_makes_no_denial_certain(workers: int) -> None:
    source = parted(*[(1,)] * 40)
    facts = in_parts(source, workers, claimed=40, endings=(at_least(0),))([CountRows(refuse_from=0)])
    assert (facts.rows, facts.complete) == (40, True)


@WORKERS
def test_a_question_that_cannot_be_answered_makes_no_denial_certain(workers: int) -> None:
    def unsure(found: Mapping[MeasureId, Measurement]) -> bool:
        raise UnmeasurableError(f"{len(found)} steps have no length")

    ending = Ending(measures=(ROWS,), certain=unsure)
    assert in_parts(parted((1,), (1,)), workers, claimed=2, endings=(ending,))([CountRows()]).complete


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1


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
