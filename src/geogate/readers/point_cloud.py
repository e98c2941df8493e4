"""LAS, LAZ and COPC as tables: a row a point, its dimensions as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyproj

from geogate.libraries.point_clouds import chunks, header_of, opened, strict_points
from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format, LayerKind
from geogate.readers.columns import require_distinct
from geogate.readers.point_cloud_parts import parts_of
from geogate.readers.points import points_to_wkb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.libraries.point_clouds import Header
    from geogate.model.dataset import FilePart

UNDESCRIBED: Final = "ExtraBytes"
"""What laspy calls the bytes of a point that nothing describes."""

_AXES: Final = frozenset({"X", "Y", "Z", UNDESCRIBED})
HEIGHT: Final = pa.field("z", pa.float64())
"""Heights are a column too, because they are numbers like others, in which positions could be."""

_PLAIN_DIGITS: Final = 3
_UNITS: Final = (1.0, 0.3048, 1 / 0.3048, 1200 / 3937, 3937 / 1200)
"""Metres, and feet in metres and metres in feet, international ones and those of surveyors."""

_LAST_DIGITS: Final = 1e-9
_PLAIN_NAMES: Final = {"user_data": "vendor_data"}
"""A byte that programs may use; the name that the standard gives it sounds as if it told a person."""


@dataclass(frozen=True)
class PointCloudSource:
    """One point cloud."""

    path: Path
    format: Format = Format.LAS

    @cached_property
    def _survey(self) -> _Survey:
        header = header_of(self.path)
        with opened(self.path) as reader, strict_points("read"):
            dimensions = tuple(_dimensions(reader.header.point_format))
            crs = _crs_of(reader)
            scales = (*reader.header.scales, *reader.header.offsets)
            _require_plain(reader.header.point_format)
            extra = any(each.name == UNDESCRIBED for each in reader.header.point_format.dimensions)
        if not np.isfinite(scales).all() or not all(scale > 0 for scale in scales[:3]):
            raise UnreadableError(
                "the scales of the point cloud are not finite and positive", remedy="write it again, with common scales"
            )
        if not all(any(_is_plain(scale, unit) for unit in _UNITS) for scale in scales[:3]):
            raise UnreadableError(
                "the points have a scale with many digits, which leaves and which no rule looks at",
                remedy="write them with a scale of at most three digits, such as 0.001",
            )
        return _Survey(header=header, crs=crs, dimensions=dimensions, parts=tuple(parts_of(header, crs, extra=extra)))

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's one layer.

        Raises: UnreadableError.
        """
        survey = self._survey
        schema = pa.schema([*(pa.field(each.column, each.type) for each in survey.dimensions), HEIGHT])
        require_distinct(schema, layer=self.path.stem)
        return (
            LayerSchema(
                name=self.path.stem,
                crs=survey.crs,
                geometry_column="geometry",
                geometry_type="Point",
                attributes=schema,
                rows=survey.header.points,
                kind=LayerKind.POINT_CLOUD,
            ),
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        return self._survey.parts

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all points.

        Raises: UnreadableError.
        """
        first = 0
        with opened(self.path) as reader:
            for points in chunks(reader, self._survey.header.points):
                with strict_points("read"):
                    xyz = np.column_stack([np.asarray(points.x), np.asarray(points.y), np.asarray(points.z)])
                    columns = [*(_column(points, each) for each in self._survey.dimensions), pa.array(xyz[:, 2])]
                wkb = points_to_wkb(xyz, np.ones(len(xyz), np.bool_))
                attributes = pa.record_batch(columns, schema=layer.attributes)
                yield LayerBatch(wkb=wkb, attributes=attributes, crs=crs, first_row=first)
                first += len(xyz)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dimension:
    """A dimension of the points, or one place in it, as a column; ``place`` is ``None`` where it has only one."""

    name: str
    place: int | None
    type: pa.DataType

    @property
    def column(self) -> str:
        """The name of the column."""
        name = _PLAIN_NAMES.get(self.name, self.name)
        return name if self.place is None else f"{name}[{self.place}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What is known before points are read."""

    header: Header
    crs: pyproj.CRS | None
    dimensions: tuple[_Dimension, ...]
    parts: tuple[FilePart, ...]


def _require_plain(point_format: Any) -> None:
    """Let scales and offsets of extra dimensions, which leave as they are, have no room for a position.

    Raises: UnreadableError.
    """
    for each in point_format.extra_dimensions:
        numbers = [float(number) for some in (each.scales, each.offsets) if some is not None for number in some]
        if not all(map(_is_plain, numbers)):
            raise UnreadableError(
                "an extra dimension of the points has a scale or an offset with many digits, which no rule looks at",
                remedy="write the dimension without a scale, or with one of at most three digits",
            )


def _is_plain(number: float, unit: float = 1.0) -> bool:
    """Tell whether a number has at most three digits, or is a power of two; of a ``unit``, to its last digits."""
    few = float(f"{number / unit:.{_PLAIN_DIGITS - 1}e}") * unit
    same = number == few if unit == 1.0 else bool(np.isclose(number, few, rtol=_LAST_DIGITS, atol=0.0))
    return bool(same or (np.isfinite(number) and abs(np.frexp(number)[0]) == 0.5))  # noqa: PLR2004 of a power of two


def _dimensions(point_format: Any) -> Iterator[_Dimension]:
    for each in point_format.dimensions:
        if each.name in _AXES:
            continue
        kind = pa.float64() if each.is_scaled or each.dtype is None else _type(each.dtype.base)
        if each.dtype is None:
            # Some bits of a byte.
            kind = pa.uint8()
        places = [None] if each.num_elements == 1 else list(range(each.num_elements))
        for place in places:
            yield _Dimension(name=str(each.name), place=place, type=kind)


def _type(dtype: np.dtype[Any]) -> pa.DataType:
    return pa.from_numpy_dtype(dtype)


def _column(points: Any, dimension: _Dimension) -> pa.Array:
    values = np.asarray(points[dimension.name])
    if dimension.place is not None:
        values = values[:, dimension.place]
    return pa.array(np.ascontiguousarray(values).astype(dimension.type.to_pandas_dtype()), dimension.type)


def _crs_of(reader: Any) -> pyproj.CRS | None:
    """Return the reference system of the file.

    Raises: UnreadableError when it names two.
    """
    header = reader.header
    found = header.parse_crs(prefer_wkt=True)
    other = header.parse_crs(prefer_wkt=False)
    if found is None:
        return None
    if not _flat(found).equals(_flat(other), ignore_axis_order=True):
        raise UnreadableError(
            "the point cloud names two reference systems", remedy="write it again with the right one only"
        )
    return pyproj.CRS.from_user_input(found)


def _flat(crs: pyproj.CRS) -> pyproj.CRS:
    """Leave out heights, and give the published system where the words differ."""
    from geogate.measures.published import published

    level = crs.sub_crs_list[0] if crs.is_compound else crs
    return published(level) or level
