"""GeoTIFF and COG as tables of windows: where each lies, how fine it is, and which of its pixels show anything."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from geogate.libraries.raster_keys import geo_tags
from geogate.libraries.raster_palette import palette_of
from geogate.libraries.rasters import opened, strict_raster
from geogate.measures.published import published
from geogate.measures.raster import COLUMNS
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format, LayerKind
from geogate.readers.raster_batches import window_batches
from geogate.readers.raster_parts import images_of, parts_of, size_of
from geogate.readers.raster_place import crs_of, place_of
from geogate.readers.raster_shown import has_mask
from geogate.readers.raster_tiff import SAMPLES, OpenTiff
from geogate.readers.raster_traits import Traits, traits_of
from geogate.readers.raster_values import holds_numbers, value_batches, value_columns
from geogate.readers.raster_windows import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj
    import rasterio

    from geogate.libraries.raster_keys import GeoTag
    from geogate.measures.batch import LayerBatch
    from geogate.model.dataset import FilePart
    from geogate.readers.raster_parts import Images
    from geogate.readers.raster_tiff import Tiff

_MOST_PIXELS: Final = 20_000_000_000
"""Larger images, all their bands counted, take too long to be looked at in one run."""

BAND: Final = "band"
VALUES: Final = "values"
"""The name of the layer of the numbers in pixels."""

_MOST_BANDS: Final = 2_000
_MOST_PER_BYTE: Final = 1_200
_SMALL: Final = 64 * 1024 * 1024
"""No compression makes more than so many bytes of one; small images may be made of nothing but one missing tile.

Units: bytes.
"""


@dataclass(frozen=True)
class RasterSource:
    """One GeoTIFF: a layer with a row for each window of its base image and of each overview."""

    path: Path
    sidecars: tuple[Path, ...] = ()
    format: Format = Format.GEOTIFF

    @cached_property
    def _survey(self) -> _Survey:
        if self.sidecars:
            raise UnreadableError(
                f"{len(self.sidecars)} files beside the image may place or describe it, and nothing judges them",
                remedy="write what they say into the image: `gdal_translate in.tif out.tif`; leave out what is beside",
            )
        with OpenTiff(self.path) as tiff:
            found = images_of(tiff)
            _require_sizes(tiff, found, file_bytes=self.path.stat().st_size)
            with opened(self.path) as dataset, strict_raster("read"):
                crs = crs_of(dataset)
                images, masks = _images(dataset, tiff, found, self.path)
                expected = _expected(dataset, crs)
                palette = palette_of(dataset)
                traits = traits_of(dataset, crs)
                numbers = value_columns([(BAND, dataset)])
            if masks != len(found.masks):
                raise UnreadableError(
                    "the TIFF has masks that belong to none of its images", remedy="write it anew: `gdal_translate`"
                )
            parts = tuple(parts_of(tiff, found, expected, palette))
        return _Survey(crs=crs, images=images, traits=traits, numbers=numbers, parts=parts)

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's windows, and where its pixels are numbers these as a layer of their own.

        Raises: UnreadableError.
        """
        traits = self._survey.traits
        shown = LayerSchema(
            name=self.path.stem,
            crs=self._survey.crs,
            geometry_column="geometry",
            geometry_type="Unknown",
            attributes=COLUMNS,
            rows=None,
            kind=LayerKind.RASTER,
        )
        if not holds_numbers(traits.data_type, traits.bands):
            return (shown,)
        values = replace(
            shown, name=VALUES, geometry_type="Point", attributes=self._survey.numbers, kind=LayerKind.RASTER_VALUES
        )
        return (shown, values)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        return self._survey.parts

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all windows of all images, the base first, or the values in them.

        Raises: UnreadableError.
        """
        first_row = 0
        for image in self._survey.images:
            with ExitStack() as stack:
                dataset = stack.enter_context(opened(self.path, level=image.level - 1 if image.level else None))
                base = stack.enter_context(opened(self.path))
                with strict_raster("placed"):
                    place = place_of(base, crs=crs)
                if layer.kind is LayerKind.RASTER_VALUES:
                    found = value_batches([(BAND, dataset)], image, place, crs=crs, first_row=first_row)
                else:
                    traits = self._survey.traits
                    found = window_batches(dataset, image, place, traits=traits, crs=crs, first_row=first_row)
                for batch in found:
                    yield batch
                    first_row += batch.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What is known of a file before its pixels are read."""

    crs: pyproj.CRS | None
    images: tuple[Image, ...]
    traits: Traits
    numbers: pa.Schema
    parts: tuple[FilePart, ...]


def _require_sizes(tiff: Tiff, found: Images, *, file_bytes: int) -> None:
    pixels = bands = 0
    for directory in (found.base, *found.overviews, *found.masks):
        width, height = size_of(tiff, directory)
        samples = tiff.number(directory, SAMPLES, 1)
        pixels, bands = pixels + width * height * samples, max(bands, samples)
    require_size(pixels, bands, file_bytes=file_bytes)


def require_size(pixels: int, bands: int, *, file_bytes: int) -> None:
    """Refuse images that are larger than their bytes can hold, or than can be looked at.

    Units: ``pixels`` of all bands together.
    Raises: UnreadableError.
    """
    if pixels < 1 or pixels > _MOST_PIXELS or bands > _MOST_BANDS:
        raise UnreadableError("the image has no pixels, or too many", remedy="send it in several files")
    if pixels > max(_SMALL, file_bytes * _MOST_PER_BYTE):
        raise UnreadableError(
            "the image claims to be larger than its bytes can hold", remedy="write it without leaving blocks out"
        )


def _images(dataset: rasterio.DatasetReader, tiff: Tiff, found: Images, path: Path) -> tuple[tuple[Image, ...], int]:
    """List the images as GDAL sees them, and count their masks; they must be those that the file has.

    Raises: UnreadableError.
    """
    levels = len(dataset.overviews(1))
    base = Image(name="base", level=0, width=dataset.width, height=dataset.height, scale_x=1.0, scale_y=1.0)
    images, masks = [base], int(has_mask(dataset))
    for level in range(levels):
        with opened(path, level=level) as overview:
            width, height = overview.width, overview.height
            masks += int(has_mask(overview))
        scale = {"scale_x": dataset.width / width, "scale_y": dataset.height / height}
        images.append(Image(name="overview", level=level + 1, width=width, height=height, **scale))
    seen = sorted((image.width, image.height) for image in images)
    own = sorted(size_of(tiff, directory) for directory in (found.base, *found.overviews))
    if seen != own:
        raise UnreadableError(
            "the TIFF has reduced images that are no overviews of its first one",
            remedy="write it anew without overviews: `gdal_translate`",
        )
    return tuple(images), masks


def _expected(dataset: rasterio.DatasetReader, crs: pyproj.CRS | None) -> tuple[GeoTag, ...] | None:
    """Return the georeferencing tags that geogate would write for the image, if it would write any."""
    known = published(crs) if crs is not None else None
    if known is None or dataset.crs is None:
        return None
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    return geo_tags(known, (a, b, c, d, e, f))
