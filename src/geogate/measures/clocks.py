"""Times of day that are written in texts, and how finely each is written; the reference of the compiled loop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.byte_values import ByteValues

STEPS: Final = (
    ("1 ns", 1),
    ("1 µs", 1_000),
    ("1 ms", 1_000_000),
    ("10 ms", 10_000_000),
    ("100 ms", 100_000_000),
    ("1 s", 1_000_000_000),
    ("10 s", 10_000_000_000),
    ("1 min", 60_000_000_000),
    ("10 min", 600_000_000_000),
    ("1 h", 3_600_000_000_000),
    ("1 d", 86_400_000_000_000),
)
"""The steps that moments are classed by, each a multiple of the one before: name and nanoseconds."""

DAY: Final = len(STEPS) - 1
NO_TIME: Final = -1
"""Stands for a text that has neither a time of day nor is a date."""

_CLOCK: Final = re.compile(rb"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?")
_DATE: Final = re.compile(rb"\d{4}-\d\d-\d\d")
_COLON: Final = ord(":")
_DATE_LENGTH: Final = len("2000-01-31")
_OF_DIGITS: Final = (5, 4, 3, 2, 1, 1, 1)
"""The class of a fraction of a second by the digits up to the last that is not 0; with more of them it is 0."""


def clock_classes(texts: ByteValues) -> NDArray[np.int8]:
    """Class texts by the finest time of day that they hold; a text that is a date alone is of a day.

    A time of day is hours and minutes with a colon, wherever it stands in the text; its class is the coarsest step on
    which it lies. An offset from UTC looks like one too, and makes a text finer at most.

    Shape: one class for each text, ``NO_TIME`` for those without a time.
    """
    classes = np.full(len(texts.offsets) - 1, NO_TIME, np.int8)
    for row in _worth_reading(texts):
        start, end = texts.offsets[row : row + 2]
        classes[row] = _class(texts.data[start:end].tobytes())
    return classes


def _worth_reading(texts: ByteValues) -> NDArray[np.int64]:
    """List the texts that have a colon, or are as long as a date."""
    first, last = texts.offsets[[0, -1]]
    colons = first + np.flatnonzero(texts.data[first:last] == _COLON)
    with_colon = np.searchsorted(texts.offsets, colons, side="right") - 1
    return np.union1d(with_colon, np.flatnonzero(np.diff(texts.offsets) == _DATE_LENGTH))


def _class(text: bytes) -> int:
    found = [_of_clock(*match.groups(b"")) for match in _CLOCK.finditer(text)]
    if found:
        return min(found)
    return DAY if _DATE.fullmatch(text) else NO_TIME


def _of_clock(hours: bytes, minutes: bytes, seconds: bytes, fraction: bytes) -> int:
    digits = len(fraction.rstrip(b"0"))
    if digits:
        return _OF_DIGITS[digits] if digits < len(_OF_DIGITS) else 0
    fields = ((seconds, 5), (minutes, 7), (hours, 9))
    for written, finer in fields:
        if written.strip(b"0"):
            return finer if finer == DAY - 1 or written[-1:] != b"0" else finer + 1
    return DAY
