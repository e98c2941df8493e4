"""Names of files within a dataset: relative, printable, short; the same rules for what comes in and what leaves."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from geogate.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 200
"""Characters of a name; the longest part of a path that common file systems take is 255 bytes."""

LONGEST_PART = 255


def _is_safe(name: str) -> bool:
    parts = name.split("/")
    return (
        0 < len(name) <= LONGEST
        and name.isprintable()
        and "\\" not in name
        and unicodedata.is_normalized("NFC", name)
        and name == name.strip()
        and not any(part in {"", ".", ".."} or len(part.encode()) > LONGEST_PART for part in parts)
    )


def require_relative_names(names: Sequence[str]) -> None:
    """Refuse names that could point elsewhere, collide, or do not show as they are.

    Raises: InputError; the message repeats no name.
    """
    if not names:
        raise InputError("the dataset has no files", hint="name at least one file")
    unsafe = sum(not _is_safe(name) for name in names)
    if unsafe:
        raise InputError(
            f"{unsafe} file names are not usable",
            hint=f"use relative names of at most {LONGEST} printable characters without '..', '\\' or outer spaces",
        )
    folded = {name.casefold() for name in names}
    parents = {"/".join(parts[:i]) for parts in (n.split("/") for n in folded) for i in range(1, len(parts))}
    if len(folded) < len(names) or folded & parents:
        raise InputError("two files would have the same name", hint="give each file a name of its own")
