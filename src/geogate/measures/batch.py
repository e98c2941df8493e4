"""One batch of a layer's rows, decoded once and shared by all measures of the pass."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from geogate.measures.geometries import Geometries

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray


class NativeGeometries(Protocol):
    """Geometries of a layer's rows that a reader has in another form than WKB."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def to_wkb(self, *, kernels: bool) -> pa.Array:
        """Encode them as little-endian ISO WKB, the same with and without kernels.

        Raises: UnmeasurableError where they are too long for one array.
        """
        ...

    def geometries(self, *, first_row: int) -> Geometries:
        """Give what decoding their WKB gives, to the bit.

        Raises: UnmeasurableError with the row's number where decoding it would.
        """
        ...


class LayerBatch:
    """Rows of one layer with one geometry column and one coordinate reference system.

    ``wkb`` comes as WKB or in a reader's own form. ``attributes`` are all columns except the geometry. ``first_row``
    counts from zero in the layer. ``kernels`` says whether geometries are decoded by compiled kernels; whoever measures
    sets it before, and nothing else depends on it.
    """

    def __init__(
        self,
        *,
        wkb: pa.Array | NativeGeometries,
        attributes: pa.RecordBatch,
        crs: pyproj.CRS,
        first_row: int = 0,
    ) -> None:
        self._native = None if isinstance(wkb, pa.Array) else wkb
        self._column = wkb
        self.attributes = attributes
        self.crs = crs
        self.first_row = first_row
        self.kernels = False

    @property
    def rows(self) -> int:
        """The number of rows, those without a geometry included."""
        return len(self._column)

    @cached_property
    def wkb(self) -> pa.Array:
        """The geometries as WKB, made from what the reader has where that is something else.

        Raises: UnmeasurableError where they are too long for one array.
        """
        return self._column if self._native is None else self._native.to_wkb(kernels=self.kernels)

    @cached_property
    def geometries(self) -> Geometries:
        """The decoded geometries.

        Raises: UnmeasurableError with the row's number when a value is not well-formed WKB.
        """
        if self._native is not None:
            return self._native.geometries(first_row=self.first_row)
        return Geometries.decode(self.wkb, first_row=self.first_row, kernels=self.kernels)

    @cached_property
    def lonlat(self) -> NDArray[np.float64]:
        """All vertices as longitude and latitude on WGS 84.

        Shape: ``(vertices, 2)``, in the order of ``geometries.xy`` and stored like it; not finite where ``xy`` is not.
        Units: degrees.
        Raises: UnmeasurableError when a finite vertex cannot be transformed.
        """
        from geogate.measures.reference import to_lonlat

        return np.asfortranarray(to_lonlat(self.geometries.xy, self.crs, kernels=self.kernels))
