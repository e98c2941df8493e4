"""Point clouds: what lies in a point and in the file's header besides the position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import laspy
import numpy as np
import pyproj
from clouding import write_copc
from laspy.vlrs.vlrlist import VLRList
from smuggling.case import Case, only
from smuggling.classes.hidden_in_sqlite import FOUND, TEXT, bytes_of_all
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

UTM = 32632
FAR = (500_000.0, 5_200_000.0)
POINTS = 500


def cloud(*, corner: Position = FAR, crs: int = UTM, spread_m: float = 50_000.0) -> laspy.LasData:
    """Give points that are kilometres apart."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = np.array([1.0, 1.0, 1.0]), np.array([*corner, 0.0])
    header.add_crs(pyproj.CRS.from_epsg(crs))
    las = laspy.LasData(header)
    rng = np.random.default_rng(3)
    las.x, las.y, las.z = (
        corner[0] + rng.random(POINTS) * spread_m,
        corner[1] + rng.random(POINTS) * spread_m,
        np.zeros(POINTS),
    )
    return las


def _site(folder: Path) -> None:
    to_utm = pyproj.Transformer.from_crs(4326, 32633, always_xy=True)
    x, y = to_utm.transform(*SECRET[0])
    las = cloud(corner=(x - 5_000, y - 5_000), crs=32633, spread_m=1.0)
    las.x[:3], las.y[:3] = x, y
    las.write(folder / "cloud.las")


def _positions(folder: Path) -> Iterator[Position]:
    las = laspy.read(only(folder, "cloud.la*"))
    back = pyproj.Transformer.from_crs(32633, 4326, always_xy=True)
    yield from zip(*back.transform(np.array(las.x[:5]), np.array(las.y[:5])), strict=True)


def _hidden_node(folder: Path) -> None:
    """Write a COPC with a chunk of points that only its octree knows; programs that use the octree show them."""
    rng = np.random.default_rng(3)
    shown = np.column_stack(
        [FAR[0] + rng.random(POINTS) * 50_000, FAR[1] + rng.random(POINTS) * 50_000, np.zeros(POINTS)]
    )
    to_utm = pyproj.Transformer.from_crs(4326, UTM, always_xy=True)
    secret = np.array([(*to_utm.transform(*each), 0.0) for each in SECRET])
    write_copc(folder / "cloud.copc.laz", [np.rint(shown)], crs=pyproj.CRS.from_epsg(UTM), scale=1.0, hidden=secret)


def _in_octree(folder: Path) -> Iterator[Position]:
    """Read by the octree where there is one, as viewers do, and else all points."""
    path = only(folder, "cloud*.laz")
    back = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True)
    if b"copc" in path.read_bytes():
        with laspy.CopcReader.open(path) as reader:
            las = reader.query()
    else:
        las = laspy.read(path)
    yield from zip(*back.transform(np.array(las.x), np.array(las.y)), strict=True)


def _record(folder: Path) -> None:
    las = cloud()
    las.vlrs.append(laspy.VLR("own", 7, "notes", TEXT.encode()))
    las.write(folder / "cloud.las")


def _late_record(folder: Path) -> None:
    las = cloud()
    las.evlrs = VLRList([laspy.VLR("own", 7, "notes", TEXT.encode())])
    las.write(folder / "cloud.las")


def _header(folder: Path) -> None:
    las = cloud()
    las.header.system_identifier, las.header.generating_software = TEXT[:30], TEXT[30:60]
    las.write(folder / "cloud.las")


def _dimension(folder: Path) -> None:
    las = cloud()
    for name, axis in (("quality", 0), ("weight", 1)):
        las.add_extra_dim(laspy.ExtraBytesParams(name=name, type=np.float64))
        las[name] = np.array([SECRET[n % 3][axis] for n in range(POINTS)])
    las.write(folder / "cloud.las")


def _dimensions(folder: Path) -> Iterator[Position]:
    las = laspy.read(only(folder, "cloud.la*"))
    yield from zip(np.array(las["quality"])[:5], np.array(las["weight"])[:5], strict=True)


def _scales(folder: Path) -> None:
    """Write an axis as the scale, and the other as the offset, of a dimension that is nothing in all points."""
    las = cloud()
    scale, offset = (np.array([axis]) for axis in SECRET[0])
    las.add_extra_dim(laspy.ExtraBytesParams(name="quality", type=np.uint8, scales=scale, offsets=offset))
    las.write(folder / "cloud.las")


def _read_scales(folder: Path) -> Iterator[Position]:
    for each in laspy.read(only(folder, "cloud.la*")).point_format.extra_dimensions:
        yield float(each.scales[0]), float(each.offsets[0])


def _steps(folder: Path) -> None:
    las = cloud()
    las.change_scaling(scales=[*SECRET[0], 1.0])
    las.write(folder / "cloud.las")


def _read_steps(folder: Path) -> Iterator[Position]:
    header = laspy.read(only(folder, "cloud.la*")).header
    yield float(header.scales[0]), float(header.scales[1])


def _times(folder: Path) -> None:
    """Write longitudes and latitudes as times."""
    las = cloud()
    las.gps_time = np.array([SECRET[n // 2 % 3][n % 2] for n in range(POINTS)])
    las.write(folder / "cloud.las")


def _read_times(folder: Path) -> Iterator[Position]:
    times = np.array(laspy.read(only(folder, "cloud.la*")).gps_time)
    yield from zip(times[0:6:2], times[1:6:2], strict=True)


def _heights(folder: Path) -> None:
    las = cloud()
    las.header.scales = np.array([1.0, 1.0, 1e-7])
    z = np.array([SECRET[n // 2 % 3][n % 2] for n in range(POINTS)])
    las.change_scaling(scales=[1.0, 1.0, 1e-7])
    las.z = z
    las.write(folder / "cloud.las")


def _read_heights(folder: Path) -> Iterator[Position]:
    z = np.array(laspy.read(only(folder, "cloud.la*")).z)
    yield from zip(z[0:6:2], z[1:6:2], strict=True)


def _behind(folder: Path) -> None:
    cloud().write(folder / "cloud.las")
    with (folder / "cloud.las").open("ab") as file:
        file.write(TEXT.encode())


def _in_header(folder: Path) -> Iterator[Position]:
    header = laspy.read(only(folder, "cloud.la*")).header
    texts: list[Any] = [header.system_identifier, header.generating_software]
    whole = "".join(text if isinstance(text, str) else text.decode() for text in texts)
    yield from ((float(x), float(y)) for x, y in FOUND.findall(whole.encode()))


def _raw(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all, fine_allowed=True)


def _case(name: str, why: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]) -> Case:
    return Case(name=name, why=why, write=write, recover=recover, fine_allowed=True)


CASES = (
    Case(
        name="hidden-node-of-copc",
        why="an octree may know more points than the file",
        write=_hidden_node,
        recover=_in_octree,
        fine_allowed=True,
    ),
    _case("site", "points in the zone", _site, _positions),
    _raw("record", "anybody's own record in the header", _record),
    _raw("late-record", "a record behind the points", _late_record),
    _case("header-texts", "who wrote it, and with what", _header, _in_header),
    _case("extra-dimension", "numbers of one's own in each point", _dimension, _dimensions),
    _case("scale-of-a-dimension", "numbers that describe numbers", _scales, _read_scales),
    _case("steps", "the steps in which points are counted", _steps, _read_steps),
    _case("times", "times that are none", _times, _read_times),
    _case("heights", "heights that are none", _heights, _read_heights),
    _raw("behind", "bytes behind the points", _behind),
)
