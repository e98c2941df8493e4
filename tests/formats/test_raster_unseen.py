"""What an image says and no pixel shows: colours of a palette that none has, and odd numbers for no value."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rastering import write_tif

from geogate.libraries.raster_nodata import is_plain
from geogate.measures.published import published
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers.raster import RasterSource
from geogate.seal.raster import write_geotiff

if TYPE_CHECKING:
    from pathlib import Path

USED = 8
PIXELS = np.arange(64 * 64, dtype=np.uint8).reshape(1, 64, 64) % USED
SHOWN = {value: (value * 30, value * 20, value * 10, 255) for value in range(USED)}
ODD = 48.0713345


def coloured(path: Path, **more: tuple[int, int, int, int]) -> Path:
    """Write an image with a palette; ``more`` are colours of values, as ``v200``."""
    write_tif(path, PIXELS)
    with rasterio.open(path, "r+") as image:
        image.write_colormap(1, SHOWN | {int(name[1:]): colour for name, colour in more.items()})
    return path


def canonical(path: Path, target: Path) -> Path:
    source = RasterSource(path)
    crs = published(source.layers[0].crs) if source.layers[0].crs else None
    assert crs is not None
    return write_geotiff(source, {source.layers[0].name: crs}, target)[0]


def parts(path: Path, fate: Fate) -> set[str]:
    return {part.what for part in RasterSource(path).contents if part.fate is fate}


def colours(path: Path) -> dict[int, Any]:
    with rasterio.open(path) as image:
        return dict(image.colormap(1))


def test_colours_of_no_pixel_do_not_leave(tmp_path: Path) -> None:
    found = colours(canonical(coloured(tmp_path / "a.tif", v200=(80, 79, 73, 255)), tmp_path / "b.tif"))
    assert {value: found[value] for value in SHOWN} == SHOWN
    assert {found[value] for value in range(USED, 256)} == {(0, 0, 0, 255)}


def test_colours_of_no_pixel_are_named(tmp_path: Path) -> None:
    assert "colours that no pixel has" in parts(coloured(tmp_path / "a.tif", v200=(80, 79, 73, 255)), Fate.REMOVED)
    assert "colours that no pixel has" not in parts(coloured(tmp_path / "b.tif"), Fate.REMOVED)


def test_what_geogate_writes_has_no_such_colours(tmp_path: Path) -> None:
    path = canonical(coloured(tmp_path / "a.tif", v200=(80, 79, 73, 255)), tmp_path / "b.tif")
    assert {part.fate for part in RasterSource(path).contents} == {Fate.JUDGED}


def test_colours_finer_than_eight_bits_are_named(tmp_path: Path) -> None:
    path = canonical(coloured(tmp_path / "a.tif"), tmp_path / "b.tif")
    data = path.read_bytes()
    white = struct.pack("<H", SHOWN[7][0] * 257)
    assert data.count(white) == 1
    path.write_bytes(data.replace(white, struct.pack("<H", SHOWN[7][0] * 257 + 1)))
    assert "colours that no pixel has" in parts(path, Fate.REMOVED)


@pytest.mark.parametrize(
    "nodata",
    [
        0, -9999, -9999.9, 99999.99, 255, 65535, -32768, -2147483648, 4294967295, 2.0**63, 1e20, -3.4028234663852886e38,
        -3.402823e38, 1.7976931348623157e308, 9.969209968386869e36, float("nan"), float("-inf"), 0.001, 48.07,
    ],
)  # fmt: skip
def test_numbers_that_people_choose_for_no_value_are_plain(nodata: float) -> None:
    assert is_plain(nodata)


@pytest.mark.parametrize("nodata", [ODD, -ODD, 480713345, 48.071, 4.8071e20, 3.40212e38, 65539, 2.0**66 + 2.0**20])
def test_numbers_with_many_digits_are_not(nodata: float) -> None:
    assert not is_plain(nodata)


def test_a_number_for_no_value_with_many_digits_is_refused(tmp_path: Path) -> None:
    odd = write_tif(tmp_path / "a.tif", PIXELS.astype(np.float64), nodata=ODD)
    assert parts(odd, Fate.REFUSED) == {"nodata values with many digits"}
    with pytest.raises(UnreadableError, match="so many digits"):
        canonical(odd, tmp_path / "b.tif")
    plain = write_tif(tmp_path / "c.tif", PIXELS.astype(np.float64), nodata=-9999)
    assert parts(plain, Fate.REFUSED) == set()
    canonical(plain, tmp_path / "d.tif")
