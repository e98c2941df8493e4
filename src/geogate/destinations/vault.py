"""Where backups are kept: a folder on other storage, or a prefix of a bucket. Nothing there is ever replaced."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.exceptions import ClientError

from geogate.destinations import s3_session
from geogate.destinations.s3_errors import code_of, translated
from geogate.destinations.scheme_s3 import is_bucket
from geogate.model.errors import InputError, RefusedError, ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})


class Vault(Protocol):
    """Files by relative names; what they hold is the caller's affair, and verified by the caller."""

    def put(self, name: str, path: Path) -> None:
        """Put a file where there is none of this name.

        Raises: RefusedError where there is one; ServiceError.
        """
        ...

    def get(self, name: str, into: Path) -> None:
        """Fetch a file to a path where nothing is.

        Raises: InputError where there is none; ServiceError.
        """
        ...

    def names(self, below: str) -> Iterator[tuple[str, int]]:
        """List the names below a folder, with sizes in bytes.

        Raises: ServiceError.
        """
        ...


def vault_at(place: str) -> Vault:
    """Open a place: ``s3://bucket/folder/``, or a folder, which is made when something is put there.

    Raises: UsageError for a place that cannot be.
    """
    if not place.startswith("s3://"):
        return _Folder(Path(place.removeprefix("file://")))
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    if not is_bucket(bucket) or not prefix.endswith("/"):
        raise UsageError("a place for backups is a folder or s3://bucket/folder/", hint="with the slash at its end")
    return _Bucket(bucket, prefix)


def _safe(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or str(PurePosixPath(name)) != name:
        raise InputError("the backup names a file outside of itself")
    return name


@dataclass(frozen=True, slots=True)
class _Folder:
    root: Path

    def put(self, name: str, path: Path) -> None:
        target = self.root / _safe(name)
        new = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("rb") as source, new.open("xb") as copy:
                os.fchmod(copy.fileno(), 0o600)
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            os.link(new, target)  # unlike a rename it never replaces
        except FileExistsError as error:
            raise RefusedError("something of that name is in the backup already") from error
        except OSError as error:
            raise ServiceError(f"the backup cannot be written ({error.strerror})", hint="make room there") from error
        finally:
            new.unlink(missing_ok=True)

    def get(self, name: str, into: Path) -> None:
        try:
            with (self.root / _safe(name)).open("rb") as source, into.open("xb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
        except FileNotFoundError as error:
            raise InputError("a file of the backup is missing", hint="take another backup") from error
        except OSError as error:
            raise ServiceError(f"the backup cannot be read ({error.strerror})") from error

    def names(self, below: str) -> Iterator[tuple[str, int]]:
        try:
            for path in sorted((self.root / below).rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield path.relative_to(self.root).as_posix(), path.stat().st_size
        except OSError as error:
            raise ServiceError(f"the backup cannot be read ({error.strerror})") from error


@dataclass(frozen=True, slots=True)
class _Bucket:
    bucket: str
    prefix: str

    def put(self, name: str, path: Path) -> None:
        with translated(f"bucket {self.bucket}"):
            client = s3_session.ambient(boto3.Session())
            try:
                with path.open("rb") as body:
                    client.put_object(
                        Bucket=self.bucket,
                        Key=self.prefix + _safe(name),
                        Body=body,
                        IfNoneMatch="*",
                        ChecksumAlgorithm="SHA256",
                    )
            except ClientError as error:
                if code_of(error) not in _TAKEN:
                    raise
                raise RefusedError("something of that name is in the backup already") from error

    def get(self, name: str, into: Path) -> None:
        with translated(f"bucket {self.bucket}"):
            client = s3_session.ambient(boto3.Session())
            try:
                answer = client.get_object(Bucket=self.bucket, Key=self.prefix + _safe(name))
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise
                raise InputError("a file of the backup is missing", hint="take another backup") from error
            with answer["Body"] as body, into.open("xb") as copy:
                while chunk := body.read(1 << 20):
                    copy.write(chunk)

    def names(self, below: str) -> Iterator[tuple[str, int]]:
        with translated(f"bucket {self.bucket}"):
            client = s3_session.ambient(boto3.Session())
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + below)
            for each in (each for page in pages for each in page.get("Contents", [])):
                yield each["Key"].removeprefix(self.prefix), each["Size"]
