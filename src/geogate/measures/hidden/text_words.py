"""Values that are a word that can be a geohash, or have a number among words: counted without a Python object each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.hidden.forms.geohash import ALPHABET, LONGEST, SHORTEST
from geogate.measures.hidden.forms.halves import COUNTED, WORDS
from geogate.measures.hidden.text_runs import fine_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.byte_values import ByteValues

_LOWER: Final = 1
_UPPER: Final = 2
_DIGIT: Final = 4
_BEYOND: Final = 8
_TAIL: Final = 4
_HEAD: Final = 3
_FEW: Final = 4


def _kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(256, np.uint8)
    for code in ALPHABET:
        if chr(code).isdigit():
            kinds[code] = _LOWER | _UPPER | _DIGIT
        else:
            beyond = _BEYOND if chr(code) > "f" else 0
            kinds[code], kinds[code - 32] = _LOWER | beyond, _UPPER | beyond
    return kinds


_KINDS: Final = _kinds()


_UUID_LENGTH: Final = 36
_UUID_PATTERN: Final = np.array([2 if place in {8, 13, 18, 23} else 1 for place in range(_UUID_LENGTH)], np.uint8)
_HEX: Final = np.zeros(256, np.uint8)
_HEX[list(b"0123456789abcdefABCDEF")] = 1
_HEX[ord("-")] = 2

_IN_WORDS: Final = np.array([re.match(WORDS.encode(), bytes([code])) is not None for code in range(256)])


def geohash_words(values: ByteValues) -> NDArray[np.int64]:
    """Return the numbers of the values that are words of a geohash's letters in one case, with a digit.

    One of the last four is a letter: numbers behind a letter or two are ids. One is no hexadecimal digit.
    """
    offsets = values.offsets
    lengths = np.diff(offsets)
    some = np.flatnonzero((lengths >= SHORTEST) & (lengths <= LONGEST))
    if not len(some):
        return some
    for place in range(_HEAD):
        # Most values end here: by a blank, a line, a letter that has no place in the alphabet.
        some = some[_KINDS[values.data[offsets[some] + place]] > 0]
    starts, ends = offsets[some], offsets[some + 1]
    case = np.full(len(some), _LOWER | _UPPER, np.uint8)
    digits = np.zeros(len(some), np.bool_)
    letters = np.zeros(len(some), np.bool_)
    beyond = np.zeros(len(some), np.bool_)
    for back in range(1, LONGEST + 1):
        at = ends - back
        within = at >= starts
        kinds = _KINDS[values.data[np.where(within, at, starts)]]
        case &= kinds | np.where(within, np.uint8(0), np.uint8(255))
        digits |= within & (kinds & _DIGIT > 0)
        beyond |= within & (kinds & _BEYOND > 0)
        if back <= _TAIL:
            letters |= kinds & _DIGIT == 0
        going = case & (_LOWER | _UPPER) > 0
        if not going.all():
            some, starts, ends = some[going], starts[going], ends[going]
            case, digits, letters, beyond = case[going], digits[going], letters[going], beyond[going]
        if not len(some):
            break
    return some[digits & letters & beyond]


def uuids(values: ByteValues) -> NDArray[np.bool_]:
    """Mark the values that are a UUID, which has no room for a form, plain or encoded.

    But for grid references of the far south, which many UUIDs have by chance.
    """
    offsets = values.offsets
    found: NDArray[np.bool_] = np.diff(offsets) == _UUID_LENGTH
    some = np.flatnonzero(found)
    if len(some):
        letters = (
            values.data[int(offsets[0]) : int(offsets[-1])].reshape(-1, _UUID_LENGTH)
            if len(some) == len(found)
            else values.data[offsets[some][:, None] + np.arange(_UUID_LENGTH)]
        )
        found[some] = (_HEX[letters] == _UUID_PATTERN).all(axis=1)
    return found


def lone_numbers(values: ByteValues, searched: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Give the numbers of the values that have a fine number among words, by form, but for those that are searched."""
    offsets = values.offsets
    if len(searched) == len(offsets) - 1:
        return
    within = values.data[int(offsets[0]) : int(offsets[-1])]
    fine = fine_numbers(within)
    if not len(fine) or (len(fine) * _FEW > len(offsets) and not _IN_WORDS[within].any()):
        # Columns of numbers are told by one look at all bytes, few fine numbers in texts are read one by one.
        return
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(values.data)]
    array = pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
    plain = np.zeros(len(array), np.bool_)
    plain[np.searchsorted(offsets[1:], offsets[0] + fine, side="right")] = True
    plain[searched] = False
    some = np.flatnonzero(plain)
    candidates = array.take(pa.array(some))
    some = some[pc.match_substring_regex(candidates, WORDS).to_numpy(zero_copy_only=False)]
    candidates = array.take(pa.array(some))
    for form, pattern in COUNTED:
        found = some[pc.match_substring_regex(candidates, pattern).to_numpy(zero_copy_only=False)]
        if len(found):
            yield form, found
