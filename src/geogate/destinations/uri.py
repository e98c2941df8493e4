"""The one normal form of destinations; text only, nothing is looked up and no link is followed.

A place that a recipient registered and a place that a requester names are compared in this form, so that there must
be one way only to write each place: no ``..``, no ``//``, no escapes. Whether a directory is reached through a
symbolic link is for ``geogate.destinations.directory`` to see, which refuses it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from geogate.destinations.schemes import scheme_named
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
LONGEST: Final = 900
"""Bytes of a normal form, which leaves room for a file name within S3's 1,024."""


def normalise(uri: str, *, home: Path) -> str:
    """Return the normal form of a destination, which ends in ``/``: ``s3://bucket/prefix/`` or ``file:///dir/``.

    Relative paths, with ``file:`` or bare, are relative to ``home``, whose own symbolic links are resolved.

    Raises: UsageError when the text is not such a place, or one that could be written in another way too.
    """
    name, rest = _split(uri)
    found = scheme_named(name or "file").normalise(uri, rest, home=home)
    if len(found.encode()) > LONGEST:
        raise UsageError("the destination is too long", hint=f"at most {LONGEST} bytes")
    return found


def _split(uri: str) -> tuple[str, str]:
    match = SCHEME.match(uri)
    return (match[1], uri[match.end() :]) if match else ("", uri)
