"""The decimal lattice of positions by the category of their rows, such as how sensitive a species is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.batch import LayerBatch
from geogate.measures.cells import column_of, labels_of
from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

_DIGEST: Final = 16
_LATTICE: Final = CoordinateLattice()


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryLattice:
    """The lattice of the positions of rows whose category has one of some labels; ``placed`` rows have a position."""

    rows: int
    placed: int
    lattice: Lattice

    def __add__(self, other: CategoryLattice) -> CategoryLattice:
        return CategoryLattice(
            rows=self.rows + other.rows, placed=self.placed + other.placed, lattice=self.lattice + other.lattice
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryLattices:
    """The lattices of the categories, in their order; ``unknown`` rows have a category that is none of them, or none.

    ``without_column`` says that there were rows whose layer has no such column.
    """

    categories: tuple[CategoryLattice, ...]
    unknown: int = 0
    without_column: bool = False

    def __add__(self, other: CategoryLattices) -> CategoryLattices:
        if len(self.categories) != len(other.categories):
            raise UnmeasurableError("rows were told apart by different categories")
        return CategoryLattices(
            categories=tuple(one + more for one, more in zip(self.categories, other.categories, strict=True)),
            unknown=self.unknown + other.unknown,
            without_column=self.without_column or other.without_column,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatticeByCategory:
    """Measure the lattice of each category; ``labels`` are those of each."""

    column: str
    labels: tuple[tuple[str, ...], ...]

    @property
    def id(self) -> MeasureId:
        """Names column and labels by their digest."""
        digest = hashlib.sha256(canonical_json([self.column, self.labels]).encode()).hexdigest()[:_DIGEST]
        return MeasureId(f"category-lattice:{digest}")

    def empty(self) -> CategoryLattices:
        """Return the measurement of no rows."""
        none = CategoryLattice(rows=0, placed=0, lattice=_LATTICE.empty())
        return CategoryLattices(categories=(none,) * len(self.labels))

    def tally(self, tools: Tools) -> Tally[CategoryLattices]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> CategoryLattices:
        """Measure the positions of one batch.

        Raises: UnmeasurableError when labels have parts, or positions cannot be measured.
        """
        column = column_of(batch, self.column)
        if column is None:
            return replace(self.empty(), unknown=batch.rows, without_column=batch.rows > 0)
        own = pc.utf8_lower(pc.utf8_trim_whitespace(labels_of(column)))
        found, known = [], np.zeros(batch.rows, np.bool_)
        for labels in self.labels:
            wanted = pa.array([label.strip().lower() for label in labels], own.type)
            some = np.array(pc.is_in(own, value_set=wanted).to_numpy(zero_copy_only=False), np.bool_)
            known |= some
            found.append(_measured(batch, some))
        return CategoryLattices(categories=tuple(found), unknown=int(np.count_nonzero(~known)))


def _measured(batch: LayerBatch, some: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> CategoryLattice:
    """Measure the positions of some rows."""
    if not some.any():
        return CategoryLattice(rows=0, placed=0, lattice=_LATTICE.empty())
    mask = pa.array(some)
    own = LayerBatch(wkb=batch.wkb.filter(mask), attributes=batch.attributes.filter(mask), crs=batch.crs)
    own.kernels = batch.kernels
    placed = int(np.count_nonzero(np.diff(own.geometries.feature_offsets)))
    return CategoryLattice(rows=own.rows, placed=placed, lattice=_LATTICE.of(own))
