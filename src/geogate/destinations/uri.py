"""The one normal form of destinations; text only, nothing is looked up and no link is followed.

A place that a recipient registered and a place that a requester names are compared in this form, so that there must
be one way only to write each place: no ``..``, no ``//``, no escapes. Whether a directory is reached through a
symbolic link is for ``geogate.destinations.directory`` to see, which refuses it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]")
"""Source: Amazon S3 User Guide, general purpose bucket naming rules."""

IP_ADDRESS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
RESERVED_STARTS: Final = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDS: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
KEY_SEGMENT: Final = re.compile(r"[A-Za-z0-9._=@+,~-]+")
FORBIDDEN: Final = frozenset("%?#$*\\")
LONGEST: Final = 900
"""Bytes of a normal form, which leaves room for a file name within S3's 1,024."""


def normalise(uri: str, *, home: Path) -> str:
    """Return the normal form of a destination, which ends in ``/``: ``s3://bucket/prefix/`` or ``file:///dir/``.

    Relative paths, with ``file:`` or bare, are relative to ``home``, whose own symbolic links are resolved.

    Raises: UsageError when the text is not such a place, or one that could be written in another way too.
    """
    scheme, rest = _split(uri)
    if scheme == "s3":
        found = _s3(uri, rest)
    elif scheme in {"file", ""}:
        found = _file(uri, rest, home=home)
    else:
        raise UsageError(
            f"geogate cannot send to {scheme}: destinations", hint="it sends to s3://bucket/prefix/ and file:"
        )
    if len(found.encode()) > LONGEST:
        raise UsageError("the destination is too long", hint=f"at most {LONGEST} bytes")
    return found


def _split(uri: str) -> tuple[str, str]:
    match = SCHEME.match(uri)
    return (match[1], uri[match.end() :]) if match else ("", uri)


def _s3(uri: str, rest: str) -> str:
    if not rest.startswith("//"):
        raise _wrong(uri, "write s3://bucket/prefix/")
    bucket, _, prefix = rest.removeprefix("//").partition("/")
    if not is_bucket(bucket):
        raise _wrong(uri, "the bucket's name breaks the naming rules of S3")
    segments = _segments(uri, prefix)
    if not all(KEY_SEGMENT.fullmatch(segment) for segment in segments):
        raise _wrong(uri, "a prefix has letters, digits and . _ = @ + , ~ - only")
    return "/".join(("s3:/", bucket, *segments, ""))


def is_bucket(name: str) -> bool:
    """Say whether a bucket may have this name; aliases of access points are not buckets."""
    return bool(
        BUCKET.fullmatch(name)
        and not IP_ADDRESS.fullmatch(name)
        and not name.startswith(RESERVED_STARTS)
        and not name.endswith(RESERVED_ENDS)
    )


def _file(uri: str, rest: str, *, home: Path) -> str:
    path = rest
    if rest.startswith("//"):
        path = rest.removeprefix("//")
        if not path.startswith("/"):
            raise _wrong(uri, "a file: destination has no host: write file:///directory/ or file:directory/")
    absolute = path.startswith("/")
    segments = _segments(uri, path.removeprefix("/"))
    if not segments or (not absolute and segments[0].startswith("~")):
        raise _wrong(uri, "name a directory")
    start = [] if absolute else _segments(uri, home.resolve().as_posix().removeprefix("/"))
    return "/".join(("file://", *start, *segments, ""))


def _segments(uri: str, path: str) -> list[str]:
    """Cut a path at its slashes; one at the end is optional.

    Raises: UsageError for a part that is empty, a dot, or has a character that could be written in two ways.
    """
    if not path:
        return []
    segments = path.removesuffix("/").split("/")
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise _wrong(uri, "leave out empty parts, '.' and '..'")
        if not is_plain(segment):
            raise _wrong(uri, "leave out control characters, outer spaces, and % ? # $ * \\")
    return segments


def is_plain(segment: str) -> bool:
    """Say whether a part of a path is printable, in Unicode's composed form, and free of escapes and wildcards."""
    return (
        segment.isprintable()
        and segment == segment.strip()
        and unicodedata.is_normalized("NFC", segment)
        and not FORBIDDEN & set(segment)
    )


def _wrong(uri: str, hint: str) -> UsageError:
    return UsageError(f"{uri!a} is not a destination", hint=hint)
