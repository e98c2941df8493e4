"""Small files of every format that the gate reads, written by the libraries that people use; each has a place."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas
import laspy
import numpy as np
import pyogrio
import rasterio
from gridding import Variable, axes, write_by_gdal, write_zarr
from PIL import Image
from pyproj import CRS
from rasterio import Affine
from smuggling.classes.photos import exif_with_place
from smuggling.clean_formats import write
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The files of a dataset by their names; the first is the one that is opened, others belong to it.

    ``family`` groups formats that one process fuzzes.
    """

    name: str
    family: str
    files: Mapping[str, bytes]

    @property
    def main(self) -> str:
        """The name of the file that is opened."""
        return next(iter(self.files))


FAMILIES: Final = ("texts", "tables", "containers", "pictures", "clouds")
_CRS: Final = 4326
_STEM: Final = "seed"


def _frame() -> geopandas.GeoDataFrame:
    geometry = geopandas.points_from_xy([x for x, _ in SECRET], [y for _, y in SECRET])
    texts = [f"seen at {y:.5f}, {x:.5f}" for x, y in SECRET]
    return geopandas.GeoDataFrame({"note": texts, "n": range(len(SECRET))}, geometry=geometry, crs=_CRS)


def _areas() -> geopandas.GeoDataFrame:
    frame = _frame()
    return frame.set_geometry(frame.buffer(0.01, quad_segs=1))


