"""Files that are read twice: once to learn their layers and parts, and again for the rows of one layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from geogate.readers.table_layer import batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.measures.source import LayerSchema
    from geogate.model.dataset import FilePart, Format
    from geogate.readers.table_layer import Row

    Surveyed = tuple[tuple[LayerSchema, ...], tuple[FilePart, ...]]

MANY: Final = 1_000
"""Parts that are kept before they are added up."""


@dataclass(frozen=True)
class SurveyedSource(ABC):
    """One file of rows with their values; what it holds is known only when it was read to its end."""

    path: Path
    format: Format

    @abstractmethod
    def survey(self) -> Surveyed:
        """Read the file to its end, and name its layers and all its parts.

        Raises: UnreadableError.
        """

    @abstractmethod
    def rows_of(self, name: str) -> Iterator[Row]:
        """Read the rows of a layer by its name.

        Raises: UnreadableError.
        """

    @cached_property
    def _surveyed(self) -> Surveyed:
        return self.survey()

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The layers of the file, each with its rows.

        Raises: UnreadableError.
        """
        return self._surveyed[0]

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        return self._surveyed[1]

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows of a layer.

        Raises: UnreadableError.
        """
        yield from batches_of(self.rows_of(layer.name), layer, crs)
