"""Row groups that are encoded side by side make the file that one writer makes of them in turn."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.libraries.thrift import I64, Field
from geogate.seal import row_groups
from geogate.seal.geoparquet import OPTIONS
from geogate.seal.row_groups import Form, JoinedFile

NUMBERS = st.one_of(st.none(), st.integers(-(1 << 63), (1 << 63) - 1))
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "number": (pa.int64(), NUMBERS),
    "truth": (pa.bool_(), st.one_of(st.none(), st.booleans())),
    "text": (pa.string(), st.one_of(st.none(), st.text(max_size=4))),
    "category": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["a", "b", None])),
    "list": (pa.list_(pa.int64()), st.one_of(st.none(), st.lists(NUMBERS, max_size=3))),
    "struct": (pa.struct({"a": pa.int64(), "b": pa.list_(pa.bool_())}), st.just({"a": 1, "b": [True, None]})),
    "nothing": (pa.null(), st.none()),
    "geometry": (pa.binary(), st.one_of(st.none(), st.binary(max_size=30))),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, unique=True))
    count = draw(st.integers(0, 12))
    values = {name: draw(st.lists(COLUMNS[name][1], min_size=count, max_size=count)) for name in names}
    return pa.table({name: pa.array(values[name], COLUMNS[name][0]) for name in names})


def form_of(schema: pa.Schema, *, metadata: str = "{}", store_schema: bool = True) -> Form:
    return Form(schema=schema, metadata={"geo": metadata}, options=OPTIONS | {"store_schema": store_schema})


def cut(table: pa.Table, size: int) -> list[pa.Table]:
    return [table.slice(first, size) for first in range(0, table.num_rows, size)]


def by_one_writer(form: Form, groups: list[pa.Table]) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, form.schema, **form.options) as writer:
        writer.add_key_value_metadata(dict(form.metadata))
        for group in groups:
            writer.write_table(group.combine_chunks(), row_group_size=group.num_rows)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def joined(form: Form, groups: list[pa.Table]) -> bytes:
    file = io.BytesIO()
    whole = JoinedFile(file, form)
    for group in groups:
        whole.add(form.file(group))
    whole.close()
    return file.getvalue()


@given(tables(), st.integers(1, 13), st.booleans())
def test_the_file_is_that_of_one_writer(table: pa.Table, size: int, store_schema: bool) -> None:  # noqa: FBT001
    form, groups = form_of(table.schema, store_schema=store_schema), cut(table, size)

    assert joined(form, groups) == by_one_writer(form, groups)


@settings(max_examples=10)
@given(st.integers(20_000, 60_000), st.integers(1, 3))
def test_the_file_is_that_of_one_writer_where_columns_have_many_pages(rows: int, pieces: int) -> None:
    values = pa.array([b"%060d" % row for row in range(rows)], pa.binary())
    table = pa.concat_tables([pa.table({"geometry": values, "number": range(rows)})] * pieces)
    form, groups = form_of(table.schema), cut(table, 2 * rows // 3)

    assert joined(form, groups) == by_one_writer(form, groups)


def test_the_rows_come_back_in_their_order() -> None:
    table = pa.table({"number": range(1000), "text": [str(row) for row in range(1000)]})

    data = joined(form_of(table.schema), cut(table, 100))

    assert pq.read_table(pa.BufferReader(data), page_checksum_verification=True).equals(table)
    assert pq.ParquetFile(pa.BufferReader(data)).num_row_groups == 10


def test_a_file_without_its_end_is_none() -> None:
    table = pa.table({"number": range(10)})
    form, file = form_of(table.schema), io.BytesIO()
    JoinedFile(file, form).add(form.file(table))

    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(pa.BufferReader(file.getvalue()))


def test_a_file_with_none_or_two_row_groups_is_refused() -> None:
    table = pa.table({"number": range(10)})
    form = form_of(table.schema)
    whole = JoinedFile(io.BytesIO(), form)

    for file in (form.file(), pa.py_buffer(joined(form, cut(table, 5)))):
        with pytest.raises(ValueError, match=r"not enough values|too many values"):
            whole.add(file)


@pytest.mark.parametrize(
    "options",
    [{"write_page_index": True}, {"use_dictionary": True}, {"write_statistics": True}],
    ids=lambda options: next(iter(options)),
)
def test_what_says_of_more_places_is_refused(options: dict[str, Any]) -> None:
    table = pa.table({"number": [1, 1, 1]})
    form = Form(schema=table.schema, metadata={}, options=OPTIONS | options)

    with pytest.raises(ValueError, match=r"row group|not known"):
        joined(form, [table])


def test_a_column_that_says_twice_where_it_lies_is_refused() -> None:
    table = pa.table({"number": [1]})
    _, footer = row_groups._parted(form_of(table.schema).file(table))
    (group,) = footer[4].value.values
    group[1].value.values[0][2] = Field(I64, 4)

    with pytest.raises(ValueError, match="twice where it lies"):
        row_groups._moved(group, by=10)


def test_a_group_with_an_unknown_field_is_refused() -> None:
    table = pa.table({"number": [1]})
    _, footer = row_groups._parted(form_of(table.schema).file(table))
    (group,) = footer[4].value.values

    with pytest.raises(ValueError, match="not known"):
        row_groups._moved(group | {4: Field(I64, 1)}, by=10)
