"""Texts as they may be shown to people: harmless as they are, or with what could deceive written out."""

from __future__ import annotations

import unicodedata
from typing import Final

_PLAIN: Final = frozenset("\n\t")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_MOST_MARKS: Final = 3


def visible(text: str) -> str:
    """Write out control, formatting and unassigned characters, and marks that are piled up on one character.

    A name with a bidirectional override would show itself as another name.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for each in text:
        category = unicodedata.category(each)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        odd_space = category == "Zs" and each != " "
        if (category in _HIDDEN and each not in _PLAIN) or marks > _MOST_MARKS or odd_space:
            shown.append(f"\N{LEFT WHITE CURLY BRACKET}U+{ord(each):04X}\N{RIGHT WHITE CURLY BRACKET}")
        else:
            shown.append(each)
    return "".join(shown)


def one_line(text: str, *, most: int) -> str:
    """Make text visible in one line of up to ``most`` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
