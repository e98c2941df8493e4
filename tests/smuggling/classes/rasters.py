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
UNUSED = 16
"""The first value that no pixel has."""
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


def _palette(folder: Path) -> None:
    """Write a position as colours that no pixel has."""
    path = folder / "scene.tif"
    write_image(path, noise() % UNUSED)
    colours = {value: (value, value, value, 255) for value in range(UNUSED)}
    colours |= {UNUSED + place: (letter, 0, 0, 255) for place, letter in enumerate(f"{X:.7f} {Y:.7f}".encode())}
    with rasterio.open(path, "r+") as image:
        image.write_colormap(1, colours)


def _from_palette(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        colours = image.colormap(1)
    text = bytes(colours[value][0] for value in range(UNUSED, 256))
    lon, lat = text.rstrip(b"\0").decode().split()
    yield float(lon), float(lat)


def _no_value(*, scale: float, dtype: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        for name, axis in (("east", X), ("north", Y)):
            write_image(folder / f"{name}.tif", noise().astype(dtype), nodata=np.dtype(dtype).type(axis * scale).item())

    return write


def _from_no_value(*, scale: float) -> Callable[[Path], Iterator[Position]]:
    def recover(folder: Path) -> Iterator[Position]:
        found = []
        for name in ("east", "north"):
            with rasterio.open(only(folder, f"{name}*.tif")) as image:
                found.append(image.nodata / scale)
        yield found[0], found[1]

    return recover


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


def _numbers(*bands: NDArray[Any], corner: Position = FAR) -> Callable[[Path], None]:
    """Write an image whose pixels are numbers, one band an array."""

    def write(folder: Path) -> None:
        height, width = bands[0].shape
        shape = {"width": width, "height": height, "count": len(bands), "dtype": bands[0].dtype}
        with rasterio.open(
            folder / "model.tif", "w", driver="GTiff", crs="EPSG:4326", transform=placed(corner), **shape
        ) as image:
            image.write(np.stack(bands))

    return write


def people(dtype: str, *, scale: float = 1.0, turned: bool = False) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give where persons are, at the secret and around it, as two grids of numbers."""
    random = np.random.default_rng(3)
    lon, lat = (SECRET[0][axis] + random.normal(0, 0.01, (24, 24)) for axis in range(2))
    for place, (x, y) in enumerate(SECRET):
        lon[3, place], lat[3, place] = x, y
    # Of 32 bits the digits do not reach for centimetres, which is near enough.
    whole = np.dtype(dtype).kind in "iu"
    grids = [np.rint(each * scale) if whole else each * scale for each in (lon, lat)]
    if turned:
        grids.reverse()
    return grids[0].astype(dtype), grids[1].astype(dtype)


def _pairs(scale: float = 1.0, *, first: int = 1, second: int = 2) -> Callable[[Path], Iterator[Position]]:
    def recover(folder: Path) -> Iterator[Position]:
        with rasterio.open(only(folder, "*.tif")) as image:
            lon, lat = (image.read(band).astype(float).ravel() / scale for band in (first, second))
        yield from zip(lon.tolist(), lat.tolist(), strict=True)

    return recover


def _turns(axis: int) -> NDArray[np.float64]:
    """Put longitudes and latitudes in turn into one grid: by columns, or one half after the other."""
    lon, lat = people("float64")
    return np.stack([lon, lat], axis=2).reshape(24, 48) if axis else np.concatenate([lon, lat])


def _in_turn(axis: int) -> Callable[[Path], Iterator[Position]]:
    def recover(folder: Path) -> Iterator[Position]:
        with rasterio.open(only(folder, "*.tif")) as image:
            grid = image.read(1)
        lon, lat = (grid[:, 0::2], grid[:, 1::2]) if axis else np.split(grid, 2)
        yield from zip(lon.ravel().tolist(), lat.ravel().tolist(), strict=True)

    return recover


def _relief(*, dtype: str = "float32") -> NDArray[Any]:
    """Draw heights."""
    x, y = np.meshgrid(np.arange(200), np.arange(200))
    random = np.random.default_rng(5)
    return (900 + 300 * np.sin(x / 30) * np.cos(y / 40) + random.normal(0, 2, x.shape)).astype(dtype)


def _few_in_relief(folder: Path) -> None:
    """Write the secret into six pixels of a second and third band that are nodata otherwise."""
    lon, lat = np.zeros((200, 200), np.float32), np.zeros((200, 200), np.float32)
    for place, (x, y) in enumerate(SECRET):
        lon[77, place], lat[77, place] = x, y
    _numbers(_relief(), lon, lat)(folder)


def _words() -> NDArray[np.int64]:
    """Pack both axes into one number."""
    lon, lat = people("int64", scale=1e6)
    words: NDArray[np.int64] = np.left_shift(lon, 32) | lat
    return words


def _in_words(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        for word in image.read(1).ravel().tolist():
            yield (word >> 32) / 1e6, (word & 0xFFFFFFFF) / 1e6


def _in_complex(folder: Path) -> Iterator[Position]:
    with rasterio.open(only(folder, "*.tif")) as image:
        for number in image.read(1).ravel().tolist():
            yield number.real, number.imag


def _complex() -> NDArray[np.complex128]:
    lon, lat = people("float64")
    return lon + 1j * lat


def _in_pixels(
    name: str, why: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]
) -> Case:
    return Case(name=name, why=why, write=write, recover=recover, fine_allowed=True)


def _raw(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all, fine_allowed=True)


def _shown(name: str, why: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]) -> Case:
    return Case(name=name, why=why, write=write, recover=recover, within_m=120.0, fine_allowed=True)


CASES = (
    Case(
        name="palette",
        why="colours that no pixel has, which can be letters",
        write=_palette,
        recover=_from_palette,
    ),
    *(
        Case(
            name=f"nodata-{dtype}",
            why="the number that stands for no value is half a position, and that of another file the other half",
            write=_no_value(scale=scale, dtype=dtype),
            recover=_from_no_value(scale=scale),
        )
        for dtype, scale in (("float64", 1.0), ("int32", 1e7))
    ),
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
    _in_pixels("bands-float64", "a band for each axis", _numbers(*people("float64")), _pairs()),
    _in_pixels("bands-float32", "the same, narrower", _numbers(*people("float32")), _pairs()),
    _in_pixels("bands-over-it", "and the image lies there", _numbers(*people("float64"), corner=NEAR), _pairs()),
    _in_pixels("bands-scaled", "as integers", _numbers(*people("int32", scale=1e7)), _pairs(1e7)),
    _in_pixels(
        "bands-turned",
        "the latitude first, without a sign",
        _numbers(*people("uint32", scale=1e6, turned=True)),
        _pairs(1e6, first=2, second=1),
    ),
    _in_pixels("bands-words", "both axes in one number", _numbers(_words()), _in_words),
    _in_pixels("bands-complex", "as a complex number", _numbers(_complex()), _in_complex),
    _in_pixels("bands-among-relief", "six pixels among forty thousand", _few_in_relief, _pairs(first=2, second=3)),
    _in_pixels("bands-in-turn", "one band, column by column", _numbers(_turns(1)), _in_turn(1)),
    _in_pixels("bands-in-halves", "one band, one half after the other", _numbers(_turns(0)), _in_turn(0)),
    _raw("behind", "bytes behind the last image", _behind),
    _raw("aux-xml", "metadata in a file beside it", _sidecar("scene.tif.aux.xml")),
    _raw("overview-file", "overviews in a file beside it", _sidecar("scene.tif.ovr")),
)
