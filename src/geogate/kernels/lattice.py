"""Decimal lattices as compiled loops.

Most ordinates of a layer have the class of the one before. The class of a block is therefore guessed, and a loop
without branches finds those that have it; the others are classified one by one. The guess decides about speed only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import int64

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import count_ones, kernel
from geogate.kernels.lattice_marks import (
    CLASSES,
    COARSER,
    COARSEST,
    COUNT,
    EVEN,
    FINER,
    FIVES,
    INFINITE,
    POWERS,
    bounds_of,
    bounds_where,
    count_marked,
    mark_class,
    mark_guessed,
    number_of,
    place_of,
    strip,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]
    Words = NDArray[np.uint64]

    Scratch = tuple[Bytes, Words, Words, Ints, Ints]
    More = tuple[Floats, Bytes, Words, Words, Ints]

BLOCK = 2048
"""Vertices of a block; what they need stays in the processor's nearest caches."""

MIN_X, MIN_Y, MAX_X, MAX_Y = 0, 1, 2, 3
NON_FINITE, BEYOND = 0, 1


@kernel
def _count(counts: Ints, place: int, digit: float) -> None:
    counts[place, COUNT] += 1
    counts[place, EVEN] += int64((digit == 2) | (digit == 4))
    counts[place, FIVES] += int64(digit == 5)


@kernel
def _enter(counts: Ints, extents: Floats, place: int, digit: float, x: float, y: float) -> None:
    """Count one ordinate of an axis in its class."""
    _count(counts, place, digit)
    _widen(extents, place, x, y, x, y)


@kernel
def _widen(extents: Floats, place: int, min_x: float, min_y: float, max_x: float, max_y: float) -> None:
    if min_x < extents[place, MIN_X]:
        extents[place, MIN_X] = min_x + 0.0
    if min_y < extents[place, MIN_Y]:
        extents[place, MIN_Y] = min_y + 0.0
    if max_x > extents[place, MAX_X]:
        extents[place, MAX_X] = max_x + 0.0
    if max_y > extents[place, MAX_Y]:
        extents[place, MAX_Y] = max_y + 0.0


@kernel
def _one_by_one(x: Floats, y: Floats, pole: float, counts: Ints, extents: Floats, strange: Ints, guesses: Ints) -> None:
    """Count the vertices of a block in which some are not finite, or at a pole or beyond."""
    for i in range(len(x)):
        if not (abs(x[i]) < np.inf and abs(y[i]) < np.inf):
            strange[NON_FINITE] += 1
        elif abs(y[i]) > pole:
            strange[BEYOND] += 1
        else:
            place, digit = place_of(x[i], guesses[0])
            _count(counts[0], place - COARSEST, digit)
            if abs(y[i]) < pole:
                _widen(extents[0], place - COARSEST, x[i], y[i], x[i], y[i])
            place, digit = place_of(y[i], guesses[1])
            _enter(counts[1], extents[1], place - COARSEST, digit, x[i], y[i])


@kernel
def _holds(extents: Floats, place: int, bounds: Floats) -> bool:
    held: bool = (
        extents[place, MIN_X] <= bounds[MIN_X]
        and extents[place, MIN_Y] <= bounds[MIN_Y]
        and bounds[MAX_X] <= extents[place, MAX_X]
        and bounds[MAX_Y] <= extents[place, MAX_Y]
    )
    return held


@kernel
def _gather(numbers: Floats, mark: Bytes, others: Words, coarser: Ints, strange: Ints) -> tuple[int, int]:
    """List the numbers that lie on a coarser lattice, and those that do not lie on the guessed one; return how many."""
    size = len(numbers)
    few = 0
    none = 0
    for word in range(len(others)):
        bits = others[word]
        while bits:
            i = 64 * word + int64(count_ones(~bits & (bits - np.uint64(1))))
            bits &= bits - np.uint64(1)
            if i >= size:
                break
            coarser[few] = i
            strange[none] = i
            few += int64(mark[i] == COARSER)
            none += int64(mark[i] == 0)
    return few, none


@kernel
def _coarser(
    numbers: Floats,
    x: Floats,
    y: Floats,
    held: int,
    counts: Ints,
    extents: Floats,
    guess: int,
    which: Ints,
    size: int,
    scratch: Scratch,
) -> None:
    """Count numbers that lie on the lattice of ``guess``, without branches as long as it is their class."""
    values, mark, words, others, seen = scratch
    for k in range(size):
        values[k] = numbers[which[k]]
    mark_class(values[:size], POWERS[guess], mark)
    mark[size:] = 0
    own = guess - COARSEST
    seen[own] += count_marked(words, counts[own], others)
    for k in range(size):
        i = which[k]
        if mark[k] == 0 or mark[k] == COARSER:
            place, digit = place_of(values[k], guess)
            seen[place - COARSEST] += 1
            _enter(counts, extents, place - COARSEST, digit, x[i], y[i])
        elif not held:
            _widen(extents, own, x[i], y[i], x[i], y[i])


