"""The channel to a local directory: create-only, read back and synced, resumable after any death.

Every step goes through descriptors of directories that were opened without following a link, so that nobody can
swap a directory for a link on the way.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from geogate.destinations.cleared import require_cleared
from geogate.destinations.errors import ForbiddenError, MisconfiguredError, UnavailableError
from geogate.destinations.folder import Folder
from geogate.model.parties import Posture
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geogate.model.dataset import FileDigest
    from geogate.model.release import Clearance

FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
UNFIT: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EOPNOTSUPP, errno.EMLINK, errno.ENAMETOOLONG})
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DirectoryChannel:
    """A way to one directory, which exists already: a share that is not mounted must not become a local folder."""

    def __init__(self, destination: str, *, country: str) -> None:
        self._destination = destination
        self._path = PurePosixPath(urlsplit(destination).path)
        self._country = country

    def posture(self) -> Posture:
        """Say that it is local, and in the country that the settings name.

        Raises: ServiceError when the directory is not there.
        """
        with _translated(), ExitStack() as stack:
            Folder.open(self._path, stack=stack)
        return Posture(region="local", country=self._country or None)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the files into the directory; see ``Channel.put``.

        Raises: RefusedError, ServiceError, InputError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        with _translated(), ExitStack() as stack:
            self._deliver(ordered, part=f".{clearance.nonce}.part", stack=stack)
        return tuple(
            Delivery(uri=self._destination + digest.name, sha256=digest.sha256, size=digest.size, version="")
            for digest, _ in ordered
        )

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look which files of a clearance are there; see ``Channel.delivered``.

        Raises: RefusedError, ServiceError.
        """
        files = [(file, Path(file.name)) for file in clearance.files]  # named only: nothing is read there
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        with _translated(), ExitStack() as stack:
            root = Folder.open(self._path, stack=stack)
            there = [
                root.beneath(PurePosixPath(digest.name).parent, stack=stack).holds(digest) for digest, _ in ordered
            ]
        return tuple(
            Delivery(uri=self._destination + digest.name, sha256=digest.sha256, size=digest.size, version="")
            if held
            else None
            for held, (digest, _) in zip(there, ordered, strict=True)
        )

    def _deliver(self, ordered: Sequence[tuple[FileDigest, Path]], *, part: str, stack: ExitStack) -> None:
        root = Folder.open(self._path, stack=stack)
        targets = [
            (root.beneath(PurePosixPath(digest.name).parent, stack=stack), digest, path) for digest, path in ordered
        ]
        # 1. Look: what an earlier attempt delivered stays; anything else there ends it before a byte is written.
        missing = [target for target in targets if not target[0].holds(target[1])]
        # 2. Write all beside their places, under names that only this clearance uses; they go whatever happens.
        for folder, digest, path in missing:
            temporary = _temporary(digest, part)
            stack.callback(folder.remove, temporary)
            folder.write(temporary, digest, path)
        # 3. Give them their names: a link is made in one step, and never over another file.
        for folder, digest, _ in missing:
            folder.name(_temporary(digest, part), digest)
        # 4. Make the names last, and clear away what this attempt, or one that died, no longer needs.
        for folder, digest, _ in targets:
            folder.sync()
            folder.remove(_temporary(digest, part))


def _temporary(digest: FileDigest, part: str) -> str:
    return f".{digest.sha256[:16]}{part}"


@contextmanager
def _translated() -> Iterator[None]:
    """Run the block; an error of the operating system in it becomes a ``ServiceError``, without the path."""
    try:
        yield
    except OSError as error:
        said = f"the destination directory: {os.strerror(error.errno or 0)}"
        if error.errno in FORBIDDEN:
            raise ForbiddenError(said, hint="let the gate write there, on a disk that knows hard links") from error
        if error.errno in FULL:
            raise UnavailableError(said, hint="make room on its disk, or for files of this size") from error
        if error.errno in UNFIT:
            raise MisconfiguredError(
                said, hint="name a directory that exists, by a path without symbolic links"
            ) from error
        raise UnavailableError(said) from error
