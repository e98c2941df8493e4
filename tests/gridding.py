"""Files of grids for tests: classic NetCDF and Zarr byte by byte, NetCDF-4 and GRIB by GDAL."""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import rasterio.shutil
from rastering import upright, write_tif

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_TYPES = {"i1": 1, "S1": 2, "i2": 3, "i4": 4, "f4": 5, "f8": 6}
LAT = {"units": "degrees_north", "standard_name": "latitude"}
LON = {"units": "degrees_east", "standard_name": "longitude"}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of a NetCDF file: its axes by their names, its numbers, and what is said of it."""

    dims: Sequence[str]
    values: NDArray[Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _name(text: str) -> bytes:
    return struct.pack(">i", len(text.encode())) + _padded(text.encode())


def _attributes(several: Mapping[str, Any]) -> bytes:
    if not several:
        return bytes(8)
    found = struct.pack(">ii", 12, len(several))
    for name, value in several.items():
        if isinstance(value, str):
            found += _name(name) + struct.pack(">ii", 2, len(value.encode())) + _padded(value.encode())
        else:
            numbers = np.atleast_1d(value)
            kind = numbers.dtype.str[1:]
            data = numbers.astype(numbers.dtype.newbyteorder(">")).tobytes()
            found += _name(name) + struct.pack(">ii", _TYPES[kind], len(numbers)) + _padded(data)
    return found


def write_netcdf(path: Path, variables: Mapping[str, Variable], **attributes: Any) -> Path:
    """Write a classic NetCDF file.

    Source: NetCDF Classic Format Specification.
    """
    sizes: dict[str, int] = {}
    for each in variables.values():
        sizes |= dict(zip(each.dims, each.values.shape, strict=True))
    places = {name: place for place, name in enumerate(sizes)}
    blocks = [_padded(each.values.astype(each.values.dtype.newbyteorder(">")).tobytes()) for each in variables.values()]

    def header(begin: int) -> bytes:
        found = b"CDF\x01" + bytes(4) + struct.pack(">ii", 10, len(sizes))
        found += b"".join(_name(name) + struct.pack(">i", size) for name, size in sizes.items())
        found += _attributes(attributes) + struct.pack(">ii", 11, len(variables))
        for (name, each), block in zip(variables.items(), blocks, strict=True):
            dims = struct.pack(f">i{len(each.dims)}i", len(each.dims), *(places[dim] for dim in each.dims))
            kind = _TYPES[each.values.dtype.str[1:]]
            found += _name(name) + dims + _attributes(each.attributes) + struct.pack(">iii", kind, len(block), begin)
            begin += len(block)
        return found

    path.write_bytes(header(len(header(0))) + b"".join(blocks))
    return path


def axes(
    rows: int = 24, columns: int = 30, *, west: float = 8.0, north: float = 47.9, step: float = 0.01
) -> dict[str, Variable]:
    """Give the two axes of a grid in degrees, by the middles of its cells."""
    lat, lon = north - step * (np.arange(rows) + 0.5), west + step * (np.arange(columns) + 0.5)
    return {
        "lat": Variable(dims=["lat"], values=lat, attributes=LAT),
        "lon": Variable(dims=["lon"], values=lon, attributes=LON),
    }


def kelvins(*shape: int) -> NDArray[np.float32]:
    """Draw temperatures."""
    return np.random.default_rng(4).normal(280, 5, shape).astype(np.float32)


def write_by_gdal(path: Path, drawn: NDArray[Any], driver: str, **options: Any) -> Path:
    """Let GDAL write a file of grids."""
    image = write_tif(path.with_suffix(".tmp"), drawn, crs="EPSG:4326", transform=upright(8, 47.9, 0.01, 0.01))
    with rasterio.Env(GDAL_PAM_ENABLED=False):
        rasterio.shutil.copy(image, path, driver=driver, **options)
    image.unlink()
    return path


def write_zarr(
    root: Path, variables: Mapping[str, Variable], *, chunk: int = 10, packed: bool = False, **attributes: Any
) -> Path:
    """Write a store in chunks of so many numbers along each axis, ``packed`` by zlib.

    Source: Zarr storage specification, version 2; axes as xarray names them.
    """
    root.mkdir()
    (root / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
    (root / ".zattrs").write_text(json.dumps(attributes))
    for name, each in variables.items():
        folder = root / name
        folder.mkdir()
        said = {key: value.item() if isinstance(value, np.generic) else value for key, value in each.attributes.items()}
        fill = said.pop("_FillValue", None)
        chunks = [min(chunk, length) for length in each.values.shape]
        described = {"zarr_format": 2, "shape": each.values.shape, "chunks": chunks, "order": "C", "filters": None}
        described |= {"dtype": each.values.dtype.str, "fill_value": fill}
        described |= {"compressor": {"id": "zlib", "level": 1} if packed else None}
        (folder / ".zarray").write_text(json.dumps(described))
        (folder / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": list(each.dims)} | said))
        counts = [-(-length // size) for length, size in zip(each.values.shape, chunks, strict=True)]
        for at in itertools.product(*map(range, counts)):
            places = tuple(slice(n * size, (n + 1) * size) for n, size in zip(at, chunks, strict=True))
            whole = np.zeros(chunks, each.values.dtype)
            part = each.values[places]
            whole[tuple(map(slice, part.shape))] = part
            data = whole.tobytes()
            (folder / (".".join(map(str, at)) or "0")).write_bytes(zlib.compress(data) if packed else data)
    return root
