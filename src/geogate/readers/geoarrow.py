"""GeoArrow native geometries (struct or interleaved coordinates) to WKB; ordinates keep their bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from geogate.measures.source import UnreadableError
from geogate.readers.points import points_to_wkb

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
"""How many lists are nested around the coordinates."""

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


def _coordinates(array: Any) -> NDArray[np.float64]:
    """Return the ordinates of a struct or an interleaved array; rows are positions."""
    _whole(array)
    if pa.types.is_struct(array.type):
        children = array.flatten()
        for child in children:
            _whole(child)
        return np.column_stack([child.to_numpy() for child in children])
    size = array.type.list_size
    values = array.values.slice(array.offset * size, len(array) * size)
    _whole(values)
    ordinates: NDArray[np.float64] = values.to_numpy().reshape(-1, size)
    return ordinates


def _ragged(array: Any, levels: int) -> tuple[NDArray[np.float64], tuple[NDArray[np.int64], ...]]:
    """Unnest lists into coordinates and offsets, innermost first, as shapely wants them."""
    offsets: list[NDArray[np.int64]] = []
    for level in range(levels):
        if level:
            _whole(array)
        found = array.offsets.to_numpy().astype(np.int64)
        array = array.values.slice(found[0], found[-1] - found[0])
        offsets.insert(0, found - found[0])
    return _coordinates(array), tuple(offsets)


def to_wkb(array: pa.Array, encoding: str) -> pa.Array:
    """Encode native geometries as little-endian ISO WKB; missing rows stay missing.

    Raises: UnreadableError when the type does not fit the encoding or parts are missing.
    """
    check_native(array.type, encoding)
    if encoding == "point":
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        return points_to_wkb(_coordinates(array.drop_null()), valid)
    import shapely

    coordinates, offsets = _ragged(array, LEVELS[encoding])
    kind = shapely.GeometryType[encoding.upper()]
    geometries = shapely.from_ragged_array(kind, coordinates, offsets)
    geometries[~array.is_valid().to_numpy(zero_copy_only=False)] = None
    return pa.array(shapely.to_wkb(geometries, flavor="iso", byte_order=1), type=pa.binary())
