"""Destinations in S3: ``s3://bucket/prefix/``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from geogate.destinations.uri_parts import segments, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place
    from geogate.model.parties import Place as Registered

BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]")
"""Source: Amazon S3 User Guide, general purpose bucket naming rules."""

IP_ADDRESS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
RESERVED_STARTS: Final = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDS: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
KEY_SEGMENT: Final = re.compile(r"[A-Za-z0-9._=@+,~-]+")


class S3Scheme:
    """See ``Scheme``; the posture is that of the bucket as a whole."""

    example = "s3://bucket/prefix/"

    def normalise(self, uri: str, rest: str, *, home: Path) -> str:  # noqa: ARG002 - no place here is relative
        """Return ``s3://bucket/prefix/``."""
        if not rest.startswith("//"):
            raise wrong(uri, "write s3://bucket/prefix/")
        bucket, _, prefix = rest.removeprefix("//").partition("/")
        if not is_bucket(bucket):
            raise wrong(uri, "the bucket's name breaks the naming rules of S3")
        parts = segments(uri, prefix)
        if not all(KEY_SEGMENT.fullmatch(part) for part in parts):
            raise wrong(uri, "a prefix has letters, digits and . _ = @ + , ~ - only")
        return "/".join(("s3:/", bucket, *parts, ""))

    def whole(self, destination: str) -> str:
        """Name the bucket."""
        return f"s3://{destination.removeprefix('s3://').partition('/')[0]}/"

    def channel(self, destination: str, *, settings: ChannelSettings, registered: Registered | None) -> Channel:
        """Return the channel to a prefix, whose bucket must be of the registered account."""
        from geogate.destinations.s3 import S3Channel

        return S3Channel(destination, settings=settings, owner=_owner(registered))

    def place(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> Place:  # noqa: ARG002
        """Return what lies below a prefix."""
        from geogate.destinations.stored_s3 import StoredInBucket

        return StoredInBucket(uri, owner=_owner(registered))


def _owner(registered: Registered | None) -> str:
    return registered.owner if registered else ""


def is_bucket(name: str) -> bool:
    """Say whether a bucket may have this name; aliases of access points are not buckets."""
    return bool(
        BUCKET.fullmatch(name)
        and not IP_ADDRESS.fullmatch(name)
        and not name.startswith(RESERVED_STARTS)
        and not name.endswith(RESERVED_ENDS)
    )
