"""Staged objects: fetch everything below an ``s3://`` prefix, each with the content that was listed."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import boto3

from geogate.destinations import s3_session
from geogate.destinations.s3_errors import translated
from geogate.destinations.uri_parts import is_plain
from geogate.model.errors import InputError, ServiceError

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_s3 import S3Client

CHUNK = 1 << 20
MOST_LISTED = 100_000
"""Objects that a listing may have; more below a prefix are refused rather than held in memory."""


def fetch(uri: str, *, into: Path, session: boto3.Session | None = None) -> tuple[Path, ...]:
    """Fetch an object, or all objects below a prefix that ends in ``/``, into a folder that is made.

    Each object is read by the ETag that the listing named; one that changes meanwhile ends it.

    Raises: InputError when there is nothing there, a key cannot be a file name, or an object changed; ServiceError.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise InputError("an s3:// dataset names a bucket and a key or prefix", hint="s3://bucket/folder/")
    with translated(f"bucket {bucket}"):
        client = s3_session.ambient(session or boto3.Session())
        found = _listed(client, bucket, key)
        if not found:
            raise InputError("there are no objects at that key or prefix", hint="a prefix ends with /")
        return tuple(_get(client, bucket, each, into / name) for name, each in found.items())


def sizes_below(uri: str, *, session: boto3.Session | None = None) -> dict[str, int]:
    """List what lies below a prefix that ends in ``/``: each object's size by its key relative to the prefix.

    Raises: InputError when there are too many, or the URI is no prefix; ServiceError.
    """
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not bucket or not prefix.endswith("/"):
        raise InputError("a prefix is s3://bucket/folder/, with the slash at its end")
    found: dict[str, int] = {}
    with translated(f"bucket {bucket}"):
        client = s3_session.ambient(session or boto3.Session())
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for each in (each for page in pages for each in page.get("Contents", [])):
            found[each["Key"].removeprefix(prefix)] = each["Size"]
            if len(found) > MOST_LISTED:
                raise InputError(f"there are more than {MOST_LISTED:,} objects below the prefix", hint="narrow it")
    return found


def _listed(client: S3Client, bucket: str, key: str) -> dict[str, dict[str, Any]]:
    """Name the objects relative to the prefix, or the single object by its last part."""
    prefix = key if key.endswith("/") else f"{key.rpartition('/')[0]}/".lstrip("/")
    found: dict[str, dict[str, Any]] = {}
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    for each in (each for page in pages for each in page.get("Contents", [])):
        if each["Key"] == key or key.endswith("/"):
            name = each["Key"].removeprefix(prefix)
            if not name and each["Size"] == 0:
                continue  # the marker that consoles make for a folder
            _require_name(name)
            found[name] = dict(each)
    return found


def _require_name(name: str) -> None:
    parts = PurePosixPath(name).parts
    plain = name and not name.startswith("/") and all(part not in {"..", "."} and is_plain(part) for part in parts)
    if not plain or "//" in name or name.endswith("/"):
        raise InputError(f"the key {name!a} cannot be the name of a file", hint="rename the object")


def _get(client: S3Client, bucket: str, listed: dict[str, Any], path: Path) -> Path:
    answer = client.get_object(Bucket=bucket, Key=listed["Key"], IfMatch=listed["ETag"])
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with path.open("xb") as file:
            while chunk := answer["Body"].read(CHUNK):
                size += file.write(chunk)
    except OSError as error:
        raise ServiceError(f"a staged object cannot be written to disk ({error.strerror})") from error
    if size != listed["Size"]:
        raise InputError("a staged object changed while it was fetched", hint="stage it again, then submit")
    return path
