"""What columns hold: the measurement does not depend on the stream, keeps no value, and classes follow from it."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbering import batch, contents, noise, places

from geogate.measures.hidden.columns import ColumnContents, Contents, number_in
from geogate.measures.hidden.columns_classes import recognise
from geogate.measures.hidden.columns_leaves import leaves
from geogate.measures.hidden.columns_pool import ROWS, Pool
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import PLAIN
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch

ALL = 5_000


def mixed(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(8)
    few = np.where(rng.random(rows) < 0.002, rng.random(rows), 0.5)
    return noise(rows) | {
        "few": few,
        "text": [f"{n % 7} text" if n % 5 else None for n in range(rows)],
        "list": pa.array([[n, n + 0.5] if n % 3 else None for n in range(rows)]),
        "flag": [n % 2 == 0 for n in range(rows)],
    }


def cut(at: list[int]) -> list[LayerBatch]:
    lonlat, attributes = places(ALL), pa.record_batch(mixed(ALL))
    ends = sorted({0, ALL, *at})
    return [
        batch(
            lonlat[a:b],
            dict(zip(attributes.schema.names, attributes.slice(a, b - a).columns, strict=True)),
            first_row=a,
        )
        for a, b in pairwise(ends)
    ]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, ALL - 1), max_size=4), st.randoms())
def test_the_result_does_not_depend_on_how_the_stream_is_cut(at: list[int], order: Any) -> None:
    measure = ColumnContents()
    parts = [measure.of(each) for each in cut(at)]
    order.shuffle(parts)
    whole = WHOLE
    assert reduce(add, parts, measure.empty()) == whole
    tally = measure.tally(PLAIN)
    for each in cut(at):
        tally.add(each)
    assert tally.measurement() == whole


WHOLE = ColumnContents().of(cut([])[0])


def test_the_measurement_travels_as_json() -> None:
    assert from_json(Contents, canonical_json(WHOLE)) == WHOLE


def test_the_pool_is_bounded_and_has_the_rows_with_rare_digits() -> None:
    pool = Pool.read(WHOLE.pool)
    assert ROWS <= len(pool) <= ROWS + 16 * 8
    rare = pool.rich[:, list(pool.columns).index("few")]
    assert rare.sum() == np.count_nonzero(mixed(ALL)["few"] != 0.5)


def test_what_is_kept_has_no_value() -> None:
    kept = WHOLE.kept()
    assert kept.pool == ()
    assert all(column.least is None and column.largest is None for column in kept.columns or ())
    assert kept.rows == ALL


def kinds(columns: dict[str, Any], rows: int = 40) -> dict[str, str]:
    return {each.name: each.kind.value for each in recognise(contents(places(rows), columns))}


ROW = range(40)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("device_id", [n % 3 for n in ROW], "identity"),
        ("IMEI", [490154203237518 + n for n in ROW], "identity"),
        ("callsign", ["SWR12A"] * 40, "identity"),
        ("note", ["please ask anna@example.org"] + ["nothing"] * 39, "identity"),
        ("v", [f"+49 30 1234{n:04}" for n in ROW], "identity"),
        ("v", [f"{n:08x}-1234-4321-abcd-0123456789ab" for n in ROW], "identity"),
        ("v", [f"00:1b:44:11:3a:{n:02x}" for n in ROW], "identity"),
        ("v", [f"{n:016x}" for n in ROW], "identity"),
        ("v", [f"DE89 3704 0044 0532 01{n:02} 00" for n in ROW], "identity"),
        ("v", [f"B-AB {1000 + n}" for n in ROW], "identity"),
        ("kind", ["road", "path"] * 20, "code"),
        ("name", [f"Mill Lane {n} to the sea" for n in ROW], "text"),
        ("day", ["2026-11-22"] * 20 + ["2026-11-23"] * 20, "time"),
        ("seen", [1_700_000_000 + 17 * n * n for n in ROW], "time"),
        ("lanes", [n % 4 for n in ROW], "code"),
        ("height", [n * 1.7 % 31 for n in ROW], "number"),
        ("flag", [n % 2 == 0 for n in ROW], "code"),
        ("blob", [bytes([200, n, 7]) for n in ROW], "opaque"),
        ("nothing", pa.nulls(40), "empty"),
        ("empty", pa.nulls(40, pa.float64()), "empty"),
    ],
)
def test_columns_are_recognised(name: str, values: Any, kind: str) -> None:
    assert kinds({name: values}) == {name: kind}


def test_geometries_in_a_binary_column_are_recognised() -> None:
    assert kinds({"g": batch(places(40), {"x": ROW}).wkb}) == {"g": "geometry"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8.5417", 8.5417),
        ("8,5417", 8.5417),
        (" -8.5 ", -8.5),
        ("8.5W", -8.5),
        ("S 33.25", -33.25),
        ("47°22'30\"N", 47.375),
        ("47 22 30", 47.375),
        ("-8:30:00", -8.5),
    ],
)
def test_texts_that_are_one_number_or_angle_are_read(text: str, number: float) -> None:
    assert number_in(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "north", "8.5 and 47.3", "1.2.3", "x" * 50, "12:34:56:78", "\ufffd8.5"])
def test_other_texts_are_no_number(text: str) -> None:
    assert np.isnan(number_in(text))


def test_nested_columns_are_looked_into_down_to_their_leaves() -> None:
    attributes = pa.record_batch(
        {
            "s": pa.array([{"a": 1, "b": [1.5]}]),
            "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())),
            "f": pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2)),
            "d": pa.array(["x"]).dictionary_encode(),
        }
    )
    names = [leaf.name for leaf in leaves(attributes)]
    assert {"s.a", "s.b[0]", "s.b[]", "m[0].key", "m[].value", "f[0]", "f[1]", "f[]", "d"} <= set(names)


def test_a_column_of_several_types_cannot_be_looked_into() -> None:
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["x"])])
    with pytest.raises(UnmeasurableError, match="several types"):
        contents(places(1), {"u": union})


def test_texts_that_are_no_utf_8_are_looked_at_as_bytes() -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe9.5"], pa.binary()).buffers())
    assert kinds({"t": broken}, rows=1) == {"t": "code"}
