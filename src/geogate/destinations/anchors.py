"""Where heads of the ledger are kept out of reach: a bucket that locks objects, or a folder on other storage.

Nothing is ever replaced. In a bucket all versions of all objects are read, so that a newer one hides none.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import ClientError

from geogate.destinations import s3_session
from geogate.destinations.errors import MisconfiguredError
from geogate.destinations.s3_errors import code_of, translated
from geogate.destinations.scheme_s3 import is_bucket
from geogate.model.errors import InputError, ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client

SUFFIX: Final = ".json"
LARGEST: Final = 1 << 16
"""Bytes of a head; a larger object is none, and is read no further."""

_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_NO_LOCK: Final = "ObjectLockConfigurationNotFoundError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """One thing that lies at the place; ``name`` is for messages and has no folder in it."""

    name: str
    content: bytes


def is_remote(place: str) -> bool:
    """Say whether a place is a bucket."""
    return place.startswith("s3://")


def put_once(place: str, name: str, content: bytes, *, session: boto3.Session | None = None) -> bool:
    """Put something at a place, where nothing of that name may be; says whether it was put, and not there before.

    A bucket must lock what is put, in compliance mode: nobody can remove it then, an administrator neither.

    Raises: ServiceError; UsageError for a place that cannot be.
    """
    if is_remote(place):
        return _put_object(place, name, content, session or boto3.Session())
    return _put_file(Path(place.removeprefix("file://")), name, content)


def read_all(place: str, *, session: boto3.Session | None = None) -> Iterator[Anchored]:
    """Read everything that lies at a place: the one file, all files of a folder, all versions below a prefix.

    Raises: InputError when there is nothing or it cannot be read; ServiceError.
    """
    if is_remote(place):
        return _read_objects(place, session or boto3.Session())
    return _read_files(Path(place.removeprefix("file://")))


def _put_file(folder: Path, name: str, content: bytes) -> bool:
    if folder.suffix == SUFFIX:
        folder, name = folder.parent, folder.name
    try:
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o444)
    except FileExistsError:
        return False
    except OSError as error:
        hint = "the folder must be there, and writable"
        raise ServiceError(f"the head cannot be kept at that place ({error.strerror})", hint=hint) from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(held)
    finally:
        os.close(held)
    return True


def _read_files(path: Path) -> Iterator[Anchored]:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in files:
            with file.open("rb") as stream:
                yield Anchored(name=file.name, content=stream.read(LARGEST + 1))
    except OSError as error:
        raise InputError(f"the kept heads cannot be read ({error.strerror})") from error


def _split(place: str) -> tuple[str, str]:
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    if not is_bucket(bucket) or (prefix and not prefix.endswith("/")):
        raise UsageError("a place for heads is a folder or s3://bucket/folder/", hint="with the slash at its end")
    return bucket, prefix


def _put_object(place: str, name: str, content: bytes, session: boto3.Session) -> bool:
    bucket, prefix = _split(place)
    with translated(f"bucket {bucket}"):
        client = s3_session.ambient(session)
        _require_lock(client, bucket)
        try:
            client.put_object(
                Bucket=bucket,
                Key=f"{prefix}{name}",
                Body=content,
                ContentType="application/json",
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
            )
        except ClientError as error:
            if code_of(error) not in _TAKEN:
                raise
            return False
    return True


def _require_lock(client: S3Client, bucket: str) -> None:
    try:
        answer = client.get_object_lock_configuration(Bucket=bucket)
    except ClientError as error:
        if code_of(error) != _NO_LOCK:
            raise
        lock = None
    else:
        lock = answer.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {}).get("Mode")
    if lock != "COMPLIANCE":
        raise MisconfiguredError(
            f"bucket {bucket} does not lock what is put into it",
            hint="give it Object Lock with a default retention in compliance mode",
        )


def _read_objects(place: str, session: boto3.Session) -> Iterator[Anchored]:
    bucket, prefix = _split(place)
    with translated(f"bucket {bucket}"):
        client = s3_session.ambient(session)
        pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for version in (each for page in pages for each in page.get("Versions", [])):
            key, about = version["Key"], {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            with client.get_object(**about)["Body"] as body:  # type: ignore[arg-type]  # three texts
                yield Anchored(name=key.rpartition("/")[2], content=body.read(LARGEST + 1))