def _made(name: str, family: str, make: Callable[[Path], object]) -> Seed:
    """Let something write into a folder, and take what lies there; the main file is the one with the seed's suffix."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make(Path(folder))
        found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        found.sort(key=lambda path: path.suffix not in {".shp", ".gdbtable"} and path.name != ".zgroup")
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return Seed(name=name, family=family, files=files)


def _layer(form: str, family: str, *, areas: bool = False) -> Seed:
    def make(folder: Path) -> None:
        write(_areas() if areas else _frame(), folder, stem=_STEM, form=form)

    return _made(f"{form}-areas" if areas else form, family, make)


def _ogr(name: str, family: str, driver: str, suffix: str, **options: str) -> Seed:
    def make(folder: Path) -> None:
        frame = _frame()[["note", "geometry"]]
        pyogrio.write_dataframe(frame, folder / f"{_STEM}{suffix}", driver=driver, **options)

    return _made(name, family, make)


def _geoarrow() -> Seed:
    def make(folder: Path) -> None:
        _frame().to_parquet(folder / f"{_STEM}.parquet", geometry_encoding="geoarrow", schema_version="1.1.0")

    return _made("geoarrow", "tables", make)


def _topojson() -> Seed:
    line = {"type": "LineString", "arcs": [0], "properties": {"a": 1}}
    point = {"type": "Point", "coordinates": list(SECRET[0]), "properties": {"a": "x"}}
    arcs = [[list(position) for position in SECRET]]
    both = {"type": "GeometryCollection", "geometries": [line, point]}
    text = json.dumps({"type": "Topology", "objects": {"a": both}, "arcs": arcs})
    return Seed(name="topojson", family="texts", files={f"{_STEM}.topojson": text.encode()})


def _cloud(name: str, *, point_format: int, version: str) -> Seed:
    def make(folder: Path) -> None:
        header = laspy.LasHeader(point_format=point_format, version=version)
        header.scales, header.offsets = np.full(3, 1e-7), np.array([14.3, 48.0, 0.0])
        header.add_crs(CRS.from_epsg(_CRS))
        las = laspy.LasData(header)
        las.x, las.y = np.array(SECRET).T
        las.z = np.arange(len(SECRET))
        las.write(folder / name)

    return _made(name, "clouds", make)


def _raster(name: str, **options: object) -> Seed:
    def make(folder: Path) -> None:
        place = Affine(0.0001, 0.0, SECRET[0][0], 0.0, -0.0001, SECRET[0][1])
        pixels = np.arange(3 * 32 * 32, dtype=np.uint8).reshape(3, 32, 32)
        settings = {"width": 32, "height": 32, "count": 3, "dtype": "uint8", "crs": "EPSG:4326", "transform": place}
        with rasterio.open(folder / name, "w", driver="GTiff", **settings, **options) as file:
            file.write(pixels)
        with rasterio.open(folder / name, "r+") as file:
            file.build_overviews([2])

    return _made(name, "pictures", make)


def _grids(name: str, driver: str, **options: object) -> Seed:
    def make(folder: Path) -> None:
        random = np.random.default_rng(1)
        write_by_gdal(folder / name, random.normal(280, 5, (2, 16, 16)).astype(np.float32), driver, **options)

    return _made(name, "pictures", make)


def _zarr() -> Seed:
    def make(folder: Path) -> None:
        random = np.random.default_rng(1)
        heights = Variable(dims=["lat", "lon"], values=random.normal(280, 5, (16, 16)))
        write_zarr(folder / f"{_STEM}.zarr", axes(16, 16) | {"height": heights}, packed=True)

    return _made("zarr", "pictures", make)


def _photo(name: str, form: str, **options: object) -> Seed:
    def make(folder: Path) -> None:
        if form == "HEIF":
            import pillow_heif

            pillow_heif.register_heif_opener()
        pixels = np.arange(24 * 16 * 3, dtype=np.uint8).reshape(16, 24, 3)
        Image.fromarray(pixels).save(folder / name, form, exif=exif_with_place().tobytes(), **options)

    return _made(name, "pictures", make)


def _zip(members: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _tar(members: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return whole.getvalue()


def _containers(table: Seed, shapefile: Seed) -> list[Seed]:
    data = table.files[table.main]
    packed = {
        "zip": ("zip", _zip({f"in/{name}": part for name, part in shapefile.files.items()})),
        "zip-in-zip": ("zip", _zip({"a.zip": _zip(table.files)})),
        "tar": ("tar", _tar(table.files)),
        "tar-gz": ("tar.gz", gzip.compress(_tar(table.files), mtime=0)),
        "gzip": ("csv.gz", gzip.compress(data, mtime=0)),
        "bzip2": ("csv.bz2", bz2.compress(data)),
        "xz": ("csv.xz", lzma.compress(data)),
    }
    return [
        Seed(name=name, family="containers", files={f"{_STEM}.{suffix}": whole})
        for name, (suffix, whole) in packed.items()
    ]


@cache
def seeds() -> Mapping[str, Seed]:
    """Write all seeds, once in a process."""
    texts = [_layer(form, "texts") for form in ("geojson", "geojsonl", "csv", "csv-wkt", "kml", "gml", "gpx")]
    areas = [_layer(form, "texts", areas=True) for form in ("geojson", "kml", "gml", "csv-wkt")]
    tables = [_layer(form, "tables") for form in ("parquet", "gpkg", "fgb", "shp")]
    tables += [_layer(form, "tables", areas=True) for form in ("parquet", "fgb", "shp")]
    more = [
        _ogr("gdb", "tables", "OpenFileGDB", ".gdb"),
        _ogr("mbtiles", "tables", "MBTiles", ".mbtiles"),
        _ogr("pmtiles", "tables", "PMTiles", ".pmtiles"),
        _layer("xlsx", "containers"),
        _ogr("kmz", "containers", "LIBKML", ".kmz"),
    ]
    clouds = [
        _cloud("cloud.las", point_format=6, version="1.4"),
        _cloud("old.las", point_format=1, version="1.2"),
        _cloud("cloud.laz", point_format=6, version="1.4"),
    ]
    pictures = [
        _raster("plain.tif"),
        _raster("tiled.tif", tiled=True, blockxsize=16, blockysize=16, compress="deflate", nodata=0),
        _grids("classic.nc", "netCDF", FORMAT="NC"),
        _grids("four.nc", "netCDF", FORMAT="NC4"),
        _grids("model.grib2", "GRIB"),
        _zarr(),
        _photo("photo.jpg", "JPEG"),
        _photo("photo.png", "PNG"),
        _photo("photo.tiff", "TIFF"),
        _photo("photo.webp", "WEBP"),
        _photo("photo.heic", "HEIF"),
    ]
    packed = _containers(texts[2], tables[3])
    every = [*texts, *areas, _topojson(), *tables, _geoarrow(), *more, *clouds, *pictures, *packed]
    return {seed.name: seed for seed in every}
