"""Texts without the tricks of Unicode: other digits, letters that look alike, and characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LAST: Final = 0x1FC00
_TAGS: Final = range(0xE0020, 0xE007F)
_SELECTORS: Final = range(0xE0100, 0xE01F0)
_SMALL_SELECTORS: Final = range(0xFE00, 0xFE10)
_ASCII: Final = 0x80
_BETWEEN: Final = "\ue000"
"""Stands between texts that are folded at once; it has no meaning."""
_FILLERS: Final = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC)
_ALIKE: Final = {
    "°": "º˚⁰∘◦○ᵒ∘゜ﾟ",
    "'": "′’‘‛ʹʼʽˈ´ʻ＇‵′",
    '"': "″”“„‟ʺ˝〃＂‶",
    "-": "−–—―‐‑‒⁻₋﹘﹣－˗➖⸺",
    "+": "＋⁺₊➕﬩﹢",
    ".": "․٫·∙•⋅。｡．﹒",
    ",": "،，、﹐﹑‚¸",
    "/": "⁄∕／⧸╱",
    ":": "：∶ː﹕꞉",
}
_LETTERS: Final = dict(zip("АВЕКМНОРСТУХЅІЈԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEKMHOPCTYXSIJQWABEZHIKMNOPTYXC", strict=True))
_LOOKALIKES: Final = "".join(_LETTERS)


@lru_cache(maxsize=1)
def _table() -> dict[int, str | None]:
    """Say what becomes of characters that are not in ASCII; ``None`` are dropped."""
    table: dict[int, str | None] = dict.fromkeys((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))
    for code in range(_ASCII, _LAST):
        kind = unicodedata.category(chr(code))
        if kind in {"Cf", "Mn", "Me", "Cc"}:
            table[code] = None
        elif kind == "Nd":
            table[code] = str(unicodedata.decimal(chr(code)))
        elif kind in {"Zs", "Zl", "Zp"}:
            table[code] = " "
    table.update(dict.fromkeys((*_FILLERS, *_SMALL_SELECTORS, *_SELECTORS)))
    table.update({code: chr(code - _TAGS.start + 0x20) for code in _TAGS})
    table.update({ord(each): plain for plain, alike in _ALIKE.items() for each in alike})
    return table


@lru_cache(maxsize=1)
def tricks() -> str:
    """Return the pattern of what folding changes and could matter: by itself, or beside a digit."""
    table = _table()
    alone: list[int] = [*_TAGS, *_SELECTORS]
    beside: list[int] = []
    for code in range(_ASCII, _LAST):
        kind = unicodedata.category(chr(code))
        if kind in {"Mn", "Me", "Cn", "Co", "Cs"} and code not in _FILLERS:
            continue
        plain = table.get(code, chr(code)) if code in table else unicodedata.normalize("NFKC", chr(code))
        if kind in {"Cf", "Nd", "Cc"} or code in _FILLERS:
            alone.append(code)
        elif plain is not None and plain != chr(code) and any(ord(each) < _ASCII for each in plain):
            (alone if plain.isalnum() and len(plain) == 1 and kind[0] in "LNS" else beside).append(code)
    # Small raised digits are units more often than parts of numbers.
    beside += [code for code in alone if chr(code) in "¹²³ªº"]
    strong = _class(code for code in alone if chr(code) not in "¹²³ªº")
    weak = _class(beside)
    return (
        rf"{strong}|[0-9]{weak}|{weak}[0-9]|[0-9.,+-]\pM|[0-9°'\"]\s?[{_LOOKALIKES}]|[{_LOOKALIKES}]\s?[0-9]"
        r"|[\x00-\x08\x0b\x0c\x0e-\x1d\x7f]"
    )


def _class(codes: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for code in sorted(set(codes)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in ranges) + "]"


@lru_cache(maxsize=1)
def _beside() -> re.Pattern[str]:
    return re.compile(rf"(?<=[0-9°'\"+.\s])[{_LOOKALIKES}]|[{_LOOKALIKES}](?=\s?[0-9+])")


def folded(texts: Sequence[bytes]) -> list[bytes]:
    """Return texts as a reader would see them, in plain digits and signs, one for each."""
    found = list(texts)
    ascii_only = bytes(code for code, plain in _table().items() if code < _ASCII and plain is None)
    wide = []
    for place, text in enumerate(texts):
        if text.isascii():
            found[place] = text.translate(None, ascii_only)
        else:
            wide.append(place)
    for place, text in zip(wide, _folded_wide([texts[place] for place in wide]), strict=True):
        found[place] = text
    return found


def _folded_wide(texts: Sequence[bytes]) -> list[bytes]:
    """Fold texts with other characters than ASCII, all at once where none has the mark between them."""
    joined = _BETWEEN.join(text.decode("utf-8", "replace") for text in texts)
    if joined.count(_BETWEEN) >= len(texts) > 1:
        return [each for text in texts for each in _folded_wide([text])]
    plain = unicodedata.normalize("NFKC", joined.translate(_table())).translate(_table())
    plain = _beside().sub(lambda match: _LETTERS[match.group()], plain)
    return (
        [plain.encode("utf-8")]
        if len(texts) == 1
        else [each.encode("utf-8") for each in plain.split(_BETWEEN)][: len(texts)]
    )


def selected(text: bytes) -> bytes | None:
    """Return the bytes that variation selectors spell, ``None`` where there are none."""
    codes = [ord(each) for each in text.decode("utf-8", "replace")]
    found = bytes(
        code - _SMALL_SELECTORS.start if code in _SMALL_SELECTORS else code - _SELECTORS.start + 16
        for code in codes
        if code in _SMALL_SELECTORS or code in _SELECTORS
    )
    return found or None
