"""Positions that names of files, layers and columns say, as a source of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden import Strength
from geogate.measures.hidden.source import never_empty
from geogate.measures.hidden.text import names
from geogate.measures.source import LayerSchema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import pyproj
    from numpy.typing import NDArray

    from geogate.model.dataset import FilePart, Format

LAYER = "names"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamesSource:
    """One layer with a row for each position; it has no columns.

    Units: degrees on WGS 84.
    """

    path: Path
    format: Format
    lonlat: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        *,
        path: Path,
        format: Format,  # noqa: A002  # as sources call it
        halves: frozenset[str] = frozenset(),
    ) -> Self:
        """Read the names; ``halves`` are forms that count as halves of positions, see ``text_halves.together``."""
        found = names(texts, forms=halves)
        sure = found.strength >= Strength.LIKELY
        return cls(path=path, format=format, lonlat=found.lonlat[sure])

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The one layer."""
        return (
            LayerSchema(
                name=LAYER,
                crs=None,
                geometry_column="geometry",
                geometry_type="Point",
                attributes=pa.schema([]),
                rows=len(self.lonlat),
            ),
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """None besides those that the files have anyway."""
        return ()

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Give all positions."""
        del layer
        rows = len(self.lonlat)
        empty = pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
        wkb = pa.array(shapely.to_wkb(shapely.points(never_empty(self.lonlat))), pa.binary())
        yield LayerBatch(wkb=wkb, attributes=empty, crs=crs)
