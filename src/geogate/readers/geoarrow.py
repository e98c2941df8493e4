"""GeoArrow native geometries, with struct or interleaved coordinates, taken apart; ordinates keep their bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from geogate.measures.source import UnreadableError
from geogate.readers.native import NativeRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.geometries import Geometries

LEVELS = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
"""How many lists are nested around the coordinates."""

KINDS = {"point": 1, "linestring": 2, "polygon": 3, "multipoint": 4, "multilinestring": 5, "multipolygon": 6}
"""The kinds of WKB."""

_DIMENSIONS = (("x", "y"), ("x", "y", "z"))


def _odd(why: str) -> UnreadableError:
    return UnreadableError(
        f"the geometry column {why}", remedy="write the geometries as WKB, or as GeoArrow with x, y and at most z"
    )


def check_native(kind: pa.DataType, encoding: str) -> int:
    """Return the number of ordinates (2 or 3) of a native geometry type.

    Raises: UnreadableError when the type does not fit the encoding.
    """
    for _ in range(LEVELS[encoding]):
        if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            raise _odd("does not have the type of its encoding")
        kind = kind.value_type
    if pa.types.is_struct(kind):
        names = tuple(field.name for field in kind)
        if names in _DIMENSIONS and all(pa.types.is_float64(field.type) for field in kind):
            return len(names)
    elif pa.types.is_fixed_size_list(kind) and pa.types.is_float64(kind.value_type):
        # The child's name says which ordinates; two are x and y whatever it is called, three may be x, y, m.
        size = int(kind.list_size)
        if size == len(_DIMENSIONS[0]) or (size == len(_DIMENSIONS[1]) and kind.value_field.name == "xyz"):
            return size
    raise _odd("has ordinates other than x, y and z")


def _whole(array: Any) -> None:
    if array.null_count:
        raise _odd("has missing parts within geometries")


def _axes(array: Any) -> tuple[NDArray[np.float64], ...]:
    """View each ordinate of a struct or an interleaved array."""
    _whole(array)
    if pa.types.is_struct(array.type):
        children = array.flatten()
        for child in children:
            _whole(child)
        return tuple(child.to_numpy() for child in children)
    size = array.type.list_size
    values = array.values.slice(array.offset * size, len(array) * size)
    _whole(values)
    return tuple(values.to_numpy().reshape(-1, size).T)


def _unnested(array: Any, levels: int) -> tuple[Any, tuple[NDArray[np.int64], ...]]:
    """Take lists apart; returns what lies innermost, and the offsets, outermost first."""
    offsets: list[NDArray[np.int64]] = []
    for _ in range(levels):
        _whole(array)
        found = array.offsets.to_numpy().astype(np.int64)
        if found[0] < 0 or found[-1] > len(array.values) or (np.diff(found) < 0).any():
            raise _odd("has broken offsets")
        offsets.append(found - found[0])
        array = array.values.slice(found[0], found[-1] - found[0])
    return array, tuple(offsets)


def native_rows(array: pa.Array, encoding: str) -> NativeRows:
    """Take native geometries apart; missing rows stay missing.

    Raises: UnreadableError when the type does not fit the encoding or parts are missing.
    """
    check_native(array.type, encoding)
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    # What lies in the slots of missing rows is not geometry.
    some = array.drop_null() if array.null_count else array
    inner, levels = _unnested(some, LEVELS[encoding])
    return NativeRows(kind=KINDS[encoding], axes=_axes(inner), levels=levels, valid=valid)


def geometries(array: pa.Array, encoding: str, *, first_row: int) -> Geometries:
    """Decode native geometries.

    Raises: UnreadableError as ``native_rows``, UnmeasurableError for lines and rings that WKB must not have.
    """
    return native_rows(array, encoding).geometries(first_row=first_row)


def to_wkb(array: pa.Array, encoding: str) -> pa.Array:
    """Encode native geometries as little-endian ISO WKB; missing rows stay missing.

    Raises: UnreadableError as ``native_rows``.
    """
    return native_rows(array, encoding).to_wkb()
