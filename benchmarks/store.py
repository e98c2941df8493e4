"""The benchmark's data in a folder outside the repository: made once from fixed seeds, and kept for the next run."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from benchmarks import wkb
from benchmarks.shapes import FRANCE, METRES_PER_DEGREE, PLACES, Stars, walks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

ROW_GROUP: Final = 1_000_000
COMPRESSION: Final = "zstd"
EPSG_2154: Final = "EPSG:2154"
LINE_VERTICES: Final = 28
LINE_STEP_M: Final = 60.0
DEVICES: Final = 100_000
BEGIN_MS: Final = 1_767_225_600_000
"""2026-01-01 in UTC; a row comes every eight milliseconds on average."""

_VERSION: Final = "1"
"""Changes with what is written, so that older data is not taken for it."""


def default_folder() -> Path:
    """Return where the data is kept unless another folder is named: outside the repository."""
    return Path(tempfile.gettempdir()) / "geogate-benchmark-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpec:
    """How many zones there are, and which share of positions drawn evenly in the box lies in one or more of them."""

    count: int
    share: float

    @property
    def name(self) -> str:
        """A name for files."""
        return f"zones-{self.count}-{self.share * 100:g}pc"


@dataclass(frozen=True, slots=True)
class Store:
    """The files, made where they are missing."""

    folder: Path

    def points(self, rows: int, *, attributes: bool = False, encoding: str = "WKB") -> Path:
        """Give points as GeoParquet: the geometry alone, or a device and a time before it."""
        name = f"points-{rows}{'-full' if attributes else ''}{'' if encoding == 'WKB' else '-' + encoding}.parquet"

        def write(path: Path) -> None:
            tables = (_points(first, count, attributes, encoding) for first, count in _groups(rows))
            write_geoparquet(path, tables, geometry_type="Point", encoding=encoding)

        return self._made(name, write)

    def projected_points(self, rows: int) -> Path:
        """Give the same points in EPSG:2154, for systems that measure distances in a plane only."""
        to_2154 = _to_2154()

        def table(first: int, count: int) -> pa.Table:
            return pa.table({"geometry": wkb.points(to_2154(_positions(first, count)))})

        def write(path: Path) -> None:
            tables = (table(*group) for group in _groups(rows))
            write_geoparquet(path, tables, geometry_type="Point", encoding="WKB", crs=EPSG_2154)

        return self._made(f"points-{rows}-2154.parquet", write)

    def many_points(self, files: int, rows: int) -> Path:
        """Give a folder of files, each with other points of its own, with device and time."""

        def write(folder: Path) -> None:
            folder.mkdir()
            for number in range(files):
                groups = ((number * rows + first, count) for first, count in _groups(rows))
                tables = (_points(first, count, attributes=True, encoding="WKB") for first, count in groups)
                write_geoparquet(folder / f"part-{number:03}.parquet", tables, geometry_type="Point", encoding="WKB")

        return self._made(f"points-{files}x{rows}", write)

    def lines(self, rows: int) -> Path:
        """Give lines that wander, 28 vertices on average."""

        def table(first: int, count: int) -> pa.Table:
            rng = np.random.default_rng([2, first])
            xy, lengths = walks(rng, box=FRANCE, count=count, vertices=LINE_VERTICES, step_m=LINE_STEP_M)
            return pa.table({"geometry": wkb.lines(xy, lengths)})

        def write(path: Path) -> None:
            write_geoparquet(
                path, (table(*group) for group in _groups(rows)), geometry_type="LineString", encoding="WKB"
            )

        return self._made(f"lines-{rows}.parquet", write)

    def polygons(self, rows: int) -> Path:
        """Give polygons of some 20 to 200 metres, as buildings and parcels are."""

        def table(first: int, count: int) -> pa.Table:
            rng = np.random.default_rng([3, first])
            stars = Stars(
                centre=FRANCE.positions(rng, count),
                radius=rng.uniform(20.0, 200.0, count) / METRES_PER_DEGREE,
                corners=rng.integers(5, 31, count),
                holed=rng.random(count) < 0.03,  # noqa: PLR2004 a share
                double=np.zeros(count, np.bool_),
            )
            return pa.table({"geometry": pa.array(shapely.to_wkb(stars.polygons(rng)), pa.binary())})

        def write(path: Path) -> None:
            write_geoparquet(path, (table(*group) for group in _groups(rows)), geometry_type="Polygon", encoding="WKB")

        return self._made(f"polygons-{rows}.parquet", write)

    def zones(self, spec: ZoneSpec) -> Path:
        """Give zones as GeoParquet: their numbers, and polygons on WGS 84."""

        def write(path: Path) -> None:
            write_geoparquet(path, iter([zone_table(_zones(spec))]), geometry_type="MultiPolygon", encoding="WKB")

        return self._made(f"{spec.name}.parquet", write)

    def projected_zones(self, spec: ZoneSpec) -> Path:
        """Give the same zones in EPSG:2154."""

        def write(path: Path) -> None:
            shapes = shapely.transform(_zones(spec), _to_2154())
            write_geoparquet(
                path, iter([zone_table(shapes)]), geometry_type="MultiPolygon", encoding="WKB", crs=EPSG_2154
            )

        return self._made(f"{spec.name}-2154.parquet", write)

    def indexes(self) -> Path:
        """Give the folder of compiled indexes, which lies beside the zones."""
        folder = self.folder / f"v{_VERSION}" / "indexes"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _made(self, name: str, write: Callable[[Path], None]) -> Path:
        """Write under another name first, so that an interrupted run leaves nothing that looks whole."""
        folder = self.folder / f"v{_VERSION}"
        path = folder / name
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            unfinished = folder / f"unfinished-{name}"
            if unfinished.is_dir():
                shutil.rmtree(unfinished)
            write(unfinished)
            unfinished.rename(path)
        return path


def _groups(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(0, rows, ROW_GROUP):
        yield first, min(ROW_GROUP, rows - first)


def _points(first: int, count: int, attributes: bool, encoding: str) -> pa.Table:  # noqa: FBT001 private
    xy = _positions(first, count)
    columns: dict[str, Any] = _attributes(first, count) if attributes else {}
    if encoding == "WKB":
        columns["geometry"] = wkb.points(xy)
    else:
        columns["geometry"] = pa.StructArray.from_arrays([xy[:, 0], xy[:, 1]], names=["x", "y"])
    return pa.table(columns)


def _positions(first: int, count: int) -> NDArray[np.float64]:
    return np.round(FRANCE.positions(np.random.default_rng([1, first]), count), PLACES)


def _attributes(first: int, count: int) -> dict[str, pa.Array]:
    """Draw devices, some of which report ten times as often as others, and times that ascend."""
    rng = np.random.default_rng([4, first])
    ids = np.random.default_rng(5).bytes(8 * DEVICES).hex()
    names = pa.array([ids[16 * i : 16 * (i + 1)] for i in range(DEVICES)])
    which = (DEVICES * rng.random(count) ** 1.5).astype(np.int32)
    device = pa.DictionaryArray.from_arrays(pa.array(which), names).cast(pa.string())
    times = BEGIN_MS + 8 * first + np.sort(rng.integers(0, 8 * count, count))
    return {"device": device, "time": pa.array(times, pa.timestamp("ms", tz="UTC"))}


def _zones(spec: ZoneSpec) -> NDArray[np.object_]:
    """Draw zones, and scale them so that they cover the share of the box, however they overlap."""
    rng = np.random.default_rng([6, spec.count])
    centre, corners = FRANCE.positions(rng, spec.count), rng.integers(12, 61, spec.count)
    size = np.exp(rng.normal(0, 0.5, spec.count))
    holed, double = rng.random(spec.count) < 0.06, rng.random(spec.count) < 0.06  # noqa: PLR2004 shares
    area = np.pi * size**2 / np.cos(np.radians(centre[:, 1])) * np.where(double, 2, 1) * np.where(holed, 0.84, 1)
    wanted = -np.log1p(-spec.share) * FRANCE.area
    radius = size * np.sqrt(wanted / area.sum())
    stars = Stars(centre=centre, radius=radius, corners=corners, holed=holed, double=double)
    return stars.polygons(rng)


def zone_table(shapes: NDArray[np.object_]) -> pa.Table:
    """Put geometries beside their numbers, which begin at zero."""
    numbers = pa.array(np.arange(len(shapes), dtype=np.int32))
    return pa.table({"zone": numbers, "geometry": pa.array(shapely.to_wkb(shapes), pa.binary())})


def _to_2154() -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    import pyproj

    project = pyproj.Transformer.from_crs("OGC:CRS84", EPSG_2154, always_xy=True)

    def transform(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(project.transform(xy[:, 0], xy[:, 1]))

    return transform


def write_geoparquet(
    path: Path, tables: Iterator[pa.Table], *, geometry_type: str, encoding: str, crs: str = ""
) -> None:
    """Write tables of one layer, a row group each."""
    types = [] if geometry_type == "MultiPolygon" else [geometry_type]
    column: dict[str, Any] = {"encoding": encoding, "geometry_types": types}
    if crs:
        import pyproj

        column["crs"] = pyproj.CRS(crs).to_json_dict()
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    first = next(tables)
    schema = first.schema.with_metadata({"geo": json.dumps(geo)})
    with pq.ParquetWriter(path, schema, compression=COMPRESSION) as writer:
        for table in chain([first], tables):
            writer.write_table(table.cast(schema), row_group_size=ROW_GROUP)
