"""Two steps to an object: prepare what nobody can see yet, then make it visible in one request, never over another."""

from __future__ import annotations

import base64
import hashlib
import logging
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from geogate.destinations.errors import ChangedError, OccupiedError
from geogate.destinations.s3_errors import code_of
from geogate.destinations.s3_store import S3Object, base64_of, named_version
from geogate.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from geogate.model.release import Delivery

log = logging.getLogger(__name__)

MEBIBYTE: Final = 1 << 20
MOST_PARTS: Final = 10_000
"""Source: Amazon S3 User Guide, multipart upload limits."""

TAKEN: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchUpload"})
"""Somebody was quicker, and that may be an earlier attempt of ours whose answer was lost."""


class Prepared(Protocol):
    """A file that is ready to become visible."""

    def publish(self) -> Delivery:
        """Make it visible and compare what the store then holds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPut:
    """A single small file, put in one request."""

    target: S3Object
    path: Path

    def publish(self) -> Delivery:
        """Put the file; the bytes are hashed once more, in memory, just before.

        Raises: ChangedError, OccupiedError, CorruptedError; botocore's errors.
        """
        target = self.target
        with _opened(target, self.path) as file:
            body = file.read(target.digest.size + 1)
        if len(body) != target.digest.size or hashlib.sha256(body).hexdigest() != target.digest.sha256:
            raise ChangedError(target.digest.name)

        def put() -> str:
            answer = target.client.put_object(
                **target.where,
                **target.marks,
                Body=body,
                ChecksumSHA256=base64_of(target.digest.sha256),
                IfNoneMatch="*",
            )
            return answer.get("VersionId", "")

        return _published(target, put)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedUpload:
    """A file whose parts are at the store, where nobody can read them before the upload is completed."""

    target: S3Object
    upload: str
    parts: tuple[Any, ...]
    composite: str

    def publish(self) -> Delivery:
        """Complete the upload.

        Raises: OccupiedError, CorruptedError; botocore's errors.
        """
        target = self.target

        def complete() -> str:
            answer = target.client.complete_multipart_upload(
                **target.where, UploadId=self.upload, MultipartUpload={"Parts": list(self.parts)}, IfNoneMatch="*"
            )
            return answer.get("VersionId", "")

        return _published(target, complete, composite=self.composite)


def prepare(target: S3Object, path: Path, *, alone: bool, part_size: int, cleanup: ExitStack) -> Prepared:
    """Prepare a file; ``alone`` says that it is the only one, so that one atomic request can be enough.

    Raises: ChangedError when the bytes are not those that were cleared; botocore's errors.
    """
    if alone and target.digest.size <= part_size:
        return PreparedPut(target=target, path=path)
    return _upload_parts(target, path, part_size=part_size, cleanup=cleanup)


def _upload_parts(target: S3Object, path: Path, *, part_size: int, cleanup: ExitStack) -> PreparedUpload:
    begun = target.client.create_multipart_upload(**target.where, **target.marks, ChecksumAlgorithm="SHA256")
    upload = begun["UploadId"]
    cleanup.callback(_abandon, target, upload)
    whole, parts, sums, size = hashlib.sha256(), [], b"", 0
    with _opened(target, path) as file:
        for number, chunk in enumerate(_chunks(file, _size_of_part(target, part_size)), start=1):
            whole.update(chunk)
            size += len(chunk)
            if size > target.digest.size:
                raise ChangedError(target.digest.name)
            checksum = hashlib.sha256(chunk).digest()
            sums += checksum
            parts.append(_upload_part(target, upload, number, chunk))
    if size != target.digest.size or whole.hexdigest() != target.digest.sha256:
        raise ChangedError(target.digest.name)
    composite = base64.b64encode(hashlib.sha256(sums).digest()).decode()
    return PreparedUpload(target=target, upload=upload, parts=tuple(parts), composite=f"{composite}-{len(parts)}")


def _upload_part(target: S3Object, upload: str, number: int, chunk: bytes) -> Any:
    checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
    answer = target.client.upload_part(
        **target.where, UploadId=upload, PartNumber=number, Body=chunk, ChecksumSHA256=checksum
    )
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}


def _size_of_part(target: S3Object, part_size: int) -> int:
    """Return the size of a part with which the file has at most 10,000 of them, in whole mebibytes."""
    least = -(-target.digest.size // MOST_PARTS)
    return max(part_size, -(-least // MEBIBYTE) * MEBIBYTE)


def _chunks(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Cut a file into parts; an empty file has one, which is empty."""
    first = file.read(size)
    yield first
    while chunk := file.read(size):
        yield chunk


def _opened(target: S3Object, path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"the staged file {target.digest.name!r} cannot be read: {error.strerror}") from error


def _published(target: S3Object, publish: Callable[[], str], *, composite: str = "") -> Delivery:
    try:
        version = publish()
    except ClientError as error:
        if code_of(error) not in TAKEN:
            raise
        delivery = earlier(target)
        if delivery is None:
            raise  # a race with a sending that failed: the key is free again, and the next attempt will tell
        return delivery
    return target.confirm(named_version(version), composite=composite)


def earlier(target: S3Object) -> Delivery | None:
    """Return what an earlier attempt under this clearance has delivered, ``None`` where the key is free.

    Raises: OccupiedError when there is something else.
    """
    there = target.head()
    if there is None:
        return None
    if not target.holds(there):
        raise OccupiedError(target.digest.name)
    return target.delivery(there)


def found(target: S3Object) -> Delivery | None:
    """Return what was delivered under this clearance, ``None`` where the key is free or something else is there."""
    there = target.head()
    return target.delivery(there) if there is not None and target.holds(there) else None


def _abandon(target: S3Object, upload: str) -> None:
    """Abort on the way out; what went wrong before is the news, and the bucket's own rule expires what stays."""
    try:
        target.abort(upload)
    except (ClientError, BotoCoreError) as error:
        log.warning("an upload of %r could not be aborted: %s", target.digest.name, type(error).__name__)
