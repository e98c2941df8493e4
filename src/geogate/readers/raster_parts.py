"""What a GeoTIFF is made of: images, masks, tags and loose bytes, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.libraries.raster_day import DAY_TAG, day_of, day_text
from geogate.libraries.raster_keys import GEO_TAGS
from geogate.libraries.raster_nodata import is_plain
from geogate.libraries.raster_palette import CHANNELS, ENTRIES, of_values
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart
from geogate.readers import raster_tiff as tiff_
from geogate.readers.raster_blocks import all_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geogate.libraries.raster_keys import GeoTag
    from geogate.readers.raster_tiff import Directory, Tag, Tiff

NODATA: Final = 42113
SENSOR_MODEL: Final = 50844
_COLOURS: Final = 320

_ONE: Final = frozenset({254, 256, 257, 259, 262, 266, 274, 277, 278, 284, 317, 322, 323})
_A_SAMPLE: Final = frozenset({258, 338, 339})
_A_BLOCK: Final = frozenset({273, 279, 324, 325})
_LONGEST_NUMBER: Final = 40

_NAMED: Final[Mapping[int, str]] = {
    42112: "GDAL metadata",
    700: "XMP metadata",
    33723: "IPTC metadata",
    34377: "Photoshop resources",
    34665: "Exif metadata",
    34853: "Exif positions",
    34675: "colour profiles",
    330: "images within images",
    269: "texts about the image",
    270: "texts about the image",
    271: "texts about the image",
    272: "texts about the image",
    285: "texts about the image",
    305: "texts about the image",
    306: "times of the image",
    315: "texts about the image",
    316: "texts about the image",
    33432: "texts about the image",
    282: "print sizes",
    283: "print sizes",
    296: "print sizes",
    347: "compression tables",
    50674: "compression tables",
    530: "compression tables",
    532: "compression tables",
}
"""What the canonical encoding leaves out; any tag that is not named here or judged is left out as a private one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The directories by what they are; ``pages`` are further images of their own."""

    base: Directory
    overviews: tuple[Directory, ...]
    masks: tuple[Directory, ...]
    pages: tuple[Directory, ...]


def images_of(tiff: Tiff) -> Images:
    """Sort the directories.

    Raises: UnreadableError when the first is no image of its own, or one is turned.
    """
    base, *others = tiff.directories
    kinds = [tiff.number(directory, tiff_.SUBFILE, 0) for directory in tiff.directories]
    if kinds[0] != 0:
        raise tiff_.damaged()
    for directory in tiff.directories:
        if tiff.number(directory, tiff_.ORIENTATION, 1) != 1:
            raise UnreadableError(
                "the TIFF says that its image is turned or mirrored, which readers of positions ignore",
                remedy="write it upright, for example with `gdal_translate`",
            )
    sorted_ = list(zip(others, kinds[1:], strict=True))
    return Images(
        base=base,
        overviews=tuple(directory for directory, kind in sorted_ if kind == 1),
        masks=tuple(directory for directory, kind in sorted_ if kind in {4, 5}),
        pages=tuple(directory for directory, kind in sorted_ if kind not in {1, 4, 5}),
    )


def size_of(tiff: Tiff, directory: Directory) -> tuple[int, int]:
    """Return the columns and rows of an image."""
    return tiff.number(directory, tiff_.WIDTH, 0), tiff.number(directory, tiff_.HEIGHT, 0)


def parts_of(
    tiff: Tiff, images: Images, expected: Sequence[GeoTag] | None, palette: tuple[int, ...] | None
) -> Iterator[FilePart]:
    """Name the parts; ``expected`` are the georeferencing tags that geogate would write, if it would write any.

    ``palette`` has the colours of those values that pixels have.
    """
    yield FilePart(what="base images", fate=Fate.JUDGED, size=_block_bytes(tiff, images.base))
    for what, fate, several in (
        ("overviews", Fate.JUDGED, images.overviews),
        ("masks", Fate.JUDGED, images.masks),
        ("further pages", Fate.REFUSED, images.pages),
    ):
        if several:
            size = sum(_block_bytes(tiff, each) for each in several)
            yield FilePart(what=what, fate=fate, count=len(several), size=size)
    yield from _georeferencing(tiff, images.base, expected)
    for directory in tiff.directories:
        yield from _tags(tiff, directory, is_base=directory is images.base)
        if not _has_colours(tiff, directory, palette):
            yield FilePart(what="colours that no pixel has", fate=Fate.REMOVED)
        if not all_pixels(tiff, directory):
            yield FilePart(what="image data with room for more than pixels", fate=Fate.REMOVED)
    if loose := tiff.unreferenced():
        yield FilePart(what="bytes that no tag refers to", fate=Fate.REMOVED, size=loose)


def _block_bytes(tiff: Tiff, directory: Directory) -> int:
    return int(tiff.blocks(directory)[1].sum())


def _georeferencing(tiff: Tiff, base: Directory, expected: Sequence[GeoTag] | None) -> Iterator[FilePart]:
    found = [base.tags[number] for number in GEO_TAGS if number in base.tags]
    own = [(tag.number, tag.kind, tag.count, tiff.raw(tag)) for tag in found]
    wanted = None if expected is None else [(tag.number, tag.kind, tag.count, tag.value) for tag in expected]
    if tiff.order == "<" and own == wanted:
        yield FilePart(what="georeferencing", fate=Fate.JUDGED)
        return
    yield FilePart(what="georeferencing in words of its own", fate=Fate.REMOVED, size=sum(tag.size for tag in found))


def _tags(tiff: Tiff, directory: Directory, *, is_base: bool) -> Iterator[FilePart]:
    for tag in directory.tags.values():
        if tag.slack:
            yield FilePart(what="bytes beside the values of tags", fate=Fate.REMOVED)
        if tag.number in GEO_TAGS and is_base:
            continue
        if is_base and tag.number == DAY_TAG and _is_day(tiff.raw(tag)):
            yield FilePart(what="days of images", fate=Fate.JUDGED)
        elif tag.number in _NAMED:
            yield FilePart(what=_NAMED[tag.number], fate=Fate.REMOVED, size=tag.size)
        elif tag.number == NODATA and (number := _number(tiff.raw(tag))) is not None:
            plain = is_plain(number)
            yield FilePart(
                what="nodata values" if plain else "nodata values with many digits",
                fate=Fate.JUDGED if plain else Fate.REFUSED,
            )
        elif tag.number == SENSOR_MODEL and is_base:
            yield FilePart(what="sensor models", fate=Fate.REMOVED, size=tag.size)
        elif not _is_structure(tiff, directory, tag):
            yield FilePart(what="private tags", fate=Fate.REMOVED, size=tag.size)


def _is_structure(tiff: Tiff, directory: Directory, tag: Tag) -> bool:
    """Say whether a tag tells how the pixels are stored, with no more values than it needs for that."""
    if tag.number in _ONE:
        return tag.count == 1
    if tag.number in _A_SAMPLE:
        return tag.count <= tiff.number(directory, tiff_.SAMPLES, 1)
    if tag.number in _A_BLOCK:
        return True
    bits = tiff.number(directory, tiff_.BITS, 1)
    return tag.number == _COLOURS and bits <= 16 and tag.count == 3 * 2**bits  # noqa: PLR2004 red, green, blue


def _has_colours(tiff: Tiff, directory: Directory, palette: tuple[int, ...] | None) -> bool:
    """Say whether an image has no colours but those of its pixels."""
    tag = directory.tags.get(_COLOURS)
    if tag is None or palette is None:
        return tag is None
    found = tuple(tiff.numbers(directory, _COLOURS).tolist())
    return len(found) <= CHANNELS * ENTRIES and found == of_values(palette, len(found) // CHANNELS)


def _is_day(text: bytes) -> bool:
    """Say whether a text is a day as geogate writes it."""
    day = day_of(text[:-1].decode("latin-1"))
    return day is not None and text == day_text(day).encode() + b"\0"


def _number(text: bytes) -> float | None:
    """Read a text that is a number and nothing else."""
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        return float(text.decode("ascii").removesuffix("\0"))
    except ValueError:
        return None
