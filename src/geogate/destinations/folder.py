"""A directory held by its descriptor: writes, compares and names files in it without ever following a link."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from geogate.destinations.errors import ChangedError, CorruptedError, OccupiedError
from geogate.model.errors import InputError

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path, PurePosixPath

    from geogate.model.dataset import FileDigest

CHUNK: Final = 1 << 20
DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_MODE: Final = 0o640
FOLDER_MODE: Final = 0o750


@dataclass(frozen=True, slots=True)
class Folder:
    """An open directory.

    Raises: OSError from all that touches it, for the caller to translate.
    """

    descriptor: int

    @classmethod
    def open(cls, path: PurePosixPath, *, stack: ExitStack) -> Folder:
        """Open an absolute path step by step; a symbolic link anywhere in it is an error."""
        folder = cls(_held(os.open("/", DIRECTORY), stack))
        for part in path.parts[1:]:
            folder = cls(_held(os.open(part, DIRECTORY, dir_fd=folder.descriptor), stack))
        return folder

    def beneath(self, path: PurePosixPath, *, stack: ExitStack) -> Folder:
        """Open a directory below this one, and make what is missing."""
        folder = self
        for part in path.parts:
            try:
                os.mkdir(part, FOLDER_MODE, dir_fd=folder.descriptor)
                folder.sync()
            except FileExistsError:
                pass
            folder = Folder(_held(os.open(part, DIRECTORY, dir_fd=folder.descriptor), stack))
        return folder

    def holds(self, digest: FileDigest) -> bool:
        """Say whether the file is here already, complete.

        Raises: OccupiedError when something else has its name.
        """
        name = _last(digest)
        try:
            found = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(found.st_mode) or found.st_size != digest.size or self._sha256(name) != digest.sha256:
            raise OccupiedError(digest.name)
        return True

    def write(self, temporary: str, digest: FileDigest, source: Path) -> None:
        """Copy the source to a new file, sync it and read it back.

        Raises: ChangedError when the source is not what was cleared, CorruptedError when the disk is not.
        """
        self.remove(temporary)
        with os.fdopen(os.open(temporary, CREATE, 0o600, dir_fd=self.descriptor), "wb") as file:
            with _source(digest, source) as staged:
                copied = _copy(staged, file)
            if copied != digest.sha256:
                raise ChangedError(digest.name)
            file.flush()
            os.fchmod(file.fileno(), FILE_MODE)
            os.fsync(file.fileno())
            _forget(file.fileno())
        if self._sha256(temporary) != digest.sha256:
            raise CorruptedError(f"the disk holds other bytes than those written as {digest.name!r}")

    def name(self, temporary: str, digest: FileDigest) -> None:
        """Give a written file its name.

        Raises: OccupiedError when another file has it by now.
        """
        here = self.descriptor
        try:
            os.link(temporary, _last(digest), src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)
        except FileExistsError:
            self.holds(digest)

    def remove(self, temporary: str) -> None:
        """Remove a file if it is there."""
        try:
            os.unlink(temporary, dir_fd=self.descriptor)
        except FileNotFoundError:
            return

    def sync(self) -> None:
        """Make the names in this directory last."""
        os.fsync(self.descriptor)

    def _sha256(self, name: str) -> str:
        with os.fdopen(os.open(name, READ, dir_fd=self.descriptor), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _held(descriptor: int, stack: ExitStack) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


def _forget(descriptor: int) -> None:
    """Drop the file from the cache, where the system can, so that the disk itself is read back."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _last(digest: FileDigest) -> str:
    return digest.name.rpartition("/")[2]


def _source(digest: FileDigest, path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise InputError(f"the staged file {digest.name!r} cannot be read: {reason}") from error


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
