"""Keyed hashes of ids, many at once: who has only the hashes cannot try out which ids they are of.

Source: Aumasson, Bernstein, SipHash-2-4 (2012); for ids of more than 64 bytes BLAKE2b (RFC 7693) with a key.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

LONGEST: Final = 64
"""Ids with more bytes are hashed one by one."""

_WORD: Final = 8
_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_END: Final = np.uint64(0xFF)
_HIGHEST: Final = np.uint64(56)
_AT_ONCE: Final = 1 << 13


def key_of(pepper: bytes) -> bytes:
    """Derive the key of the hashes from a secret."""
    return hashlib.blake2b(pepper[:64], digest_size=16, person=b"geogate subjects").digest()


def hashes_of(texts: pa.LargeStringArray, key: bytes) -> Words:
    """Hash each of some texts, none of which is null, to 64 bits.

    Shape: ``(texts,)``.
    """
    _, offsets, data = texts.buffers()
    count = len(texts)
    found = np.zeros(count, np.uint64)
    if not count:
        return found
    bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + count + 1]
    whole = data.to_pybytes() if data is not None else b""
    lengths = np.diff(bounds)
    blocks = np.where(lengths <= LONGEST, lengths // _WORD + 1, 0)
    for many in np.unique(blocks[blocks > 0]).tolist():
        rows = np.flatnonzero(blocks == many)
        for some in np.array_split(rows, len(rows) // _AT_ONCE + 1):
            found[some] = _siphash(_words(whole, bounds[some], lengths[some], many), key)
    for row in np.flatnonzero(blocks == 0).tolist():
        own = whole[bounds[row] : bounds[row + 1]]
        found[row] = int.from_bytes(hashlib.blake2b(own, digest_size=_WORD, key=key).digest(), "little")
    return found


def _words(data: bytes, starts: Any, lengths: Any, blocks: int) -> list[Words]:
    """Give texts of so many words, the last of which has the length in its highest byte."""
    padded = data + bytes(_WORD)
    every: Any = np.ndarray((len(data) + 1,), "<u8", buffer=padded, strides=(1,))
    words = [every[starts + place * _WORD].astype(np.uint64) for place in range(blocks)]
    own = (lengths % _WORD * _WORD).astype(np.uint64)
    words[-1] = words[-1] & ((np.uint64(1) << own) - np.uint64(1)) | (lengths.astype(np.uint64) << _HIGHEST)
    return words


def _siphash(words: list[Words], key: bytes) -> Words:
    halves = np.frombuffer(key, "<u8").astype(np.uint64)
    state = [np.full(len(words[0]), np.uint64(start) ^ halves[place % 2]) for place, start in enumerate(_START)]
    for word in words:
        state[3] = state[3] ^ word
        _rounds(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ _END
    _rounds(state, 4)
    found: Words = state[0] ^ state[1] ^ state[2] ^ state[3]
    return found


def _rounds(state: list[Words], count: int) -> None:
    a, b, c, d = state
    for _ in range(count):
        a = a + b
        b = _turned(b, 13) ^ a
        a = _turned(a, 32)
        c = c + d
        d = _turned(d, 16) ^ c
        a = a + d
        d = _turned(d, 21) ^ a
        c = c + b
        b = _turned(b, 17) ^ c
        c = _turned(c, 32)
    state[:] = [a, b, c, d]


def _turned(words: Words, bits: int) -> Words:
    turned: Words = (words << np.uint64(bits)) | (words >> np.uint64(64 - bits))
    return turned
