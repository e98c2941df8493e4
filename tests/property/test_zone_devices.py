"""Devices by zone against plain sets, and by compiled kernels against dictionaries, whatever the ids are."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import zone_list

from geogate.kernels.devices import hash_bytes
from geogate.kernels.inputs import read_only
from geogate.measures.batch import LayerBatch
from geogate.measures.device_ids import hash_id
from geogate.measures.measure import Joint, UnmeasurableError
from geogate.measures.tools import PLAIN, Tools
from geogate.measures.zone_devices import MOST_KEPT, DevicesInZones, ZoneDevices
from geogate.measures.zone_devices_tally import _FIRST_TABLE, DeviceTally
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import PolicyError
from geogate.model.names import Sha256
from geogate.zones.zone import Zone, ZoneList

DEGREES = pyproj.CRS.from_epsg(4326)
TOOLS = [PLAIN, Tools(kernels=True)]


def grid(side: int) -> ZoneList:
    """Make zones of a tenth of a degree, the first two of which overlap."""
    boxes = [shapely.box(x, y, x + 0.1, y + 0.1) for x in range(side) for y in range(side)]
    boxes[0] = shapely.box(0, 0, 0.1, 1.1)
    zones = [Zone(id=f"z{at:04}", category="test", buffer_m=0.0, geometry=box) for at, box in enumerate(boxes)]
    return zone_list(zones)


FOUR = grid(2)
PLACES = [(0.05, 0.05), (0.05, 1.05), (1.05, 0.05), (1.05, 1.05), (5.0, 5.0)]
"""In the first zone, in the first two, in the third, in the fourth, and in none."""
HITS = [{0}, {0, 1}, {2}, {3}, set()]

texts = st.one_of(st.none(), st.sampled_from(["", "a", "b", "eightbit", "longer than eight"]), st.text(max_size=20))
integers = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-2, 2))
rows_of_texts = st.lists(st.tuples(st.integers(0, 4), texts), max_size=30)
rows_of_integers = st.lists(st.tuples(st.integers(0, 4), integers), max_size=30)


def batch(at: list[int], ids: Any, *, column: str = "id") -> LayerBatch:
    wkb: Any = shapely.to_wkb(shapely.points([PLACES[place] for place in at])) if at else []
    attributes = pa.record_batch({column: ids})
    return LayerBatch(wkb=pa.array(wkb, pa.binary()), attributes=attributes, crs=DEGREES)


def devices(enough: int = 3, zones: ZoneList = FOUR) -> ZoneDevices:
    return ZoneDevices.against(zones, buffer_m=0.0, column="id", enough=enough)


def tallied(measure: ZoneDevices, *batches: LayerBatch, tools: Tools = PLAIN) -> DevicesInZones:
    return tally_of(measure, *batches, tools=tools).measurement()


def tally_of(measure: ZoneDevices, *batches: LayerBatch, tools: Tools = PLAIN) -> DeviceTally:
    tally = measure.tally(tools)
    for each in batches:
        tally.add(each)
    assert isinstance(tally, DeviceTally)
    assert isinstance(tally, Joint)
    return tally


def expected(rows: list[tuple[int, Any]], enough: int) -> dict[str, int]:
    found: dict[str, set[Any]] = {}
    for place, own in rows:
        for zone in HITS[place]:
            found.setdefault(f"z{zone:04}", set()).add("" if own is None else own)
    return {zone: min(len(ids), enough) for zone, ids in found.items()}


def shown(found: DevicesInZones) -> dict[str, int]:
    return {count.zone: count.devices for count in found.zones}


def columns_of(ids: list[str | None]) -> list[Any]:
    plain = pa.array(ids, pa.string())
    padded = pa.concat_arrays([pa.array(["x", None]), plain])[2:]
    binary = plain.cast(pa.binary())
    return [
        *(plain, padded, binary, plain.cast(pa.large_string()), binary.cast(pa.large_binary())),
        *(plain.cast(pa.string_view()), plain.dictionary_encode(), padded.dictionary_encode()),
        *(binary.dictionary_encode(), padded.dictionary_encode(null_encoding="encode")),
    ]


@settings(deadline=None, max_examples=40)
@given(rows_of_texts, st.integers(2, 5))
def test_each_zone_has_as_many_devices_as_a_set_of_their_ids_has(rows: list[tuple[int, Any]], enough: int) -> None:
    at, ids = [row[0] for row in rows], [row[1] for row in rows]
    first = tallied(devices(enough), batch(at, pa.array(ids, pa.string())))
    assert shown(first) == expected(rows, enough)
    for column in columns_of(ids):
        for tools in TOOLS:
            assert tallied(devices(enough), batch(at, column), tools=tools) == first


@settings(deadline=None, max_examples=40)
@given(rows_of_integers)
def test_integers_of_every_width_are_ids(rows: list[tuple[int, Any]]) -> None:
    at, ids = [row[0] for row in rows], [row[1] for row in rows]
    column = pa.array(ids, pa.int64())
    first = tallied(devices(), batch(at, column))
    assert shown(first) == expected(rows, 3)
    unsigned = pa.array([None if each is None else each % 2**64 for each in ids], pa.uint64())
    same = [column, column.dictionary_encode(), unsigned]
    small = [None if each is None else each % 100 for each in ids]
    narrow = [pa.array(small, kind) for kind in (pa.int64(), pa.int8(), pa.uint16(), pa.int32())]
    for tools in TOOLS:
        assert {tallied(devices(), batch(at, each), tools=tools) for each in same} == {first}
        assert len({tallied(devices(), batch(at, each), tools=tools) for each in narrow}) == 1


@settings(deadline=None, max_examples=40)
@given(rows_of_texts, st.integers(1, 6), st.integers(2, 4), st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_cuts_tallies_and_their_order(rows, size, enough, random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    def of(some: list[tuple[int, Any]]) -> LayerBatch:
        return batch([row[0] for row in some], pa.array([row[1] for row in some], pa.string()))

    measure = devices(enough)
    whole = measure.of(of(rows))
    parts = [of(rows[i : i + size]) for i in range(0, len(rows), size)] or [of([])]
    random.shuffle(parts)
    middle = len(parts) // 2
    for tools in TOOLS:
        one, other = (tally_of(measure, *some, tools=tools) for some in (parts[:middle], parts[middle:]))
        assert one.measurement() + other.measurement() == whole == other.measurement() + one.measurement()
        assert one.together([other]) == whole == other.together([tally_of(measure, tools=tools), one])
    assert reduce(add, map(measure.of, parts), measure.empty()) == whole
    assert from_json(DevicesInZones, canonical_json(whole)) == whole


@pytest.mark.parametrize("enough", [2, 40])
def test_tables_grow_and_forget_zones_that_have_enough(enough: int) -> None:
    rng = np.random.default_rng(0)
    zones = grid(12)
    measure = devices(enough, zones)
    batches = []
    for _ in range(4):
        xy = rng.integers(0, 12, (9_000, 2)) + rng.uniform(0.01, 0.09, (9_000, 2))
        wkb = pa.array(shapely.to_wkb(shapely.points(xy)), pa.binary())
        # Half of the rows are of a few devices, so that some zones never have enough.
        ids = np.where(xy[:, 0] > 6, rng.integers(0, 30, 9_000), rng.integers(0, 10**9, 9_000)).astype(str)
        batches.append(LayerBatch(wkb=wkb, attributes=pa.record_batch({"id": ids.tolist()}), crs=DEGREES))
    plain, compiled = (tallied(measure, *batches, tools=tools) for tools in TOOLS)
    assert compiled == plain
    for tools in TOOLS:
        first, *others = [tally_of(measure, each, tools=tools) for each in batches]
        assert first.together(others) == plain == first.together(others)
    assert len(plain.zones) == 144
    assert sum(count.devices for count in plain.zones) > (_FIRST_TABLE if enough > 2 else 0)


@settings(deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=3), st.integers(0, 2**64 - 1))
def test_kernels_hash_as_the_reference_does(value: bytes, before: bytes, seed: int) -> None:
    data = read_only(np.frombuffer(before + value + b"after", np.uint8))
    found = hash_bytes(data, len(before), len(before) + len(value), np.uint64(seed))
    assert int(found) == hash_id(value, seed)


def test_hashes_are_those_of_murmur() -> None:
    assert hash_id(b"", 0) == 0
    assert len({hash_id(bytes([a, b]), 1) for a in range(256) for b in range(256)}) == 65_536
    assert len({hash_id(at.to_bytes(8, "little"), 1) for at in range(65_536)}) == 65_536


@pytest.mark.parametrize("tools", TOOLS)
def test_rows_without_an_id_are_one_device_together(tools: Tools) -> None:
    for ids in (pa.array([None, None, ""]), pa.nulls(3), pa.array([None, None, None], pa.int32())):
        assert shown(tallied(devices(), batch([0, 0, 0], ids), tools=tools)) == {"z0000": 1}
    assert shown(tallied(devices(), batch([0, 0, 0], pa.array([None, "", "a"])), tools=tools)) == {"z0000": 2}


@pytest.mark.parametrize("tools", TOOLS)
def test_without_the_column_all_rows_are_one_device_and_that_is_said(tools: Tools) -> None:
    found = tallied(devices(), batch([0, 0, 2], pa.array(["a", "b", "c"]), column="other"), tools=tools)
    assert shown(found) == {"z0000": 1, "z0002": 1}
    assert found.without_column
    assert not tallied(devices(), batch([0], pa.array(["a"])), tools=tools).without_column
    assert (found + devices().empty()).without_column


@pytest.mark.parametrize("tools", TOOLS)
def test_a_line_across_a_zone_counts_although_no_vertex_is_in_it(tools: Tools) -> None:
    across = shapely.to_wkb(shapely.LineString([(-1, 0.05), (0.5, 0.05)]))
    row = LayerBatch(wkb=pa.array([across, None]), attributes=pa.record_batch({"id": ["a", "b"]}), crs=DEGREES)
    assert shown(tallied(devices(), row, tools=tools)) == {"z0000": 1}


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]),
        pa.array([True]),
        pa.array([1], pa.timestamp("s")),
        pa.array([["a"]]),
        pa.array([1.5]).dictionary_encode(),
        pa.array([1]).cast(pa.decimal128(20)),
    ],
)
@pytest.mark.parametrize("place", [0, 4])
def test_columns_of_other_kinds_are_refused_whether_a_zone_is_hit_or_not(tools: Tools, column: Any, place: int) -> None:
    with pytest.raises(UnmeasurableError, match="neither texts, binaries nor integers"):
        tallied(devices(), batch([place], column), tools=tools)


@pytest.mark.parametrize("tools", TOOLS)
def test_columns_that_say_the_same_in_other_ways_are_read(tools: Tools) -> None:
    sixteen = pa.array([bytes(range(16)), None, bytes(16)], pa.binary(16))
    ways = [sixteen, pa.ExtensionArray.from_storage(pa.uuid(), sixteen), pa.concat_arrays([sixteen, sixteen])[3:]]
    found = {tallied(devices(4), batch([0, 0, 0], way), tools=tools) for way in ways}
    assert [shown(each) for each in found] == [{"z0000": 3}]
    runs = pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", "b"]))
    assert shown(tallied(devices(), batch([0, 0, 0], runs), tools=tools)) == {"z0000": 2}


@pytest.mark.parametrize("tools", TOOLS)
def test_a_column_that_is_there_twice_is_refused(tools: Tools) -> None:
    twice = batch([0], pa.array(["a"]))
    twice.attributes = pa.RecordBatch.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["id", "id"])
    with pytest.raises(UnmeasurableError, match="several columns"):
        tallied(devices(), twice, tools=tools)


@pytest.mark.parametrize("tools", TOOLS)
def test_a_dictionary_that_lacks_values_is_refused(tools: Tools) -> None:
    broken = pa.DictionaryArray.from_arrays(pa.array([0, 7]), pa.array(["a"]), safe=False)
    with pytest.raises(UnmeasurableError, match="lacks values"):
        tallied(devices(), batch([0, 0], broken), tools=tools)


def test_what_is_kept_has_no_hashes_and_cannot_be_added() -> None:
    some = devices().of(batch([0, 2], pa.array(["a", "b"])))
    assert shown(some.kept()) == shown(some)
    assert not any(count.hashes for count in some.kept().zones)
    with pytest.raises(UnmeasurableError, match="cannot be added"):
        some.kept() + some


@pytest.mark.parametrize("tools", TOOLS)
def test_together_a_column_that_one_tally_lacks_is_said(tools: Tools) -> None:
    with_column = tally_of(devices(), batch([0, 2], pa.array(["a", "b"])), tools=tools)
    without = tally_of(devices(), batch([0], pa.array(["a"]), column="other"), tools=tools)
    for found in (with_column.together([without]), without.together([with_column])):
        assert found.without_column
        assert shown(found) == {"z0000": 2, "z0002": 1}
    assert not with_column.together([]).without_column


def test_counts_up_to_different_numbers_are_not_added() -> None:
    with pytest.raises(UnmeasurableError, match="different numbers"):
        devices(2).empty() + devices(3).empty()


def test_the_same_ids_have_other_hashes_under_another_list() -> None:
    row = batch([0], pa.array(["a"]))
    one, other = (devices(zones=replace(FOUR, digest=Sha256(digest * 64))).of(row).zones[0].hashes for digest in "ab")
    assert one != other


def test_lists_that_cannot_be_counted_are_refused() -> None:
    with pytest.raises(PolicyError, match="too many to keep apart"):
        devices(MOST_KEPT // 4 + 1)
    devices(MOST_KEPT // 4)
    twice = zone_list([FOUR.zones[0], FOUR.zones[0]])
    with pytest.raises(PolicyError, match="has an id twice"):
        devices(zones=twice)


def test_measures_of_the_same_question_are_equal() -> None:
    assert devices() == devices()
    assert hash(devices()) == hash(devices())
    assert devices() != devices(4)
