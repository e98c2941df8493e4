"""What every channel checks before it touches anything: these files, to this place, under this clearance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.destinations.uri_parts import is_plain
from geogate.model.dataset import content_digest
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.model.dataset import FileDigest
    from geogate.model.release import Clearance

LONGEST_NAME: Final = 200
"""Bytes of a part of a file's name: less than the 255 of file systems, so that a temporary name fits too."""


def require_usable(clearance: Clearance, *, destination: str) -> tuple[FileDigest, ...]:
    """Return the files of a clearance in the order of their names.

    Raises: RefusedError when it is for another place, contradicts itself, or has a name that could lead elsewhere.
    """
    if clearance.destination != destination:
        raise RefusedError("the clearance is for another destination")
    files = tuple(sorted(clearance.files, key=lambda file: file.name))
    names = {file.name for file in files}
    if not files or len(names) != len(files) or content_digest(files) != clearance.artefact:
        raise RefusedError("the clearance contradicts itself: its files are not its artefact")
    for name in sorted(names):
        _require_safe(name)
    return files


def require_cleared(
    files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance, destination: str
) -> tuple[tuple[FileDigest, Path], ...]:
    """Return the files in the order of their names when they are exactly those that the clearance names.

    Raises: RefusedError when they are not, or the clearance is not usable here.
    """
    ordered = tuple(sorted(files, key=lambda pair: pair[0].name))
    if require_usable(clearance, destination=destination) != tuple(digest for digest, _ in ordered):
        raise RefusedError("the files are not those that the clearance names")
    return ordered


def _require_safe(name: str) -> None:
    segments = name.split("/")
    if any(s in {"", ".", ".."} or not is_plain(s) or len(s.encode()) > LONGEST_NAME for s in segments):
        raise RefusedError(
            f"the file name {name!a} is not safe at a destination",
            hint="leave out empty parts, '.', '..', control characters, outer spaces, and % ? # $ * \\",
        )
