"""The channel to a folder on an SFTP server: create-only, read back over the wire, resumable after any death.

Whoever runs the server can change anything there at any time, also in the middle: the protocol has no way to hold a
folder. What is checked is that nobody else did by accident, and that the server is the one that was registered.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import asyncssh

from geogate.destinations.cleared import require_cleared, require_usable
from geogate.destinations.errors import OccupiedError
from geogate.destinations.leave import require_time, writes_until
from geogate.destinations.notes import Note, note_of
from geogate.destinations.sftp_files import is_file
from geogate.destinations.sftp_session import Server, on_server
from geogate.destinations.stored_sftp import StoredOnServer, server_of
from geogate.model.errors import GeogateError, RefusedError
from geogate.model.parties import SERVER, Posture
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.destinations.sftp_files import Files
    from geogate.model.dataset import FileDigest
    from geogate.model.parties import Place as Registered
    from geogate.model.release import Clearance

PART: Final = ".part"

NOWHERE: Final = Posture(region=None, country=None)
"""The posture of a server that nobody registered: it is not asked, and so says nothing."""


class SftpChannel:
    """A way to one folder, which exists already, on one server, which is known by its registered keys."""

    def __init__(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> None:
        self._destination = destination
        self._settings = settings
        self._registered = registered
        self._server, self._path = server_of(destination, settings=settings, registered=registered)

    def posture(self) -> Posture:
        """Say what the server and its folder are like; the country is the one that was registered.

        Raises: ServiceError when the server does not answer, or is another one.
        """
        if self._registered is None:
            return NOWHERE
        place = StoredOnServer(self._destination, settings=self._settings, registered=self._registered)
        country = self._registered.country or None
        attested = ("country",) if country else ()
        return Posture(region=SERVER, country=country, attested=attested, traits=place.posture().traits)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the files into the folder; see ``Channel.put``.

        Raises: RefusedError, ServiceError, InputError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        until = writes_until(self._settings.broker, (self._destination + digest.name for digest, _ in ordered))
        sending = _Sending(path=self._path, note=note_of(clearance), clearance=clearance, until=until)
        on_server(self._known(), lambda there: sending.deliver(there, ordered))
        return tuple(self._delivery(digest) for digest, _ in ordered)

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look for what was delivered; see ``Channel.delivered``.

        Raises: RefusedError, ServiceError.
        """
        files = require_usable(clearance, destination=self._destination)
        sending = _Sending(path=self._path, note=note_of(clearance), clearance=clearance, until=None)
        found = on_server(self._known(), lambda there: sending.look_back(there, files))
        return tuple(self._delivery(file) if done else None for file, done in zip(files, found, strict=True))

    def _known(self) -> Server:
        if not self._server.host_keys:
            hint = "register the place with its host keys in recipients.yaml"
            raise RefusedError("no host key is registered for the server of this destination", hint=hint)
        return self._server

    def _delivery(self, digest: FileDigest) -> Delivery:
        return Delivery(uri=self._destination + digest.name, sha256=digest.sha256, size=digest.size, version="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """One file on its way: its name on the server, and the one that it has there until all are complete."""

    digest: FileDigest
    path: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """One attempt under a clearance, which may write ``until`` its end; without one it only looks."""

    path: str
    note: Note
    clearance: Clearance
    until: datetime | None

    async def deliver(self, there: Files, files: Sequence[tuple[FileDigest, Path]]) -> None:
        await there.folder(self.path)
        pairs = [(self._target(digest), path) for digest, path in files]
        # 1. Look: what an earlier attempt delivered stays; anything else there ends it before a byte is written.
        prepared = await self._prepared(there)
        missing = [pair for pair in pairs if not await self._is_done(there, pair[0], prepared=prepared)]
        try:
            # 2. Write all beside their places, under names that only this clearance uses, and read them back.
            for target, path in missing:
                await self._prepare(there, target, path, again=prepared)
            # 3. Write the note: from here on a file that has its name and no other one is ours.
            if not prepared:
                await self._write_note(there)
        except (GeogateError, asyncssh.Error, OSError):
            if not prepared:
                await self._clear_away(there, [target.part for target, _ in missing])
            raise
        # 4. Give them their names, in one step each, and never over another file.
        for target, _ in missing:
            require_time(self.until)
            if not await there.renamed(target.part, target.path):
                raise OccupiedError(target.digest.name)

    async def look_back(self, there: Files, files: Sequence[FileDigest]) -> list[bool]:
        await there.folder(self.path)
        targets = [self._target(file) for file in files]
        prepared = await self._prepared(there)
        found = []
        for target in targets:
            try:
                found.append(await self._is_done(there, target, prepared=prepared))
            except OccupiedError:
                found.append(False)
        for target in targets:
            await there.removed(target.part)
        if not any(found):
            await there.removed(_join(self.path, self.note.part))
            if prepared:
                await there.removed(self._note_path)
        return found

    async def _clear_away(self, there: Files, parts: Sequence[str]) -> None:
        """Remove what was begun, on the way out; what went wrong is the news, and the next attempt removes it too."""
        with suppress(asyncssh.Error, OSError):
            for part in (*parts, _join(self.path, self.note.part)):
                await there.removed(part)

    @property
    def _note_path(self) -> str:
        return _join(self.path, self.note.name)

    def _target(self, digest: FileDigest) -> _Target:
        folder = _join(self.path, str(PurePosixPath(digest.name).parent))
        named = hashlib.sha256(digest.name.encode()).hexdigest()[:16]
        part = _join(folder, f".{named}.{self.clearance.nonce}{PART}")
        return _Target(digest=digest, path=_join(self.path, digest.name), part=part)

    async def _prepared(self, there: Files) -> bool:
        """Say whether an earlier attempt had prepared all files."""
        found = await there.look(self._note_path)
        if found is None:
            return False
        said = hashlib.sha256(self.note.content).hexdigest()
        if not is_file(found) or await there.sha256(self._note_path, size=len(self.note.content)) != said:
            raise OccupiedError(self.note.name)
        return True

    async def _is_done(self, there: Files, target: _Target, *, prepared: bool) -> bool:
        """Say whether an earlier attempt gave a file its name.

        Raises: OccupiedError for anything else that has it: the same bytes too, if somebody else put them there.
        """
        found = await there.look(target.path)
        if found is None:
            return False
        if not prepared or not is_file(found) or found.size != target.digest.size:
            raise OccupiedError(target.digest.name)
        if await there.look(target.part) is not None:
            if not await there.same_file(target.part, target.path):
                raise OccupiedError(target.digest.name)
            await there.removed(target.part)
        if await there.sha256(target.path, size=target.digest.size) != target.digest.sha256:
            raise OccupiedError(target.digest.name)
        return True

    async def _prepare(self, there: Files, target: _Target, path: Path, *, again: bool) -> None:
        """Write a part, or keep the one of an earlier attempt that was whole."""
        digest = target.digest
        kept = again and await there.look(target.part) is not None
        if kept and await there.sha256(target.part, size=digest.size) == digest.sha256:
            return
        await self._make_folders(there, digest)
        await there.removed(target.part)
        require_time(self.until)
        await there.write(target.part, digest, path)

    async def _make_folders(self, there: Files, digest: FileDigest) -> None:
        folder = self.path
        for name in PurePosixPath(digest.name).parent.parts:
            folder = _join(folder, name)
            await there.made(folder)

    async def _write_note(self, there: Files) -> None:
        part = _join(self.path, self.note.part)
        await there.removed(part)
        await there.write_text(part, self.note.content)
        if not await there.renamed(part, self._note_path):
            raise OccupiedError(self.note.name)


def _join(folder: str, name: str) -> str:
    return str(PurePosixPath(folder) / name)
