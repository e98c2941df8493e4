"""Write the small datasets that cases of policies describe, with the libraries that people use."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from geogate.model.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.policy.cases import DataShape, RasterShape


def write_data(shape: DataShape, *, stem: str, folder: Path, beside: Path) -> Path:
    """Write one dataset into a folder and give its path; ``beside`` is the folder of the case.

    Raises: PolicyError when a file or a reference system is not there.
    """
    if shape.file is not None:
        return _copied(beside / shape.file, folder)
    if shape.features is not None:
        path = folder / f"{stem}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": shape.features}), encoding="utf-8")
        return path
    if shape.table is not None:
        return _csv(shape.table, folder / f"{stem}.csv")
    if shape.raster is not None:
        return _raster(shape.raster, shape.crs, folder / f"{stem}.tif")
    return _parquet(shape, folder / f"{stem}.parquet")


def _copied(path: Path, folder: Path) -> Path:
    if not path.is_file():
        raise PolicyError("a case names a file that is not beside it")
    shutil.copy(path, folder / path.name)
    return folder / path.name


def _csv(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _crs(text: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError:
        raise PolicyError("a case names a reference system that there is not", hint="for example EPSG:3035") from None


def _parquet(shape: DataShape, path: Path) -> Path:
    """Write GeoParquet 1.1, a row a geometry, then the rows without one."""
    some = _geometries(shape)
    count = shape.rows or len(some)
    wkb = shapely.to_wkb(some, flavor="iso").tolist()
    geometry = pa.DictionaryArray.from_arrays(
        pa.array([*islice(cycle(range(len(wkb))), count), *([None] * shape.without_geometry)], pa.int32()),
        pa.array(wkb, pa.binary()),
    ).dictionary_decode()
    total = count + shape.without_geometry
    columns = {name: pa.array(list(islice(cycle(values), total))) for name, values in shape.columns.items()}
    columns |= {name: columns[name].cast(pa.binary()) for name in shape.binary}
    about = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": [],
                "crs": json.loads(_crs(shape.crs).to_json()),
            }
        },
    }
    table = pa.table({**columns, "geometry": geometry})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    return path


def _geometries(shape: DataShape) -> list[shapely.Geometry]:
    if shape.points is not None:
        return [shapely.Point(point) for point in shape.points]
    if shape.grid is not None:
        grid = shape.grid
        return [
            shapely.Point(grid.origin[0] + x * grid.step, grid.origin[1] + y * grid.step)
            for y in range(grid.rows)
            for x in range(grid.columns)
        ]
    try:
        return [shapely.from_wkt(text) for text in shape.wkt or ()]
    except shapely.errors.ShapelyError:
        raise PolicyError("a case has a text that is no WKT") from None


def _raster(shape: RasterShape, crs: str, path: Path) -> Path:
    import numpy as np
    import rasterio

    x, y = shape.origin
    values = np.ones((shape.height, shape.width), dtype=shape.dtype)
    if shape.rises:
        values = (np.arange(shape.height * shape.width) % 200 + 1).reshape(values.shape).astype(shape.dtype)
    if shape.values is not None:
        values = np.resize(np.array(shape.values), values.shape).astype(shape.dtype)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=shape.width,
        height=shape.height,
        count=shape.bands,
        dtype=shape.dtype,
        crs=_crs(crs).to_wkt(),
        transform=rasterio.Affine(shape.pixel, 0, x, 0, -shape.pixel, y),
    ) as file:
        for band in range(1, shape.bands + 1):
            file.write(values, band)
    return path
