"""The class of one number and the marks of many: what ``geogate.kernels.lattice`` does with one block.

``geogate.measures.decimals`` says what a class is, and is the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import int64

from geogate.kernels.jit import count_ones, kernel
from geogate.kernels.raw import as_float64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]
    Words = NDArray[np.uint64]

COARSEST = -6
FINEST = 15
FINER = FINEST + 1
CLASSES = FINER - COARSEST + 1

COUNT, EVEN, FIVES = 0, 1, 2

LIMIT = float(2**51)
POWERS = np.array([float(10**d) for d in range(FINEST + 1)])
_BELOW = LIMIT / POWERS
"""A magnitude below ``_BELOW[d]`` may lie on ``10**-d``."""

_SCALES = 4
"""How many powers the loop for numbers on no lattice looks at, each ten times as fine as the one before."""

COARSER = 8
"""Marks a number that lies on the guessed lattice, and on a coarser one too."""

_DIGITS = 7
"""The bits of a mark that are not 0 where a number has the guessed class."""

_ONES = np.uint64(0x0101_0101_0101_0101)
_GATHER = np.uint64(0x0102_0408_1020_4080)
"""A product with it moves the lowest bits of eight bytes into the highest byte."""

_MAGNITUDE = 0x7FFF_FFFF_FFFF_FFFF
_ABOVE_ALL = np.int64(_MAGNITUDE)
_BELOW_ALL = np.int64(-_MAGNITUDE - 1)
INFINITE = np.int64(0x7FF0_0000_0000_0000)
"""The key of infinity; its complement is that of minus infinity."""


@kernel
def bounds_of(bits: Ints) -> tuple[np.int64, np.int64]:
    """Find the least and the largest key; reductions of integers become vector instructions, those of floats not."""
    low = _ABOVE_ALL
    high = _BELOW_ALL
    for i in range(len(bits)):
        key = bits[i] ^ ((bits[i] >> 63) & _MAGNITUDE)
        low = min(low, key)
        high = max(high, key)
    return low, high


@kernel
def bounds_where(bits: Ints, mark: Bytes) -> tuple[np.int64, np.int64]:
    """Find the least and the largest key of those that are marked."""
    low = _ABOVE_ALL
    high = _BELOW_ALL
    for i in range(len(bits)):
        key = bits[i] ^ ((bits[i] >> 63) & _MAGNITUDE)
        low = min(low, key if (mark[i] & _DIGITS) != 0 else _ABOVE_ALL)
        high = max(high, key if (mark[i] & _DIGITS) != 0 else _BELOW_ALL)
    return low, high


@kernel
def number_of(key: np.int64) -> float:
    """Turn a key back into the number; zero comes without a sign."""
    number: float = as_float64(np.uint64(key ^ ((key >> 63) & _MAGNITUDE))) + 0.0
    return number


@kernel
def mark_class(numbers: Floats, scale: float, mark: Bytes) -> None:
    """Mark the numbers whose class is that of ``scale`` with the magnitude of their last digit there.

    Those of a coarser class are marked ``COARSER``, all others with 0.
    """
    for i in range(len(numbers)):
        whole = np.rint(numbers[i] * scale)
        digit = abs(whole - np.rint(whole * 0.1) * 10)
        digit = digit if digit != 0 else float(COARSER)
        on = (whole / scale == numbers[i]) & (abs(whole) < LIMIT)
        mark[i] = np.uint8(np.int32(digit if on else 0.0))


@kernel
def _mark_none(numbers: Floats, top: int, mark: Bytes) -> None:
    """Mark with 1 numbers that lie on no lattice; ``top`` is the finest power that the largest of them allows."""
    second, third, fourth = min(top + 1, FINEST), min(top + 2, FINEST), min(top + _SCALES - 1, FINEST)
    p0, p1, p2, p3 = POWERS[top], POWERS[second], POWERS[third], POWERS[fourth]
    b1, b2, b3 = _BELOW[second], _BELOW[third], _BELOW[fourth]
    least = _BELOW[top + _SCALES] if top + _SCALES <= FINEST else -1.0
    for i in range(len(numbers)):
        magnitude = abs(numbers[i])
        scale = p1 if magnitude < b1 else p0
        scale = p2 if magnitude < b2 else scale
        scale = p3 if magnitude < b3 else scale
        none = (np.rint(numbers[i] * scale) / scale != numbers[i]) & (magnitude >= least)
        mark[i] = np.uint8(np.int32(1.0 if none else 0.0))


@kernel
def _finest(magnitude: float) -> int:
    """Find the finest power that a magnitude allows; -1 where it allows none."""
    power = FINEST
    while power >= 0 and not magnitude < _BELOW[power]:
        power -= 1
    return power


@kernel
def mark_guessed(numbers: Floats, bounds_low: float, bounds_high: float, guess: int, mark: Bytes) -> None:
    """Mark the numbers that surely have the guessed class; those with 0 have yet to be looked at."""
    if guess <= FINEST:
        mark_class(numbers, POWERS[guess], mark)
        return
    top = _finest(max(abs(bounds_low), abs(bounds_high)))
    if top < 0:
        mark[:] = 0
    else:
        _mark_none(numbers, top, mark)


@kernel
def count_marked(words: Words, counts: Ints, rest: Words) -> int:
    """Count eight marks at once; set the bits of ``rest`` for what is not of the guessed class, 64 marks a word.

    Marks from 1 to 5 are last digits of the guessed class. Returns how many have it.
    """
    count = np.uint64(0)
    even = np.uint64(0)
    fives = np.uint64(0)
    for i in range(len(rest)):
        others = np.uint64(0)
        for j in range(8):
            word = words[8 * i + j]
            one, two, four = word & _ONES, (word >> np.uint64(1)) & _ONES, (word >> np.uint64(2)) & _ONES
            some = one | two | four
            count += count_ones(some)
            even += count_ones((two ^ four) & ~one)
            fives += count_ones(four & one)
            others |= (((some ^ _ONES) * _GATHER) >> np.uint64(56)) << np.uint64(8 * j)
        rest[i] = others
    counts[COUNT] += int64(count)
    counts[EVEN] += int64(even)
    counts[FIVES] += int64(fives)
    total: int = int64(count)
    return total


@kernel
def strip(whole: float, power: int) -> tuple[int, float]:
    """Find the class of a whole multiple of ``10**-power`` and the magnitude of its last digit."""
    while power > COARSEST:
        tenth = np.rint(whole * 0.1)
        digit = whole - tenth * 10
        if digit != 0:
            return power, abs(digit)
        whole = tenth
        power -= 1
    return COARSEST, 0.0


@kernel
def place_of(number: float, guess: int) -> tuple[int, float]:
    """Find the class of a finite number and the magnitude of its last digit; the guess may be wrong."""
    for power in (guess, _finest(abs(number))):
        if 0 <= power <= FINEST:
            whole = np.rint(number * POWERS[power])
            if (whole / POWERS[power] == number) & (abs(whole) < LIMIT):
                found: tuple[int, float] = strip(whole, power)
                return found
    return FINER, 0.0
