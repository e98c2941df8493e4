"""Photos as Pillow decodes them: the one picture, upright, in a few plain kinds of pixels, every warning an error."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.libraries.photo_heif import heif_anatomy
from geogate.libraries.photo_jpeg import jpeg_anatomy
from geogate.libraries.photo_parts import Anatomy, damaged
from geogate.libraries.photo_png import png_anatomy, webp_anatomy
from geogate.libraries.photo_tiff import tiff_anatomy
from geogate.libraries.strict import strictly
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PIL import Image

MOST_PIXELS: Final = 89_000_000
"""Pillow warns of more."""

_MOST_BYTES: Final = 512 * 1024 * 1024
_TURNS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (),
    2: ("FLIP_LEFT_RIGHT",),
    3: ("ROTATE_180",),
    4: ("FLIP_TOP_BOTTOM",),
    5: ("TRANSPOSE",),
    6: ("ROTATE_270",),
    7: ("TRANSVERSE",),
    8: ("ROTATE_90",),
}
"""How a picture becomes upright, by its orientation as Exif counts."""

_TURNED_BY_DECODERS: Final = frozenset({Format.HEIC, Format.TIFF})
_BITS_16: Final = frozenset({"I;16", "I;16B", "I;16L", "I;16N", "I"})
_DEPTH: Final = 0xFFFF


def anatomy_of(path: Path, kind: Format) -> Anatomy:
    """Name the parts of a photo.

    Raises: UnreadableError.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise UnreadableError("the photo is larger than any photo", remedy="send it as a GeoTIFF, or cut it")
    match kind:
        case Format.HEIC:
            return heif_anatomy(path)
        case Format.TIFF:
            return tiff_anatomy(path)
        case Format.PNG:
            return png_anatomy(path.read_bytes())
        case Format.WEBP:
            return webp_anatomy(path.read_bytes())
        case _:
            return jpeg_anatomy(path.read_bytes())


def picture_of(path: Path, kind: Format, anatomy: Anatomy, *, orientation: int) -> Image.Image:
    """Decode the picture to its last pixel, and turn it upright; nothing of the file but pixels comes along.

    What is wholly transparent has no colour. Bits beyond eight are kept where there is one channel.

    Raises: UnreadableError.
    """
    with strictly("decoded"), warnings.catch_warnings():
        warnings.simplefilter("error")
        return _plain(_decoded(path, kind, anatomy), 1 if kind in _TURNED_BY_DECODERS else orientation)


def _decoded(path: Path, kind: Format, anatomy: Anatomy) -> Image.Image:
    from PIL import Image

    if kind is Format.HEIC:
        import pillow_heif

        file = pillow_heif.open_heif(path)
        if file.size[0] * file.size[1] > MOST_PIXELS:
            raise damaged()
        image: Image.Image = file.to_pillow()
        return image
    content = path.read_bytes() if anatomy.picture is None else anatomy.picture
    image = Image.open(io.BytesIO(content), formats=[str(kind.value)])
    if image.size[0] * image.size[1] > MOST_PIXELS:
        raise damaged()
    if kind is Format.JPEG and image.mode == "RGB":
        # Without a way through red, green and blue, what is written settles after a few rounds.
        image.draft("YCbCr", image.size)
    image.load()
    return image


def _plain(image: Image.Image, orientation: int) -> Image.Image:
    from PIL import Image

    if image.mode in _BITS_16:
        values = np.clip(np.asarray(image), 0, _DEPTH).astype(np.uint16)
        plain = Image.fromarray(values)
    elif image.mode in {"1", "L"} and "transparency" not in image.info:
        plain = image.convert("L")
    elif image.mode in {"YCbCr", "RGB"} and "transparency" not in image.info:
        plain = Image.frombytes(image.mode, image.size, image.tobytes())
    elif image.mode in {"LA", "RGBA", "P", "PA", "La", "RGBa", "L", "1", "RGB"}:
        plain = _without_hidden_colours(image.convert("RGBA"))
    else:
        raise UnreadableError(
            "the photo has colours that are not red, green and blue", remedy="convert it to sRGB, for example in GIMP"
        )
    for turn in _TURNS[orientation]:
        plain = plain.transpose(Image.Transpose[turn])
    clean = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    clean.info = {}
    return clean


def _without_hidden_colours(image: Image.Image) -> Image.Image:
    """Blacken what nobody sees, and drop an alpha channel that hides nothing."""
    from PIL import Image

    values = np.array(image)
    alpha = values[..., 3]
    if (alpha == alpha.dtype.type(255)).all():
        return Image.fromarray(np.ascontiguousarray(values[..., :3]))
    values[alpha == 0] = 0
    return Image.fromarray(values)
