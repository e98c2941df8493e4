"""The channel to Azure Blob Storage and Google Cloud Storage: create-only, read back, resumable after any death.

An object is put under a name that only its clearance uses, read back, and copied by the store itself to its own name,
if that is free. What it says about itself binds it to the clearance: somebody else's object of the same bytes does not.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.destinations.blobs_store import Blobs, opened
from geogate.destinations.cleared import require_cleared, require_usable
from geogate.destinations.errors import ChangedError, CorruptedError, OccupiedError
from geogate.destinations.leave import require_time, writes_until
from geogate.destinations.stored_blobs import StoredBlobs, place_of_uri
from geogate.model.errors import GeogateError, InputError, RefusedError, ServiceError
from geogate.model.parties import Posture
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from obstore import Attributes

    from geogate.destinations.channel import ChannelSettings
    from geogate.model.dataset import FileDigest
    from geogate.model.parties import Place as Registered
    from geogate.model.release import Clearance

CLEARANCE: Final = "geogateclearance"
DIGEST: Final = "geogatesha256"
"""Names of metadata; those of Azure are identifiers of C#."""


class BlobChannel:
    """A way to one prefix of one container or bucket; ``blobs`` is for a store that the environment does not name."""

    def __init__(
        self,
        destination: str,
        *,
        settings: ChannelSettings,
        registered: Registered | None,
        blobs: Blobs | None = None,
    ) -> None:
        self._destination = destination
        self._blobs = blobs
        self._scheme, self._name, self._prefix = place_of_uri(destination)
        self._settings = settings
        self._registered = registered

    def posture(self) -> Posture:
        """Say where the place is, as its registration does: the store itself does not tell this client.

        Raises: ServiceError when it does not answer.
        """
        if self._registered is None:
            return Posture(region=None, country=None)
        place = StoredBlobs(self._destination, settings=self._settings, registered=self._registered)
        region, country = self._registered.region or None, self._registered.country or None
        attested = tuple(name for name, value in (("country", country), ("region", region)) if value)
        return Posture(region=region, country=country, attested=attested, traits=place.posture().traits)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the files below the prefix; see ``Channel.put``.

        Raises: RefusedError, ServiceError, InputError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        until = writes_until(self._settings.broker, (self._destination + digest.name for digest, _ in ordered))
        targets = self._targets([digest for digest, _ in ordered], clearance)
        _deliver([(target, path) for target, (_, path) in zip(targets, ordered, strict=True)], until=until)
        return tuple(self._delivery(digest) for digest, _ in ordered)

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look for what was delivered; see ``Channel.delivered``.

        Raises: RefusedError, ServiceError.
        """
        files = require_usable(clearance, destination=self._destination)
        targets = self._targets(files, clearance)
        for target in targets:
            target.blobs.removed(target.part)
        return tuple(self._delivery(each.digest) if _is_there(each) else None for each in targets)

    def _targets(self, files: Sequence[FileDigest], clearance: Clearance) -> list[_Target]:
        if self._registered is None:
            raise RefusedError("the place is not registered", hint="register it in recipients.yaml")
        blobs = self._blobs or opened(self._scheme, self._name, patience_s=self._settings.patience_s)
        return [
            _Target(blobs=blobs, key=self._prefix + file.name, digest=file, nonce=clearance.nonce) for file in files
        ]

    def _delivery(self, digest: FileDigest) -> Delivery:
        return Delivery(uri=self._destination + digest.name, sha256=digest.sha256, size=digest.size, version="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """One file on its way to one key."""

    blobs: Blobs
    key: str
    digest: FileDigest
    nonce: str

    @property
    def part(self) -> str:
        """The key that the object has until all are complete."""
        folder, _, name = self.key.rpartition("/")
        named = f".{hashlib.sha256(name.encode()).hexdigest()[:16]}.{self.nonce}.part"
        return f"{folder}/{named}" if folder else named

    @property
    def marks(self) -> Attributes:
        """What the object says about itself."""
        return {CLEARANCE: self.nonce, DIGEST: self.digest.sha256, "Content-Type": "application/octet-stream"}

    def is_done(self) -> bool:
        """Say whether the object is there, delivered under this clearance.

        Raises: OccupiedError for anything else under its key.
        """
        found = self.blobs.look(self.key)
        if found is None:
            return False
        ours = found.marks.get(CLEARANCE) == self.nonce and found.marks.get(DIGEST) == self.digest.sha256
        if not ours or self.blobs.sha256(self.key, size=self.digest.size) != self.digest.sha256:
            raise OccupiedError(self.digest.name)
        return True

    def prepare(self, path: Path) -> None:
        """Put the bytes beside the key, and read them back.

        Raises: ChangedError when they are not those that were cleared, CorruptedError when the store's are not.
        """
        try:
            size = path.stat().st_size
            if size == self.digest.size:
                self.blobs.put(self.part, path, size=size, marks=self.marks)
                if self.blobs.sha256(self.part, size=size) == self.digest.sha256:
                    return
            with path.open("rb") as staged:
                changed = hashlib.file_digest(staged, "sha256").hexdigest() != self.digest.sha256
        except OSError as error:
            said = f"the staged file {self.digest.name!r} cannot be read: {error.strerror}"
            raise InputError(said) from error
        if changed:
            raise ChangedError(self.digest.name)
        raise self._corrupted()

    def publish(self) -> None:
        """Give the object its key, if that is free or has it already, and look at what lies there then.

        Raises: OccupiedError, CorruptedError.
        """
        if not self.blobs.copied(self.part, self.key) and not self.is_done():
            raise OccupiedError(self.digest.name)
        if not self.is_done():
            raise self._corrupted()
        self.blobs.removed(self.part)

    def _corrupted(self) -> CorruptedError:
        return CorruptedError(f"the store holds other bytes than those sent as {self.digest.name!r}")


def _deliver(targets: Sequence[tuple[_Target, Path]], *, until: datetime) -> None:
    # 1. Look: what an earlier attempt delivered stays; anything else there ends it before a byte is sent.
    missing = [(target, path) for target, path in targets if not target.is_done()]
    try:
        # 2. Put all beside their keys, under names that only this clearance uses, and read them back.
        for target, path in missing:
            require_time(until)
            target.prepare(path)
        # 3. Give them their keys, one after the other; a death in between is taken up by the next attempt.
        for target, _ in missing:
            require_time(until)
            target.publish()
    except GeogateError:
        for target, _ in missing:
            with suppress(ServiceError):
                target.blobs.removed(target.part)
        raise
    # 4. Clear away what an attempt that died after the last step may have left.
    for target in (target for target, _ in targets if all(target is not each for each, _ in missing)):
        target.blobs.removed(target.part)


def _is_there(target: _Target) -> bool:
    try:
        return target.is_done()
    except OccupiedError:
        return False
