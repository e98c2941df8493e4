"""Parts of a destination's text, for the modules of the schemes: what may stand in one, and how others are refused."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from geogate.model.errors import UsageError

FORBIDDEN: Final = frozenset("%?#$*\\")
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)


def segments(uri: str, path: str) -> list[str]:
    """Cut a path at its slashes; one at the end is optional.

    Raises: UsageError for a part that is empty, a dot, or has a character that could be written in two ways.
    """
    if not path:
        return []
    found = path.removesuffix("/").split("/")
    for segment in found:
        if segment in {"", ".", ".."}:
            raise wrong(uri, "leave out empty parts, '.' and '..'")
        if not is_plain(segment):
            raise wrong(uri, "leave out control characters, outer spaces, and % ? # $ * \\")
    return found


def is_plain(segment: str) -> bool:
    """Say whether a part of a path is printable, in Unicode's composed form, and free of escapes and wildcards."""
    return (
        segment.isprintable()
        and segment == segment.strip()
        and unicodedata.is_normalized("NFC", segment)
        and not FORBIDDEN & set(segment)
    )


def wrong(uri: str, hint: str) -> UsageError:
    """Make the error about a text that is no destination; what may be a secret in it is not repeated."""
    return UsageError(f"{_shown(uri)!a} is not a destination", hint=hint)


def _shown(uri: str) -> str:
    """Leave out passwords, and queries and fragments, in which signatures and tokens stand."""
    scheme, colon, rest = _QUERY.sub("...", uri).partition(":")
    user, at, after = rest.rpartition("@")
    return f"{scheme}://...@{after}" if colon and at and ":" in user else f"{scheme}{colon}{rest}"
