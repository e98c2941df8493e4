"""The coarsest step on which moments lie, as compiled loops; ``geogate.measures.time_steps`` is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import int64, uint64

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import count_ones, kernel
from geogate.kernels.raw import load_uint64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Classes = NDArray[np.int8]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

_COLON, _DASH, _DOT, _COMMA, _ZERO, _NINE = (ord(sign) for sign in ":-.,09")
_COLONS, _ONES, _HIGHEST = (np.uint64(byte * 0x0101_0101_0101_0101) for byte in (_COLON, 0x01, 0x80))
_DATE = len("2000-01-31")
_DAY, _HOUR, _MINUTE, _SECOND = 10, 9, 7, 5
_NO_TIME = -1
_RUN = 4_096
"""Bytes that are looked through at once."""


@kernel
def _is_multiple(magnitude: int, divisors: Words, of: int) -> bool:
    """Tell whether a number is a multiple, by one product and one turn (``divisor_of`` makes what is needed)."""
    product = magnitude * divisors[of, 0]
    twos = divisors[of, 1]
    turned = (product >> twos) | (product << ((uint64(64) - twos) & uint64(63)))
    multiple: bool = turned <= divisors[of, 2]
    return multiple


@kernel
def count_steps(values: Ints, divisors: Words, counts: Ints, guess: int) -> int:
    """Count moments by the coarsest of some steps on which they lie; return the class that most of them have.

    Class 0 lies on none of them, class ``k`` on the first ``k``; each step is a multiple of the one before. The class
    that most moments are guessed to have decides about speed only. ``values`` and ``divisors`` are read-only.

    Shape: ``values`` ``(n,)``; ``divisors`` ``(steps, 3)``; ``counts`` ``(steps + 1,)``.
    """
    steps = len(divisors)
    found = np.zeros(steps + 1, np.int64)
    expected = 0
    for i in range(len(values)):
        magnitude = uint64(values[i]) if values[i] >= 0 else uint64(0) - uint64(values[i])
        on = guess == 0 or _is_multiple(magnitude, divisors, guess - 1)
        if on and not (guess < steps and _is_multiple(magnitude, divisors, guess)):
            expected += 1
            continue
        place = guess + 1 if on else 0
        while place < steps and _is_multiple(magnitude, divisors, place):
            place += 1
        found[place] += 1
    found[guess] += expected
    for place in range(steps + 1):
        counts[place] += found[place]
    most: int = int64(np.argmax(found))
    return most


# One way out of each of these, and no short cuts between conditions: numba counts references where ways part.


@kernel
def _digit(data: Bytes, at: int, end: int) -> bool:
    byte = data[min(at, end - 1)]
    digit: bool = (at < end) & (byte >= _ZERO) & (byte <= _NINE)
    return digit


@kernel
def _sign(data: Bytes, at: int, end: int, sign: int) -> bool:
    there: bool = (at < end) & (data[min(at, end - 1)] == sign)
    return there


@kernel
def _fraction(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Read the digits of a fraction of a second; return how many there are up to the last but zeros, and its end."""
    first, last = at, at
    while _digit(data, at, end):
        at += 1
        last = at if data[at - 1] != _ZERO else last
    return last - first, at


@kernel
def _clock(data: Bytes, after: int, colon: int, end: int) -> tuple[int, int]:
    """Class the time of day round a colon; return the class and where it ends, ``_NO_TIME`` where there is none."""
    found, stop = _NO_TIME, colon + 1
    hours = (colon > after) & _digit(data, max(colon - 1, after), end)
    if hours & _digit(data, colon + 1, end) & _digit(data, colon + 2, end):
        stop = colon + 3
        tens = (colon - 2 >= after) & _digit(data, max(colon - 2, after), end)
        tens &= data[max(colon - 2, after)] != _ZERO
        found = _HOUR if tens | (data[colon - 1] != _ZERO) else _DAY
        if (data[colon + 1] != _ZERO) | (data[colon + 2] != _ZERO):
            found = _MINUTE + int64(data[colon + 2] == _ZERO)
        if _sign(data, stop, end, _COLON) & _digit(data, stop + 1, end) & _digit(data, stop + 2, end):
            stop += 3
            if (data[stop - 2] != _ZERO) | (data[stop - 1] != _ZERO):
                found = _SECOND + int64(data[stop - 1] == _ZERO)
            if (_sign(data, stop, end, _DOT) | _sign(data, stop, end, _COMMA)) & _digit(data, stop + 1, end):
                digits, stop = _fraction(data, stop + 1, end)
                if digits > 0:
                    found = max(_SECOND - digits, 1) if digits <= 6 else 0
    return found, stop


