"""Photos as tables: a row a place that the file tells, and in its columns what else the file says.

JPEG, PNG, TIFF, HEIC and WebP. The canonical encoding removes all metadata; where bytes leave verbatim, it denies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyproj
import shapely

from geogate.libraries.photo_jpeg import jpeg_anatomy
from geogate.libraries.photo_parts import Block
from geogate.libraries.photos import anatomy_of, picture_of
from geogate.measures.batch import LayerBatch
from geogate.measures.photo import COLUMNS
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import LayerKind
from geogate.readers.photo_exif import read_exif
from geogate.readers.photo_iptc import read_iptc, resources
from geogate.readers.photo_told import Told, Topic
from geogate.readers.photo_xmp import read_xmp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.model.dataset import FilePart, Format

_DEEPEST: Final = 3
"""A thumbnail in a thumbnail is looked at; what lies deeper is read as bytes."""

_INNER: Final = {700: Block.XMP, 33723: Block.IPTC, 34377: Block.PHOTOSHOP, 0x0201: Block.JPEG}


@dataclass(frozen=True)
class PhotoSource:
    """One photo."""

    path: Path
    format: Format
    sidecars: tuple[Path, ...] = ()

    @cached_property
    def _survey(self) -> _Survey:
        if self.sidecars:
            raise UnreadableError(
                f"{len(self.sidecars)} files beside the photo may place or describe it, and nothing judges them",
                remedy="leave out what is beside it; an image that is placed on the Earth is sent as GeoTIFF",
            )
        anatomy = anatomy_of(self.path, self.format)
        told = Told()
        for kind, data in anatomy.blocks:
            _read(kind, data, told, depth=0)
        picture = picture_of(self.path, self.format, anatomy, orientation=told.orientation)
        return _Survey(told=told, width=picture.width, height=picture.height, parts=anatomy.parts)

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's one layer.

        Raises: UnreadableError.
        """
        return (
            LayerSchema(
                name=self.path.stem,
                crs=pyproj.CRS.from_epsg(4326),
                geometry_column="geometry",
                geometry_type="Point",
                attributes=COLUMNS,
                rows=len(self._rows),
                kind=LayerKind.PHOTO,
            ),
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        return self._survey.parts

    @property
    def orientation(self) -> int:
        """How the picture is to be turned, as Exif counts."""
        return self._survey.told.orientation

    @cached_property
    def _rows(self) -> tuple[tuple[Any, dict[str, Any]], ...]:
        survey = self._survey
        told = survey.told
        fixed = {"format": str(self.format), "width": survey.width, "height": survey.height}
        directions = told.directions[:1]
        count = max(1, len(told.places), len(told.texts))
        rows = []
        for number in range(count):
            values: dict[str, Any] = dict(fixed)
            geometry = None
            if number == 0:
                values |= {topic.value: told.joined(topic) for topic in Topic}
                values["direction_deg"] = directions[0] if directions else None
            if number < len(told.places):
                place = told.places[number]
                values |= {"place_source": place.source, "place_role": place.role}
                if place.lonlat is not None:
                    height = () if place.height_m is None else (place.height_m,)
                    geometry = shapely.to_wkb(shapely.Point(*place.lonlat, *height), flavor="iso")
            if number < len(told.texts):
                values["text"] = told.texts[number]
            rows.append((geometry, values))
        return tuple(rows)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Give all rows at once.

        Raises: UnreadableError.
        """
        del layer
        rows = self._rows
        wkb = pa.array([geometry for geometry, _ in rows], pa.binary())
        columns = [pa.array([values.get(f.name) for _, values in rows], f.type) for f in COLUMNS]
        yield LayerBatch(wkb=wkb, attributes=pa.record_batch(columns, schema=COLUMNS), crs=crs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What is known of a photo."""

    told: Told
    width: int
    height: int
    parts: tuple[FilePart, ...]


def _read(kind: Block, data: bytes, told: Told, *, depth: int) -> None:
    """Read one block and those within it.

    Raises: UnreadableError when Exif is damaged.
    """
    if depth > _DEEPEST or kind is Block.OTHER:
        told.readable(data)
    elif kind is Block.EXIF:
        for number, inner in read_exif(data, told if depth == 0 else _beside(told)):
            _read(_INNER[number], inner, told, depth=depth + 1)
    elif kind is Block.XMP:
        read_xmp(data, told)
    elif kind is Block.IPTC:
        read_iptc(data, told)
    elif kind is Block.PHOTOSHOP:
        for inner_kind, inner in resources(data):
            _read(inner_kind, inner, told, depth=depth + 1)
    elif kind is Block.TEXT:
        told.text(data.decode("utf-8", "replace"))
    else:
        _read_picture(data, told, depth=depth)


def _beside(told: Told) -> Told:
    """Share what is told, and keep the orientation of the photo itself."""
    return Told(places=told.places, about=told.about, texts=told.texts, directions=told.directions)


def _read_picture(data: bytes, told: Told, *, depth: int) -> None:
    """Look into a picture within the photo; one that is damaged is read as bytes."""
    try:
        blocks = jpeg_anatomy(data).blocks
    except UnreadableError:
        told.readable(data)
        return
    for kind, inner in blocks:
        _read(kind, inner, told, depth=depth + 1)
