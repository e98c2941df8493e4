"""What lies in a directory and below: read through descriptors of directories, without ever following a link."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import ExitStack, contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from geogate.destinations.errors import ForbiddenError, GoneError, MisconfiguredError, UnavailableError
from geogate.destinations.folder import CHUNK, DIRECTORY, READ, Folder
from geogate.destinations.place_posture import PlacePosture
from geogate.destinations.stored import Stored
from geogate.model.names import Sha256
from geogate.model.openings import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})


class StoredInFolder:
    """One directory; see ``Place``."""

    def __init__(self, uri: str, *, country: str = "") -> None:
        self._uri = uri
        self._path = PurePosixPath(uri.removeprefix("file://"))
        self._country = country

    def posture(self) -> PlacePosture:
        """Say whose it is, who may look in, and which disk it is on."""
        with _translated(), ExitStack() as stack:
            found = os.fstat(Folder.open(self._path, stack=stack).descriptor)
        traits = {
            "country": self._country or None,
            "open to others": others_may(found.st_mode),
            "owner": str(found.st_uid),
            "region": "local",
        }
        return PlacePosture(place=self._uri, traits=tuple(sorted(traits.items())))

    def stored(self) -> Iterator[Stored]:
        """List every file, and everything else that is no directory."""
        with _translated(), ExitStack() as stack:
            yield from _below(Folder.open(self._path, stack=stack).descriptor, "")

    def digest(self, found: Stored) -> Sha256:
        """Read all bytes."""
        with self._opened(found) as file:
            return Sha256(hashlib.file_digest(file, "sha256").hexdigest())

    def fetch(self, found: Stored, into: Path) -> None:
        """Copy all bytes into a new file."""
        with self._opened(found) as file, into.open("xb") as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)

    @contextmanager
    def _opened(self, found: Stored) -> Iterator[BufferedReader]:
        folder, name = PurePosixPath(found.name).parent, PurePosixPath(found.name).name
        with _translated(), ExitStack() as stack:
            try:
                here = Folder.open(self._path / folder, stack=stack).descriptor
                descriptor = os.open(name, READ, dir_fd=here)
            except OSError as error:
                if error.errno in _ABSENT:
                    raise GoneError(found.name) from error
                raise
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise GoneError(found.name)
                yield file


def _below(folder: int, prefix: str) -> Iterator[Stored]:
    """List a directory and those in it; one that goes away meanwhile has nothing in it."""
    with os.scandir(folder) as entries:
        rows = list(entries)
    for entry in rows:
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        name = prefix + entry.name
        if stat.S_ISDIR(found.st_mode):
            try:
                inner = os.open(entry.name, DIRECTORY, dir_fd=folder)
            except FileNotFoundError:
                continue
            try:
                yield from _below(inner, f"{name}/")
            finally:
                os.close(inner)
            continue
        mark = f"{found.st_dev} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}"
        odd = not stat.S_ISREG(found.st_mode)
        yield Stored(name=name, size=found.st_size, version="", mark=mark, odd=odd)


def others_may(mode: int) -> str:
    """Say what everybody on the machine may do in a directory."""
    rights = ("read", stat.S_IROTH), ("write", stat.S_IWOTH), ("enter", stat.S_IXOTH)
    return ", ".join(word for word, bit in rights if mode & bit) or NONE


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = f"the destination directory: {os.strerror(error.errno or 0)}"
        if error.errno in _FORBIDDEN:
            raise ForbiddenError(said, hint="let the auditor read there") from error
        if error.errno in _ABSENT:
            raise MisconfiguredError(said, hint="a directory that exists, by a path without symbolic links") from error
        raise UnavailableError(said) from error
