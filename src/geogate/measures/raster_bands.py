"""What the bands of a raster layer are; which are allowed is for the rules to say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003  # read at run time by geogate.model.document
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.measures.raster import windows_of
from geogate.model.document import LATER

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """The most bands that an image has, the types of their values, and what they stand for; both sorted.

    ``newest`` is the latest day on which one was taken, ``undated`` counts the windows of those that do not say.
    ``box`` is what they cover: west, south, east and north in degrees; empty where that is not known.
    """

    most: int = 0
    data_types: tuple[str, ...] = ()
    interpretations: tuple[str, ...] = ()
    newest: date | None = None
    undated: int = 0
    box: tuple[float, ...] = field(default=(), metadata=LATER)
    placed: bool = field(default=True, metadata=LATER)

    def overlaps(self, other: Bands) -> bool:
        """Tell whether images show some of the same ground, which they do where it is not known."""
        if not (self.box and other.box and self.placed and other.placed):
            return True
        (west, south, east, north), (left, low, right, high) = self.box, other.box
        return west < right and left < east and south < high and low < north

    def kept(self) -> Bands:
        """Leave out where the images lie; what is not known overlaps everything."""
        return replace(self, box=(), placed=False)

    def __add__(self, other: Bands) -> Bands:
        """Add what other images have."""
        return Bands(
            most=max(self.most, other.most),
            data_types=_both(self.data_types, other.data_types),
            interpretations=_both(self.interpretations, other.interpretations),
            newest=max((day for day in (self.newest, other.newest) if day is not None), default=None),
            undated=self.undated + other.undated,
            box=_around(self.box, other.box),
            placed=self.placed and other.placed,
        )


def _around(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    if not (one and other):
        return one or other
    return (*map(min, one[:2], other[:2]), *map(max, one[2:], other[2:]))


def _box(batch: LayerBatch) -> tuple[float, ...]:
    """Give the box around the windows of a batch; empty where it is not known where they lie."""
    try:
        lonlat = batch.lonlat
    except UnmeasurableError:
        return ()
    if not len(lonlat) or not np.isfinite(lonlat).all():
        return ()
    return (*map(float, lonlat.min(axis=0)), *map(float, lonlat.max(axis=0)))


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


@dataclass(frozen=True, slots=True)
class RasterBands:
    """Measure what the bands are."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("raster-bands")

    def empty(self) -> Bands:
        """Return the measurement of no images."""
        return Bands()

    def tally(self, tools: Tools) -> Tally[Bands]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> Bands:
        """Look at the images of one batch.

        Raises: UnmeasurableError when the layer is no raster.
        """
        windows_of(batch)
        bands, types, kinds = (
            set(batch.attributes.column(name).to_pylist()) for name in ("bands", "data_type", "interpretation")
        )
        days = batch.attributes.column("day")
        box = _box(batch)
        return Bands(
            most=max(bands, default=0),
            data_types=tuple(sorted(types)),
            interpretations=tuple(sorted({kind for several in kinds for kind in several.split(",")})),
            newest=pc.max(days).as_py(),
            undated=days.null_count,
            box=box,
            placed=bool(box) or not batch.rows,
        )
