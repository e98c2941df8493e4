"""Photos as geogate writes them: the upright picture, and nothing else.

JPEG and HEIC leave as JPEG of fixed quality, because what stands between the bits of a JPEG cannot be told from its
picture; the others leave as PNG, to the last bit of each pixel. Profiles of colours do not survive.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np

from geogate.libraries.photos import anatomy_of, picture_of
from geogate.libraries.strict import strictly
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from geogate.measures.source import Source

_QUALITY: Final = 90
_MOST_ROUNDS: Final = 60
_COLOUR_TYPES: Final = {"L": (8, 0), "I;16": (16, 0), "RGB": (8, 2), "RGBA": (8, 6)}
_LEVEL: Final = 3
_UP: Final = b"\x02"


@runtime_checkable
class Turned(Protocol):
    """A source that says how its picture is to be turned."""

    @property
    def orientation(self) -> int:
        """The orientation as Exif counts it."""
        ...


def write_photo(source: Source, target: Path) -> tuple[Path, ...]:
    """Write the picture of a source; the same picture gives the same bytes.

    Raises: UnreadableError when the picture cannot be decoded to its end.
    """
    if not isinstance(source, Turned):
        raise TypeError("the source is no photo")
    anatomy = anatomy_of(source.path, source.format)
    picture = picture_of(source.path, source.format, anatomy, orientation=source.orientation)
    as_jpeg = source.format in {Format.JPEG, Format.HEIC}
    target.write_bytes(_settled(picture) if as_jpeg else _png(picture))
    return (target,)


def _settled(picture: Image.Image) -> bytes:
    """Encode until decoding and encoding again gives the same bytes: then there is no room for others.

    Raises: UnreadableError when it never does.
    """
    from PIL import Image

    with strictly("encoded"):
        image = picture if picture.mode in {"L", "YCbCr"} else _without_alpha(picture).convert("YCbCr")
        before = _jpeg(image)
        for _ in range(_MOST_ROUNDS):
            again = Image.open(io.BytesIO(before), formats=["JPEG"])
            if image.mode == "YCbCr":
                again.draft("YCbCr", again.size)
            data = _jpeg(again)
            if data == before:
                return data
            before = data
    raise UnreadableError(
        "the picture is too noisy to be encoded the same way twice",
        remedy="send it as PNG, or reduce its noise and contrast",
    )


def _without_alpha(picture: Image.Image) -> Image.Image:
    if picture.mode == "I;16":
        from PIL import Image

        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    into = io.BytesIO()
    image.load()
    image.info = {}
    image.save(into, "JPEG", quality=_QUALITY, subsampling=0, optimize=False, progressive=False)
    return into.getvalue()


def _png(picture: Image.Image) -> bytes:
    """Write one packed run of rows, each as differences from the one above."""
    bits, colours = _COLOUR_TYPES[picture.mode]
    values = np.asarray(picture)
    rows = values.astype(">u2") if bits == 16 else values  # noqa: PLR2004 bits of a wide channel
    plain = np.ascontiguousarray(rows).view(np.uint8).reshape(picture.height, -1)
    above = np.vstack([np.zeros((1, plain.shape[1]), np.uint8), plain[:-1]])
    filtered = np.hstack([np.full((picture.height, 1), _UP[0], np.uint8), plain - above])
    head = struct.pack(">IIBBBBB", picture.width, picture.height, bits, colours, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(filtered.tobytes(), _LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
