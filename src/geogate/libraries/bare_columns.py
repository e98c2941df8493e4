"""Columns as they leave: types without parameters that no value needs, and one NaN.

A type can carry a message that no rule looks at: the name of a time zone, the length of a list, the digits of a
decimal. So can the 51 bits of a NaN, row by row.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

UTC: Final = "UTC"
"""The one time zone: the moments are the same in each."""

ENTRY: Final = "element"
"""The name of what lists hold, which is that of the Parquet standard."""

_DIGITS: Final = ((pa.Decimal32Type, 38), (pa.Decimal64Type, 38), (pa.Decimal128Type, 38), (pa.Decimal256Type, 76))
_FLOATS: Final[dict[str, Any]] = {"halffloat": np.float16, "float": np.float32, "double": np.float64}


def bare_schema(schema: pa.Schema) -> pa.Schema:
    """Give the same columns in bare types; notes on them stay."""
    return pa.schema([field.with_type(bare_type(field.type)) for field in schema])


def bare_type(kind: pa.DataType) -> pa.DataType:
    """Give the type of the same values that has no parameter which they do not need.

    The unit of times and the scale of decimals stay. Types that hold none, such as unions, are given back.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return bare_type(kind.storage_type)
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return bare_type(kind.value_type)
    if pt.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, tz=UTC)
    if pt.is_fixed_size_binary(kind):
        return pa.binary()
    if pt.is_decimal(kind):
        return _decimal(kind)
    return _nested(kind) if pt.is_nested(kind) else kind


def _decimal(kind: pa.DataType) -> pa.DataType:
    make = pa.decimal256 if pt.is_decimal256(kind) else pa.decimal128
    return make(next(digits for each, digits in _DIGITS if isinstance(kind, each)), kind.scale)


def _nested(kind: pa.DataType) -> pa.DataType:
    if pt.is_struct(kind):
        return pa.struct([pa.field(each.name, bare_type(each.type)) for each in kind])
    if pt.is_map(kind):
        return pa.map_(bare_type(kind.key_type), bare_type(kind.item_type))
    if pt.is_large_list(kind) or pt.is_large_list_view(kind):
        return pa.large_list(pa.field(ENTRY, bare_type(kind.value_type)))
    if pt.is_list(kind) or pt.is_fixed_size_list(kind) or pt.is_list_view(kind):
        return pa.list_(pa.field(ENTRY, bare_type(kind.value_type)))
    return kind


def is_bare(kind: pa.DataType) -> bool:
    """Tell whether a type has no parameter that its values do not need."""
    return bool(kind == bare_type(kind)) and has_plain_names(kind)


def has_plain_names(kind: pa.DataType, others: frozenset[str] = frozenset()) -> bool:
    """Tell whether nothing in a type has a name of its own but the members of structs; ``others`` may name lists."""
    if pt.is_map(kind):
        inner = (kind.key_field, kind.item_field)
        named = [field.name for field in inner] == ["key", "value"]
    else:
        inner = tuple(kind.field(place) for place in range(kind.num_fields))
        named = pt.is_struct(kind) or all(field.name in {ENTRY, "item", *others} for field in inner)
    return named and all(has_plain_names(field.type, others) for field in inner)


def bare(array: Any) -> pa.Array:
    """Give the same values in their bare type, every NaN as the one that leaves."""
    array = _values_of(array)
    kind = array.type
    if pt.is_floating(kind):
        return _bare_floats(array)
    if pt.is_nested(kind):
        return _bare_nested(array)
    wanted = bare_type(kind)
    if pt.is_timestamp(kind):
        # A cast would look the zone up, which may be no zone.
        return array.view(wanted)
    return array if wanted == kind else array.cast(wanted)


def _values_of(array: Any) -> Any:
    """Take an array out of extensions, dictionaries and runs."""
    while True:
        if isinstance(array.type, pa.BaseExtensionType):
            array = array.storage
        elif pt.is_dictionary(array.type):
            array = array.dictionary_decode()
        elif pt.is_run_end_encoded(array.type):
            array = pc.run_end_decode(array)
        else:
            return array


def _bare_nested(array: Any) -> pa.Array:
    kind, wanted = array.type, bare_type(array.type)
    if pt.is_struct(kind):
        children = [bare(array.field(place)) for place in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, fields=list(wanted), mask=array.is_null())
    if pt.is_map(kind):
        return _laid_out(array, wanted, _entries(array, wanted))
    if pt.is_list(kind) or pt.is_large_list(kind):
        return _laid_out(array, wanted, bare(array.values))
    if pt.is_fixed_size_list(kind) or pt.is_list_view(kind) or pt.is_large_list_view(kind):
        return _listed(array, wanted)
    return array


def _entries(array: Any, wanted: pa.DataType) -> pa.Array:
    entry = pa.struct([wanted.key_field, wanted.item_field])
    return pa.StructArray.from_arrays([bare(array.keys), bare(array.items)], fields=list(entry))


def _laid_out(array: Any, wanted: pa.DataType, values: pa.Array) -> pa.Array:
    """Put other values into the lists of an array, which begin and end where they did."""
    own = array.buffers()[:2]
    return pa.Array.from_buffers(wanted, len(array), own, array.null_count, array.offset, children=[values])


def _listed(array: Any, wanted: pa.DataType) -> pa.Array:
    """Turn lists that need no offsets, or have them in any order, into those that have."""
    wide = pt.is_large_list(wanted)
    missing = array.is_null()
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    lengths[missing.to_numpy(zero_copy_only=False)] = 0
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    offsets = pa.array(ends, pa.int64()).cast(pa.int64() if wide else pa.int32())
    make = pa.LargeListArray if wide else pa.ListArray
    return make.from_arrays(offsets, bare(array.flatten()), type=wanted, mask=missing)


def _bare_floats(array: Any) -> pa.Array:
    validity, data = array.buffers()
    if data is None or not len(array):
        return array
    start = array.offset
    own = np.frombuffer(data, _FLOATS[str(array.type)])[start : start + len(array)]
    values = one_nan(own)
    if values is own:
        return array
    missing = None if validity is None else array.is_null().to_numpy(zero_copy_only=False)
    return pa.array(values, array.type, mask=missing, from_pandas=False)


def one_nan(values: Any) -> Any:
    """Give numbers in which every NaN is the one that leaves; the same array where they are that already."""
    if values.dtype.kind != "f" or not has_odd_nan(values):
        return values
    return np.where(np.isnan(values), np.array(np.nan, values.dtype), values)


def has_odd_nan(values: Any) -> bool:
    """Tell whether floating-point numbers have a NaN other than the one that leaves: the quiet one without a sign."""
    found = np.isnan(values)
    if not found.any():
        return False
    bits = values[found].view(f"u{values.dtype.itemsize}")
    only = np.array(np.nan, values.dtype).view(bits.dtype)
    return bool((bits != only).any())
