"""Texts that nobody can read: single words in which kinds of letters take turns as they do in encodings and ciphers.

What they say cannot be told, so that a column of them is opaque, unless they are digests: of full length, all
different, and in each place nearly every digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import ByteValues

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORTEST: Final = 12
"""Letters that an unreadable word has at least."""

SHORT: Final = 9
"""The same where letters take turns as in random ones."""

OFTEN: Final = 0.4
"""The share of turns of letters that are drawn, of which half are digits or half are capital."""

TURNS: Final = 0.2
"""The share of letters that are of another kind than the one before, from which on nobody reads a word.

Signs between words, and small letters behind a capital one, are no other kind.
"""

SHAPES: Final = 64
"""Bits of the sketch that tells about how many patterns of kinds of letters there are."""

SEVERAL: Final = 2
ALL_DIFFER: Final = 0.8
A_FIFTH: Final = 0.2

MANY: Final = 32
"""Digests that a column must have to show that all digits come in all places."""

FULL: Final = (32, 40, 56, 64, 96, 128)
"""Digits that digests have: MD5, SHA-1, and SHA-2 and SHA-3 of all sizes."""

_MOST_DIGITS: Final = 12
_SMALL, _CAPITAL, _DIGIT, _BETWEEN, _ODD = range(5)
_BETWEEN_WORDS: Final = b"-_/.,;:'() "
_FACTOR: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_READABLE: Final = (
    r"^(\{?[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?|[A-Za-z][A-Za-z0-9+.-]{1,12}:.*|www\..*"
    r"|[^@]+@[^@]+\.[A-Za-z]+|[0-9+().,:;/TZ-]+)$"
)
_DIGEST: Final = r"^(?:[0-9a-f]+|[0-9A-F]+)$"


def _kinds() -> NDArray[np.uint8]:
    kinds = np.full(256, _ODD, np.uint8)
    for kind, (first, last) in ((_SMALL, "az"), (_CAPITAL, "AZ"), (_DIGIT, "09")):
        kinds[ord(first) : ord(last) + 1] = kind
    kinds[list(_BETWEEN_WORDS)] = _BETWEEN
    kinds[0x80:] = _SMALL
    return kinds


_KINDS: Final = _kinds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """How many texts are words that nobody can read, and how many digests of one length.

    ``shapes`` has a bit for the pattern of each unreadable word, ``lengths`` one for each length of digests, in the
    order of ``FULL``. ``digits`` has sixteen bits for each place of a digest, of the digits that were seen there.
    """

    words: int = 0
    shapes: int = 0
    digests: int = 0
    lengths: int = 0
    digits: str = "0"

    def __add__(self, other: Unreadable) -> Unreadable:
        return Unreadable(
            words=self.words + other.words,
            shapes=self.shapes | other.shapes,
            digests=self.digests + other.digests,
            lengths=self.lengths | other.lengths,
            digits=f"{int(self.digits, 16) | int(other.digits, 16):x}",
        )

    def hides(self, looked: int) -> bool:
        """Tell whether a column has unreadable words, of a fifth of its texts or of different patterns.

        Formulas and numbers of parts have few patterns.
        """
        differ = self.words >= SEVERAL and self.shapes.bit_count() >= min(ALL_DIFFER * self.words, SHAPES / 4)
        # Digests among other texts are encoded numbers as likely.
        strewn = self.digests if self.digests < looked else 0
        return differ or strewn >= SEVERAL or self.words > A_FIFTH * looked

    @property
    def whole_digests(self) -> bool:
        """Tell whether digests are of one length and any digit stands in any place, as what they are made of is not."""
        if self.digests < MANY or self.lengths.bit_count() != 1:
            return False
        places = FULL[self.lengths.bit_length() - 1]
        bits = int(self.digits, 16)
        return all((bits >> (16 * place) & 0xFFFF).bit_count() >= _MOST_DIGITS for place in range(places))

    def kept(self) -> Unreadable:
        """Leave out what tells values."""
        return Unreadable(words=self.words, digests=self.digests, lengths=self.lengths)


NONE: Final = Unreadable()


def unreadable(texts: pa.Array) -> Unreadable:
    """Look at some texts, as bytes, none of them null."""
    digests = texts.filter(pc.match_substring_regex(texts, _DIGEST))
    found = Unreadable()
    lengths = np.asarray(pc.binary_length(digests))
    for place, length in enumerate(FULL):
        some = digests.filter(pa.array(lengths == length))
        if len(some):
            found += Unreadable(digests=len(some), lengths=1 << place, digits=_digits(some, length))
    full = pc.and_(pc.match_substring_regex(texts, _DIGEST), pc.is_in(pc.binary_length(texts), pa.array(FULL)))
    words = texts.filter(pc.invert(pc.or_(pc.match_substring_regex(texts, _READABLE), full)))
    return found + _words(ByteValues.of(words)) if len(words) else found


def _digits(digests: pa.Array, length: int) -> str:
    found = ByteValues.of(digests)
    data = found.data[int(found.offsets[0]) : int(found.offsets[-1])].reshape(-1, length)
    values = (data & 15) + np.where(data >= ord("A"), 9, 0)
    bits = 0
    for place in range(length):
        for value in np.unique(values[:, place]).tolist():
            bits |= 1 << (16 * place + value)
    return f"{bits:x}"


def _words(values: ByteValues) -> Unreadable:
    """Count the texts without a blank in which kinds of letters take turns, and sketch their patterns."""
    offsets = values.offsets - values.offsets[0]
    data = values.data[int(values.offsets[0]) : int(values.offsets[-1])]
    lengths = np.diff(offsets)
    if not len(data):
        return Unreadable()
    kinds = _KINDS[data]
    turns = np.zeros(len(data), np.int64)
    turns[1:] = (kinds[1:] != kinds[:-1]) & (kinds[1:] != _BETWEEN) & (kinds[:-1] != _BETWEEN)
    turns[1:] -= (kinds[:-1] == _CAPITAL) & (kinds[1:] == _SMALL)
    starts = offsets[:-1][lengths > 0]
    turns[starts] = 0
    owners = np.repeat(np.arange(len(lengths)), lengths)
    blank = np.bincount(owners, weights=data <= ord(" "), minlength=len(lengths))
    share = np.bincount(owners, weights=turns, minlength=len(lengths)) / np.maximum(lengths - 1, 1)
    random = (lengths >= SHORTEST) & (share >= TURNS) | (lengths >= SHORT) & (share >= OFTEN)
    some = random & (blank == 0)
    places = (np.arange(len(data)) - np.repeat(offsets[:-1], lengths)).astype(np.uint64)
    mixed = (kinds.astype(np.uint64) + np.uint64(1)) * (places * np.uint64(2) + np.uint64(1)) * _FACTOR
    mixed ^= mixed >> np.uint64(29)
    hashes = np.zeros(len(lengths), np.uint64)
    np.add.at(hashes, owners, mixed * _FACTOR)
    bits = np.unique(hashes[some] >> np.uint64(58)).tolist()
    return Unreadable(words=int(some.sum()), shapes=sum(1 << int(bit) for bit in bits))
