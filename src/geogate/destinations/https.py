"""The channel to a place behind HTTPS PUT: create-only, read back over the wire, resumable after any death.

A file is seen as soon as it is whole at the server: there is no step that makes all of a release visible at once.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from geogate.destinations.arrived import Arrived
from geogate.destinations.cleared import require_cleared, require_usable
from geogate.destinations.errors import (
    ChangedError,
    CorruptedError,
    MisconfiguredError,
    OccupiedError,
    UnavailableError,
)
from geogate.destinations.https_client import ABSENT, CHUNK, Body, Client, EndlessError
from geogate.destinations.https_conditions import CREATE, REPLACED, ReplacedError
from geogate.destinations.https_posture import BY_FILE, Shown, posture_of
from geogate.destinations.https_uri import escaped, path_of
from geogate.destinations.leave import writes_until
from geogate.model.errors import InputError, RefusedError
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.model.dataset import FileDigest
    from geogate.model.parties import Place, Posture
    from geogate.model.release import Clearance

BYTES: Final = "application/octet-stream"


class HttpsChannel:
    """A way to one folder of one server, which must be registered."""

    def __init__(self, destination: str, *, settings: ChannelSettings, registered: Place | None) -> None:
        self._destination = destination
        self._path = path_of(destination)
        self._settings = settings
        self._registered = registered

    def posture(self) -> Posture:
        """Ask the server, and say what was attested of it; see ``https_posture``.

        Raises: ServiceError, UsageError, PolicyError.
        """
        file, shown = self._settings.https_file, shown_in(self._destination, self._settings)
        return posture_of(self._destination, file=file, registered=self._registered, shown=shown)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the files into the folder; see ``Channel.put``. Each is seen as soon as it is there.

        Raises: RefusedError, ServiceError, InputError, UsageError, PolicyError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        if self._settings.broker is None:
            raise RefusedError("nobody has verified the clearance and claimed it", hint="send with geogate send")
        arrived = Arrived(of=len(ordered), what="files")
        with self._client() as client, arrived.told():
            self._deliver(client, ordered, arrived)
        return tuple(self._delivery(digest) for digest, _ in ordered)

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look for what was delivered; see ``Channel.delivered``.

        Raises: RefusedError, ServiceError, UsageError, PolicyError.
        """
        files = require_usable(clearance, destination=self._destination)
        with self._client() as client:
            return tuple(self._delivery(digest) if self._is_there(client, digest) else None for digest in files)

    def _client(self) -> Client:
        if self._registered is None:
            raise RefusedError("the place is not registered any more", hint="enter it in recipients.yaml")
        pins = self._registered.certificate_keys
        return Client.to(self._destination, file=self._settings.https_file, pins=pins)

    def _deliver(self, client: Client, files: Sequence[tuple[FileDigest, Path]], arrived: Arrived) -> None:
        # 1. Look: what an earlier attempt delivered stays; anything else there ends it before a byte is sent.
        missing = self._missing(client, files, arrived)
        # 2. Read all that is to be sent: where one file has changed, none arrives.
        for digest, path in missing:
            for _ in _checked(digest, path):
                pass
        # 3. See that the server creates only where it is told so, with a file that has nothing in it.
        if missing:
            self._require_preconditions(client)
        # 4. Put one after the other; a death in between is taken up by the next attempt.
        for digest, path in missing:
            # What was recalled or has expired meanwhile is not put.
            writes_until(self._settings.broker, [self._destination + digest.name])
            self._put(client, digest, path, arrived)

    def _missing(
        self, client: Client, files: Sequence[tuple[FileDigest, Path]], arrived: Arrived
    ) -> list[tuple[FileDigest, Path]]:
        """Look for all files, count those that are there, and give the others.

        Raises: OccupiedError where something else has a name, ServiceError.
        """
        missing: list[tuple[FileDigest, Path]] = []
        taken: list[OccupiedError] = []
        for digest, path in files:
            try:
                found = holds(client, self._path, digest)
            except OccupiedError as error:
                taken.append(error)
                continue
            arrived.there += found
            if not found:
                missing.append((digest, path))
        if taken:
            raise taken[0]
        return missing

    def _put(self, client: Client, digest: FileDigest, path: Path, arrived: Arrived) -> None:
        body = Body(chunks=_checked(digest, path), size=digest.size, kind=BYTES)
        checksum = base64.b64encode(bytes.fromhex(digest.sha256)).decode()
        headers = CREATE | {"Content-Digest": f"sha-256=:{checksum}:"}  # RFC 9530
        with client.ask("PUT", self._path + escaped(digest.name), headers=headers, body=body) as answer:
            status, refused = answer.status, answer.refuse(f"putting {digest.name!r}")
        arrived.there += status in {HTTPStatus.CREATED, *REPLACED}
        if status in REPLACED:
            raise ReplacedError(digest.name)
        if status not in {HTTPStatus.CREATED, HTTPStatus.PRECONDITION_FAILED}:
            raise _without_folder(status, digest) or refused
        if not holds(client, self._path, digest, ours=status == HTTPStatus.CREATED):
            raise UnavailableError(f"{client.server.authority}: what was put as {digest.name!r} is not there")

    def _require_preconditions(self, client: Client) -> None:
        """Ask for a change of a file that is not there: who heeds conditions refuses, and nothing is written.

        Raises: MisconfiguredError.
        """
        name = f".geogate-{secrets.token_hex(8)}"
        headers = {"If-Match": f'"{secrets.token_hex(8)}"'}  # RFC 9110, section 13.1.1
        with client.ask("PUT", self._path + name, headers=headers, body=Body(chunks=(), size=0, kind=BYTES)) as answer:
            if answer.status == HTTPStatus.PRECONDITION_FAILED:
                return
            if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                raise answer.refuse("seeing whether it heeds conditions")
        raise MisconfiguredError(
            f"{client.server.authority}: the server heeds no conditions, so that it could overwrite; nothing was sent",
            hint=f"let it heed If-Match and If-None-Match (RFC 9110), and remove the empty file {name}",
        )

    def _is_there(self, client: Client, digest: FileDigest) -> bool:
        try:
            return holds(client, self._path, digest)
        except OccupiedError:
            return False

    def _delivery(self, digest: FileDigest) -> Delivery:
        return Delivery(uri=self._destination + digest.name, sha256=digest.sha256, size=digest.size, version="")


