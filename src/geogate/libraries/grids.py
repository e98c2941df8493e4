"""NetCDF, GRIB and Zarr as GDAL opens them: each variable that is a grid of equal steps as an image of its own.

What is no such grid is not opened: stations, tracks, curved grids, axes and their bounds.
"""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj

from geogate.libraries.grib import require_one_grid
from geogate.libraries.netcdf import require_whole
from geogate.libraries.rasters import strict_raster
from geogate.libraries.zarr import arrays_in, axes_of
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import rasterio
    from numpy.typing import NDArray
    from rasterio.windows import Window

DRIVERS: Final[Mapping[Format, str]] = {Format.NETCDF: "netCDF", Format.GRIB: "GRIB", Format.ZARR: "Zarr"}

_FURTHER: Final = re.compile(
    r"CPLE_AppDefined in dimension #\d+ \([^()]*\) is not a (?:Time or Vertical|Time|Vertical) dimension\."
)
"""What GDAL says of an axis besides the two of the map that it does not know by its name; its steps are bands."""

_PLAIN: Final = re.compile(r"(?=(?:\D*\d){0,8}\D*\Z)[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What names of variables may be, which become names of files: a date has eight digits, a fine position more."""

_IDENTITY: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_RADII_M: Final = (6_340_000.0, 6_400_000.0)
"""Between these are the radii of what models take for the Earth."""

_MOST_VARIABLES: Final = 1_000

EAST: Final = frozenset({"degrees_east", "degree_east", "degrees_E", "degree_E", "degreesE", "degreeE"})
NORTH: Final = frozenset({"degrees_north", "degree_north", "degrees_N", "degree_N", "degreesN", "degreeN"})
"""Units by which an axis is one of longitudes, or of latitudes. Source: CF conventions 1.11, 4.1 and 4.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One variable of a file: its name, what GDAL opens for it, and which bands of that are its own.

    ``in_degrees`` where its axes are known to be longitudes and latitudes by what stands beside it.
    """

    name: str
    address: str
    bands: tuple[int, ...]
    in_degrees: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The grids of a file, and how many other variables GDAL sees."""

    grids: tuple[Grid, ...]
    others: int


class GridReader:
    """An image as rasterio has it, of some bands only, with the numbers that the file's mean.

    Numbers that are packed with a scale and an offset are unpacked, and NaN where there is none.
    """

    def __init__(self, dataset: rasterio.DatasetReader, bands: Sequence[int], *, in_degrees: bool = False) -> None:
        self._dataset, self._bands, self.in_degrees = dataset, tuple(bands), in_degrees
        self._packing = [(dataset.scales[band - 1], dataset.offsets[band - 1]) for band in bands]
        kinds = [np.dtype(dataset.dtypes[band - 1]) for band in bands]
        self._packed = any(packing != (1.0, 0.0) for packing in self._packing)
        self._kind = self._unpacked(kinds) if self._packed else kinds[0]
        self.width, self.height, self.count = dataset.width, dataset.height, len(bands)
        self.transform, self.crs, self.rpcs = dataset.transform, dataset.crs, None
        self.gcps: tuple[list[Any], None] = ([], None)
        self.indexes = tuple(range(1, self.count + 1))
        self.dtypes = (str(self._kind),) * self.count if self._packed else tuple(str(kind) for kind in kinds)
        missing = [dataset.nodatavals[band - 1] for band in bands]
        self.nodatavals = (
            tuple(np.nan if each is not None else None for each in missing) if self._packed else tuple(missing)
        )
        self.scales, self.offsets = (1.0,) * self.count, (0.0,) * self.count
        self.colorinterp = [dataset.colorinterp[band - 1] for band in bands]
        self.mask_flag_enums = [dataset.mask_flag_enums[band - 1] for band in bands]
        self.descriptions = [dataset.descriptions[band - 1] for band in bands]
        self.units = [dataset.units[band - 1] for band in bands]

    @property
    def nodata(self) -> float | None:
        """The number that stands for none, the same one in all bands."""
        return self.nodatavals[0]

    def tags(self, bidx: int = 0, ns: str | None = None) -> dict[str, str]:
        """Return what is said of the image or of a band; no other domain than the first has anything."""
        if ns:
            return {}
        found: dict[str, str] = self._dataset.tags(self._bands[bidx - 1]) if bidx else self._dataset.tags()
        return found

    def overviews(self, bidx: int) -> list[int]:
        """Return none."""
        del bidx
        return []

    def colormap(self, bidx: int) -> dict[int, tuple[int, int, int, int]]:
        """Return the colours of a palette."""
        found: dict[int, tuple[int, int, int, int]] = self._dataset.colormap(self._bands[bidx - 1])
        return found

    def read_masks(self, indexes: int, *, window: Window) -> NDArray[Any]:
        """Read a window of the mask of a band."""
        marks: NDArray[Any] = self._dataset.read_masks(self._bands[indexes - 1], window=window)
        return marks

    def read(self, indexes: int | Sequence[int], *, window: Window) -> NDArray[Any]:
        """Read a window of a band, or of several."""
        if not isinstance(indexes, int):
            return np.stack([self.read(band, window=window) for band in indexes])
        values: NDArray[Any] = self._dataset.read(self._bands[indexes - 1], window=window)
        if not self._packed:
            return values
        scale, offset = self._packing[indexes - 1]
        missing = self._dataset.nodatavals[self._bands[indexes - 1] - 1]
        unpacked = values.astype(np.float64) * scale + offset
        if missing is not None:
            unpacked[np.isnan(values) if np.isnan(missing) else values == missing] = np.nan
        found: NDArray[Any] = unpacked.astype(self._kind)
        return found

    @staticmethod
    def _unpacked(kinds: Sequence[np.dtype[Any]]) -> np.dtype[Any]:
        if any(kind.kind not in "iuf" for kind in kinds):
            raise UnreadableError("complex numbers are packed", remedy="write the numbers as they are")
        return np.dtype(np.float32 if max(kind.itemsize for kind in kinds) <= 2 else np.float64)  # noqa: PLR2004 bytes


def listed(path: Path, kind: Format) -> Listed:
    """List the grids of a file; what leaves has their names, which therefore must be plain.

    Raises: UnreadableError when there is none.
    """
    found = _FINDERS[kind](path)
    if not found.grids:
        raise UnreadableError(
            f"no variable of the {kind} file is a grid of equal steps in a reference system",
            remedy="export stations and tracks as GeoParquet or CSV; warp curved grids: `gdalwarp -t_srs EPSG:4326`",
        )
    names = [grid.name for grid in found.grids]
    if not all(map(_PLAIN.fullmatch, names)) or len({name.lower() for name in names}) != len(names):
        raise UnreadableError(
            f"the names of variables of the {kind} file are not plain ones, each different",
            remedy="rename them: letters, up to eight digits, `_` and `-`",
        )
    return found


@contextmanager
def opened_grid(kind: Format, grid: Grid) -> Iterator[GridReader]:
    """Open one grid; what is done with it belongs into ``strict_raster`` again.

    Raises: UnreadableError.
    """
    with _opened(grid.address, kind) as dataset:
        yield GridReader(dataset, grid.bands, in_degrees=grid.in_degrees)


def reference_of(reader: GridReader) -> pyproj.CRS | None:
    """Return the reference system: WGS 84 for longitudes and latitudes on what a model takes for the Earth.

    These formats give degrees without a datum, or on a sphere, and mean the longitudes and latitudes of a map.
    """
    wgs84 = pyproj.CRS.from_epsg(4326)
    if reader.crs is None:
        said = {value for key, value in reader.tags().items() if key.endswith("#units")}
        return wgs84 if reader.in_degrees or (said & EAST and said & NORTH) else None
    crs = pyproj.CRS.from_wkt(reader.crs.to_wkt())
    radii = (crs.ellipsoid.semi_major_metre, crs.ellipsoid.semi_minor_metre) if crs.ellipsoid is not None else (0.0,)
    plain = crs.is_geographic and not crs.is_derived and crs.to_authority() is None
    degrees = all(axis.unit_name.startswith("degree") for axis in crs.axis_info[:2])
    meridian = crs.prime_meridian is not None and crs.prime_meridian.longitude == 0
    if plain and degrees and meridian and all(_RADII_M[0] <= radius <= _RADII_M[1] for radius in radii):
        return wgs84
    return crs


@contextmanager
def _opened(address: str, kind: Format) -> Iterator[rasterio.DatasetReader]:
    import rasterio

    with strict_raster("opened", harmless=_FURTHER), warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        dataset = rasterio.open(address, driver=DRIVERS[kind], sharing=False)
    try:
        yield dataset
    finally:
        with strict_raster("closed"):
            dataset.close()


def _in_netcdf(path: Path) -> Listed:
    require_whole(path)
    try:
        with _opened(str(path), Format.NETCDF) as dataset:
            several = list(dataset.subdatasets)
            own = () if several else (_one(dataset, str(path)),)
    except UnreadableError:
        # GDAL does not open what has no variable with two axes, and warns of grids that it cannot place.
        several, own = [], ()
    if len(several) > _MOST_VARIABLES or '"' in str(path):
        raise UnreadableError("the NetCDF file has too many variables", remedy="send it in several files")
    names = [each.rpartition(":")[2] for each in several]
    found = [*own, *(_variable(f'NETCDF:"{path}":{name}') for name in names)]
    grids = tuple(grid for grid in found if grid is not None)
    return Listed(grids=grids, others=len(found) - len(grids))


def _variable(address: str) -> Grid | None:
    """Open a variable to see whether it is a grid; GDAL warns of those that are none."""
    try:
        with _opened(address, Format.NETCDF) as dataset:
            return _one(dataset, address)
    except UnreadableError:
        return None


def _one(dataset: rasterio.DatasetReader, address: str) -> Grid | None:
    if not dataset.count or tuple(dataset.transform)[:6] == _IDENTITY:
        return None
    name = str(dataset.tags(1).get("NETCDF_VARNAME", ""))
    return Grid(name=name, address=address, bands=tuple(dataset.indexes))


def _in_grib(path: Path) -> Listed:
    """Group the messages by what they tell and by the kind of their level, in words of tables and not of the file."""
    require_one_grid(path)
    with _opened(str(path), Format.GRIB) as dataset:
        if tuple(dataset.transform)[:6] == _IDENTITY:
            return Listed(grids=(), others=dataset.count)
        groups: dict[str, list[int]] = {}
        with strict_raster("read"):
            for band in dataset.indexes:
                tags = dataset.tags(band)
                level = tags.get("GRIB_SHORT_NAME", "").rpartition("-")[2]
                said = re.sub(r"[^A-Za-z_]+", "", f"{tags.get('GRIB_ELEMENT', '')}_{level}").strip("_")
                groups.setdefault(said[:60] or "message", []).append(band)
    grids = (Grid(name=name, address=str(path), bands=tuple(bands)) for name, bands in groups.items())
    return Listed(grids=tuple(grids), others=0)


def _in_zarr(path: Path) -> Listed:
    """List the arrays of a store with two axes or more; an axis is an array too, and says its unit."""
    root = path.parent
    if '"' in str(root):
        raise UnreadableError("the name of the Zarr store has a quotation mark", remedy="rename the folder")
    folders = arrays_in(root)
    if len(folders) > _MOST_VARIABLES:
        raise UnreadableError("the Zarr store has too many arrays", remedy="send it in several stores")
    axes: list[_Axis] = []
    grids: list[tuple[Grid, tuple[float, ...]]] = []
    for folder in folders:
        address = f'ZARR:"{root}":/{folder.relative_to(root).as_posix()}'
        with suppress(UnreadableError), _opened(address, Format.ZARR) as dataset:  # GDAL opens arrays of numbers only
            where = tuple(dataset.transform)[:6]
            if axes_of(folder) < 2:  # noqa: PLR2004 the two of a map
                axes.append(_Axis(unit=str(dataset.units[0]), step=where[0], origin=where[2]))
            elif dataset.count and where != _IDENTITY:
                bands = tuple(dataset.indexes)
                grids.append((Grid(name=folder.name, address=address, bands=bands), where))
    placed = tuple(replace(grid, in_degrees=_along(axes, where)) for grid, where in grids)
    return Listed(grids=placed, others=len(folders) - len(placed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """An array with one axis: its unit, the distance of its values and the outer edge of the first one."""

    unit: str
    step: float
    origin: float


def _along(axes: Sequence[_Axis], where: tuple[float, ...]) -> bool:
    """Say whether a grid lies along an axis of longitudes and one of latitudes."""
    east = any(axis.unit in EAST and (axis.step, axis.origin) == (where[0], where[2]) for axis in axes)
    north = any(axis.unit in NORTH and (axis.step, axis.origin) == (where[4], where[5]) for axis in axes)
    return east and north


_FINDERS: Final[Mapping[Format, Callable[[Path], Listed]]] = {
    Format.NETCDF: _in_netcdf,
    Format.GRIB: _in_grib,
    Format.ZARR: _in_zarr,
}
