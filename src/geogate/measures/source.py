"""What every reader gives: the layers of a file and their rows as Arrow record batches in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from geogate.model.dataset import LayerKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.model.dataset import FilePart, Format


class UnreadableError(Exception):
    """The file is not what a reader can vouch for: unknown, truncated, ambiguous, or read only with a warning.

    The gate turns it into a finding that denies. ``layer`` is empty where the whole file is meant. ``remedy`` says what
    would help. Neither text holds a coordinate, a field value or a path.
    """

    def __init__(self, summary: str, *, remedy: str, layer: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.remedy = remedy
        self.layer = layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSchema:
    """A layer before its rows are read.

    ``name`` is the layer's name within its file; ``crs`` is ``None`` where the file does not say, which denies unless
    the request states one. ``attributes`` are the columns besides the geometry, in the file's order. ``rows`` is
    what the file claims, ``None`` where it makes no claim; the pass compares it with what was read.

    A layer of rasters or photos is a table too: a row an image or a part of one, its geometry the footprint or the
    place, what it is like in ``attributes``.
    """

    name: str
    crs: pyproj.CRS | None
    geometry_column: str
    geometry_type: str
    attributes: pa.Schema
    rows: int | None
    kind: LayerKind = LayerKind.VECTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of consecutive rows of a layer that can be read by itself, at the same time as others, in any process.

    ``first_row`` counts from zero in the layer; ``rows`` is what the file claims. ``span`` is the reader's own name for
    it, for GeoParquet the first row group and the one after the last.
    """

    number: int
    first_row: int
    rows: int
    span: tuple[int, int]


class Source(Protocol):
    """One opened file (with its sidecars); every layer that it has is in ``layers``."""

    @property
    def format(self) -> Format:
        """The format family that was recognised by content."""
        ...

    @property
    def path(self) -> Path:
        """The file itself, the main one where the format has sidecars."""
        ...

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """All layers of the file, in the file's order.

        Raises: UnreadableError.
        """
        ...

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it; known when ``layers`` is.

        Raises: UnreadableError.
        """
        ...

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows of a layer, about 65,536 a batch.

        ``crs`` is the layer's own, or the one that the request states where the layer has none.

        Raises: UnreadableError at the latest when the last row was read, if anything was odd: a warning of the reading
        library, fewer rows than claimed, a truncated end.
        """
        ...


@runtime_checkable
class SplitSource(Source, Protocol):
    """A source whose layers can be read in parts."""

    def parts(self, layer: LayerSchema) -> tuple[Part, ...]:
        """Cut a layer into parts, in the order of their rows; always in the same way, and together they are the layer.

        Raises: UnreadableError.
        """
        ...

    def part_batches(self, layer: LayerSchema, part: Part, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read the rows of one part, cut into batches as ``batches`` cuts them.

        Raises: UnreadableError.
        """
        ...
