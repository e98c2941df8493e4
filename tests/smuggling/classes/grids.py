"""Grids of models: numbers, and all the texts and axes around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from gridding import LAT, LON, Variable, axes, kelvins, write_by_gdal, write_netcdf
from smuggling.case import Case
from smuggling.classes.hidden_in_sqlite import TEXT, bytes_of_all
from smuggling.classes.rasters import people
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

COVER = axes(24, 24)
PLANE = ("lat", "lon")
_NUMBERS = re.compile(r"\.(?:nc|grib2|tif)$")


def _grids(folder: Path) -> Iterator[np.ndarray[Any, Any]]:
    """Read every band of every variable, in files that came in and in those that came out."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or not _NUMBERS.search(path.name):
            continue
        with rasterio.open(path) as image:
            several = list(image.subdatasets)
            if not several:
                yield from image.read()
        for each in several:
            with rasterio.open(each) as variable:
                yield from variable.read()


def _pairs(scale: float = 1.0) -> Callable[[Path], Iterator[Position]]:
    """Pair every two bands."""

    def recover(folder: Path) -> Iterator[Position]:
        bands = [band.astype(float).ravel() / scale for band in _grids(folder)]
        for one in bands:
            for other in bands:
                if len(one) == len(other):
                    yield from zip(one.tolist(), other.tolist(), strict=True)

    return recover


def _variables(**more: Variable) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        write_netcdf(folder / "model.nc", COVER | more)

    return write


def plane(values: np.ndarray[Any, Any], **attributes: Any) -> Variable:
    """Give a variable on the grid."""
    return Variable(dims=PLANE, values=values, attributes=attributes)


def _two() -> Callable[[Path], None]:
    lon, lat = people("float64")
    return _variables(u=plane(lon), v=plane(lat))


def _steps() -> Callable[[Path], None]:
    """Write one axis into the first step and the other into the second."""
    hours = Variable(dims=["time"], values=np.arange(2.0), attributes={"units": "hours since 2026-01-01"})
    values = np.stack(people("float32"))
    return _variables(time=hours, t=Variable(dims=["time", *PLANE], values=values))


def _packed() -> Callable[[Path], None]:
    """Write integers that a scale makes positions."""
    lon, lat = people("int32", scale=1e7)
    scale = np.float64(1e-7)
    return _variables(u=plane(lon, scale_factor=scale), v=plane(lat, scale_factor=scale))


def _beside(folder: Path) -> None:
    """Put stations beside a grid."""
    lon, lat = np.array(SECRET).T
    said = {"coordinates": "slat slon"}
    write_netcdf(
        folder / "model.nc",
        COVER
        | {
            "t": plane(kelvins(24, 24)),
            "slon": Variable(dims=["obs"], values=lon, attributes=LON),
            "slat": Variable(dims=["obs"], values=lat, attributes=LAT),
            "s": Variable(dims=["obs"], values=kelvins(3), attributes=said),
        },
    )


def _stations(folder: Path) -> None:
    lon, lat = np.array(SECRET).T
    write_netcdf(
        folder / "stations.nc",
        {
            "lon": Variable(dims=["obs"], values=lon, attributes=LON),
            "lat": Variable(dims=["obs"], values=lat, attributes=LAT),
            "t": Variable(dims=["obs"], values=kelvins(3)),
        },
        featureType="point",
    )


def _doubles(folder: Path) -> Iterator[Position]:
    """Look for numbers of 64 bits that stand at every fourth byte, as classic NetCDF has them."""
    for path in sorted(folder.rglob("*.*")):
        data = path.read_bytes()
        found = np.concatenate([np.frombuffer(data[at : at + (len(data) - at) // 8 * 8], ">f8") for at in (0, 4)])
        for lon in found[(found > 14) & (found < 15)].tolist():
            for lat in found[(found > 48) & (found < 49)].tolist():
                yield lon, lat


def _time_axis(folder: Path) -> None:
    """Write the secret as the times of the steps."""
    steps = np.array(SECRET).ravel()
    times = Variable(dims=["time"], values=steps, attributes={"units": "hours since 2026-01-01"})
    values = kelvins(len(steps), 24, 24)
    write_netcdf(folder / "model.nc", COVER | {"time": times, "t": Variable(dims=["time", *PLANE], values=values)})


def _history(folder: Path) -> None:
    write_netcdf(folder / "model.nc", COVER | {"t": plane(kelvins(24, 24))}, history=TEXT)


def _attribute(folder: Path) -> None:
    lon, lat = np.array(SECRET).T
    write_netcdf(folder / "model.nc", COVER | {"t": plane(kelvins(24, 24), a=lon, b=lat)})


def _named(folder: Path) -> None:
    write_netcdf(folder / "model.nc", COVER | {"x14.3217734y48.0713345": plane(kelvins(24, 24))})


def _in_name(folder: Path) -> Iterator[Position]:
    for path in sorted(folder.rglob("*.*")):
        said = re.findall(rb"x(\d+\.\d+)y(\d+\.\d+)", path.read_bytes() + path.name.encode())
        yield from ((float(x), float(y)) for x, y in said)


def _grib(folder: Path) -> None:
    write_by_gdal(folder / "model.grib2", np.stack(people("float64")), "GRIB", DATA_ENCODING="IEEE_FLOATING_POINT")


def _behind(folder: Path) -> None:
    path = write_by_gdal(folder / "model.grib2", kelvins(1, 24, 24), "GRIB")
    path.write_bytes(path.read_bytes() + TEXT.encode())


def _hdf(folder: Path) -> None:
    path = write_by_gdal(folder / "model.nc", kelvins(1, 24, 24), "netCDF", FORMAT="NC4")
    path.write_bytes(path.read_bytes() + TEXT.encode())


def _case(name: str, why: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]) -> Case:
    return Case(name=name, why=why, write=write, recover=recover, fine_allowed=True)


CASES = (
    _case("two-variables", "one axis in each", _two(), _pairs()),
    _case("two-steps", "one axis in each step of time", _steps(), _pairs()),
    _case("packed", "integers with a scale", _packed(), _pairs(1e7)),
    _case("stations", "points are no grid", _stations, _doubles),
    _case("stations-beside", "points beside a grid", _beside, _doubles),
    _case("times", "an axis that nobody draws", _time_axis, _doubles),
    _case("numbers-in-attributes", "attributes may be numbers", _attribute, _doubles),
    _case("history", "what every program adds", _history, bytes_of_all),
    _case("name-of-a-variable", "a name leaves as that of a file", _named, _in_name),
    _case("grib", "a message for each axis", _grib, _pairs()),
    _case("behind-grib", "bytes behind the last message", _behind, bytes_of_all),
    _case("behind-hdf", "bytes behind the container", _hdf, bytes_of_all),
)
