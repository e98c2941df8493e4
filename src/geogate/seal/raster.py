"""GeoTIFF as geogate writes it: the pixels, where they lie and what their bands are, in fixed tags, and nothing else.

Tiles of 512 pixels, Deflate, no overviews; the mask where there is one. Metadata, texts, profiles, overviews, other
compressions and what stood between them do not survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj

from geogate.libraries.grids import DRIVERS, listed, opened_grid
from geogate.libraries.raster_day import DAY_NAME, DAY_TAG, day_of, day_text
from geogate.libraries.raster_keys import geo_tags
from geogate.libraries.raster_nodata import is_plain
from geogate.libraries.raster_palette import palette_of
from geogate.libraries.rasters import opened, strict_raster
from geogate.measures.published import published
from geogate.measures.source import UnreadableError
from geogate.seal.raster_file import TiffWriter, long, short, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from geogate.libraries.rasters import Pixels
    from geogate.measures.source import Source
    from geogate.seal.raster_file import Value

    Affine = tuple[float, float, float, float, float, float]

_TILE: Final = 512
_STEP: Final = 16
"""Sizes of tiles are multiples of this."""

_TOGETHER: Final = 4
"""Up to so many bands stand together in a tile; more have tiles of their own."""

_CLASSIC: Final = 3_500_000_000
"""Images with more bytes than this before compression are written as BigTIFF."""

_IDENTITY: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_FORMATS: Final[Mapping[str, int]] = {"u": 1, "i": 2, "f": 3, "c": 6}
_DIFFERENCES: Final = (1, 2, 4)
"""Whole numbers of so many bytes are written as differences from their neighbour."""

_GREY, _COLOURS, _PALETTE, _MASK = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How an image is cut into tiles."""

    width: int
    height: int
    bands: int
    dtype: np.dtype[Any]

    @property
    def tile(self) -> tuple[int, int]:
        """The columns and rows of a tile."""
        return _tile(self.width), _tile(self.height)

    @property
    def together(self) -> bool:
        """Whether all bands stand in one tile."""
        return self.bands <= _TOGETHER

    @property
    def differences(self) -> bool:
        """Whether values are written as differences."""
        return self.dtype.kind in "iu" and self.dtype.itemsize in _DIFFERENCES

    def tags(self, writer: TiffWriter, blocks: list[tuple[int, int]]) -> dict[int, Value]:
        """Say how the pixels are stored."""
        at, size = zip(*blocks, strict=True)
        bits, kind = 8 * self.dtype.itemsize, _FORMATS[self.dtype.kind]
        return {
            256: long(self.width),
            257: long(self.height),
            258: short(*[bits] * self.bands),
            259: short(8),
            277: short(self.bands),
            284: short(1 if self.together else 2),
            317: short(2 if self.differences else 1),
            322: long(self.tile[0]),
            323: long(self.tile[1]),
            324: writer.offsets(at),
            325: writer.offsets(size),
            339: short(*[kind] * self.bands),
        }


def write_geotiff(source: Source, layers: Mapping[str, pyproj.CRS], target: Path) -> tuple[Path, ...]:
    """Write the raster of a source; the same pixels in the same place give the same bytes.

    ``layers`` has the published reference system of its layers by their names. Each variable of a file of grids is a
    file of its own, which is called after the variable too where there are several.

    Raises: UnreadableError when the pixels cannot be read to the end, or GeoTIFF cannot say where they lie.
    """
    if source.format not in DRIVERS:
        with opened(source.path) as dataset:
            _write_image(dataset, next(iter(layers.values())), target)
        return (target,)
    grids = listed(source.path, source.format).grids
    targets = [target if len(grids) == 1 else target.with_stem(f"{target.stem}_{grid.name}") for grid in grids]
    for grid, each in zip(grids, targets, strict=True):
        if each.exists():
            raise UnreadableError(
                "two files of the dataset would leave under the same name", remedy="give each file a stem of its own"
            )
        with opened_grid(source.format, grid) as reader:
            _write_image(reader, layers[grid.name], each)
    return tuple(targets)


def _write_image(dataset: Pixels, crs: pyproj.CRS, target: Path) -> None:
    with strict_raster("read"):
        transform = _require_plain(dataset)
        tags = {tag.number: (tag.kind, tag.count, tag.value) for tag in geo_tags(crs, transform)}
        tags |= _bands(dataset) | _nodata(dataset) | _day(dataset)
    with target.open("xb") as file:
        bytes_ = dataset.width * dataset.height * (dataset.count * np.dtype(dataset.dtypes[0]).itemsize + 1)
        writer = TiffWriter(file, big=bytes_ > _CLASSIC)
        _write(dataset, writer, tags)
    _require_same(target, crs, transform)


def _require_plain(dataset: Pixels) -> Affine:
    """Return the transform of an image that has one, and whose values mean what they are.

    Raises: UnreadableError.
    """
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    if (a, b, c, d, e, f) == _IDENTITY:
        raise UnreadableError(
            "the image is placed by control points or a sensor model, which do not leave",
            remedy="warp it to a reference system: `gdalwarp -t_srs EPSG:4326 in.tif out.tif`",
        )
    if set(dataset.scales) != {1.0} or set(dataset.offsets) != {0.0}:
        raise UnreadableError(
            "the values of the image have a scale or an offset, which would be lost",
            remedy="apply it: `gdal_translate -unscale -ot Float32 in.tif out.tif`",
        )
    return (a, b, c, d, e, f)


