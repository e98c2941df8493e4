"""What is read of a footer is written again to the same bytes, and what could not be is refused."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geogate.libraries.thrift import (
    BINARY,
    BYTE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    TRUE,
    Field,
    Struct,
    Values,
    decoded,
    encoded,
)

INTEGERS = {I16: 15, I32: 31, I64: 63}


def integers(kind: int) -> st.SearchStrategy[int]:
    return st.integers(-(1 << INTEGERS[kind]), (1 << INTEGERS[kind]) - 1)


SIMPLE = st.one_of(
    st.sampled_from([Field(TRUE, None), Field(FALSE, None)]),
    st.integers(0, 255).map(lambda value: Field(BYTE, value)),
    *(integers(kind).map(partial(Field, kind)) for kind in INTEGERS),
    st.binary(max_size=300).map(lambda value: Field(BINARY, value)),
)


def structs(fields: st.SearchStrategy[Field]) -> st.SearchStrategy[Struct]:
    numbers = st.dictionaries(st.integers(1, 40), fields, max_size=6)
    return numbers.map(lambda found: dict(sorted(found.items())))


def nested(fields: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    return st.one_of(
        structs(fields).map(lambda value: Field(STRUCT, value)),
        st.lists(structs(fields), max_size=20).map(lambda values: Field(LIST, Values(STRUCT, values))),
        st.lists(integers(I64), max_size=20).map(lambda values: Field(LIST, Values(I64, values))),
    )


@given(structs(st.recursive(SIMPLE, nested, max_leaves=12)))
def test_a_struct_is_read_as_it_was_written(struct: Struct) -> None:
    assert decoded(encoded(struct)) == struct


@given(structs(SIMPLE))
def test_a_struct_may_hold_one_that_is_encoded_already(struct: Struct) -> None:
    plain = {1: Field(STRUCT, struct), 2: Field(LIST, Values(STRUCT, [struct, struct]))}
    ready = {1: Field(STRUCT, encoded(struct)), 2: Field(LIST, Values(STRUCT, [encoded(struct), struct]))}

    assert encoded(plain) == encoded(ready)


@pytest.mark.parametrize(("step", "size"), [(1, 1), (15, 1), (16, 2)])
def test_a_field_far_behind_the_last_one_says_its_number(step: int, size: int) -> None:
    assert len(encoded({step: Field(TRUE, None)})) == size + 1


@pytest.mark.parametrize(("count", "size"), [(0, 1), (14, 1), (15, 2), (127, 2), (128, 3)])
def test_a_long_list_says_its_length(count: int, size: int) -> None:
    data = encoded({1: Field(LIST, Values(I64, [0] * count))})

    assert len(data) == 1 + size + count + 1
    assert len(decoded(data)[1].value.values) == count


@pytest.mark.parametrize("kind", [10, 11, 13])
def test_kinds_that_footers_do_not_have_are_refused(kind: int) -> None:
    with pytest.raises(ValueError, match=f"no values of kind {kind}"):
        decoded(bytes([16 | kind, 0]))


@pytest.mark.parametrize("data", [b"\x00\x00", b"\x16\x80\x00\x00", b"\x01\x02\x00", b"\x18\x05ab\x00"])
def test_what_would_be_written_otherwise_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        decoded(data)
