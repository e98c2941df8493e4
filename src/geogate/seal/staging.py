"""Content-addressed staging: every byte is copied once while it is hashed; all later steps read that copy.

Objects lie in ``objects/<aa>/<sha256>``, read-only. Nothing half-written ever has the name of an object.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.model.dataset import Dataset, FileDigest
from geogate.model.errors import InputError, RefusedError, ServiceError
from geogate.model.names import SHA256, Sha256
from geogate.seal.hashing import NEVER, beside, hash_file
from geogate.seal.names import require_relative_names

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence
    from pathlib import Path

READ_ONLY = 0o400
PRIVATE = 0o700
ABANDONED_S = 3600.0
"""A folder of work that nobody holds is removed so long after its last change, in seconds."""


def _identity(found: os.stat_result) -> tuple[int, int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _open_regular(path: Path) -> int:
    """Open a file of one's own folder for reading; a link, a pipe or a device is not data.

    Raises: InputError.
    """
    try:
        # A pipe without a writer would block the open for ever; O_NONBLOCK has no effect on regular files.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(
            f"{path.name!r} cannot be opened ({os.strerror(error.errno or 0)})",
            hint="stage readable regular files; links are not followed",
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path.name!r} is not a regular file", hint="stage regular files only")
    return descriptor


def _open_object(path: Path) -> int:
    """Open an object of the store for reading.

    Raises: RefusedError.
    """
    try:
        return _open_regular(path)
    except InputError:
        raise RefusedError("an object of the staging area is missing", hint="submit the dataset again") from None


@contextmanager
def _service(doing: str) -> Iterator[None]:
    """Report what the disk says, without its path."""
    try:
        yield
    except OSError as error:
        raise ServiceError(
            f"staging failed while {doing} ({os.strerror(error.errno or 0)})",
            hint="make room or repair the staging folder, then submit again; nothing was staged",
        ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _held(folder: Path) -> int | None:
    """Hold a folder until the descriptor is closed or the process ends; ``None`` where somebody else holds it.

    Raises: OSError where it cannot be held, as on a disk without locks: then nobody removes it for another.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _sweep(work: Path) -> None:
    """Remove what processes that were killed have left: copies of data, which would stay for ever."""
    for old in work.iterdir():
        with suppress(OSError):  # another process removed it, or will
            if time.time() - old.lstat().st_mtime >= ABANDONED_S and (held := _held(old)) is not None:
                shutil.rmtree(old, ignore_errors=True)
                os.close(held)


@dataclass(frozen=True, slots=True)
class Staging:
    """The store in the folder ``root``, which is made when it is needed."""

    root: Path

    def stage(self, files: Sequence[Path], *, names: Sequence[str], dataset: str) -> Dataset:
        """Copy files into the store and say what they are; ``names`` are their relative names within the dataset.

        Raises: InputError for a bad name or a file that is no regular file or changed meanwhile; ServiceError when
            the disk fails. Either way no file of this call is half-staged.
        """
        require_relative_names(names)
        if len(files) != len(names):
            raise InputError("not every file has a name", hint="give one name a file")
        staged = tuple(self._copy(path, name) for path, name in zip(files, names, strict=True))
        return Dataset(name=dataset, files=staged)

    def adopt(self, files: Sequence[Path], *, names: Sequence[str]) -> tuple[FileDigest, ...]:
        """Move files that geogate wrote in ``scratch()`` into the store, hashing them where they are.

        Raises: InputError for a bad name, ServiceError when the disk fails.
        """
        require_relative_names(names)
        return tuple(self._move(path, name) for path, name in zip(files, names, strict=True))

    def open(self, sha256: Sha256, *, stop: threading.Event = NEVER) -> Path:
        """Return the path of an object after reading all of it again.

        Raises: RefusedError when it is not there or its bytes are not those of its name.
        """
        path = self._object(sha256)
        descriptor = _open_object(path)
        try:
            with _service("reading an object"):
                found, _ = hash_file(descriptor, stop=stop)
        finally:
            os.close(descriptor)
        if found != sha256:
            raise RefusedError(
                "an object of the staging area has changed since it was sealed",
                hint="find out who writes there, then submit the dataset again",
            )
        return path

    @contextmanager
    def view(self, files: Sequence[FileDigest]) -> Iterator[tuple[Path, ...]]:
        """Show objects under their names, side by side in a private folder that ends with the block.

        They are read again beside the block, and its end waits for that: what the block found counts only after it.

        Raises: RefusedError at once when an object is missing, at the end of the block when one has changed.
        """
        require_relative_names([file.name for file in files])
        objects = [self._object(file.sha256) for file in files]
        for each in objects:
            os.close(_open_object(each))

        def verify(stop: threading.Event) -> None:
            for file in files:
                self.open(file.sha256, stop=stop)

        with self.scratch() as folder:
            paths = tuple(folder / file.name for file in files)
            with _service("laying out a dataset"):
                for source, path in zip(objects, paths, strict=True):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    os.link(source, path)
            with beside(verify):
                yield paths

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty private folder on the disk of the store; it is removed with all that is in it.

        What a process that was killed has left of its own is removed by the next one, an hour later.
        """
        with _service("making a folder"):
            work = self.root / "work"
            work.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            _sweep(work)
            folder = type(self.root)(tempfile.mkdtemp(dir=work))
            held = None
            with suppress(OSError):
                held = _held(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if held is not None:
                os.close(held)

    def _object(self, sha256: Sha256) -> Path:
        if not SHA256.fullmatch(sha256):
            raise RefusedError("that is not a SHA-256 digest", hint="give 64 lower-case hexadecimal digits")
        return self.root / "objects" / sha256[:2] / sha256

    def _copy(self, path: Path, name: str) -> FileDigest:
        with self.scratch() as folder:
            source = _open_regular(path)
            try:
                before = os.fstat(source)
                with _service("copying a file"):
                    copy = os.open(folder / "copy", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                    try:
                        sha256, size = hash_file(source, copy, most=before.st_size)
                        self._settle(copy)
                    finally:
                        os.close(copy)
                self._require_unchanged(path, source, before, size)
            finally:
                os.close(source)
            return self._keep(folder / "copy", FileDigest(name=name, size=size, sha256=sha256))

    def _move(self, path: Path, name: str) -> FileDigest:
        written = _open_regular(path)
        try:
            with _service("hashing the artefact"):
                sha256, size = hash_file(written)
                self._settle(written)
        finally:
            os.close(written)
        return self._keep(path, FileDigest(name=name, size=size, sha256=sha256))

    @staticmethod
    def _settle(descriptor: int) -> None:
        os.fchmod(descriptor, READ_ONLY)
        os.fsync(descriptor)

    @staticmethod
    def _require_unchanged(path: Path, source: int, before: os.stat_result, size: int) -> None:
        after = [_identity(os.fstat(source))]
        with suppress(OSError):
            after.append(_identity(path.lstat()))
        if after != [_identity(before)] * 2 or size != before.st_size:
            raise InputError(
                f"{path.name!r} changed while it was copied", hint="submit again when its writer has finished"
            )

    def _keep(self, path: Path, digest: FileDigest) -> FileDigest:
        """Give a complete file the name of its digest; an equal object that is there already is verified instead."""
        target = self._object(digest.sha256)
        if target.exists():
            self.open(digest.sha256)
            return digest
        with _service("storing an object"):
            target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            path.rename(target)
            _sync_folder(target.parent)
        return digest
