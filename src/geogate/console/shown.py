"""How texts are shown: as they are, where they are harmless; characters that could deceive are written out."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

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


def finalize(value: Any) -> Any:
    """Give what a template writes for a value: text is made visible, and markup of our own stays."""
    if value is None:
        return ""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(str(value))
    return value
