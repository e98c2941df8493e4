"""The channel to S3: create-only, checked against the store's own checksum, resumable after any death."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from geogate.destinations import s3_posture, s3_session
from geogate.destinations.channel import OWNER
from geogate.destinations.cleared import require_cleared, require_usable
from geogate.destinations.s3_errors import translated
from geogate.destinations.s3_store import S3Object
from geogate.destinations.s3_upload import earlier, found, prepare
from geogate.model.errors import RefusedError
from geogate.model.parties import Posture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import boto3
    from types_boto3_s3 import S3Client

    from geogate.destinations.channel import ChannelSettings
    from geogate.model.dataset import FileDigest
    from geogate.model.release import Clearance, Delivery


class S3Channel:
    """A way to one prefix of one bucket.

    ``session`` is for credentials that are not in the environment.
    """

    def __init__(
        self, destination: str, *, settings: ChannelSettings, owner: str = "", session: boto3.Session | None = None
    ) -> None:
        self._destination = destination
        self._bucket, _, self._prefix = destination.removeprefix("s3://").partition("/")
        self._settings = settings
        self._owner = owner
        self._session = session

    def posture(self) -> Posture:
        """Ask the bucket what it is like; the country is that of its region in AWS's table.

        Raises: ServiceError when the bucket cannot be asked.
        """
        found = s3_posture.posture(self._bucket, owner=self._owner, session=self._open())
        said = dict(found.traits)
        return Posture(region=said["region"], country=said["country"], traits=found.traits)

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the files below the prefix; see ``Channel.put``.

        Raises: RefusedError, ServiceError, InputError.
        """
        ordered = require_cleared(files, clearance=clearance, destination=self._destination)
        with translated(f"bucket {self._bucket}"):
            targets = self._targets(tuple(digest for digest, _ in ordered), clearance)
            return self._deliver([(target, path) for target, (_, path) in zip(targets, ordered, strict=True)])

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Look for what was delivered; see ``Channel.delivered``.

        Raises: RefusedError, ServiceError.
        """
        files = require_usable(clearance, destination=self._destination)
        with translated(f"bucket {self._bucket}"):
            targets = self._targets(files, clearance)
            _clear_away(targets)
            return tuple(found(target) for target in targets)

    def _targets(self, files: tuple[FileDigest, ...], clearance: Clearance) -> tuple[S3Object, ...]:
        if not OWNER.fullmatch(clearance.destination_owner):
            raise RefusedError("the clearance does not name the account that owns the bucket")
        if self._owner not in {"", clearance.destination_owner}:
            raise RefusedError("the clearance names another owner of the bucket")
        client_for = self._clients()
        return tuple(
            S3Object(
                client_of=client_for(self._prefix + digest.name),
                bucket=self._bucket,
                owner=clearance.destination_owner,
                key=self._prefix + digest.name,
                nonce=clearance.nonce,
                digest=digest,
            )
            for digest in files
        )

    def _deliver(self, targets: Sequence[tuple[S3Object, Path]]) -> tuple[Delivery, ...]:
        # 1. Clear away what an attempt that died has begun.
        _clear_away([target for target, _ in targets])
        # 2. Look: what an earlier attempt delivered stays; anything else there ends it before a byte is sent.
        done = {target.key: earlier(target) for target, _ in targets}
        alone, part_size = len(targets) == 1, self._settings.part_size
        with ExitStack() as cleanup:
            # 3. Prepare all: nothing is visible yet, and a changed file ends it here.
            ready = {
                target.key: prepare(target, path, alone=alone, part_size=part_size, cleanup=cleanup)
                for target, path in targets
                if done[target.key] is None
            }
            # 4. Publish one after the other; a death in between is taken up by the next attempt.
            deliveries = tuple(done[target.key] or ready[target.key].publish() for target, _ in targets)
            cleanup.pop_all()
        return deliveries

    def _clients(self) -> Callable[[str], Callable[[], S3Client]]:
        """Say how each key gets its client: all the ambient one, or each a session of the releaser of its own."""
        session, role, broker = self._open(), self._settings.releaser_role, self._settings.broker
        if not role:
            client = s3_session.ambient(session)
            return lambda _: lambda: client
        return lambda key: (
            s3_session.Releaser(session=session, role=role, broker=broker, bucket=self._bucket, key=key).client
        )

    def _open(self) -> boto3.Session:
        return self._session or s3_session.opened()


def _clear_away(targets: Sequence[S3Object]) -> None:
    for target in targets:
        for upload in target.leftovers():
            target.abort(upload)