@kernel
def _axis(
    axis: int,
    x: Floats,
    y: Floats,
    bounds: Floats,
    counts: Ints,
    extents: Floats,
    guess: int,
    scratch: Scratch,
    more: More,
) -> int:
    """Count the ordinates of one axis of a plain block; return the guess for the next block, which is never below 0."""
    mark, words, others, some, strange = scratch
    seen = more[-1]
    numbers = y if axis else x
    size = len(numbers)
    mark_guessed(numbers, bounds[MIN_X + axis], bounds[MAX_X + axis], guess, mark)
    mark[size:] = 0
    count = count_marked(words, counts[guess - COARSEST], others)
    if count and not _holds(extents, guess - COARSEST, bounds):
        min_x, max_x = bounds_where(x.view(np.int64), mark)
        min_y, max_y = bounds_where(y.view(np.int64), mark)
        _widen(extents, guess - COARSEST, number_of(min_x), number_of(min_y), number_of(max_x), number_of(max_y))
    seen[:] = 0
    few, none = _gather(numbers, mark, others, some, strange)
    if few and guess > 0:
        held = _holds(extents, guess - 1 - COARSEST, bounds)
        _coarser(numbers, x, y, held, counts, extents, guess - 1, some, few, more)
    elif few:
        for k in range(few):
            i = some[k]
            place, digit = strip(np.rint(numbers[i] * POWERS[guess]), guess)
            seen[place - COARSEST] += 1
            _enter(counts, extents, place - COARSEST, digit, x[i], y[i])
    for k in range(none):
        i = strange[k]
        place, digit = place_of(numbers[i], FINER)
        seen[place - COARSEST] += 1
        _enter(counts, extents, place - COARSEST, digit, x[i], y[i])
    if 2 * count < size:
        guess = max(int64(np.argmax(seen)) + COARSEST, 0)
    return guess


@kernel
def tally_lattice(
    x: Floats, y: Floats, pole: float, counts: Ints, extents: Floats, strange: Ints, guesses: Ints
) -> None:
    """Count the classes of both axes over some vertices, and add them to what was counted before.

    ``x`` and ``y`` are read-only. ``guesses`` are the classes that ordinates are expected to have, and are changed to
    those that the last ones had.

    Shape: ``x`` and ``y`` float64 ``(n,)``; ``counts`` int64 ``(2, CLASSES, 3)``; ``extents`` float64
        ``(2, CLASSES, 4)``; ``strange`` int64 ``(2,)``; ``guesses`` int64 ``(2,)``.
    """
    words = np.empty(BLOCK // 8, np.uint64)
    others = np.empty(BLOCK // 64, np.uint64)
    scratch = words.view(np.uint8), words, others, np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    more_words = np.empty(BLOCK // 8, np.uint64)
    more = np.empty(BLOCK), more_words.view(np.uint8), more_words, others, np.empty(CLASSES, np.int64)
    bounds = np.empty(4, np.float64)
    for first in range(0, len(x), BLOCK):
        xs, ys = x[first : first + BLOCK], y[first : first + BLOCK]
        low_x, high_x = bounds_of(xs.view(np.int64))
        low_y, high_y = bounds_of(ys.view(np.int64))
        finite = high_x < INFINITE and high_y < INFINITE and low_x > ~INFINITE and low_y > ~INFINITE
        bounds[MIN_X], bounds[MIN_Y] = number_of(low_x), number_of(low_y)
        bounds[MAX_X], bounds[MAX_Y] = number_of(high_x), number_of(high_y)
        if not (finite and -pole < bounds[MIN_Y] and bounds[MAX_Y] < pole):
            _one_by_one(xs, ys, pole, counts, extents, strange, guesses)
            continue
        for axis in range(2):
            guesses[axis] = _axis(axis, xs, ys, bounds, counts[axis], extents[axis], guesses[axis], scratch, more)


def new_counts() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return ``counts``, ``extents``, ``strange`` and ``guesses`` before the first vertex."""
    extents = np.empty((2, CLASSES, 4))
    extents[:, :, :MAX_X], extents[:, :, MAX_X:] = np.inf, -np.inf
    return np.zeros((2, CLASSES, 3), np.int64), extents, np.zeros(2, np.int64), np.full(2, 7, np.int64)


def warm_up() -> None:
    """Compile the kernels of this module."""
    ordinates = read_only(np.zeros(2))
    tally_lattice(ordinates, ordinates, 90.0, *new_counts())
