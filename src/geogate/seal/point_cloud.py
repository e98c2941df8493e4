"""Point clouds as geogate writes them: LAZ 1.4 of the points and their dimensions, and the reference system.

Texts, ids, dates, indexes, tables, descriptions and bounds that a file claims do not survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.libraries.bare_columns import one_nan
from geogate.libraries.point_cloud_wkt import wkt_record
from geogate.libraries.point_clouds import chunks, header_of, opened, strict_points
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.source import Source

_SOFTWARE: Final = "geogate"
_CREATED_AT, _CREATED = 90, b"\x01\0\xd0\x07"
_WKT_FLAG: Final = 0x10
_TIMES_FLAG: Final = 0x01
_LARGEST: Final = 2**31 - 1
_ROUND: Final = 1_000_000
_NEARLY: Final = 1e-6
_UNDESCRIBED: Final = "ExtraBytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """How the whole numbers of an axis become those that are written: shifted, with an offset of few digits.

    The offset of a file could be anything, a position among them; points say where they are without it.
    """

    shift: int
    offset: float


def write_laz(source: Source, layers: Mapping[str, pyproj.CRS], target: Path) -> tuple[Path, ...]:
    """Write the points of a source; the same points give the same bytes.

    Raises: UnreadableError when points cannot be read to the end, or not be written as they are.
    """
    import laspy

    (crs,) = layers.values()
    count = header_of(source.path).points
    axes = _axes(source.path, count)
    with opened(source.path) as reader:
        with strict_points("described"):
            header = _new_header(reader.header, axes, crs)
        with target.open("xb") as file:
            with strict_points("written"):
                writer = laspy.LasWriter(
                    file, header, do_compress=True, laz_backend=laspy.LazBackend.Lazrs, closefd=False
                )
            for points in chunks(reader, count):
                with strict_points("written"):
                    writer.write_points(_moved(points, header, axes))
            with strict_points("written"):
                writer.close()
    with target.open("r+b") as file:
        file.seek(_CREATED_AT)
        file.write(_CREATED)
    return (target,)


def _axes(path: Path, count: int) -> tuple[_Axis, ...]:
    """Look through all points for the least and the greatest whole numbers, and choose offsets.

    Raises: UnreadableError when the points lie too far apart for whole numbers of 32 bits.
    """
    least, most = np.full(3, np.iinfo(np.int64).max), np.full(3, np.iinfo(np.int64).min)
    with opened(path) as reader:
        for points in chunks(reader, count):
            numbers = _numbers(points)
            least, most = np.minimum(least, numbers.min(axis=0)), np.maximum(most, numbers.max(axis=0))
        scales, offsets = np.array(reader.header.scales), np.array(reader.header.offsets)
    return tuple(
        _axis(float(scales[axis]), float(offsets[axis]), int(least[axis]), int(most[axis])) for axis in range(3)
    )


def _axis(scale: float, offset: float, least: int, most: int) -> _Axis:
    steps = offset / scale
    if not abs(steps) < 2**52:
        raise _unwritable()
    own = int(np.floor(steps + _NEARLY))
    rest = offset - own * scale
    rest = 0.0 if abs(rest) < _NEARLY * scale else rest
    fits = abs(least + own) <= _LARGEST and abs(most + own) <= _LARGEST
    start = 0 if fits else (least + own) // _ROUND * _ROUND
    if most + own - start > _LARGEST:
        raise _unwritable()
    return _Axis(shift=own - start, offset=start * scale + rest)


def _unwritable() -> UnreadableError:
    return UnreadableError(
        "the points lie too far apart for the scale that they are written in",
        remedy="write them with a coarser scale, and offsets that are near them",
    )


def _numbers(points: Any) -> NDArray[np.int64]:
    return np.column_stack([np.asarray(points.array[axis], np.int64) for axis in "XYZ"])


def _new_header(own: Any, axes: tuple[_Axis, ...], crs: pyproj.CRS) -> Any:
    import laspy

    header = laspy.LasHeader(point_format=_plain_format(own.point_format), version="1.4")
    header.system_identifier, header.generating_software = "", _SOFTWARE
    header.uuid = type(header.uuid)(int=0)
    header.scales = np.array(own.scales)
    header.offsets = np.array([axis.offset for axis in axes])
    header.global_encoding.value = _WKT_FLAG | (int(own.global_encoding.value) & _TIMES_FLAG)
    header.vlrs.append(laspy.VLR("LASF_Projection", 2112, "", wkt_record(crs)))
    return header


def _plain_format(own: Any) -> Any:
    """Keep the dimensions and their types, without what describes them."""
    import laspy

    plain = laspy.PointFormat(own.id)
    for each in own.extra_dimensions:
        if each.name == _UNDESCRIBED:
            continue
        plain.add_extra_dimension(
            laspy.ExtraBytesParams(
                name=each.name, type=each.type_str(), description="", offsets=each.offsets, scales=each.scales
            )
        )
    return plain


def _moved(points: Any, header: Any, axes: tuple[_Axis, ...]) -> Any:
    import laspy

    written = laspy.ScaleAwarePointRecord.zeros(len(points), header=header)
    for name in written.array.dtype.names:
        written.array[name] = one_nan(points.array[name])
    for axis, name in zip(axes, "XYZ", strict=True):
        written.array[name] = (points.array[name].astype(np.int64) + axis.shift).astype(np.int32)
    return written
