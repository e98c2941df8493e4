"""One batch of a layer's rows, decoded once and shared by all measures of the pass."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geogate.measures.geometries import Geometries

if TYPE_CHECKING:
    import pyarrow as pa
    import pyproj
    from numpy.typing import NDArray


class LayerBatch:
    """Rows of one layer with one geometry column and one coordinate reference system.

    ``attributes`` are all columns except the geometry. ``first_row`` counts from zero in the layer. ``kernels`` says
    whether geometries are decoded by compiled kernels; whoever measures sets it before, and nothing else depends on it.
    """

    def __init__(self, *, wkb: pa.Array, attributes: pa.RecordBatch, crs: pyproj.CRS, first_row: int = 0) -> None:
        self.wkb = wkb
        self.attributes = attributes
        self.crs = crs
        self.first_row = first_row
        self.kernels = False

    @property
    def rows(self) -> int:
        """The number of rows, those without a geometry included."""
        return len(self.wkb)

    @cached_property
    def geometries(self) -> Geometries:
        """The decoded geometries.

        Raises: UnmeasurableError with the row's number when a value is not well-formed WKB.
        """
        return Geometries.decode(self.wkb, first_row=self.first_row, kernels=self.kernels)

    @cached_property
    def lonlat(self) -> NDArray[np.float64]:
        """All vertices as longitude and latitude on WGS 84.

        Shape: ``(vertices, 2)``, in the order of ``geometries.xy`` and stored like it; not finite where ``xy`` is not.
        Units: degrees.
        Raises: UnmeasurableError when a finite vertex cannot be transformed.
        """
        from geogate.measures.reference import to_lonlat

        return np.asfortranarray(to_lonlat(self.geometries.xy, self.crs))