def shown_in(place: str, settings: ChannelSettings) -> Shown:
    """Say how files show themselves in a place, with one that was sent there."""
    last = settings.last_sent(place) if settings.last_sent else None
    path = None if last is None else path_of(place) + escaped(last.uri.removeprefix(place))
    return Shown(appears=BY_FILE, path=path)


def holds(client: Client, folder: str, digest: FileDigest, *, ours: bool = False) -> bool:
    """Say whether a file is at the server, by reading it; ``ours`` says that it was put there a moment ago.

    Raises: OccupiedError when something else has its name, CorruptedError where that should be ours; ServiceError.
    """
    with client.ask("GET", folder + escaped(digest.name), most=digest.size) as answer:
        if answer.status in ABSENT:
            return False
        if answer.status != HTTPStatus.OK:
            raise answer.refuse(f"reading {digest.name!r}")
        if answer.size in {None, digest.size}:
            read = hashlib.sha256()
            try:
                for chunk in answer.chunks(digest.size):
                    read.update(chunk)
            except EndlessError:
                read.update(b"and more")
            if read.hexdigest() == digest.sha256:
                return True
    if ours:
        raise CorruptedError(f"{client.server.authority}: the server holds other bytes than {digest.name!r} has")
    raise OccupiedError(digest.name)


def _checked(digest: FileDigest, path: Path) -> Iterator[bytes]:
    """Read a file in pieces; the last one is given only when all of them are what was cleared.

    Raises: ChangedError, InputError.
    """
    read, size, held = hashlib.sha256(), 0, b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                if held:
                    yield held
                held, size = chunk, size + len(chunk)
                read.update(chunk)
                if size > digest.size:
                    raise ChangedError(digest.name)
    except OSError as error:
        raise InputError(f"the staged file {digest.name!r} cannot be read: {error.strerror}") from error
    if size != digest.size or read.hexdigest() != digest.sha256:
        raise ChangedError(digest.name)
    if held:
        yield held


def _without_folder(status: int, digest: FileDigest) -> MisconfiguredError | None:
    """Make the error about a folder that is not there, which some servers call a conflict."""
    if status not in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
        return None
    return MisconfiguredError(
        f"the server has no folder for {digest.name!r}", hint="have it made; geogate puts files and makes no folders"
    )
