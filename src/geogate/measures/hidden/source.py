"""The rows of a layer at the positions that hide in its columns, as a source that is measured like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.columns import numbers_of_texts
from geogate.measures.hidden.columns_leaves import Leaf, leaves, numbers_of, valid_of
from geogate.measures.hidden.columns_ordinates import is_ordinate, ordinates
from geogate.measures.hidden.columns_places import middles
from geogate.measures.hidden.numbers_subject import as_written
from geogate.measures.hidden.text import positions_in
from geogate.measures.hidden.text_halves import joined
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import LayerKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.hidden.carrier import Carrier
    from geogate.measures.hidden.numbers_forms import Position
    from geogate.measures.source import Source
    from geogate.model.dataset import FilePart, Format

    Floats = NDArray[np.float64]

FIRST, SECOND, ANY = "[0]", "[1]", "[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenSource:
    """A layer of another source with the positions of a carrier in place of its geometries.

    A row stands as often as it says positions, and not at all where it says none. ``own_crs`` is that of the layer.
    """

    source: Source
    layer: LayerSchema
    own_crs: pyproj.CRS
    carrier: Carrier
    name: str

    @property
    def format(self) -> Format:
        """The format of the file."""
        return self.source.format

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.source.path

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The one layer; how many rows it has is not known before."""
        return (
            LayerSchema(
                name=self.name,
                crs=None,
                geometry_column=self.layer.geometry_column,
                geometry_type="Point",
                attributes=self.layer.attributes,
                rows=None,
                kind=LayerKind.VECTOR,
            ),
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """None besides those that the file has anyway."""
        return ()

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read the positions of all rows, on WGS 84.

        Raises: UnreadableError as the file's own reader does, or where what was found before is not there.
        """
        del layer
        rows = 0
        for batch in self.source.batches(self.layer, crs=self.own_crs):
            found, lonlat = said_by(self.carrier, batch)
            if len(found):
                yield LayerBatch(
                    wkb=pa.array(shapely.to_wkb(shapely.points(never_empty(lonlat))), pa.binary()),
                    attributes=batch.attributes.take(pa.array(found)),
                    crs=crs,
                    first_row=rows,
                )
            rows += len(found)


def never_empty(lonlat: Floats) -> Floats:
    """Let positions that nobody can read be impossible ones, each of which denies, and not rows without a position."""
    unknown = np.isnan(lonlat).all(axis=1)
    return np.stack([lonlat[:, 0], np.where(unknown, 0.0, lonlat[:, 1])], axis=1)


def said_by(carrier: Carrier, batch: LayerBatch) -> tuple[NDArray[np.int64], Floats]:
    """Read the positions that a carrier says in some rows: the rows, and longitudes and latitudes.

    Raises: UnreadableError when the columns are not there.
    """
    if carrier.apart:
        return joined([positions_in(batch.attributes, column, carrier.forms) for column in carrier.columns])
    if carrier.position is None:
        found = positions_in(batch.attributes, carrier.columns[0], carrier.forms)
        return found.rows, found.lonlat
    places = carrier.position.leaves
    own_leaves = (*leaves(batch.attributes), *(ordinates(batch) if any(map(is_ordinate, places)) else ()))
    every = {leaf.name: leaf for leaf in own_leaves if leaf.name in _needed(places)}
    if any(FIRST in name for name in places):
        return _in_lists(carrier.position, every, batch)
    missing = [name for name in places if name not in every]
    if missing:
        raise UnreadableError("columns with positions are not in all rows", remedy="export the layer again")
    own, _ = middles(batch, np.arange(batch.rows))
    lonlat = carrier.position.lonlat({name: numbers_in_leaf(every[name]) for name in places}, own)
    rows = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
    return rows, lonlat[rows]


def _needed(places: tuple[str, ...]) -> set[str]:
    return {*places, *(name.replace(FIRST, ANY).replace(SECOND, ANY) for name in places)}


def _in_lists(position: Position, every: dict[str, Leaf], batch: LayerBatch) -> tuple[NDArray[np.int64], Floats]:
    """Read all positions of lists of numbers, one after the other, or of lists of structures."""
    names = {name: name.replace(FIRST, ANY).replace(SECOND, ANY) for name in position.leaves}
    # Numbers of fixed places come before the list as a whole, of which there may be none.
    whole = {name: every[each] for name, each in names.items() if each in every}
    parents = [leaf.rows for leaf in whole.values()]
    if len(whole) < len(names) or any(rows is None for rows in parents):
        raise UnreadableError("columns with positions are not in all rows", remedy="export the layer again")
    numbers = {name: numbers_in_leaf(leaf) for name, leaf in whole.items()}
    rows = next(rows for rows in parents if rows is not None)
    if any(SECOND in name for name in names):
        place = _places(rows)
        counts = np.bincount(rows, minlength=1)
        stride = 3 if (counts[counts > 0] % 3 == 0).all() and not (counts[counts > 0] % 2 == 0).all() else 2
        paired = np.zeros(len(rows), np.bool_)
        paired[:-1] = rows[1:] == rows[:-1]
        first = np.flatnonzero((place % stride == 0) & paired)
        numbers = {
            name: values[first + (1 if SECOND in name else 0)] if len(values) else values
            for name, values in numbers.items()
        }
        rows = rows[first]
    own, _ = middles(batch, rows)
    lonlat = position.lonlat(numbers, own)
    good = np.isfinite(lonlat).all(axis=1)
    return rows[good], lonlat[good]


def _places(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each value its place among those of its row, from zero."""
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    return np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))


def numbers_in_leaf(leaf: Leaf) -> NDArray[Any]:
    """Give the numbers of a leaf, NaN where there is none; integers stay integers where all rows have one."""
    if leaf.kind == "text":
        return numbers_of_texts(leaf.values)
    if leaf.kind not in {"number", "time"}:
        return np.full(len(leaf.values), np.nan)
    numbers, valid = as_written(numbers_of(leaf.values), str(leaf.values.type)), valid_of(leaf.values)
    return numbers if valid is None else np.where(valid, numbers, np.nan)
