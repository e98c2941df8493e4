"""Places in normal form, and whether an address lies inside one; text is compared, nothing is resolved or decoded."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.parties import Place, Recipient

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KEY_SEGMENT = re.compile(r"[A-Za-z0-9._=@+,~-]{1,255}")
FORBIDDEN = frozenset("%?#\\*/")
"""Letters that could spell another character, or that mean something besides themselves."""

MOST_LETTERS = 1024


def is_normal(uri: str) -> bool:
    """Tell whether a URI is in the one form in which it may be compared, with or without a slash at the end.

    The forms are ``s3://bucket/key``, ``file:///absolute`` and ``file:relative``. Refused are other schemes and
    spellings of them, empty and dotted segments, escapes, queries, fragments, and text that Unicode can compose.

    >>> is_normal("s3://partner-data/in/"), is_normal("s3://partner-data/in/../out/"), is_normal("S3://partner-data/")
    (True, False, False)
    """
    if len(uri) > MOST_LETTERS:
        return False
    if uri.startswith("s3://"):
        bucket, slash, key = uri.removeprefix("s3://").partition("/")
        whole = bool(BUCKET.fullmatch(bucket)) and ".." not in bucket and slash == "/"
        return whole and (not key or all(KEY_SEGMENT.fullmatch(each) and _is_plain(each) for each in _segments(key)))
    if uri.startswith("file:"):
        path = uri.removeprefix("file:").removeprefix("///")
        return all(_is_plain(each) for each in _segments(path))
    return False


def _segments(path: str) -> list[str]:
    return path.removesuffix("/").split("/")


def _is_plain(segment: str) -> bool:
    """Tell whether a part of a path is printable, composed, and neither empty nor dots nor an escape."""
    return (
        segment.isprintable()
        and segment == segment.strip()
        and segment.strip(".") != ""
        and unicodedata.is_normalized("NFC", segment)
        and not FORBIDDEN & set(segment)
    )


def is_place(uri: str) -> bool:
    """Tell whether a URI can be a place: in normal form, a folder, ending in a slash."""
    return uri.endswith("/") and is_normal(uri)


def inside(uri: str, place: Place) -> bool:
    """Tell whether a URI lies inside a place, or is the place itself; what is not in normal form lies nowhere."""
    return is_place(place.uri) and is_normal(uri) and uri.startswith(place.uri)


def shared(recipients: Sequence[Recipient]) -> tuple[tuple[Recipient, Recipient], ...]:
    """Give the pairs of recipients where a place of the first lies in a place of the second, or is the same."""
    of: dict[str, list[Recipient]] = {}
    for recipient in recipients:
        for place in recipient.destinations:
            of.setdefault(place.uri, []).append(recipient)
    return tuple(
        (one, other)
        for uri, below in of.items()
        for above in _places_around(uri)
        for one in below
        for other in of.get(above, ())
        if one.id != other.id
    )


def _places_around(uri: str) -> tuple[str, ...]:
    """Give every text in which a place could be written that has this one in it, itself with them."""
    return tuple(uri[: end + 1] for end, letter in enumerate(uri) if letter == "/")
