"""A source whose layers are changed on their way: what reads it sees layers without what was taken away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.inventory import KINDS
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError
from geogate.remedies import changes as made
from geogate.remedies.columns import dropped, hashed, rounded_numbers, rounded_times
from geogate.remedies.crowds import crowded
from geogate.remedies.outlines import spread
from geogate.remedies.positions import snapped, snapped_by_category, snapped_by_latitude
from geogate.remedies.rows import Rows, wkb_of
from geogate.remedies.tables import emptied, suppressed
from geogate.remedies.zones import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.source import LayerSchema, Source
    from geogate.measures.tools import Tools
    from geogate.model.dataset import FilePart, Format
    from geogate.remedies.changes import Change
    from geogate.remedies.rows import Stream

_MOVING = (made.Snap, made.SnapByLatitude, made.SnapByCategory)
_BROAD = (*_MOVING, made.KeepOut, made.SpreadVertices, made.DropHeights, made.DropRows)
"""Changes after which a layer may have other kinds of geometries than it says."""


@dataclass(slots=True)
class ChangedSource:
    """An opened file whose layers are changed; ``changes`` are by the name of the layer within the file."""

    source: Source
    changes: Mapping[str, tuple[Change, ...]]
    crs: Mapping[str, pyproj.CRS]
    tools: Tools

    @property
    def format(self) -> Format:
        """The format of the file."""
        return self.source.format

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.source.path

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """The parts of the file."""
        return self.source.contents

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The layers as they will be."""
        return tuple(self._changed(layer) for layer in self.source.layers)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read the rows of a layer, and change them.

        Raises: UnreadableError when they cannot be read to the end, or not be changed.
        """
        (own,) = (each for each in self.source.layers if each.name == layer.name)
        stream: Stream = partial(_read, self.source, own, crs)
        for change in self.changes.get(layer.name, ()):
            stream = partial(_stage, stream, change, self.tools)
        first = 0
        schema = layer.attributes
        try:
            for rows in stream():
                if len(rows):
                    attributes = rows.attributes
                    if schema.names:
                        attributes = pa.record_batch(attributes.columns, schema=schema)
                    yield LayerBatch(wkb=wkb_of(rows.shapes), attributes=attributes, crs=crs, first_row=first)
                first += len(rows)
        except (UnmeasurableError, shapely.errors.ShapelyError, pa.ArrowException) as error:
            # What the libraries say can hold values.
            said = str(error) if isinstance(error, UnmeasurableError) else type(error).__name__
            raise UnreadableError(
                f"the layer cannot be changed: {said}", remedy="change it in a tool of your own", layer=layer.name
            ) from None

    def _changed(self, layer: LayerSchema) -> LayerSchema:
        own = self.changes.get(layer.name, ())
        if not own:
            return layer
        empty = Rows(shapes=np.empty(0, object), attributes=_nothing(layer.attributes), crs=self.crs[layer.name])
        for change in own:
            empty = _columns_only(empty, change)
        kind = layer.geometry_type
        if kind != "Point" and any(isinstance(change, _BROAD) for change in own):
            kind = "Unknown"
        return replace(layer, attributes=empty.attributes.schema, rows=None, geometry_type=kind)


@dataclass(slots=True)
class ChangedTable(ChangedSource):
    """A changed CSV, which says which of its columns are positions."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns that are left."""
        (layer,) = self.layers
        names: tuple[str, ...] = self.source.columns  # type: ignore[attr-defined]  # a source of CSV has them
        return tuple(name for name in names if name in {*layer.attributes.names, *self.position_columns})

    @property
    def position_columns(self) -> tuple[str, ...]:
        """The columns of x and y, or the one of WKT."""
        names: tuple[str, ...] = self.source.position_columns  # type: ignore[attr-defined]
        return names

    @property
    def srid(self) -> int:
        """The SRID that the geometries as text name."""
        number: int = self.source.srid  # type: ignore[attr-defined]
        return number


def _read(source: Source, layer: LayerSchema, crs: pyproj.CRS) -> Iterator[Rows]:
    """Read all rows of a layer, and vouch for their number after the last."""
    count = 0
    for batch in source.batches(layer, crs=crs):
        count += batch.rows
        yield Rows.of(batch)
    if layer.rows is not None and count != layer.rows:
        raise UnreadableError(
            f"{count} rows were read where the file claims {layer.rows}",
            remedy="write the file again; it is damaged or was cut short",
            layer=layer.name,
        )


def _stage(stream: Stream, change: Change, tools: Tools) -> Iterator[Rows]:
    """Carry out one change."""
    match change:
        case made.SuppressCells():
            yield from suppressed(stream, change)
        case made.KeepCrowded():
            yield from crowded(stream, change)
        case made.KeepOut():
            guard = Guard(change, tools)
            yield from map(guard.keep, stream())
        case _:
            yield from map(_by_itself(change), stream())


def _by_itself(change: Change) -> Callable[[Rows], Rows]:  # noqa: PLR0911 a table
    """Give what a change does to rows that need no others."""
    match change:
        case made.Snap():
            return partial(_without_vanished, partial(_second, snapped, change))
        case made.SnapByLatitude():
            return partial(_without_vanished, partial(_second, snapped_by_latitude, change))
        case made.SnapByCategory():
            return partial(_without_vanished, partial(_second, snapped_by_category, change))
        case made.SpreadVertices():
            return partial(_second, spread, change)
        case made.DropHeights():
            return partial(_second, _flattened, change)
        case made.DropRows():
            return partial(_second, _placed, change)
        case _:
            return partial(_second, _columns_only, change)


def _second(work: Callable[..., Rows], change: Change, rows: Rows) -> Rows:
    return work(rows, change)


def _columns_only(rows: Rows, change: Change) -> Rows:
    match change:
        case made.DropColumns():
            return dropped(rows, change.names)
        case made.HashColumns():
            return hashed(rows, change)
        case made.RoundTimes():
            return rounded_times(rows, change)
        case made.RoundNumbers():
            return rounded_numbers(rows, change)
        case made.SuppressCells():
            return emptied(rows, change, {}, 0)
        case _:
            return rows


def _without_vanished(work: Callable[[Rows], Rows], rows: Rows) -> Rows:
    """Leave out the rows of whose geometry nothing is left."""
    before = ~shapely.is_missing(rows.shapes) & ~shapely.is_empty(rows.shapes)
    found = work(rows)
    return found.only(~(before & shapely.is_missing(found.shapes)))


def _flattened(rows: Rows, change: made.DropHeights) -> Rows:
    """Leave out heights and measures; geometries with both lose both."""
    deep = shapely.has_z(rows.shapes) & change.heights | shapely.has_m(rows.shapes) & change.measures
    shapes = rows.shapes.copy()
    shapes[deep] = shapely.force_2d(shapes[deep])
    return rows.with_shapes(shapes)


def _placed(rows: Rows, change: made.DropRows) -> Rows:
    """Keep rows with a geometry, of the kinds that may be there."""
    kept: NDArray[np.bool_] = ~(shapely.is_missing(rows.shapes) | shapely.is_empty(rows.shapes))
    if change.kinds:
        numbers = {0: 1, 1: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7}
        own = [KINDS[numbers[kind] - 1] if kind in numbers else "" for kind in shapely.get_type_id(rows.shapes)]
        kept &= [kind in change.kinds for kind in own]
    return rows.only(kept)


def _nothing(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
