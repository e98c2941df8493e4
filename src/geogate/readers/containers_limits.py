"""How much may come out of containers, counted over a whole dataset, and the one place where members are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHUNK: Final = 1 << 20
_REMEDY: Final = "unpack it and send the files themselves, or fewer at a time"


@dataclass(slots=True, kw_only=True)
class Limits:
    """What is left to unpack.

    Units: ``size`` in bytes of all members together; ``ratio`` in bytes that come out for each that goes in, looked at
        once a container has given ``harmless`` bytes.
    """

    depth: int = 4
    members: int = 10_000
    size: int = 16 << 30
    ratio: int = 250
    harmless: int = 64 << 20
    _written: int = field(default=0, init=False)
    _counted: int = field(default=0, init=False)

    def one_more(self) -> None:
        """Count a member.

        Raises: UnreadableError when there are too many.
        """
        self._counted += 1
        if self._counted > self.members:
            raise UnreadableError(f"the containers have more than {self.members:,} members", remedy=_REMEDY)

    def write(self, chunks: Iterable[bytes], target: Path, *, compressed: int) -> int:
        """Write a member as its bytes come, and return how many they were.

        Units: ``compressed`` and the result in bytes.
        Raises: UnreadableError when they are too many; ServiceError when the disk fails.
        """
        size = 0
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    self._add(len(chunk), size, compressed)
                    file.write(chunk)
        except FileExistsError:
            raise UnreadableError(
                "a container has two members of the same name", remedy="give each member a name of its own"
            ) from None
        except OSError:
            raise ServiceError("a container cannot be unpacked", hint="make room on the disk, then try again") from None
        return size

    def _add(self, more: int, size: int, compressed: int) -> None:
        self._written += more
        if self._written > self.size:
            raise UnreadableError("the containers unpack to more than geogate unpacks", remedy=_REMEDY)
        if size > self.harmless and size > self.ratio * max(compressed, 1):
            raise UnreadableError(
                f"a container unpacks to more than {self.ratio} times its size", remedy="send the file itself"
            )
