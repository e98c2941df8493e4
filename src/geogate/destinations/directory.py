"""The channel to a local directory: create-only, read back and synced, resumable after any death.

Every step goes through descriptors of directories that were opened without following a link, so that nobody can
swap a directory for a link on the way.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from geogate.destinations.cleared import require_cleared, require_usable
from geogate.destinations.errors import ForbiddenError, MisconfiguredError, OccupiedError, UnavailableError
from geogate.destinations.folder import Folder
from geogate.destinations.stored_folder import StoredInFolder
from geogate.model.parties import Posture
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from geogate.model.dataset import FileDigest
    from geogate.model.release import Clearance

FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
UNFIT: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EOPNOTSUPP, errno.EMLINK, errno.ENAMETOOLONG})
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DirectoryChannel:
    """A way to one directory, which exists already: a share that is not mounted must not become a local folder."""

    def __init__(self, destination: str, *, country: str) -> None:
        self._destination = destination
        self._path = PurePosixPath(destination.removeprefix("file://"))
        self._country = country

    def posture(self) -> Posture:
        """Say that it is local, and in the country that the settings name.

        Raises: ServiceError when the directory is not there.
        """
        found = StoredInFolder(self._destination, country=self._country).posture()
        return Posture(region="local", country=self._country or None, traits=found.traits)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the files into the directory; see ``Channel.put``.

        Raises: RefusedError, ServiceError, InputError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        with _translated(), ExitStack() as stack:
            targets = self._targets([digest for digest, _ in ordered], clearance, stack=stack)
            _deliver([(target, path) for target, (_, path) in zip(targets, ordered, strict=True)])
        return tuple(self._delivery(digest) for digest, _ in ordered)

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look for what was delivered; see ``Channel.delivered``.

        Raises: RefusedError, ServiceError.
        """
        files = require_usable(clearance, destination=self._destination)
        with _translated(), ExitStack() as stack:
            targets = self._targets(files, clearance, stack=stack)
            return tuple(self._delivery(target.digest) if _is_there(target) else None for target in targets)

    def _targets(self, files: Sequence[FileDigest], clearance: Clearance, *, stack: ExitStack) -> list[Target]:
        """Open the folder of each file; temporary files of this clearance are gone when the stack ends."""
        root = Folder.open(self._path, stack=stack)
        targets = []
        for digest in files:
            folder = root.beneath(PurePosixPath(digest.name).parent, stack=stack)
            temporary = f".{digest.sha256[:16]}.{clearance.nonce}.part"
            stack.callback(folder.remove, temporary)
            targets.append(Target(folder=folder, digest=digest, temporary=temporary))
        return targets

    def _delivery(self, digest: FileDigest) -> Delivery:
        return Delivery(uri=self._destination + digest.name, sha256=digest.sha256, size=digest.size, version="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One file on its way: the folder that it goes to, and its name there until it is complete."""

    folder: Folder
    digest: FileDigest
    temporary: str


def _deliver(targets: Sequence[tuple[Target, Path]]) -> None:
    # 1. Look: what an earlier attempt delivered stays; anything else there ends it before a byte is written.
    missing = [(target, path) for target, path in targets if not target.folder.holds(target.digest)]
    # 2. Write all beside their places, under names that only this clearance uses.
    for target, path in missing:
        target.folder.write(target.temporary, target.digest, path)
    # 3. Give them their names: a link is made in one step, and never over another file.
    for target, _ in missing:
        target.folder.name(target.temporary, target.digest)
    # 4. Make the names last, those too that an attempt that died may not have come to.
    for target, _ in targets:
        target.folder.sync()


def _is_there(target: Target) -> bool:
    try:
        return target.folder.holds(target.digest)
    except OccupiedError:
        return False


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
