"""Batches that wait in a source, a bucket's prefix or a folder: they are listed and read there, and never changed."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from geogate.model.errors import InputError, ServiceError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client

CHUNK: Final = 1 << 20
MOST_LISTED: Final = 1_000_000
"""Files that a source may have: more are refused rather than held in memory."""

MOST_READ: Final = 4096
"""Bytes of a file that is read whole, such as a checksum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A file as it was listed; ``mark`` changes with its content: an ETag, or times and the number of the file."""

    name: str
    size: int
    mark: str
    modified: datetime


def listed(source: str) -> dict[str, Lying]:
    """List everything that lies in a source, by its name there; what lies deeper has a name with a slash.

    Raises: ServiceError when the source is gone or does not answer; InputError when there is too much in it.
    """
    found: dict[str, Lying] = {}
    for each in _objects(source) if source.startswith("s3://") else _files(_folder(source)):
        found[each.name] = each
        if len(found) > MOST_LISTED:
            raise InputError(f"there are more than {MOST_LISTED:,} files in the source", hint="take old batches away")
    return found


def fetched(source: str, lying: Lying, into: Path) -> Sha256:
    """Copy a file as it was listed, and give the digest of the copy.

    Raises: InputError when it is another than was listed; ServiceError when it cannot be read or written.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with into.open("xb") as file:
            for chunk in _read(source, lying):
                digest.update(chunk)
                size += file.write(chunk)
    except OSError as error:
        raise ServiceError(f"a batch cannot be copied ({error.strerror})", hint="look at the disk") from error
    if size != lying.size:
        raise _changed()
    return Sha256(digest.hexdigest())


def content(source: str, lying: Lying) -> bytes:
    """Read a small file whole, as it was listed.

    Raises: InputError when it is large, or another than was listed; ServiceError.
    """
    if lying.size > MOST_READ:
        raise InputError(f"a checksum has more than {MOST_READ:,} bytes", hint="write it as sha256sum does")
    return b"".join(_read(source, lying))


def _changed() -> InputError:
    return InputError(
        "a batch changed after it was listed", hint="write it anew under a name of its own, then run again"
    )


def _gone(error: OSError) -> ServiceError:
    return ServiceError(f"the source of the feed cannot be read ({error.strerror})", hint="mount it, or correct it")


def _read(source: str, lying: Lying) -> Iterator[bytes]:
    return _object(source, lying) if source.startswith("s3://") else _file(_folder(source), lying)


def _folder(source: str) -> Path:
    return Path(unquote(source.removeprefix("file://")))


def _files(folder: Path) -> Iterator[Lying]:
    try:
        for entry in os.scandir(folder):
            yield _as_listed(entry.name, entry.stat(follow_symlinks=False))
    except FileNotFoundError as error:
        # The folder itself is gone, or a file between listing and looking, as when somebody clears up.
        if folder.is_dir():
            raise InputError("the source changed while it was listed", hint="run again") from error
        raise _gone(error) from error
    except OSError as error:
        raise _gone(error) from error


def _as_listed(name: str, found: os.stat_result) -> Lying:
    mark = f"{found.st_ino}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    kind = name if stat.S_ISREG(found.st_mode) else f"{name}/"
    return Lying(name=kind, size=found.st_size, mark=mark, modified=datetime.fromtimestamp(found.st_mtime, UTC))


def _file(folder: Path, lying: Lying) -> Iterator[bytes]:
    try:
        descriptor = os.open(folder / lying.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor has no path
            before = _as_listed(lying.name, os.fstat(descriptor))
            while chunk := file.read(CHUNK):
                yield chunk
            after = _as_listed(lying.name, os.fstat(descriptor))
    except FileNotFoundError as error:
        raise _changed() from error
    except OSError as error:
        raise _gone(error) from error
    if before != lying or after != lying:
        raise _changed()


def _client() -> S3Client:
    import boto3

    from geogate.destinations import s3_session

    return s3_session.ambient(boto3.Session())


def _objects(source: str) -> Iterator[Lying]:
    from geogate.destinations.s3_errors import translated

    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    with translated(f"bucket {bucket}"):
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for each in (each for page in pages for each in page.get("Contents", [])):
            name = each["Key"].removeprefix(prefix)
            if name or each["Size"]:  # else the marker that consoles make for a folder
                modified = each["LastModified"].astimezone(UTC)
                yield Lying(name=name, size=each["Size"], mark=each["ETag"], modified=modified)


def _object(source: str, lying: Lying) -> Iterator[bytes]:
    from botocore.exceptions import ClientError

    from geogate.destinations.s3_errors import translated

    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    with translated(f"bucket {bucket}"):
        try:
            answer: Any = _client().get_object(Bucket=bucket, Key=prefix + lying.name, IfMatch=lying.mark)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "NoSuchKey", "412", "404"}:
                raise _changed() from error
            raise
        while chunk := answer["Body"].read(CHUNK):
            yield chunk