@kernel
def _is_date(data: Bytes, start: int) -> bool:
    """Tell whether ten bytes are a date."""
    digits = 0
    for at in range(start, start + _DATE):
        digits += int64(_digit(data, at, start + _DATE))
    date: bool = (digits == _DATE - 2) & (data[start + 4] == _DASH) & (data[start + 7] == _DASH)
    return date


@kernel
def _next_colon(data: Bytes, at: int, end: int) -> int:
    """Find the first colon from a place on, eight bytes at once; ``end`` where there is none."""
    found = uint64(0)
    while (at + 8 <= end) & (found == 0):
        word = load_uint64(data, at) ^ _COLONS
        # The lowest bit that is left belongs to the first byte that is a colon.
        found = (word - _ONES) & ~word & _HIGHEST
        at += 8
    if found:
        at += (int64(count_ones(~found & (found - uint64(1)))) >> 3) - 8
    while at < end and data[at] != _COLON:
        at += 1
    return at


@kernel
def class_clocks(data: Bytes, offsets: Ints, classes: Classes) -> None:
    """Class texts by the finest time of day that they hold, as ``geogate.measures.clocks`` does.

    ``data`` and ``offsets`` are read-only; every text lies within ``data``.

    Shape: ``data`` ``(bytes,)``, ``offsets`` ``(n + 1,)``, ``classes`` ``(n,)``.
    """
    colon = _next_colon(data, offsets[0], offsets[-1])
    for i in range(len(classes)):
        start, end = offsets[i], offsets[i + 1]
        finest = _DAY + 1
        after = start
        while colon < end:
            found, stop = _clock(data, after, colon, end)
            if found != _NO_TIME:
                finest, after = min(finest, found), stop
            colon = _next_colon(data, stop, offsets[-1])
        if finest > _DAY:
            finest = _NO_TIME
            if end - start == _DATE and _is_date(data, start):
                finest = _DAY
        classes[i] = finest


@kernel
def surely_no_times(data: Bytes, offsets: Ints) -> bool:
    """Tell whether texts surely hold no time and are no date: no byte of theirs is a colon, none is as long as a date.

    ``data`` and ``offsets`` are read-only and as they came: where the offsets are not in order, or do not lie within
    ``data``, the answer is no. So it is where there are no texts.

    Shape: ``data`` ``(bytes,)``, ``offsets`` ``(n + 1,)`` of 32 or 64 bits.
    """
    texts = len(offsets) - 1
    first, last = (int64(offsets[0]), int64(offsets[texts])) if texts > 0 else (int64(-1), int64(-1))
    sure = (first >= 0) & (last <= len(data))
    odd = 0
    for i in range(texts):
        start, end = int64(offsets[i]), int64(offsets[i + 1])
        odd += int64((end < start) | (end - start == _DATE))
    sure &= odd == 0
    # In runs, because a loop that may end at each byte is not vectorised.
    while sure and first < last:
        run = data[first : min(first + _RUN, last)]
        colon = False
        for at in range(len(run)):
            colon |= run[at] == _COLON
        sure &= not colon
        first += len(run)
    return bool(sure)


def divisor_of(step: int) -> tuple[int, int, int]:
    """Return what tells multiples of a step: the inverse of its odd part, its twos, and the largest quotient.

    Source: Granlund and Montgomery (1994), Division by Invariant Integers using Multiplication, section 9.
    """
    twos = (step & -step).bit_length() - 1
    return pow(step >> twos, -1, 1 << 64), twos, (2**64 - 1) // step


def warm_up() -> None:
    """Compile the kernels of this module."""
    divisors = read_only(np.array([divisor_of(1000)], np.uint64))
    count_steps(read_only(np.zeros(1, np.int64)), divisors, np.zeros(2, np.int64), 0)
    texts = read_only(np.zeros(1, np.uint8))
    class_clocks(texts, read_only(np.array([0, 1])), np.zeros(1, np.int8))
    for width in (np.int32, np.int64):
        surely_no_times(texts, read_only(np.array([0, 1], width)))
