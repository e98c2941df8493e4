"""Whether the bytes of strips and tiles are their pixels and nothing more.

A block can be longer than its pixels need, and a tile at the edge has pixels that no reader shows.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.readers import raster_tiff as tiff_

if TYPE_CHECKING:
    from geogate.readers.raster_tiff import Directory, Tiff

NONE, DEFLATE, OLD_DEFLATE = 1, 8, 32946
_PLAIN, _DIFFERENCES = 1, 2
_SEPARATE: Final = 2
_LARGEST: Final = 256 * 1024 * 1024
"""Larger blocks are not looked into.

Units: bytes.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How the pixels of an image are cut into blocks.

    Units: ``width``, ``height``, ``across``, ``down`` in pixels, ``sample`` in bytes.
    """

    width: int
    height: int
    across: int
    down: int
    tiled: bool
    sample: int
    samples: int
    planes: int

    @property
    def columns(self) -> int:
        """The number of blocks in a row of them."""
        return -(-self.width // self.across)

    @property
    def blocks(self) -> int:
        """The number of all blocks."""
        return self.columns * -(-self.height // self.down) * self.planes

    def inside(self, block: int) -> tuple[int, int]:
        """Return the rows and columns of a block that lie within the image."""
        row, column = divmod(block % (self.blocks // self.planes), self.columns)
        return min(self.down, self.height - row * self.down), min(self.across, self.width - column * self.across)

    def shape(self, block: int) -> tuple[int, int, int]:
        """Return the rows, columns and bytes a pixel that a block has, the padding of tiles included."""
        rows = self.down if self.tiled else self.inside(block)[0]
        return rows, self.across, self.samples * self.sample


def all_pixels(tiff: Tiff, directory: Directory) -> bool:
    """Say whether every byte of the image's blocks is a pixel that readers show, or a zero beside them.

    It is false too where that is not known: for other compressions than Deflate, or other numbers than whole bytes.
    """
    layout = _layout(tiff, directory)
    compression = tiff.number(directory, tiff_.COMPRESSION, NONE)
    predictor = tiff.number(directory, tiff_.PREDICTOR, _PLAIN)
    if layout is None or compression not in {NONE, DEFLATE, OLD_DEFLATE} or predictor not in {_PLAIN, _DIFFERENCES}:
        return False
    if predictor == _DIFFERENCES and tiff.order != "<":
        return False
    at, size = tiff.blocks(directory)
    if len(at) != layout.blocks:
        return False
    for block in np.flatnonzero(size).tolist():
        data = tiff.data[int(at[block]) : int(at[block] + size[block])]
        if not _is_pixels(data, layout, block, packed=compression != NONE, differences=predictor == _DIFFERENCES):
            return False
    return True


def _layout(tiff: Tiff, directory: Directory) -> _Layout | None:
    bits = set(tiff.numbers(directory, tiff_.BITS).tolist())
    width, height = (tiff.number(directory, tag, 0) for tag in (tiff_.WIDTH, tiff_.HEIGHT))
    tiled = tiff_.TILES in directory.tags
    if tiled:
        across, down = (tiff.number(directory, tag, 0) for tag in (tiff_.TILE_WIDTH, tiff_.TILE_HEIGHT))
    else:
        across, down = width, min(tiff.number(directory, tiff_.ROWS_A_STRIP, height), height)
    samples = tiff.number(directory, tiff_.SAMPLES, 1)
    separate = tiff.number(directory, tiff_.PLANES, 1) == _SEPARATE
    if len(bits) != 1 or not bits <= {8, 16, 32, 64, 128} or min(width, height, across, down, samples) < 1:
        return None
    layout = _Layout(
        width=width,
        height=height,
        across=across,
        down=down,
        tiled=tiled,
        sample=bits.pop() // 8,
        samples=1 if separate else samples,
        planes=samples if separate else 1,
    )
    return layout if across * down * layout.samples * layout.sample <= _LARGEST else None


def _is_pixels(data: bytes, layout: _Layout, block: int, *, packed: bool, differences: bool) -> bool:
    rows, columns, pixel = layout.shape(block)
    expected = rows * columns * pixel
    if packed:
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(data, expected + 1)
        except zlib.error:
            return False
        if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
            return False
        data = unpacked
    if len(data) != expected:
        return False
    inside = layout.inside(block)
    if inside == (rows, columns):
        return True
    if differences:
        if pixel != layout.samples * layout.sample or layout.sample > 8:  # noqa: PLR2004 no wider whole numbers
            return False
        steps = np.frombuffer(data, f"<u{layout.sample}").reshape(rows, columns, layout.samples)
        values = np.cumsum(steps, axis=1, dtype=steps.dtype)
    else:
        values = np.frombuffer(data, np.uint8).reshape(rows, columns, pixel)
    return not (values[inside[0] :].any() or values[:, inside[1] :].any())
