"""Parts of the paths of places, for the modules of the schemes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KEY_SEGMENT: Final = re.compile(r"[A-Za-z0-9._=@+,~-]{1,255}")
FORBIDDEN: Final = frozenset("%?#\\*/")
"""Letters that could spell another character, or that mean something besides themselves."""


def path_is_plain(path: str) -> bool:
    """Tell whether all parts of a path are plain; a slash at its end is optional."""
    return all(is_plain(each) for each in path.removesuffix("/").split("/"))


def key_is_plain(key: str) -> bool:
    """Tell whether all parts of the key of an object, or of a prefix, are plain and of the safest letters."""
    return all(KEY_SEGMENT.fullmatch(each) and is_plain(each) for each in key.removesuffix("/").split("/"))


def is_plain(segment: str) -> bool:
    """Tell whether a part of a path is printable, composed, and neither empty nor dots nor an escape."""
    return (
        segment.isprintable()
        and segment == segment.strip()
        and segment.strip(".") != ""
        and unicodedata.is_normalized("NFC", segment)
        and not FORBIDDEN & set(segment)
    )
