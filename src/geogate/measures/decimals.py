"""The decimal lattice of numbers, to the bit: the power of ten on which each float64 lies.

A float64 lies on the lattice ``10**-d`` if it is the one nearest to ``m * 10**-d`` for an integer ``m`` of magnitude
below ``LIMIT`` (and, for multiples of ten, is below it itself). Beyond that the neighbours of a float64 are about as
far apart as the lattice is fine, every number would lie on it, and the word would mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COARSEST: Final = -6
"""The class of multiples of a million; zero lies on every lattice and counts here."""

FINEST: Final = 15
FINER: Final = FINEST + 1
"""The class of the numbers that lie on no lattice that can be told from chance."""

LIMIT: Final = float(2**51)
"""Below it ``rint(x * 10**d)`` finds the integer: two roundings move the product by less than a half."""

_POWERS: Final = tuple(float(10**d) for d in range(FINEST + 1))
_SAMPLE: Final = 31


def classify(numbers: Floats) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Find for each finite number the least ``d`` with the number on ``10**-d``, and its last digit there.

    The digit is between -5 and 5, congruent to the last digit modulo 10, 0 for the classes at both ends.

    Shape: both as ``numbers``.
    Source: checked against ``decimal.Decimal(repr(x))`` in ``tests/property/test_lattice.py``.
    """
    classes = np.full(len(numbers), FINER, np.int8)
    digits = np.zeros(len(numbers), np.int8)
    # Numbers near the end of the range overflow to infinity, which lies on no lattice.
    with np.errstate(over="ignore", invalid="ignore"):
        guess = _guess(numbers)
        if guess <= FINEST:
            _place(numbers, classes, digits, None, guess)
        _place_rest(numbers, classes, digits, np.flatnonzero(classes == FINER))
    return classes, digits


def _guess(numbers: Floats) -> int:
    """Guess the class that most numbers have from the shortest text of a few; it decides about speed only."""
    texts = [repr(number) for number in numbers[:: max(len(numbers) // _SAMPLE, 1)].tolist()]
    places = [FINER if "e" in text else len(text.partition(".")[2]) for text in texts]
    return max(set(places), key=places.count) if places else FINER


def _place_rest(numbers: Floats, classes: NDArray[np.int8], digits: NDArray[np.int8], rest: NDArray[np.int64]) -> None:
    """Place numbers by the finest lattice that their magnitude allows: who is not on that is on none."""
    if not len(rest):
        return
    magnitude = np.abs(numbers[rest])
    below = LIMIT / _POWERS[FINEST]
    some = magnitude < below
    for power in range(FINEST, -1, -1):
        if some.any():
            _place(numbers, classes, digits, rest[some], power)
        if power:
            upper = LIMIT / _POWERS[power - 1]
            some = (magnitude >= below) & (magnitude < upper)
            below = upper


def _place(
    numbers: Floats,
    classes: NDArray[np.int8],
    digits: NDArray[np.int8],
    some: NDArray[np.int64] | None,
    power: int,
) -> None:
    """Place those of some numbers that lie on ``10**-power``; ``None`` are all of them."""
    picked = numbers if some is None else numbers[some]
    scale = _POWERS[power]
    whole = np.rint(picked * scale)
    on = (whole / scale == picked) & (np.abs(whole) < LIMIT)
    # Dividing by ten may round up or down at a half; the remainder is then 5 or -5, and right either way.
    tenth = np.rint(whole * 0.1)
    digit = whole - tenth * 10
    ends = on & (digit != 0)
    if some is None:
        np.copyto(classes, np.int8(power), where=ends)
        np.copyto(digits, digit, where=ends, casting="unsafe")
    else:
        here = some[ends]
        classes[here] = power
        digits[here] = digit[ends]
    coarser = np.flatnonzero(on & (digit == 0))
    if len(coarser):
        _strip(tenth[coarser], coarser if some is None else some[coarser], classes, digits, power - 1)


def _strip(
    whole: Floats, some: NDArray[np.int64], classes: NDArray[np.int8], digits: NDArray[np.int8], power: int
) -> None:
    """Strip zeros from the ends of integers, each of them a step to a coarser lattice."""
    while len(some) and power > COARSEST:
        tenth = np.rint(whole * 0.1)
        digit = whole - tenth * 10
        ends = digit != 0
        classes[some[ends]] = power
        digits[some[ends]] = digit[ends]
        whole, some, power = tenth[~ends], some[~ends], power - 1
    classes[some] = COARSEST
