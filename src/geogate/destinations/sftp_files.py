"""Files on an SFTP server: looked at without following a link, written once, read back, renamed never over another."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

import asyncssh

from geogate.destinations.errors import ChangedError, CorruptedError, GoneError, MisconfiguredError, UnavailableError
from geogate.model.errors import InputError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from pathlib import Path

    from geogate.model.dataset import FileDigest
    from geogate.model.errors import ServiceError

T = TypeVar("T")

CHUNK: Final = 1 << 20
_ABSENT: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory)
_TAKEN: Final = (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists)
"""How servers say that a name is taken; those of version 3 of the protocol have no word of its own for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What lies on the server that answers; ``host_key`` is the fingerprint of the key that it proved to have.

    Units: ``patience_s`` in seconds, for which each answer is awaited.

    Raises: the errors of asyncssh from all that asks the server, for the caller to translate.
    """

    client: asyncssh.SFTPClient
    host_key: str
    patience_s: float

    async def look(self, path: str) -> asyncssh.SFTPAttrs | None:
        """Ask what has a name, a link itself and not what it leads to; ``None`` where nothing has."""
        try:
            return await self._answered(self.client.lstat(path))
        except _ABSENT:
            return None

    async def folder(self, path: str) -> asyncssh.SFTPAttrs:
        """Look at a folder, which must be one, and all above it too.

        Raises: MisconfiguredError for a path that leads through a link, or to no folder.
        """
        parts = path.strip("/").split("/")
        found = None
        for end in range(len(parts) + 1):
            found = await self.look("/" + "/".join(parts[:end]))
            if found is None or not is_folder(found):
                break
        said = "name a folder that exists, by a path without symbolic links"
        if found is None or not is_folder(found):
            raise MisconfiguredError("the destination is no folder on its server", hint=said)
        # A server may resolve what it does not show as a link.
        if await self._answered(self.client.realpath(path)) != (path.rstrip("/") or "/"):
            raise MisconfiguredError("the destination is another folder by another name", hint=said)
        return found

    async def made(self, path: str) -> None:
        """Make a folder where there is none.

        Raises: MisconfiguredError where something else has its name.
        """
        if await self.look(path) is None:
            with suppress(*_TAKEN):
                await self._answered(self.client.mkdir(path))
        found = await self.look(path)
        if found is None or not is_folder(found):
            raise MisconfiguredError("a folder of the destination is a link or a file", hint="have it removed first")

    async def sha256(self, path: str, *, size: int) -> Sha256 | None:
        """Read a file of ``size`` bytes back; ``None`` where it has more or fewer, is none, or is gone."""
        digest, read = hashlib.sha256(), 0
        try:
            async for chunk in self.chunks(path):
                digest.update(chunk)
                read += len(chunk)
                if read > size:
                    return None
        except GoneError:
            return None
        return Sha256(digest.hexdigest()) if read == size else None

    async def chunks(self, path: str) -> AsyncIterator[bytes]:
        """Read a file.

        Raises: GoneError when it is not there, or is no file.
        """
        found = await self.look(path)
        if found is None or not is_file(found):
            raise GoneError(path.rpartition("/")[2])
        try:
            file = await self._answered(self.client.open(path, "rb"))
        except _ABSENT as error:
            raise GoneError(path.rpartition("/")[2]) from error
        at = 0
        while chunk := await self._answered(file.read(CHUNK, at)):
            yield cast("bytes", chunk)
            at += len(chunk)
        # After an error nothing waits for an answer again: what is open ends with the connection.
        await self._answered(file.close())

    async def write(self, path: str, digest: FileDigest, source: Path) -> None:
        """Copy a local file to a new one, and read that back over the wire.

        Raises: ChangedError when the source is not what was cleared, CorruptedError when the server's copy is not,
            UnavailableError when that is gone.
        """
        try:
            staged = source.open("rb")
        except OSError as error:
            reason = os.strerror(error.errno or errno.EIO)
            raise InputError(f"the staged file {digest.name!r} cannot be read: {reason}") from error
        with staged:
            copied, size = hashlib.sha256(), 0
            file = await self._created(path)
            while chunk := staged.read(CHUNK):
                copied.update(chunk)
                await self._answered(file.write(chunk, size))
                size += len(chunk)
            await self._closed(file)
        if size != digest.size or copied.hexdigest() != digest.sha256:
            raise ChangedError(digest.name)
        if await self.sha256(path, size=digest.size) != digest.sha256:
            raise await self._unlike(path, f"what was written as {digest.name!r}")

    async def write_text(self, path: str, content: bytes) -> None:
        """Write a short new file, and read it back.

        Raises: CorruptedError, UnavailableError.
        """
        file = await self._created(path)
        await self._answered(file.write(content, 0))
        await self._closed(file)
        if await self.sha256(path, size=len(content)) != hashlib.sha256(content).hexdigest():
            raise await self._unlike(path, "the note")

    async def _unlike(self, path: str, what: str) -> ServiceError:
        """Say why something is not what was written a moment ago."""
        if await self.look(path) is None:
            return UnavailableError(f"{what} is gone from the server again")
        return CorruptedError(f"the server holds other bytes than those of {what}")

    async def renamed(self, path: str, new: str) -> bool:
        """Give a file another name, if nothing has that yet; says whether it was given.

        The plain request of the protocol refuses a name that is taken, where ``posix-rename@openssh.com`` overwrites.
        """
        try:
            await self._answered(self.client.rename(path, new))
        except _TAKEN:
            if await self.look(new) is None:
                raise
            return False
        return True

    async def removed(self, path: str) -> None:
        """Remove a file if it is there."""
        try:
            await self._answered(self.client.remove(path))
        except _ABSENT:
            return

    async def same_file(self, path: str, other: str) -> bool:
        """Say whether two names are of one file: what is done to one is seen at the other.

        A server renames by a second name, and may die before it takes the first one away.
        """
        before = await self.look(other)
        if before is None or before.mtime is None:
            return False
        marked = before.mtime + 1
        await self._answered(self.client.utime(path, (marked, marked)))
        after = await self.look(other)
        return after is not None and after.mtime == marked

    async def listed(self, path: str, *, most: int) -> list[tuple[str, asyncssh.SFTPAttrs]]:
        """List a folder, at most so many names; one that is not there has none.

        Raises: MisconfiguredError for more, or for names that cannot be.
        """
        found: list[tuple[str, asyncssh.SFTPAttrs]] = []
        try:
            names = self.client.scandir(path)
            while (entry := await self._answered(anext(names, None))) is not None:
                if entry.filename in {".", ".."}:
                    continue
                name = str(entry.filename)
                if not name or "/" in name or "\0" in name or len(found) == most:
                    raise MisconfiguredError("the server's listing is endless, or has names that cannot be")
                found.append((name, entry.attrs))
        except _ABSENT:
            return []
        return found

    async def _created(self, path: str) -> asyncssh.SFTPClientFile:
        return await self._answered(self.client.open(path, "xb"))

    async def _answered(self, question: Awaitable[T]) -> T:
        return await asyncio.wait_for(question, self.patience_s)

    async def _closed(self, file: asyncssh.SFTPClientFile) -> None:
        """Make the bytes last, where the server can, and close the file."""
        with suppress(asyncssh.SFTPOpUnsupported):
            await self._answered(file.fsync())
        await self._answered(file.close())


def is_file(found: asyncssh.SFTPAttrs) -> bool:
    """Say whether it is a regular file, as far as the server tells."""
    return found.permissions is not None and stat.S_ISREG(found.permissions)


def is_folder(found: asyncssh.SFTPAttrs) -> bool:
    """Say whether it is a folder, as far as the server tells."""
    return found.permissions is not None and stat.S_ISDIR(found.permissions)
