"""Values that are nothing but a word that can be a geohash, counted without a Python object for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.forms.geohash import ALPHABET, LONGEST, SHORTEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.byte_values import ByteValues

_LOWER: Final = 1
_UPPER: Final = 2
_DIGIT: Final = 4
_BEYOND: Final = 8
_TAIL: Final = 4


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


def geohash_words(values: ByteValues) -> NDArray[np.int64]:
    """Return the numbers of the values that are words of a geohash's letters in one case, with a digit.

    One of the last four is a letter: numbers behind a letter or two are ids. One is no hexadecimal digit.
    """
    offsets = values.offsets
    lengths = np.diff(offsets)
    some = np.flatnonzero((lengths >= SHORTEST) & (lengths <= LONGEST))
    if not len(some):
        return some
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
