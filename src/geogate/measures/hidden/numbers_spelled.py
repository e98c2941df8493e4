"""Numbers that stand in texts: the digits within names and ids, and words that are numbers in other bases.

Texts with as many runs of digits are alike; each run is a number, two long halves of one are two, and runs that follow
each other are one where their lengths do not differ. Moments are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.forms.form import compiled
from geogate.measures.hidden.text_numerals import TELLING as NUMERALS
from geogate.measures.hidden.text_numerals import spelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Runs = list[tuple[bytes, ...]]

FEWEST_OF_ONE: Final = 6
"""Digits of a run that can be one axis."""

FEWEST_ROWS: Final = 3
MOST_RUNS: Final = 8
MOST_WORDS: Final = 4
"""Words of a text that are numbers in other bases."""

MOST_KINDS: Final = 4
"""Kinds of texts of a column that are looked at, the most frequent first."""

_LONGEST: Final = 15
_BOTH: Final = 10
_MOSTLY: Final = 0.9
_MOMENT: Final = re.compile(
    rb"(?:19|20)\d\d([-_/.:]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[T _-]?(?:[01]\d|2[0-4])[:_-]?[0-5]\d"
    rb"(?:[:_-]?[0-5]\d(?:[.,]\d+)?)?)?(?!\d)"
)
_PLAIN: Final = re.compile(rb"\s*[+-]?\d*(?:[.,]\d+)?(?:[eE][+-]?\d+)?\s*")
_TWO: Final = re.compile(rb"\s*[+-]?\d{5,}[.,]\d{5,}\s*")
"""Integers with a comma between them look like one number; so many digits before a decimal mark and behind are rare."""
_RUN: Final = re.compile(rb"\d+")
_HEX: Final = re.compile(rb"(?:0x|#)?([0-9a-f]{5,11}|[0-9A-F]{5,11})")
_BASE36: Final = re.compile(rb"([0-9a-z]{4,11}|[0-9A-Z]{4,11})")
_BETWEEN: Final = re.compile(rb"[ ,;:/|_-]{1,3}")
_LETTER: Final = re.compile(rb"[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spelled:
    """The numbers in the texts of some columns: one axis each, and pairs that stand together."""

    columns: tuple[str, ...]
    alone: tuple[Floats, ...]
    pairs: tuple[tuple[Floats, Floats], ...]


def spelled(column: str, heads: NDArray[np.bytes_]) -> Spelled | None:
    """Read the numbers in the texts of a column, ``None`` where there are too few digits."""
    # What is nothing but a number is looked at as a number.
    texts = [b"" if _is_number(text) else text for text in _with_digits(heads.tolist())]
    if not any(texts):
        return None
    alone: list[Floats] = []
    pairs: list[tuple[Floats, Floats]] = []
    codes = _codes(texts)
    if codes:
        alone += codes
        pairs += combinations(codes, 2)
        rows = np.flatnonzero(np.isfinite(codes[0]))
        digits: Runs = [(b"%d" % int(code),) for code in codes[0][rows]]
        pairs += [_placed(pair, rows, len(texts)) for pair in _in_one(digits, 0)]
    if len(codes) != 1 and np.count_nonzero(_digits(np.array(texts, heads.dtype)) >= FEWEST_OF_ONE) >= FEWEST_ROWS:
        for rows, runs in _alike(texts):
            alone += [_placed_one(each, rows, len(texts)) for each in _ones(runs)]
            pairs += [_placed(pair, rows, len(texts)) for pair in _pairs(runs)]
    if not alone and not pairs:
        return None
    return Spelled(columns=(column,), alone=tuple(alone), pairs=tuple(pairs))


def _is_number(text: bytes) -> bool:
    return _PLAIN.fullmatch(text) is not None and _TWO.fullmatch(text) is None


def _with_digits(texts: list[bytes]) -> list[bytes]:
    """Write numbers that are spelt as digits."""
    if compiled(NUMERALS).search(b"\n".join(texts)) is None:
        return texts
    found = ((text, spelt(text.decode("utf-8", "replace"))) for text in texts)
    return [text if plain is None else plain.encode("utf-8") for text, plain in found]


def _digits(heads: NDArray[np.bytes_]) -> NDArray[np.int64]:
    letters = np.ascontiguousarray(heads).view(np.uint8).reshape(len(heads), -1)
    return np.asarray(((letters >= ord("0")) & (letters <= ord("9"))).sum(axis=1))


def _alike(texts: Sequence[bytes]) -> Iterator[tuple[NDArray[np.int64], Runs]]:
    """Group the texts that have as many runs of digits, the largest groups first."""
    groups: dict[int, tuple[list[int], Runs]] = {}
    for row, text in enumerate(texts):
        runs = tuple(_RUN.findall(_MOMENT.sub(b"", text)))
        # Numbers of a few digits stand beside ids everywhere.
        if 0 < len(runs) <= MOST_RUNS and sum(map(len, runs)) >= FEWEST_OF_ONE:
            rows, found = groups.setdefault(len(runs), ([], []))
            rows.append(row)
            found.append(runs)
    several = sorted(groups.values(), key=lambda group: -len(group[0]))
    for rows, found in several[:MOST_KINDS]:
        if len(rows) >= FEWEST_ROWS:
            yield np.array(rows), found


def _lengths(runs: Runs, place: int) -> set[int]:
    return {len(each[place]) for each in runs}


def _ones(runs: Runs) -> Iterator[Floats]:
    """Give the runs that are long enough for one axis."""
    for place in range(len(runs[0])):
        if max(_lengths(runs, place)) >= FEWEST_OF_ONE:
            yield _number(runs, range(place, place + 1))


def _pairs(runs: Runs) -> Iterator[tuple[Floats, Floats]]:
    """Give two numbers that stand in one text: two runs, two halves of one, and runs that go on with each other."""
    count = len(runs[0])
    long = [place for place in range(count) if max(_lengths(runs, place)) >= FEWEST_OF_ONE - 1]
    for index, one in enumerate(long):
        yield from _in_one(runs, one)
        for other in long[index + 1 :]:
            yield _number(runs, range(one, one + 1)), _number(runs, range(other, other + 1))
            yield _number(runs, range(one, one + 1), back=True), _number(runs, range(other, other + 1), back=True)
    same = [len(_lengths(runs, place)) == 1 for place in range(count)]
    for first in range(count - 2):
        for end in {min(first + 4, count), count}:
            for middle in range(first + 1, end):
                if all(same[first + 1 : middle]) and all(same[middle + 1 : end]) and end - first > 2:  # noqa: PLR2004
                    yield _number(runs, range(first, middle)), _number(runs, range(middle, end))


def _in_one(runs: Runs, place: int) -> Iterator[tuple[Floats, Floats]]:
    """Cut one long number in about the middle."""
    lengths = _lengths(runs, place)
    if max(lengths) - min(lengths) > 1 or min(lengths) < _BOTH:
        return
    for back in range(min(lengths) // 2 - 1, min(lengths) // 2 + 2):
        middle = -back
        yield (
            _number([(each[place][:middle],) for each in runs], range(1)),
            _number([(each[place][middle:],) for each in runs], range(1)),
        )


def _number(runs: Runs, places: range, *, back: bool = False) -> Floats:
    step = -1 if back else 1
    texts = (b"".join(each[place][::step] for place in places) for each in runs)
    return np.array([float(text) if len(text) <= _LONGEST else np.nan for text in texts])


def _codes(texts: Sequence[bytes]) -> list[Floats]:
    """Read words that are numbers in base 16 or 36, which have letters as well; a text may have a few."""
    some = [text for text in texts if _RUN.search(text)]
    split = {text: _BETWEEN.split(text.strip()) for text in some}
    count = max(Counter(map(len, split.values())).items(), key=itemgetter(1), default=(0, 0))[0]
    for pattern, base in ((_HEX, 16), (_BASE36, 36)):
        read = {text: _read(words, pattern, base) for text, words in split.items() if len(words) == count <= MOST_WORDS}
        found = [text for text in some if read.get(text) is not None]
        if len(found) < max(FEWEST_ROWS, _MOSTLY * len(some)):
            continue
        words = [word for text in found for word in split[text]]
        both = sum(bool(_LETTER.search(word.removeprefix(b"0x")) and _RUN.search(word)) for word in words)
        if both * 2 >= len(words):
            none = (np.nan,) * count
            numbers = np.array([read.get(text) or none for text in texts], np.float64)
            return [numbers[:, place] for place in range(count)]
    return []


def _read(words: Sequence[bytes], pattern: re.Pattern[bytes], base: int) -> tuple[float, ...] | None:
    matches = [pattern.fullmatch(word) for word in words]
    numbers = [float(int(match.group(1), base)) for match in matches if match is not None]
    return tuple(numbers) if len(numbers) == len(words) else None


def _placed_one(numbers: Floats, rows: NDArray[np.int64], count: int) -> Floats:
    found = np.full(count, np.nan)
    found[rows] = numbers
    return found


def _placed(pair: tuple[Floats, Floats], rows: NDArray[np.int64], count: int) -> tuple[Floats, Floats]:
    one, other = (_placed_one(each, rows, count) for each in pair)
    return one, other
