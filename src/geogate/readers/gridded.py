"""NetCDF, GRIB and Zarr as tables: the windows of each variable that is a grid, and the values of all on one grid."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from geogate.libraries.grids import listed, opened_grid, reference_of
from geogate.libraries.rasters import strict_raster
from geogate.libraries.zarr import require_version_2
from geogate.measures.raster import COLUMNS
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Fate, FilePart, Format, LayerKind
from geogate.readers.raster import VALUES, require_size
from geogate.readers.raster_batches import window_batches
from geogate.readers.raster_place import place_of
from geogate.readers.raster_traits import Traits, traits_of
from geogate.readers.raster_values import holds_numbers, value_batches, value_columns
from geogate.readers.raster_windows import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj

    from geogate.libraries.grids import Grid, GridReader
    from geogate.measures.batch import LayerBatch


@dataclass(frozen=True)
class GriddedSource:
    """One file of grids: a layer of windows for each variable, and one of values for all on the same grid.

    A Zarr store is a folder of files, one of which is its ``path``.
    """

    path: Path
    format: Format
    sidecars: tuple[Path, ...] = ()

    @cached_property
    def _survey(self) -> _Survey:
        if self.format is Format.ZARR:
            require_version_2(self.path)
        elif self.sidecars:
            raise UnreadableError(
                f"{len(self.sidecars)} files beside the grids may place or describe them, and nothing judges them",
                remedy="leave out what is beside",
            )
        found = listed(self.path, self.format)
        variables = []
        for grid in found.grids:
            with opened_grid(self.format, grid) as reader, strict_raster("read"):
                variables.append(_variable(reader, grid))
        values = sum(each.image.width * each.image.height * each.traits.bands for each in variables)
        bands = sum(each.traits.bands for each in variables)
        file_bytes = sum(each.stat().st_size for each in (self.path, *self.sidecars))
        require_size(values, bands, file_bytes=file_bytes)
        return _Survey(variables=tuple(variables), others=found.others)

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The variables, then the values of those on one grid, grid by grid.

        Raises: UnreadableError.
        """
        variables = self._survey.variables
        shown = [_schema(each.grid.name, each.crs, COLUMNS, LayerKind.RASTER) for each in variables]
        taken = {each.grid.name for each in variables}
        values = []
        for number, several in enumerate(self._survey.on_one_grid, start=1):
            name = f"{VALUES}-{number}" + "-" * sum(each.startswith(f"{VALUES}-{number}") for each in taken)
            columns = self._columns(several)
            values.append(_schema(name, several[0].crs, columns, LayerKind.RASTER_VALUES))
        return (*shown, *values)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """What becomes of the parts: the pixels are judged, whatever else is in the file does not leave.

        Raises: UnreadableError.
        """
        grids = [
            FilePart(what="variables that are grids", fate=Fate.JUDGED, count=len(self._survey.variables)),
            FilePart(what="attributes, axes besides those of the map, and all other bytes", fate=Fate.REMOVED),
        ]
        if self._survey.others:
            grids.append(FilePart(what="variables that are no grids", fate=Fate.REMOVED, count=self._survey.others))
        return tuple(grids)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read the windows of a variable, or the values on one grid.

        Raises: UnreadableError.
        """
        place_in = list(self.layers).index(layer)
        variables = self._survey.variables
        with ExitStack() as stack:
            if place_in >= len(variables):
                several = self._survey.on_one_grid[place_in - len(variables)]
                readers = [(each.grid.name, self._opened(each, stack)) for each in several]
                with strict_raster("placed"):
                    place = place_of(readers[0][1], crs=crs)
                yield from value_batches(readers, several[0].image, place, crs=crs, first_row=0)
                return
            variable = variables[place_in]
            reader = self._opened(variable, stack)
            with strict_raster("placed"):
                place = place_of(reader, crs=crs)
            yield from window_batches(reader, variable.image, place, traits=variable.traits, crs=crs, first_row=0)

    def _opened(self, variable: _Variable, stack: ExitStack) -> GridReader:
        return stack.enter_context(opened_grid(self.format, variable.grid))

    def _columns(self, several: tuple[_Variable, ...]) -> pa.Schema:
        with ExitStack() as stack:
            return value_columns([(each.grid.name, self._opened(each, stack)) for each in several])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Variable:
    """What is known of a variable before its pixels are read."""

    grid: Grid
    image: Image
    traits: Traits
    crs: pyproj.CRS | None
    transform: tuple[float, ...]

    @property
    def where(self) -> tuple[object, ...]:
        """What variables on one grid have in common."""
        said = self.crs.to_wkt() if self.crs is not None else ""
        return (self.image.width, self.image.height, self.transform, said)


@dataclass(frozen=True, kw_only=True)
class _Survey:
    """What is known of a file before its pixels are read."""

    variables: tuple[_Variable, ...]
    others: int

    @cached_property
    def on_one_grid(self) -> tuple[tuple[_Variable, ...], ...]:
        """The variables whose pixels are numbers, by the grid on which they lie."""
        groups: dict[tuple[object, ...], list[_Variable]] = {}
        for each in self.variables:
            groups.setdefault(each.where, []).append(each)
        return tuple(
            tuple(several)
            for several in groups.values()
            if any(holds_numbers(each.traits.data_type, sum(one.traits.bands for one in several)) for each in several)
        )


def _variable(reader: GridReader, grid: Grid) -> _Variable:
    crs = reference_of(reader)
    image = Image(name="base", level=0, width=reader.width, height=reader.height, scale_x=1.0, scale_y=1.0)
    transform = tuple(reader.transform)[:6]
    return _Variable(grid=grid, image=image, traits=traits_of(reader, crs), crs=crs, transform=transform)


def _schema(name: str, crs: pyproj.CRS | None, columns: pa.Schema, kind: LayerKind) -> LayerSchema:
    return LayerSchema(
        name=name,
        crs=crs,
        geometry_column="geometry",
        geometry_type="Unknown" if kind is LayerKind.RASTER else "Point",
        attributes=columns,
        rows=None,
        kind=kind,
    )
