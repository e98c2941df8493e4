"""One object of a bucket, and all that is ever asked of it; each request names the account that must own the bucket."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from geogate.destinations.errors import CorruptedError
from geogate.destinations.s3_errors import http_of
from geogate.model.names import Sha256
from geogate.model.release import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_s3 import S3Client

    from geogate.model.dataset import FileDigest
    from geogate.model.names import Nonce

CHUNK: Final = 1 << 20
CLEARANCE: Final = "geogate-clearance"
DIGEST: Final = "geogate-sha256"
UNVERSIONED: Final = frozenset({"", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the store says of an object; ``checksum`` is empty where it keeps no SHA-256."""

    size: int
    checksum: str
    version: str
    clearance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Object:
    """One cleared file on its way to one key; ``client_of`` gives a client that is good now."""

    client_of: Callable[[], S3Client]
    bucket: str
    owner: str
    key: str
    nonce: Nonce
    digest: FileDigest

    @property
    def client(self) -> S3Client:
        """The client for the next request.

        Raises: RefusedError when the broker allows none; botocore's errors.
        """
        return self.client_of()

    @property
    def where(self) -> Any:
        """The parameters that every request has."""
        return {"Bucket": self.bucket, "Key": self.key, "ExpectedBucketOwner": self.owner}

    @property
    def marks(self) -> Any:
        """What the object says about itself: the clearance as a tag for the read side, and as metadata for us."""
        return {
            "Tagging": f"clearance={self.nonce}",
            "Metadata": {CLEARANCE: self.nonce, DIGEST: self.digest.sha256},
            "ContentType": "application/octet-stream",
        }

    def head(self, *, version: str = "") -> Found | None:
        """Ask for the object; ``None`` when there is none."""
        pinned: Any = {"VersionId": version} if version else {}
        try:
            answer = self.client.head_object(**self.where, **pinned, ChecksumMode="ENABLED")
        except ClientError as error:
            if http_of(error) == HTTPStatus.NOT_FOUND:
                return None
            raise
        return Found(
            size=answer["ContentLength"],
            checksum=answer.get("ChecksumSHA256", ""),
            version=named_version(answer.get("VersionId", "")),
            clearance=answer.get("Metadata", {}).get(CLEARANCE, ""),
        )

    def holds(self, found: Found, *, composite: str = "") -> bool:
        """Say whether the object is ours: our clearance, our size and our bytes.

        ``composite`` is the checksum of our parts where we uploaded parts. Where the store's own checksum cannot
        tell, the object is read back.
        """
        if found.clearance != self.nonce or found.size != self.digest.size:
            return False
        if found.checksum and "-" not in found.checksum:
            return found.checksum == base64_of(self.digest.sha256)
        if found.checksum and found.checksum == composite:
            return True
        return self._read_back(found) == self.digest.sha256

    def confirm(self, version: str, *, composite: str = "") -> Delivery:
        """Ask the store what it holds now and compare.

        Raises: CorruptedError when it is not what was sent.
        """
        found = self.head(version=version)
        if found is None or not self.holds(found, composite=composite):
            raise CorruptedError(f"the store holds other bytes than those sent as {self.digest.name!r}")
        return self.delivery(found)

    def delivery(self, found: Found) -> Delivery:
        """Describe the object as delivered."""
        return Delivery(
            uri=f"s3://{self.bucket}/{self.key}",
            sha256=self.digest.sha256,
            size=self.digest.size,
            version=found.version,
        )

    def leftovers(self) -> list[str]:
        """List the uploads to this key that were begun and not ended.

        Nothing says whose they are. The sender is alone with its clearance; should another clearance be on its way to
        the same key, ending its upload costs it another attempt and lets nothing through.
        """
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket, Prefix=self.key, ExpectedBucketOwner=self.owner
        )
        uploads = [upload for page in pages for upload in page.get("Uploads", [])]
        return [upload["UploadId"] for upload in uploads if upload["Key"] == self.key]

    def abort(self, upload: str) -> None:
        """End an upload without an object; one that ended already is none to end."""
        try:
            self.client.abort_multipart_upload(**self.where, UploadId=upload)
        except ClientError as error:
            if http_of(error) != HTTPStatus.NOT_FOUND:
                raise

    def _read_back(self, found: Found) -> Sha256:
        pinned: Any = {"VersionId": found.version} if found.version else {}
        body = self.client.get_object(**self.where, **pinned)["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(CHUNK):
            digest.update(chunk)
        return Sha256(digest.hexdigest())


def named_version(version: str) -> str:
    """Return the version's name, empty where the bucket keeps none."""
    return "" if version in UNVERSIONED else version


def base64_of(sha256: Sha256) -> str:
    """Write a digest as S3's headers do."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()
