"""The coarsest step on which moments lie, as compiled loops; ``geogate.measures.time_steps`` is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import int64, uint64

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Classes = NDArray[np.int8]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

_COLON, _DASH, _DOT, _COMMA, _ZERO = (ord(sign) for sign in ":-.,0")
_DATE = len("2000-01-31")
_DAY, _HOUR, _MINUTE, _SECOND = 10, 9, 7, 5
_NO_TIME = -1


@kernel
def _is_multiple(magnitude: int, divisor: Words) -> bool:
    """Tell whether a number is a multiple, by one product and one turn (``divisor_of`` makes what is needed)."""
    product = magnitude * divisor[0]
    turned = (product >> divisor[1]) | (product << ((uint64(64) - divisor[1]) & uint64(63)))
    multiple: bool = turned <= divisor[2]
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
        on = guess == 0 or _is_multiple(magnitude, divisors[guess - 1])
        if on and not (guess < steps and _is_multiple(magnitude, divisors[guess])):
            expected += 1
            continue
        place = guess + 1 if on else 0
        while place < steps and _is_multiple(magnitude, divisors[place]):
            place += 1
        found[place] += 1
    found[guess] += expected
    for place in range(steps + 1):
        counts[place] += found[place]
    most: int = int64(np.argmax(found))
    return most


@kernel
def _digit(data: Bytes, at: int, end: int) -> bool:
    return at < end and 48 <= data[at] <= 57


@kernel
def _fraction(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Read the digits of a fraction of a second; return how many there are up to the last but zeros, and its end."""
    last = at
    first = at
    while _digit(data, at, end):
        at += 1
        if data[at - 1] != _ZERO:
            last = at
    return last - first, at


@kernel
def _of_field(data: Bytes, at: int, finer: int) -> int:
    """Class two digits that are not both zero by the second of them."""
    return finer if data[at + 1] != _ZERO else finer + 1


@kernel
def _clock(data: Bytes, after: int, colon: int, end: int) -> tuple[int, int]:
    """Class the time of day round a colon; return the class and where it ends, ``_NO_TIME`` where there is none."""
    if colon == after or not _digit(data, colon - 1, end):
        return _NO_TIME, colon + 1
    if not (_digit(data, colon + 1, end) and _digit(data, colon + 2, end)):
        return _NO_TIME, colon + 1
    stop = colon + 3
    if stop < end and data[stop] == _COLON and _digit(data, stop + 1, end) and _digit(data, stop + 2, end):
        second = stop + 1
        stop += 3
        if stop < end and (data[stop] == _DOT or data[stop] == _COMMA) and _digit(data, stop + 1, end):
            digits, stop = _fraction(data, stop + 1, end)
            if digits > 0:
                return max(_SECOND - digits, 1 if digits <= 6 else 0), stop
        if data[second] != _ZERO or data[second + 1] != _ZERO:
            return _of_field(data, second, _SECOND), stop
    if data[colon + 1] != _ZERO or data[colon + 2] != _ZERO:
        return _of_field(data, colon + 1, _MINUTE), stop
    tens = colon - 2 >= after and _digit(data, colon - 2, end) and data[colon - 2] != _ZERO
    return _HOUR if tens or data[colon - 1] != _ZERO else _DAY, stop


@kernel
def _is_date(data: Bytes, start: int, end: int) -> bool:
    if end - start != _DATE or data[start + 4] != _DASH or data[start + 7] != _DASH:
        return False
    digits = 0
    for at in range(start, end):
        digits += int64(_digit(data, at, end))
    return digits == _DATE - 2


@kernel
def class_clocks(data: Bytes, offsets: Ints, classes: Classes) -> None:
    """Class texts by the finest time of day that they hold, as ``geogate.measures.clocks`` does.

    ``data`` and ``offsets`` are read-only; every text lies within ``data``.

    Shape: ``data`` ``(bytes,)``, ``offsets`` ``(n + 1,)``, ``classes`` ``(n,)``.
    """
    colons = 0
    for byte in data[offsets[0] : offsets[-1]]:
        colons += int64(byte == _COLON)
    for i in range(len(classes)):
        start, end = offsets[i], offsets[i + 1]
        finest = _DAY + 1
        at, after = start, start
        while colons and at < end:
            if data[at] != _COLON:
                at += 1
                continue
            found, at = _clock(data, after, at, end)
            if found != _NO_TIME:
                finest, after = min(finest, found), at
        if finest <= _DAY:
            classes[i] = finest
        else:
            classes[i] = _DAY if _is_date(data, start, end) else _NO_TIME


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
    class_clocks(read_only(np.zeros(1, np.uint8)), read_only(np.array([0, 1])), np.zeros(1, np.int8))
