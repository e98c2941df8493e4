"""Names of members of a container: relative, printable, short, each its own; anything else is not unpacked."""

from __future__ import annotations

import unicodedata
from typing import Final

from geogate.measures.source import UnreadableError

LONGEST: Final = 200
"""Characters of a name with those of the containers before it."""

LONGEST_PART: Final = 255
"""Bytes of one part of a path, as common file systems take it."""


def is_safe(name: str) -> bool:
    """Tell whether a name stays within its folder and shows as it is."""
    parts = name.split("/")
    return (
        0 < len(name) <= LONGEST
        and name.isprintable()
        and "\\" not in name
        and unicodedata.is_normalized("NFC", name)
        and not any(
            part in {"", ".", ".."} or part != part.strip() or len(part.encode()) > LONGEST_PART for part in parts
        )
    )


class Names:
    """The names of the members so far; a file cannot be a folder as well, in any case of letters."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, name: str) -> None:
        """Take one more name of a file.

        Raises: UnreadableError when it points elsewhere, or another member has it.
        """
        if not is_safe(name):
            raise UnreadableError(
                "a container has a member whose name is not usable",
                remedy=f"use relative names of at most {LONGEST} printable characters without '..' and '\\'",
            )
        folded = name.casefold()
        parts = folded.split("/")
        parents = {"/".join(parts[:i]) for i in range(1, len(parts))}
        if folded in self._files | self._folders or parents & self._files:
            raise UnreadableError(
                "a container has two members of the same name", remedy="give each member a name of its own"
            )
        self._files.add(folded)
        self._folders |= parents
