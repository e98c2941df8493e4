"""A sending to the real S3 server: a channel to a prefix of its own, what lies there, and what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.fixtures_s3 import Trusting, clearance_for, nonce_of

from geogate.destinations.channel import MEBIBYTE, ChannelSettings
from geogate.destinations.s3 import S3Channel

if TYPE_CHECKING:
    import boto3
    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter

LARGE = b"0123456789abcdef" * (12 * MEBIBYTE // 16) + b"the end"
"""More than two of the smallest parts."""

SEVERAL = {"a.gpkg": b"roads", "b.csv": b"", "sub/c.parquet": LARGE, "Stra\u00dfe (1).csv": b"x"}


class Sending:
    """A channel to a prefix of its own; the session must be one of its own too, because it gets hooks."""

    def __init__(self, destination: str, perimeter: Perimeter, session: boto3.Session, root: S3Client) -> None:
        self.destination = destination
        self.account = perimeter.account
        self.bucket, _, self.prefix = destination.removeprefix("s3://").partition("/")
        self.root = root
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.broker = Trusting(nonce_of(destination))
        role = perimeter.releaser_role_arn
        settings = ChannelSettings(releaser_role=role, broker=self.broker, part_size=5 * MEBIBYTE)
        self.channel = S3Channel(destination, settings=settings, owner=perimeter.account, session=session)
        self.events = session.events
        self.events.register("before-parameter-build", self._keep)

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self.bucket == params.get("Bucket") or model.name == "AssumeRole":
            self.requests.append((model.name, dict(params)))

    def put(self, staged: list[Any], **changes: Any) -> Any:
        fields = {"destination": self.destination, "owner": self.account} | changes
        clearance = clearance_for(staged, **fields)
        self.broker.nonce = clearance.nonce
        return self.channel.put(staged, clearance=clearance)

    def place(self, name: str, body: bytes, **more: Any) -> None:
        """Put something there past the perimeter, as the server's root."""
        self.root.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=body, **more)

    def begin(self, name: str) -> None:
        """Leave an upload behind that was begun and not ended."""
        self.root.create_multipart_upload(Bucket=self.bucket, Key=self.prefix + name)

    def uploads(self) -> list[str]:
        found = self.root.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix).get("Uploads", [])
        return [upload["Key"].removeprefix(self.prefix) for upload in found]

    def stored(self) -> dict[str, list[bytes]]:
        """Read all versions of all objects below the prefix."""
        listing = self.root.list_object_versions(Bucket=self.bucket, Prefix=self.prefix)
        assert not listing.get("DeleteMarkers")
        found: dict[str, list[bytes]] = {}
        for version in listing.get("Versions", []):
            key = version["Key"]
            body = self.root.get_object(Bucket=self.bucket, Key=key, VersionId=version["VersionId"])["Body"]
            found.setdefault(key.removeprefix(self.prefix), []).append(body.read())
        return found
