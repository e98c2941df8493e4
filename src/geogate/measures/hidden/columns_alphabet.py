"""Texts over an alphabet of a few words or signs: digits under other names, in any language, and signs nobody sees.

Numbers that are spelt, in Morse, Braille or letters of one's own use a dozen words or signs again and again, while the
words of ordinary texts grow in number with the texts. What they say is not read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.hidden.forms.form import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHORTEST: Final = 10
"""Words of a text that can be two axes."""

SHORTEST_OF_SIGNS: Final = 14
"""Signs of a text that can be two axes; many words of a few letters are shorter."""

LARGEST: Final = 16
"""Words or signs of an alphabet: ten digits, a point, hemispheres, and what stands between two axes."""

FEWEST: Final = 3
"""Different texts that show an alphabet."""

AGAIN: Final = 0.8
"""At most so many of a text's words are different; lists of days, months and kinds have each of them once."""

MOSTLY_ONE: Final = 0.4
"""At most so many of a text's words are the same; lists such as "line A, line B" have one everywhere."""

BITS: Final = 24
"""Letters of a word with four letters and fewer that nobody reads."""

FEW_KINDS: Final = 4

SKETCH: Final = 256
_LONGEST: Final = 512
"""Bytes at the beginning of a text whose words are counted."""

_SEARCHED: Final = 1 << 20
"""Bytes at the beginning of a text that are searched for signs that nobody sees."""

_TWO: Final = 2
_HALF: Final = 0.5

_UNSEEN: Final = r"[\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}\x{180E}\x{AD}]"
_BLANK: Final = r"[\t\x{A0}\x{2000}-\x{200A}\x{202F}\x{3000}]"
_HIDDEN: Final = (
    rf"{_UNSEEN}{{8}}|(?:{_UNSEEN}{{2}}[^\x{{200B}}]{{0,8}}){{6}}|(?: +{_BLANK}+){{8}}|(?:{_BLANK}+ +){{8}}"
)
"""The pattern of many signs in a row that nobody sees, or blanks of two kinds that take turns."""

_SPLIT: Final = re.compile(r"[\s,;/|_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alphabet:
    """How many texts repeat a few words or signs, and sketches of which words those are, and of which texts.

    ``words`` and ``different`` have a bit for the hash of each, in hexadecimal digits; ``unseen`` counts texts with
    many signs that nobody sees, ``bits`` long words of four letters and fewer.
    """

    texts: int = 0
    words: str = "0"
    different: str = "0"
    unseen: int = 0
    bits: int = 0

    def __add__(self, other: Alphabet) -> Alphabet:
        return Alphabet(
            texts=self.texts + other.texts,
            words=_either(self.words, other.words),
            different=_either(self.different, other.different),
            unseen=self.unseen + other.unseen,
            bits=self.bits + other.bits,
        )

    @property
    def spells(self) -> bool:
        """Tell whether texts say something in an alphabet of their own."""
        small = 0 < int(self.words, 16).bit_count() <= LARGEST
        return bool(self.unseen or self.bits) or (small and int(self.different, 16).bit_count() >= FEWEST)

    def kept(self) -> Alphabet:
        """Leave out what tells values."""
        return Alphabet(texts=self.texts, unseen=self.unseen, bits=self.bits)


PLAIN: Final = Alphabet()


def alphabet(texts: pa.Array) -> Alphabet:
    """Look at some texts, as bytes, none of them null."""
    words: set[int] = set()
    different: set[int] = set()
    found = bits = unseen = 0
    for value in texts.filter(pc.greater_equal(pc.binary_length(texts), SHORTEST)):
        raw = value.as_buffer()[:_SEARCHED].to_pybytes()
        unseen += (b"\t" in raw or not raw.isascii()) and compiled(_HIDDEN).search(raw) is not None
        text = raw[:_LONGEST].decode("utf-8", "replace")
        parts = _parts(text)
        bits += _is_bits(text)
        if _repeats(parts):
            found += 1
            words.update(crc32(part.encode()) % SKETCH for part in parts)
            different.add(crc32(raw[:_LONGEST]) % SKETCH)
    return Alphabet(texts=found, words=_sketch(words), different=_sketch(different), unseen=unseen, bits=bits)


def _parts(text: str) -> Sequence[str]:
    """Cut a text into its words, or into its signs where it is no more than two words."""
    for words in (text.split(), [word for word in _SPLIT.split(text) if word]):
        if len(words) >= SHORTEST:
            return words
    return _signs(text) if len(text.split()) <= _TWO else ()


def _signs(text: str) -> str:
    return "".join(text.split())


def _repeats(parts: Sequence[str]) -> bool:
    """Tell whether a text says a few words or signs again and again, none of them mostly; numbers are no words."""
    words = not isinstance(parts, str)
    digits = sum(_has_digit(part) for part in parts)
    if len(parts) < (SHORTEST if words else SHORTEST_OF_SIGNS) or digits > (_HALF * len(parts) if words else 0):
        return False
    counts = Counter(parts)
    return len(counts) <= AGAIN * len(parts) and max(counts.values()) <= MOSTLY_ONE * len(parts)


def _is_bits(text: str) -> bool:
    """Tell whether a text is long and one word of four letters or digits at most, or several of two."""
    signs = _signs(text)
    most = FEW_KINDS if signs == text else _TWO
    kinds = set(signs)
    return len(signs) >= BITS and 1 < len(kinds) <= most and all(sign.isalnum() for sign in kinds)


def _has_digit(part: str) -> bool:
    return any("0" <= sign <= "9" for sign in part)


def _sketch(bits: Iterable[int]) -> str:
    return f"{sum(1 << bit for bit in bits):x}"


def _either(one: str, other: str) -> str:
    return f"{int(one, 16) | int(other, 16):x}"