def _write(dataset: Pixels, writer: TiffWriter, tags: Mapping[int, Value]) -> None:
    from rasterio.enums import MaskFlags

    layout = _Layout(width=dataset.width, height=dataset.height, bands=dataset.count, dtype=np.dtype(dataset.dtypes[0]))
    groups = [list(dataset.indexes)] if layout.together else [[band] for band in dataset.indexes]
    blocks = [
        writer.block(_padded(_values(dataset, bands, window), layout), differences=layout.differences)
        for bands in groups
        for window in _windows(layout)
    ]
    flags = dataset.mask_flag_enums[0]
    if MaskFlags.per_dataset not in flags or MaskFlags.alpha in flags:
        writer.directory(layout.tags(writer, blocks) | dict(tags))
        return
    mask = _Layout(width=layout.width, height=layout.height, bands=1, dtype=np.dtype(np.uint8))
    marks = [
        writer.block(_padded(_mask(dataset, window), mask), differences=mask.differences) for window in _windows(mask)
    ]
    writer.directory(layout.tags(writer, blocks) | dict(tags))
    writer.directory(mask.tags(writer, marks) | {254: long(4), 262: short(_MASK)})


def _tile(size: int) -> int:
    return min(_TILE, -(-size // _STEP) * _STEP)


def _windows(layout: _Layout) -> list[tuple[int, int, int, int]]:
    """List the tiles: column, row, columns and rows that lie within the image."""
    across, down = layout.tile
    return [
        (column, row, min(across, layout.width - column), min(down, layout.height - row))
        for row in range(0, layout.height, down)
        for column in range(0, layout.width, across)
    ]


def _values(dataset: Pixels, bands: list[int], window: tuple[int, int, int, int]) -> NDArray[Any]:
    """Read rows, columns and bands; there is one NaN, because others could carry something."""
    from rasterio.windows import Window

    with strict_raster("read"):
        values: NDArray[Any] = np.moveaxis(dataset.read(bands, window=Window(*window)), 0, -1)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    return values


def _mask(dataset: Pixels, window: tuple[int, int, int, int]) -> NDArray[Any]:
    from rasterio.windows import Window

    with strict_raster("read"):
        return np.where(dataset.read_masks(1, window=Window(*window)) > 0, np.uint8(255), np.uint8(0))[..., None]


def _padded(values: NDArray[Any], layout: _Layout) -> NDArray[Any]:
    across, down = layout.tile
    return np.pad(values, ((0, down - values.shape[0]), (0, across - values.shape[1]), (0, 0)))


def _bands(dataset: Pixels) -> dict[int, Value]:
    """Say what the bands stand for, as far as TIFF has words for it."""
    from rasterio.enums import ColorInterp

    kinds = list(dataset.colorinterp)
    palette = palette_of(dataset)
    if palette is not None:
        return {262: short(_PALETTE), 320: short(*palette)}
    coloured = kinds[:3] == [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    named = 3 if coloured else 1
    premultiplied = any(dataset.tags(n, ns="IMAGE_STRUCTURE").get("ALPHA") == "PREMULTIPLIED" for n in dataset.indexes)
    alpha = 1 if premultiplied else 2
    others = [alpha if kind is ColorInterp.alpha else 0 for kind in kinds[named:]]
    return {262: short(_COLOURS if coloured else _GREY)} | ({338: short(*others)} if others else {})


def _nodata(dataset: Pixels) -> dict[int, Value]:
    nodata = dataset.nodata
    if nodata is None:
        return {}
    if not is_plain(float(nodata)):
        raise UnreadableError(
            "the number that stands for no value has so many digits that it could say something",
            remedy="choose a plain one: `gdalwarp -dstnodata -9999 in.tif out.tif`",
        )
    whole = float(nodata).is_integer() and np.dtype(dataset.dtypes[0]).kind in "iu"
    return {42113: text(str(int(nodata)) if whole else repr(float(nodata)))}


def _day(dataset: Pixels) -> dict[int, Value]:
    """Keep the day on which the image was taken, and not the time."""
    day = day_of(dataset.tags().get(DAY_NAME, ""))
    return {} if day is None else {DAY_TAG: text(day_text(day))}


def _require_same(target: Path, crs: pyproj.CRS, transform: Affine) -> None:
    """Compare what was written with what was meant.

    Raises: UnreadableError.
    """
    with opened(target) as written:
        found = pyproj.CRS.from_wkt(written.crs.to_wkt()) if written.crs else None
        same = found is not None and published(found) == crs and tuple(written.transform)[:6] == transform
    if not same:
        raise UnreadableError(
            "GeoTIFF cannot say where the image lies as the file does",
            remedy="warp it to a common reference system: `gdalwarp -t_srs EPSG:4326`",
        )
