"""What a photo layer looks like as a table: a row a place that a photo tells, and columns with what else it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.measure import MeasureId, Summed, UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

COLUMNS: Final = pa.schema(
    [
        pa.field("format", pa.string(), nullable=False),
        pa.field("width", pa.int64(), nullable=False),
        pa.field("height", pa.int64(), nullable=False),
        pa.field("place_source", pa.string()),
        pa.field("place_role", pa.string()),
        pa.field("direction_deg", pa.float64()),
        pa.field("areas", pa.string()),
        pa.field("taken_at", pa.string()),
        pa.field("camera_make", pa.string()),
        pa.field("camera_model", pa.string()),
        pa.field("camera_serial", pa.string()),
        pa.field("lens_serial", pa.string()),
        pa.field("owner", pa.string()),
        pa.field("text", pa.string()),
    ]
)
"""The columns of a photo layer.

A row has a place, a text, or neither. ``place_source`` says where the place is written, such as ``Exif``, also where it
cannot be read and the row has no geometry; ``place_role`` whether it is that of the ``camera`` or of the ``subject``.
``direction_deg`` is where the camera looked. The other columns are as the photo has them, on its first row; ``text`` is
any other text, one a row.

Units: ``width`` and ``height`` in pixels.
"""


class Telling(StrEnum):
    """What a photo can tell besides its picture."""

    PLACES = "places"
    TIMES = "times"
    DEVICES = "devices"
    PERSONS = "persons"
    TEXTS = "texts"


_IN: Final[Mapping[Telling, tuple[str, ...]]] = {
    Telling.PLACES: ("place_source", "direction_deg", "areas"),
    Telling.TIMES: ("taken_at",),
    Telling.DEVICES: ("camera_make", "camera_model", "camera_serial", "lens_serial"),
    Telling.PERSONS: ("owner",),
    Telling.TEXTS: ("text",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoTells:
    """How many rows of photos tell what; ``counts`` has one for each ``Telling``, in its order.

    Units: rows.
    """

    rows: int = 0
    counts: tuple[int, ...] = (0,) * len(Telling)

    def __add__(self, other: PhotoTells) -> PhotoTells:
        """Add what other rows tell."""
        counts = tuple(one + more for one, more in zip(self.counts, other.counts, strict=True))
        return PhotoTells(rows=self.rows + other.rows, counts=counts)


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """Counts what photos tell besides their pictures."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("photo-metadata")

    def empty(self) -> PhotoTells:
        """Return the measurement of no rows."""
        return PhotoTells()

    def tally(self, tools: Tools) -> Tally[PhotoTells]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> PhotoTells:
        """Measure the rows of one batch.

        Raises: UnmeasurableError when the layer has no photos.
        """
        if batch.attributes.schema.names != COLUMNS.names or batch.attributes.num_rows != batch.rows:
            raise UnmeasurableError("the layer does not have the columns of photos")
        told = {telling: np.zeros(batch.rows, np.bool_) for telling in Telling}
        for telling, names in _IN.items():
            for name in names:
                told[telling] |= _there(batch.attributes.column(name))
        # A position says where, whatever says that it does.
        told[Telling.PLACES] |= _there(batch.wkb)
        return PhotoTells(rows=batch.rows, counts=tuple(int(told[telling].sum()) for telling in Telling))


def _there(column: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.is_valid(column).to_numpy(zero_copy_only=False)
    return found
