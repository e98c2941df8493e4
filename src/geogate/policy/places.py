"""Places in normal form, and whether an address lies inside one; text is compared, nothing is resolved or decoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geogate.model.parties import Place

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SEGMENT = re.compile(r"[A-Za-z0-9_=+@,!'()&$:;~. -]{1,255}")
"""What a segment is made of: printable ASCII that is no separator, escape, wildcard or query in any scheme."""

MOST_LETTERS = 1024


def is_normal(uri: str) -> bool:
    """Tell whether a URI is in the one form in which it may be compared, with or without a slash at the end.

    The forms are ``s3://bucket/key``, ``file:///absolute`` and ``file:relative``. Refused are other schemes and
    spellings of them, empty and dotted segments, escapes, queries, fragments, and whatever is not plain ASCII.

    >>> is_normal("s3://partner-data/in/"), is_normal("s3://partner-data/in/../out/"), is_normal("S3://partner-data/")
    (True, False, False)
    """
    if len(uri) > MOST_LETTERS:
        return False
    if uri.startswith("s3://"):
        bucket, slash, key = uri.removeprefix("s3://").partition("/")
        return bool(BUCKET.fullmatch(bucket)) and ".." not in bucket and slash == "/" and (not key or _plain(key))
    if uri.startswith("file:///"):
        return _plain(uri.removeprefix("file:///"))
    if uri.startswith("file:"):
        return _plain(uri.removeprefix("file:"))
    return False


def _plain(path: str) -> bool:
    return all(_is_segment(segment) for segment in path.removesuffix("/").split("/"))


def _is_segment(segment: str) -> bool:
    whole = bool(SEGMENT.fullmatch(segment)) and segment.strip(" .") != ""
    return whole and segment == segment.strip(" ") and not segment.endswith(".")


def is_place(uri: str) -> bool:
    """Tell whether a URI can be a place: in normal form, a folder, ending in a slash."""
    return uri.endswith("/") and is_normal(uri)


def inside(uri: str, place: Place) -> bool:
    """Tell whether a URI lies inside a place, or is the place itself; what is not in normal form lies nowhere."""
    return is_place(place.uri) and is_normal(uri) and uri.startswith(place.uri)
