"""Rasters: what an image shows, and what its file holds besides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import Resampling
from smuggling.case import Case, only
from smuggling.classes.hidden_in_sqlite import TEXT, bytes_of_all
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from smuggling.secret import Position

X, Y = SECRET[0]
FAR, NEAR = (8.0, 47.5), (14.2, 48.2)
"""The north-west corners of images far from the zone, and over it."""

PIXEL_DEG = 0.001
SIZE = 256
BRIGHT = 255
FOUND = re.compile(r"POINT \((\d+\.\d+) (\d+\.\d+)\)")


def placed(corner: Position) -> Affine:
    """Give the transform of an image that begins at a corner."""
    return Affine(PIXEL_DEG, 0.0, corner[0], 0.0, -PIXEL_DEG, corner[1])


def write_image(path: Path, pixels: NDArray[Any], corner: Position = FAR, **options: Any) -> None:
    """Write a GeoTIFF with one band."""
    transform = placed(corner)
    shape = {"width": pixels.shape[1], "height": pixels.shape[0], "count": 1, "dtype": pixels.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:4326", transform=transform, **shape, **options) as image:
        image.write(pixels, 1)


def noise() -> NDArray[np.uint8]:
    """Give an image that shows nothing."""
    return np.random.default_rng(7).integers(1, 200, (SIZE, SIZE), dtype=np.uint8)


def site(corner: Position) -> tuple[int, int]:
    """Give the row and column of the first secret in an image that begins there."""
    return int((corner[1] - Y) / PIXEL_DEG), int((X - corner[0]) / PIXEL_DEG)


def shown() -> NDArray[np.uint8]:
    """Give an image over the zone in which one bright spot is the secret."""
    pixels = noise()
    row, column = site(NEAR)
    pixels[row, column] = BRIGHT
    return pixels


def _spots(image: Any, band: NDArray[Any], scale: float) -> Iterator[Position]:
    for row, column in np.argwhere(band == BRIGHT):
        transform = image.transform
        x = transform.c + (column + 0.5) * scale * transform.a
        y = transform.f + (row + 0.5) * scale * transform.e
        yield x, y


def _brightest(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        yield from _spots(image, image.read(1), 1.0)


def _in_overview(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif"), overview_level=0) as image:
        band = image.read(1)
        yield from _spots(image, band, 1.0)


def _site(folder: Path) -> None:
    write_image(folder / "scene.tif", shown(), NEAR)


def _blanked(folder: Path) -> None:
    """Blank the site at full resolution; the overviews were made before."""
    path = folder / "scene.tif"
    pixels = noise()
    write_image(path, pixels, NEAR)
    row, column = site(NEAR)
    with rasterio.open(path, "r+") as image:
        band = image.read(1)
        band[row - row % 2 : row - row % 2 + 2, column - column % 2 : column - column % 2 + 2] = BRIGHT
        image.write(band, 1)
    with rasterio.open(path, "r+") as image:
        image.build_overviews([2], Resampling.nearest)
    with rasterio.open(path, "r+") as image:
        band = image.read(1)
        band[:] = 0
        image.write(band, 1)


def _tagged(**tags: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        path = folder / "scene.tif"
        write_image(path, noise())
        with rasterio.open(path, "r+") as image:
            image.update_tags(**tags)

    return write


def _tags(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        texts = [str(image.tags()), str(image.tags(1)), str(image.descriptions), str(image.tags(ns="xml:XMP"))]
        yield from ((float(x), float(y)) for text in texts for x, y in FOUND.findall(text))


def _band(folder: Path) -> None:
    path = folder / "scene.tif"
    write_image(path, noise())
    with rasterio.open(path, "r+") as image:
        image.set_band_description(1, TEXT)


def _behind(folder: Path) -> None:
    path = folder / "scene.tif"
    write_image(path, noise())
    with path.open("ab") as file:
        file.write(TEXT.encode())


def _sidecar(name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        write_image(folder / "scene.tif", noise())
        (folder / name).write_text(f"<PAMDataset><Metadata><MDI key='a'>{TEXT}</MDI></Metadata></PAMDataset>")

    return write


def _world_file(folder: Path) -> None:
    """Give an image without a place one by the file beside it."""
    path = folder / "scene.tif"
    with rasterio.open(path, "w", driver="GTiff", width=SIZE, height=SIZE, count=1, dtype="uint8") as image:
        image.write(shown(), 1)
    (folder / "scene.tfw").write_text(
        f"{PIXEL_DEG}\n0\n0\n-{PIXEL_DEG}\n{NEAR[0] + PIXEL_DEG / 2}\n{NEAR[1] - PIXEL_DEG / 2}\n"
    )


def _by_world_file(folder: Path) -> Iterator[Position]:
    size, _, _, _, x, y = map(float, only(folder, "*.tfw").read_text().split())
    with rasterio.open(only(folder, "*.tif")) as image:
        for row, column in np.argwhere(image.read(1) == BRIGHT):
            yield x + column * size, y - row * size


def _control_points(folder: Path) -> None:
    """Place an image by points instead of a transform."""
    points = [
        GroundControlPoint(row=row, col=column, x=NEAR[0] + column * PIXEL_DEG, y=NEAR[1] - row * PIXEL_DEG, z=0)
        for row in (0, SIZE)
        for column in (0, SIZE)
    ]
    shape = {"width": SIZE, "height": SIZE, "count": 1, "dtype": "uint8"}
    with rasterio.open(folder / "scene.tif", "w", driver="GTiff", gcps=points, crs="EPSG:4326", **shape) as image:
        image.write(shown(), 1)


def _by_control_points(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        points, _ = image.gcps
        transform = rasterio.transform.from_gcps(points)
        for row, column in np.argwhere(image.read(1) == BRIGHT):
            yield rasterio.transform.xy(transform, row, column)


def _masked(folder: Path) -> None:
    """Hide the site by a mask; the pixels under it stay."""
    path = folder / "scene.tif"
    write_image(path, shown(), NEAR)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as image:
        image.write_mask(np.zeros((SIZE, SIZE), bool))


def _second_image(folder: Path) -> None:
    """Write a second image into the file, which readers do not show unless they are asked."""
    write_image(folder / "scene.tif", noise())
    with rasterio.open(folder / "scene.tif", "r+") as image:
        transform = placed(NEAR)
    shape = {"width": SIZE, "height": SIZE, "count": 1, "dtype": "uint8"}
    with rasterio.open(
        folder / "scene.tif",
        "w",
        driver="GTiff",
        crs="EPSG:4326",
        transform=placed(FAR),
        **shape,
    ) as image:
        image.write(noise(), 1)
    with rasterio.open(
        folder / "scene.tif",
        "w",
        driver="GTiff",
        crs="EPSG:4326",
        transform=transform,
        APPEND_SUBDATASET="YES",
        **shape,
    ) as image:
        image.write(shown(), 1)


def _in_second_image(folder: Path) -> Iterator[Position]:
    with rasterio.open(f"GTIFF_DIR:2:{only(folder, '*.tif')}") as image:
        yield from _spots(image, image.read(1), 1.0)


def _alpha(folder: Path) -> None:
    """Write the site into a band that programs take for transparency."""
    transform = placed(NEAR)
    shape = {"width": SIZE, "height": SIZE, "count": 2, "dtype": "uint8"}
    with rasterio.open(
        folder / "scene.tif", "w", driver="GTiff", crs="EPSG:4326", transform=transform, ALPHA="YES", **shape
    ) as image:
        image.write(np.zeros((SIZE, SIZE), np.uint8), 1)
        image.write(shown(), 2)


def _in_alpha(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        yield from _spots(image, image.read(2), 1.0)


def _raw(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all, fine_allowed=True)


def _shown(name: str, why: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]) -> Case:
    return Case(name=name, why=why, write=write, recover=recover, within_m=120.0, fine_allowed=True)


CASES = (
    _shown("site", "an image of the zone", _site, _brightest),
    _shown("blanked-but-in-the-overview", "the site is gone at full resolution only", _blanked, _in_overview),
    _shown("masked", "the pixels under a mask stay", _masked, _brightest),
    _shown("alpha", "in the band of transparency", _alpha, _in_alpha),
    _shown("second-image", "a file may hold several", _second_image, _in_second_image),
    _shown("world-file", "the place stands in another file", _world_file, _by_world_file),
    _shown("control-points", "the place is given by points", _control_points, _by_control_points),
    Case(name="tag", why="anybody's own key", write=_tagged(NOTE=TEXT), recover=_tags, fine_allowed=True),
    Case(
        name="image-description",
        why="a standard tag",
        write=_tagged(TIFFTAG_IMAGEDESCRIPTION=TEXT),
        recover=_tags,
        fine_allowed=True,
    ),
    Case(name="band-description", why="a name of a band", write=_band, recover=_tags, fine_allowed=True),
    _raw("behind", "bytes behind the last image", _behind),
    _raw("aux-xml", "metadata in a file beside it", _sidecar("scene.tif.aux.xml")),
    _raw("overview-file", "overviews in a file beside it", _sidecar("scene.tif.ovr")),
)
