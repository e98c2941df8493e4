"""What a photo's file is made of: the picture, and the blocks of bytes beside it that say something."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, together

if TYPE_CHECKING:
    from collections.abc import Iterable

PICTURE: Final = "pictures"
"""The part that is judged and sent."""


class Block(StrEnum):
    """What a block of bytes is written in."""

    EXIF = "Exif"
    XMP = "XMP"
    IPTC = "IPTC"
    PHOTOSHOP = "Photoshop resources"
    TEXT = "text"
    JPEG = "a picture"
    OTHER = "other"


def damaged() -> UnreadableError:
    """Say that the parts of a photo do not hold together."""
    return UnreadableError(
        "the photo is damaged, cut short or not to its standard", remedy="open it in a current tool and save it again"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """The bytes of the picture alone, where they can be cut out, the parts of the file, and what stands beside."""

    picture: bytes | None
    parts: tuple[FilePart, ...]
    blocks: tuple[tuple[Block, bytes], ...]


@dataclass(slots=True)
class Dissection:
    """Parts and blocks on the way to an anatomy."""

    picture: list[bytes] = field(default_factory=list)
    parts: list[FilePart] = field(default_factory=list)
    blocks: list[tuple[Block, bytes]] = field(default_factory=list)

    def show(self, *pieces: bytes) -> None:
        """Take pieces of the picture."""
        self.picture += pieces

    def judged(self, what: str, size: int) -> None:
        """Name a part that rules see."""
        self.parts.append(FilePart(what=what, fate=Fate.JUDGED, size=size))

    def removed(self, what: str, size: int | None, *blocks: tuple[Block, bytes]) -> None:
        """Name a part that does not leave, and what it says."""
        self.parts.append(FilePart(what=what, fate=Fate.REMOVED, size=size))
        self.blocks += blocks

    def anatomy(self) -> Anatomy:
        """Give what was found; the picture is one part.

        Raises: UnreadableError when there is none.
        """
        picture = b"".join(self.picture)
        if not picture:
            raise damaged()
        return Anatomy(picture=picture, parts=with_picture(self.parts, len(picture)), blocks=tuple(self.blocks))


def with_picture(parts: Iterable[FilePart], size: int | None) -> tuple[FilePart, ...]:
    """Add the picture to the other parts."""
    return together([FilePart(what=PICTURE, fate=Fate.JUDGED, size=size), *parts])
