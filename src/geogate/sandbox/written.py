"""What a child leaves in its output: plain files under the names that were declared, or it denies."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from uuid import uuid4

from geogate.sandbox.errors import ChildLimitError, LimitKind

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file in the output, by its declared name."""

    name: str
    bytes: int


def look_through(folder: Path | None, names: Sequence[str], *, most_bytes: int) -> tuple[Written, ...]:
    """Compare what lies in a folder with what was declared; to be done when no child can write there any more.

    Raises: ChildLimitError when something else lies there, a declared file is missing, or all of it is too much.
    """
    declared = {_declared(name) for name in names}
    folders = {above for name in declared for above in name.parents}
    found: dict[PurePosixPath, int] = {}
    # In the order of a stack, so that no depth of folders can break it.
    ahead = [PurePosixPath()] if folder is not None else []
    while ahead and folder is not None:
        above = ahead.pop()
        with os.scandir(folder / above) as entries:
            for entry in entries:
                name, about = above / entry.name, entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(about.st_mode) and name in folders:
                    ahead.append(name)
                elif stat.S_ISREG(about.st_mode) and about.st_nlink == 1 and name in declared:
                    found[name] = about.st_size
                else:
                    raise ChildLimitError(LimitKind.STRAY_FILE)
    if found.keys() != declared:
        raise ChildLimitError(LimitKind.STRAY_FILE, detail="a declared file is missing")
    if sum(found.values()) > most_bytes:
        raise ChildLimitError(LimitKind.OUTPUT)
    return tuple(Written(name=name, bytes=found[_declared(name)]) for name in names)


def _declared(name: str) -> PurePosixPath:
    """Read the name of a file within the output; it comes from the child, and may want to lead out of it."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ChildLimitError(LimitKind.STRAY_FILE)
    return path


def empty(folder: Path) -> None:
    """Remove all that lies in a folder, however deep; to be done when no child can write there any more.

    Raises: OSError.
    """
    while folders := tuple(folder.iterdir()):
        for above in folders:
            if above.is_symlink() or not above.is_dir():
                above.unlink()
                continue
            for entry in tuple(above.iterdir()):
                # Folders come up instead of being gone down into: no depth is too much.
                if entry.is_dir() and not entry.is_symlink():
                    entry.rename(folder / f".geogate-{uuid4().hex}")
                else:
                    entry.unlink()
            above.rmdir()


def remove(folder: str) -> None:
    """Remove a folder with all that lies in it, as far as that can be done."""
    with contextlib.suppress(OSError):
        empty(Path(folder))
        Path(folder).rmdir()
