"""The steps of moments against exact arithmetic, and by compiled kernels against numpy, whatever the columns are."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.kernels.inputs import read_only
from geogate.kernels.time_steps import surely_no_times
from geogate.measures.batch import LayerBatch
from geogate.measures.clocks import STEPS, clock_classes
from geogate.measures.measure import UnmeasurableError
from geogate.measures.time_steps import CLASSES, ColumnTimes, TimeResolution, TimeSteps
from geogate.measures.time_steps_tally import TimeTally
from geogate.measures.tools import PLAIN, Tools
from geogate.model.document import canonical_json, from_json

MEASURE = TimeSteps()
WGS84 = pyproj.CRS.from_epsg(4326)
TOOLS = [PLAIN, Tools(kernels=True)]
LABELS = [label for label, _ in STEPS]

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
unit = st.sampled_from(sorted(UNITS))
tick = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.builds(
        lambda count, step, more: (count * step[1] + more) % 2**62,
        st.integers(-(10**6), 10**6),
        st.sampled_from(STEPS),
        st.integers(0, 1),
    ),
)
word = st.one_of(
    st.none(),
    st.text("0123456789:.,-+TZ ", max_size=14),
    st.from_regex(r"\d{1,2}:\d\d(:\d\d([.,]\d{1,9})?)?([+]\d\d:\d\d)?", fullmatch=True),
    st.datetimes().map(dt.datetime.isoformat),
    st.dates().map(dt.date.isoformat),
    st.text(max_size=5),
)


def batch(columns: dict[str, Any] | pa.RecordBatch) -> LayerBatch:
    attributes = columns if isinstance(columns, pa.RecordBatch) else pa.record_batch(columns)
    return LayerBatch(wkb=pa.nulls(attributes.num_rows, pa.binary()), attributes=attributes, crs=WGS84)


def tallied(*batches: LayerBatch, tools: Tools = TOOLS[1]) -> TimeResolution:
    tally = MEASURE.tally(tools)
    assert isinstance(tally, TimeTally) == tools.kernels
    for each in batches:
        tally.add(each)
    return tally.measurement()


def only(column: Any, tools: Tools = PLAIN) -> ColumnTimes:
    (found,) = tallied(batch({"a": column}), tools=tools).columns or ()
    return found


def shown(column: Any, tools: Tools = PLAIN) -> dict[str, int]:
    return {label: count for label, count in zip(LABELS, only(column, tools).counts, strict=True) if count}


def exact_class(ns: int) -> int:
    return max(place for place, (_, step) in enumerate(STEPS) if ns % step == 0)


@settings(deadline=None, max_examples=80)
@given(st.lists(tick, max_size=30), unit, st.integers(0, 5))
def test_a_class_is_the_coarsest_step_that_divides_the_moment(ticks: list[int | None], unit_of: str, skip: int) -> None:
    column = pa.array(ticks, pa.int64()).cast(pa.timestamp(unit_of))[skip:]
    expected = np.zeros(CLASSES, int)
    for value in ticks[skip:]:
        if value is not None:
            expected[exact_class(value * UNITS[unit_of])] += 1
    for tools in TOOLS:
        found = only(column, tools)
        assert found.counts == tuple(expected.tolist())
        assert found.nulls == sum(value is None for value in ticks[skip:])


@settings(deadline=None, max_examples=80)
@given(
    st.lists(word, max_size=12), st.integers(0, 3), st.sampled_from([pa.string(), pa.large_string(), pa.string_view()])
)
def test_kernels_read_the_clocks_that_the_reference_reads(
    words: list[str | None], skip: int, kind: pa.DataType
) -> None:
    column = pa.array(words, pa.string()).cast(kind)[skip:]
    plain = only(column, PLAIN)
    assert only(column, TOOLS[1]) == plain
    encoded = pa.array(words, pa.string()).dictionary_encode()[skip:]
    assert only(encoded, PLAIN) == plain == only(encoded, TOOLS[1])
    assert sum(plain.counts) + plain.nulls + plain.unread == len(column)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(tick, word), max_size=20), st.integers(1, 6), st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_how_the_stream_is_cut(rows, size, random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    moments = pa.array([row[0] for row in rows], pa.int64()).cast(pa.timestamp("us", "Europe/Berlin"))
    whole = batch({"a": moments, "b": pa.array([row[1] for row in rows], pa.string())})
    parts = [batch(whole.attributes.slice(i, size)) for i in range(0, max(len(rows), 1), size)]
    random.shuffle(parts)
    expected = MEASURE.of(whole)
    assert tallied(*parts) == expected
    assert reduce(add, map(MEASURE.of, parts), MEASURE.empty()) == expected
    assert from_json(TimeResolution, canonical_json(expected)) == expected


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(("label", "step"), STEPS)
def test_both_sides_of_each_step(tools: Tools, label: str, step: int) -> None:
    assert shown(pa.array([7 * step], pa.timestamp("ns")), tools) == {label: 1}
    if step > 1:
        assert shown(pa.array([7 * step + 1, 7 * step - 1], pa.timestamp("ns")), tools) == {"1 ns": 2}


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([0, 19_000], pa.date32()), {"1 d": 2}),
        (pa.array([86_400_000, 3_600_000], pa.int64()).cast(pa.date64(), safe=False), {"1 d": 1, "1 h": 1}),
        (pa.array([3_600, 61], pa.time32("s")), {"1 h": 1, "1 s": 1}),
        (pa.array([1], pa.time64("us")), {"1 µs": 1}),
        (pa.array([1, 1, None], pa.timestamp("ms")).dictionary_encode(), {"1 ms": 2}),
        (pa.array([[60_000], None, [1, 0]], pa.list_(pa.timestamp("ms"))), {"1 min": 1, "1 ms": 1, "1 d": 1}),
        (pa.array([{"t": 5}, None], pa.struct([("t", pa.timestamp("s"))])), {"1 s": 1}),
        (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array([10, 1], pa.timestamp("s"))), {"10 s": 2, "1 s": 1}),
        (pa.array([], pa.timestamp("s")), {}),
        (pa.array([None, None], pa.timestamp("s")), {}),
    ],
)
def test_moments_of_every_kind_are_found(tools: Tools, column: Any, expected: dict[str, int]) -> None:
    assert shown(column, tools) == expected


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026-05-01T10:30:05.123456789Z", "1 ns"),
        ("10:30:05.123456", "1 µs"),
        ("10:30:05.1230", "1 ms"),
        ("10:30:05,12", "10 ms"),
        ("10:30:05.5", "100 ms"),
        ("10:30:05.000", "1 s"),
        ("10:30:50", "10 s"),
        ("seen at 7:31, left", "1 min"),
        ("10:30:00", "10 min"),
        ("10:00", "1 h"),
        ("2026-05-01 00:00:00", "1 d"),
        ("2026-05-01 00:00:00+02:00", "1 h"),
        ("00:00 and 00:07", "1 min"),
        ("2026-05-01", "1 d"),
    ],
)
def test_texts_are_classed_by_the_finest_time_that_they_hold(tools: Tools, text: str, label: str) -> None:
    assert shown(pa.array([text]), tools) == {label: 1}


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(
    "text", ["", "20260501T103000", "1:3", ":30", "a:30", "2026-5-1", "x2026-05-01", "٣:٣٠", "1777630000"]
)
def test_other_texts_are_not_read(tools: Tools, text: str) -> None:
    found = only(pa.array([text, None]), tools)
    assert (found.unread, found.nulls, sum(found.counts)) == (1, 1, 0)


@pytest.mark.parametrize("tools", TOOLS)
def test_columns_of_other_kinds_are_left_out_and_all_names_are_kept(tools: Tools) -> None:
    columns = {
        "n": pa.array([1]),
        "a": pa.array([{"b": [{"c": 1}]}], pa.struct([("b", pa.list_(pa.struct([("c", pa.timestamp("s"))])))])),
        "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.timestamp("s"))),
        "t": pa.array(["x"]),
        "x": pa.array([b"10:30"], pa.binary()),
    }
    found = tallied(batch(columns), tools=tools)
    assert [(column.name, column.kind) for column in found.columns or ()] == [
        ("a.b[].c", "time"),
        ("m[].key", "text"),
        ("m[].value", "time"),
        ("t", "text"),
    ]


@pytest.mark.parametrize("tools", TOOLS)
def test_columns_of_several_types_and_batches_with_other_columns_are_refused(tools: Tools) -> None:
    union = pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])])
    with pytest.raises(UnmeasurableError, match="several types"):
        tallied(batch({"u": union}), tools=tools)
    moments = {"a": pa.array([1], pa.timestamp("s"))}
    for other in ({"a": pa.array(["x"])}, {"b": pa.array([1], pa.timestamp("s"))}, {"n": pa.array([1])}):
        with pytest.raises(UnmeasurableError, match="different columns"):
            tallied(batch(moments), batch(other), tools=tools)


def test_no_batch_gives_the_empty_measurement() -> None:
    assert tallied() == MEASURE.empty() == tallied(tools=PLAIN)


def test_a_null_in_a_dictionary_is_no_text() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1], pa.int8()), pa.array([None, "10:30"]))
    for tools in TOOLS:
        assert shown(column, tools) == {"10 min": 2}


def test_texts_outside_their_buffer_are_refused() -> None:
    offsets = pa.py_buffer(np.array([0, 9, 5], np.int32))
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"10:30")])
    for tools in TOOLS:
        with pytest.raises(UnmeasurableError, match="outside their buffer"):
            only(broken, tools)


def test_the_reference_reads_the_texts_of_a_slice() -> None:
    from geogate.measures.byte_values import ByteValues

    values = ByteValues.of(pa.array(["1:11", "x", "10:00"])[1:])
    assert clock_classes(values).tolist() == [-1, LABELS.index("1 h")]


COLON, PLAIN_TEXT = ord(":"), ord("a")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=30), st.integers(0, 9), st.sampled_from([np.int32, np.int64]))
def test_texts_surely_have_no_times_where_none_has_a_colon_or_the_length_of_a_date(
    lengths: list[int], before: int, width: Any
) -> None:
    offsets = read_only((np.cumsum([0, *lengths]) + before).astype(width))
    data = np.full(before + sum(lengths) + 3, COLON, np.uint8)
    data[before : before + sum(lengths)] = PLAIN_TEXT
    assert surely_no_times(read_only(data), offsets) == (10 not in lengths)


@pytest.mark.parametrize("size", [1, 4_095, 4_096, 4_097, 8_192, 9_000])
def test_a_colon_is_seen_wherever_it_stands(size: int) -> None:
    offsets = read_only(np.array([0, size], np.int32))
    for at in {0, size // 2, size - 1}:
        data = np.full(size, PLAIN_TEXT, np.uint8)
        assert surely_no_times(read_only(data), offsets)
        data[at] = COLON
        assert not surely_no_times(read_only(data), offsets)


@pytest.mark.parametrize(
    "offsets", [[0], [-1, 4], [0, 5], [2, 1, 4], [0, 2**63 - 1, -(2**63), -1, 4], [0, 4, 2**40, 4], [3, 2]]
)
def test_of_texts_outside_their_buffer_nothing_is_sure(offsets: list[int]) -> None:
    data = read_only(np.full(4, PLAIN_TEXT, np.uint8))
    assert not surely_no_times(data, read_only(np.array(offsets, np.int64)))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("tools", TOOLS)
def test_many_texts_without_times_are_unread(kind: pa.DataType, tools: Tools) -> None:
    words = ["abc", None, "0123456789abcdef", ""] * 500
    found = only(pa.array(words, kind)[3:], tools)
    assert (sum(found.counts), found.nulls, found.unread) == (0, 499, 1_498)
    for last, label in (("2026-01-31", "1 d"), ("at 12:30", "10 min")):
        assert shown(pa.array([*words, last], kind)[3:], tools) == {label: 1}


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(("kind", "wide"), [(pa.string(), np.int32), (pa.large_string(), np.int64)])
@pytest.mark.parametrize("offsets", [[0, 3, 1, 2], [2, 1, 0, 4]])
def test_texts_that_lie_outside_their_buffer_are_refused(
    tools: Tools, kind: pa.DataType, wide: Any, offsets: list[int]
) -> None:
    buffers = [None, pa.py_buffer(np.array(offsets, wide)), pa.py_buffer(b"abcd")]
    column = pa.Array.from_buffers(kind, 3, buffers)
    with pytest.raises(UnmeasurableError, match="outside their buffer"):
        only(column, tools)
