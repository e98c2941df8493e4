"""What lies below a prefix of a bucket: all versions, as the auditor's own credentials see them."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from geogate.destinations import s3_posture, s3_session
from geogate.destinations.channel import OWNER
from geogate.destinations.errors import GoneError
from geogate.destinations.s3_errors import http_of, translated
from geogate.destinations.s3_store import CHUNK, named_version
from geogate.destinations.stored import Stored
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from geogate.destinations.place_posture import PlacePosture

FOLDER_MARK: Final = "/"


class StoredInBucket:
    """A prefix of one bucket; see ``Place``."""

    def __init__(self, uri: str, *, owner: str = "", session: boto3.Session | None = None) -> None:
        self._bucket, _, self._prefix = uri.removeprefix("s3://").partition("/")
        self._session = session
        self._owner = owner
        self._where: Any = {"Bucket": self._bucket} | ({"ExpectedBucketOwner": owner} if OWNER.fullmatch(owner) else {})

    def posture(self) -> PlacePosture:
        """Ask the bucket."""
        return s3_posture.posture(self._bucket, owner=self._owner, session=self._session)

    def stored(self) -> Iterator[Stored]:
        """List every version and every mark of a deletion below the prefix."""
        with translated(f"bucket {self._bucket}"):
            pages = self._client().get_paginator("list_object_versions").paginate(**self._where, Prefix=self._prefix)
            for page in pages:
                for version in page.get("Versions", []):
                    mark = f"{version['ETag']} {version['LastModified'].isoformat()}"
                    yield self._listed(version, size=version["Size"], mark=mark)
                for marker in page.get("DeleteMarkers", []):
                    yield self._listed(marker, size=0, mark="", deleted=True)

    def digest(self, found: Stored) -> Sha256:
        """Ask for the checksum that the store computed itself; where it has none of the whole, read all bytes."""
        with translated(f"bucket {self._bucket}"), _gone(found):
            client = self._client()
            head = client.head_object(**self._object(found), ChecksumMode="ENABLED")
            checksum = head.get("ChecksumSHA256", "")
            if checksum and "-" not in checksum:
                return Sha256(base64.b64decode(checksum).hex())
            digest = hashlib.sha256()
            for chunk in client.get_object(**self._object(found))["Body"].iter_chunks(CHUNK):
                digest.update(chunk)
            return Sha256(digest.hexdigest())

    def fetch(self, found: Stored, into: Path) -> None:
        """Read all bytes into a new file."""
        with translated(f"bucket {self._bucket}"), _gone(found), into.open("xb") as file:
            for chunk in self._client().get_object(**self._object(found))["Body"].iter_chunks(CHUNK):
                file.write(chunk)

    def _client(self) -> S3Client:
        self._session = self._session or boto3.Session()
        return s3_session.ambient(self._session)

    def _object(self, found: Stored) -> Any:
        pinned = {"VersionId": found.version} if found.version else {}
        return {**self._where, "Key": self._prefix + found.name, **pinned}

    def _listed(self, row: Any, *, size: int, mark: str, deleted: bool = False) -> Stored:
        return Stored(
            name=row["Key"].removeprefix(self._prefix),
            size=size,
            version=named_version(row.get("VersionId", "")),
            mark=mark,
            latest=bool(row["IsLatest"]),
            deleted=deleted,
        )


class _gone:  # noqa: N801 - used as a statement
    """Run the block; that an object is not there becomes an error of its own."""

    def __init__(self, found: Stored) -> None:
        self._name = found.name

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClientError) and http_of(error) == HTTPStatus.NOT_FOUND:
            raise GoneError(self._name) from error
