"""Texts searched for every form, after folding and up to two layers of decoding; linear in time, bounded in memory.

1. One pattern over all bytes finds the few texts in which anything tells.
2. Those are folded, and searched for each form; what its pattern finds its decoder reads.
3. Those that may say something else are decoded and searched again.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from re import sub
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import ByteValues
from geogate.measures.hidden import Found, Strength
from geogate.measures.hidden.forms import SWAPPED, UNSCANNED, half_forms, names, registry
from geogate.measures.hidden.forms.form import END, METRES, POSITIONS, START, Form, Reading, compiled, on_earth
from geogate.measures.hidden.forms.halves import COUNTED
from geogate.measures.hidden.text_decode import BASE32, BASE64, ESCAPES, HEX, TELLING, TooMuchError, decoded, texts_in
from geogate.measures.hidden.text_fold import folded, tricks
from geogate.measures.hidden.text_runs import long_words
from geogate.measures.hidden.text_words import uuids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

LAYERS: Final = 2
"""Layers of encoding that are taken off."""

WINDOW: Final = 1 << 20
"""Bytes of a value that are looked at at a time."""

OVERLAP: Final = 1 << 12
"""Bytes that two windows share: a writing within them is found whole."""

MOST: Final = 1 << 28
"""Bytes of a value that are looked at; longer ones are too much to judge."""

_CHUNK: Final = 1 << 14
_CHUNK_BYTES: Final = 1 << 18
_MANY: Final = 1 << 11
_FEW: Final = 8
_RUNS: Final = frozenset({"wkb", "h3", "h3-number", "quadkey", "polyline"})
_CODES: Final = frozenset(
    {
        "plus-code",
        "short-plus-code",
        "mgrs",
        "utm",
        "british-grid",
        "compact-british-grid",
        "irish-grid",
        "bare-three-words",
    }
)
_COUNTED: Final = frozenset(name for name, _ in COUNTED)
"""Forms that are counted in plain texts, so that such texts need not be searched for them."""

_READING: Final = 8
"""A writing costs as much time as so many positions."""

_SAMPLES: Final = 64
_TURNS: Final = 0.15
"""More often than in ids that are a word and a number."""
_BLANK: Final = b" ()[]{}<>\"'\t\r\n"


class Hit(NamedTuple):
    """Positions that one writing says, and the value that has it. ``whole``: the value has nothing else."""

    value: int
    code: int
    reading: Reading
    whole: bool


@dataclass(slots=True)
class _Texts:
    """Texts with the numbers of the values that they come from."""

    texts: list[bytes] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def add(self, text: bytes, value: int) -> None:
        self.texts.append(text)
        self.values.append(value)


@lru_cache(maxsize=1)
def _telling() -> tuple[Any, ...]:
    """Return the patterns of texts in which something tells: all in one, the same in parts, at last the forms alone.

    One automaton for all but base32 is quickest over words and numbers, and base32 needs long words. In ids of random
    letters and digits one for all would need ever more states, those of the parts stay few.
    """
    loose = {form: _loose(form.telling) for form in registry() if form.telling}
    runs = [each for form, each in loose.items() if form.name in _RUNS]
    codes = [each for form, each in loose.items() if form.name in _CODES]
    rest = [each for form, each in loose.items() if form.name not in _RUNS | _CODES | _COUNTED]
    counted = [each for form, each in loose.items() if form.name in _COUNTED]
    parts = ([*rest, ESCAPES], codes, [*runs, HEX], [BASE64], [tricks()], [BASE32])
    patterns = ["|".join(f"(?:{each})" for each in part) for part in parts]
    forms = "|".join((*rest, *codes, *runs, *counted))
    return tuple(compiled(each) for each in ("|".join(patterns[:-1]), *patterns, forms))


def _loose(telling: str) -> str:
    """Take off upper bounds of repetitions: the pattern matches more, and its automaton need not count."""
    for pattern, plain in ((r"\{0,[0-9]+\}\??", "*"), (r"\{1,[0-9]+\}\??", "+"), (r"\{([2-9]),[0-9]+\}\??", r"{\1,}")):
        telling = sub(pattern, plain, telling)
    return telling


def _tells(text: bytes) -> bool:
    data = START + text + END
    return any(part.search(data) is not None for part in _telling()[1:])


def _random(data: bytes) -> bool:
    """Say whether letters and digits take turns in a sample, as they do in ids and not in words and numbers."""
    whole = np.frombuffer(data, np.uint8)
    step = max(len(whole) // _SAMPLES, 1)
    at = np.arange(0, len(whole), step)[:, None] + np.arange(min(step, _SAMPLES))
    bytes_ = whole[np.minimum(at, len(whole) - 1)]
    digit = (bytes_ >= ord("0")) & (bytes_ <= ord("9"))
    letter = (bytes_ | 32 >= ord("a")) & (bytes_ | 32 <= ord("z"))
    lower, upper = letter & (bytes_ & 32 > 0), letter & (bytes_ & 32 == 0)
    turns = (digit[:, 1:] & letter[:, :-1]) | (digit[:, :-1] & letter[:, 1:]) | (lower[:, :-1] & upper[:, 1:])
    return bool(turns.mean() > _TURNS) if turns.size else False


@lru_cache(maxsize=1)
def _codes() -> dict[str, int]:
    return {name: code for code, name in enumerate(names())}


def suspects(values: ByteValues) -> Numbers:
    """Return the numbers of the values in which something tells."""
    count = len(values.offsets) - 1
    known = uuids(values)
    if np.count_nonzero(known) * 2 > count:
        others = np.flatnonzero(~known)
        return others[suspects(_taken(values, others))]
    found: list[Numbers] = []
    for first, last in _chunks(values):
        data, ends = framed(values, first, last)
        if data.count(START) + data.count(END) > 2 * len(ends):
            # Texts that have the marks of frames are searched without them.
            found.append(np.arange(first, last))
            continue
        found.append(first + _told(data, ends))
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _chunks(values: ByteValues) -> Iterator[tuple[int, int]]:
    """Cut values into runs that are few, and have few bytes, so that several patterns find them near the processor."""
    first, count = 0, len(values.offsets) - 1
    while first < count:
        full = int(np.searchsorted(values.offsets, values.offsets[first] + _CHUNK_BYTES, side="right")) - 1
        last = min(max(full, first + 1), first + _CHUNK, count)
        yield first, last
        first = last


def _taken(values: ByteValues, some: Numbers) -> ByteValues:
    buffers = [None, pa.py_buffer(values.offsets), pa.py_buffer(values.data)]
    every = pa.Array.from_buffers(pa.large_binary(), len(values.offsets) - 1, buffers)
    return ByteValues.of(every.take(pa.array(some, pa.int64())))


def _told(data: bytes, ends: Numbers, *, folded_already: bool = False) -> Numbers:
    """Return the numbers of the texts in which something tells, or of all where those are many."""
    every, *parts, base32, forms = _telling()
    if folded_already:
        return _matched((forms,), data, ends)
    told = _matched(parts if _random(data) else (every,), data, ends)
    return told if len(told) == len(ends) else np.union1d(told, _long_told(base32, data, ends))


def _matched(patterns: Sequence[Any], data: bytes, ends: Numbers) -> Numbers:
    """Return the numbers of the texts in which one of the patterns matches, or of all where those are many.

    What follows the first match in a text is left out: to find the end of a match can take all of a long text.
    """
    told: list[int] = []
    limits = ends.tolist()
    for pattern in patterns:
        position = 0
        while (match := pattern.search(data, position)) is not None:
            told.append(bisect_right(limits, match.start()))
            position = limits[told[-1]]
            if len(told) > _MANY:
                # To say where costs more than to look at all.
                return np.arange(len(limits))
    return np.unique(np.array(told, np.int64))


def _long_told(pattern: Any, data: bytes, ends: Numbers) -> Numbers:
    """Return the same for a pattern that matches long words only; texts without any are left out."""
    words = long_words(np.frombuffer(data, np.uint8))
    if not len(words):
        return words
    some = np.unique(np.searchsorted(ends, words, side="right"))
    if len(some) * _FEW > len(ends):
        return _matched((pattern,), data, ends)
    last = ends[some].tolist()
    frames = [data[start:end] for start, end in zip(np.append(0, ends)[some].tolist(), last, strict=True)]
    found: Numbers = some[_matched((pattern,), b"".join(frames), np.cumsum([len(each) for each in frames]))]
    return found


def framed(values: ByteValues, first: int, last: int) -> tuple[bytes, Numbers]:
    """Put some values behind each other, each in a frame, and say where each frame ends."""
    offsets = values.offsets[first : last + 1]
    # Nothing before and behind them, so that the first and the last are joined to something as well.
    around = np.concatenate([offsets[:1], offsets, offsets[-1:]])
    buffers = [None, pa.py_buffer(around), pa.py_buffer(values.data)]
    array = pa.Array.from_buffers(pa.large_binary(), len(around) - 1, buffers)
    together = pa.LargeListArray.from_arrays(pa.array([0, len(array)], pa.int64()), array)
    joined = pc.binary_join(together, pa.scalar(END + START, pa.large_binary()))
    # A match that begins with the mark before a text is of that text.
    ends = np.diff(offsets).cumsum() + 2 * np.arange(1, len(offsets))
    return bytes(memoryview(joined[0].as_buffer())[1:-1]), ends


def search(values: ByteValues, *, binary: bool, also: Sequence[Form] = (), some: Numbers | None = None) -> list[Hit]:
    """Search values for all forms, and for some more that tell in nothing; hits are in no order.

    ``some`` are the numbers of the values that are searched; else all of them, of texts those in which something tells.
    """
    if some is None:
        some = np.arange(len(values.offsets) - 1) if binary or also else suspects(values)
    hits: list[Hit] = []
    dead: set[int] = set()
    batch = _Texts()
    size = 0
    for value in some.tolist():
        start, end = values.offsets[value : value + 2].tolist()
        if end - start > MOST:
            _give_up(value, dead, hits)
            continue
        if end - start > WINDOW:
            _search_long(values.data[start:end], value, hits, dead, binary=binary)
            continue
        _add(values.data[start:end].tobytes(), value, batch, hits, dead, binary=binary)
        size += end - start
        if size > WINDOW or len(batch.texts) > _CHUNK:
            _search_layers(batch, hits, dead, also)
            batch, size = _Texts(), 0
    _search_layers(batch, hits, dead, also)
    return _without_parts(hits)


def _without_parts(hits: list[Hit]) -> list[Hit]:
    """Leave out halves of positions that are parts of whole ones in the same value."""
    half = {_codes()[name] for name in half_forms()}
    values = {hit.value for hit in hits if hit.code in half}
    if not values:
        return hits
    wholes: dict[int, list[Reading]] = {}
    sure: dict[int, list[Reading]] = {}
    for hit in hits:
        if hit.value in values and hit.reading.strength >= Strength.LIKELY:
            (sure if hit.code in half else wholes).setdefault(hit.value, []).append(hit.reading)

    def is_left_out(hit: Hit) -> bool:
        known = wholes.get(hit.value, [])
        if hit.reading.strength < Strength.LIKELY:
            # What says its axis is no number among words besides.
            known = [*known, *sure.get(hit.value, [])]
        return hit.code in half and _is_part(hit.reading, known)

    return [hit for hit in hits if not is_left_out(hit)]


def _is_part(reading: Reading, wholes: Sequence[Reading]) -> bool:
    """Say whether the one axis of a half is that of a position that was read as a whole."""
    known = {abs(each) for pair in reading.lonlat for each in pair if isfinite(each)}
    return any(
        abs(abs(each) - one) * METRES <= max(whole.cell_m, reading.cell_m)
        for whole in wholes
        for pair in whole.lonlat
        for each in pair
        for one in known
    )


def _add(raw: bytes, value: int, batch: _Texts, hits: list[Hit], dead: set[int], *, binary: bool) -> None:
    if not binary:
        batch.add(raw, value)
        return
    try:
        for text in texts_in(raw):
            batch.add(text, value)
    except TooMuchError:
        _give_up(value, dead, hits)


def _search_long(data: NDArray[np.uint8], value: int, hits: list[Hit], dead: set[int], *, binary: bool) -> None:
    """Search one value by windows that overlap."""
    for start in range(0, len(data), WINDOW - OVERLAP):
        if value in dead:
            return
        batch = _Texts()
        _add(data[start : start + WINDOW].tobytes(), value, batch, hits, dead, binary=binary)
        _search_layers(batch, hits, dead, (), part=True)


def _give_up(value: int, dead: set[int], hits: list[Hit]) -> None:
    """Say that a value is too much to judge, once."""
    if value not in dead:
        dead.add(value)
        reading = Reading(lonlat=((np.nan, np.nan),), cell_m=1.0, strength=Strength.CERTAIN)
        hits.append(Hit(value, _codes()[UNSCANNED], reading, whole=False))


def _search_layers(batch: _Texts, hits: list[Hit], dead: set[int], also: Sequence[Form], *, part: bool = False) -> None:
    """Search texts, then what they say after one layer of encoding is taken off, and after two."""
    for layer in range(LAYERS + 1):
        if not batch.texts:
            return
        plain = _Texts(texts=folded(batch.texts), values=batch.values)
        _search_forms(plain, hits, dead, also if layer == 0 else (), whole=layer == 0 and not part)
        if layer < LAYERS:
            deeper = _deeper(batch, plain, hits, dead)
            batch = deeper


def _deeper(batch: _Texts, plain: _Texts, hits: list[Hit], dead: set[int]) -> _Texts:
    found = _Texts()
    tells = compiled(TELLING)
    for raw, text, value in zip(batch.texts, plain.texts, batch.values, strict=True):
        if value in dead:
            continue
        try:
            for each in (text,) if raw == text else (raw, text):
                if tells.search(each) is not None:
                    for proposed in decoded(each):
                        if _tells(proposed):
                            found.add(proposed, value)
        except TooMuchError:
            _give_up(value, dead, hits)
    return found


def _search_forms(batch: _Texts, hits: list[Hit], dead: set[int], also: Sequence[Form], *, whole: bool) -> None:
    texts = [text.translate(None, START + END) if START in text or END in text else text for text in batch.texts]
    values = batch.values
    data, starts = _joined(texts)
    if not also:
        some = _told(data, starts[1:], folded_already=True)
        if not len(some):
            return
        if len(some) < len(texts):
            values = [values[place] for place in some.tolist()]
            data, starts = _joined([texts[place] for place in some.tolist()])
    for form in (*registry(), *also):
        _search_form(form, data, starts, values, (hits, dead), whole=whole)


def _joined(texts: Sequence[bytes]) -> tuple[bytes, Numbers]:
    """Put texts behind each other, each in a frame, and say where the frames begin and where the last one ends."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 2
    return START + (END + START).join(texts) + END, np.concatenate([[0], np.cumsum(lengths)])


def _search_form(
    form: Form,
    data: bytes,
    starts: Numbers,
    values: list[int],
    into: tuple[list[Hit], set[int]],
    *,
    whole: bool,
) -> None:
    hits, dead = into
    pattern = compiled(form.pattern)
    code, turned = _codes()[form.name], _codes()[form.name + SWAPPED]
    position, text, left, rejected = 0, -1, POSITIONS, form.rejected
    while (match := pattern.search(data, position)) is not None:
        here = int(np.searchsorted(starts, match.start(), side="right")) - 1
        if here != text:
            text, left, rejected = here, POSITIONS, form.rejected
        value = values[text]
        reading = form.read(data, match) if value not in dead else None
        if reading is None or not reading.lonlat:
            rejected -= 1
            position = match.start() + 1
        else:
            left -= max(len(reading.lonlat), _READING)
            # What frames a text may frame the next writing.
            position = max((reading.end or match.end()) - (match.group().endswith(END)), match.start() + 1)
            alone = whole and _alone(data, match.start(), reading.end or match.end(), starts[text : text + 2])
            hits.append(Hit(value, code, reading, alone))
            if reading.swapped:
                _swap(value, turned, reading, hits, whole=alone)
        if rejected <= 0 or left <= 0 or value in dead:
            _give_up(value, dead, hits)
            position = max(position, int(starts[text + 1]))


def _swap(value: int, code: int, reading: Reading, hits: list[Hit], *, whole: bool) -> None:
    """Read the axes in the other order, where that is on the Earth."""
    turned = [(lat, lon) for lon, lat in reading.lonlat if on_earth(lat, lon)]
    if turned:
        again = Reading(lonlat=turned, cell_m=reading.cell_m, strength=reading.strength)
        hits.append(Hit(value, code, again, whole))


def _alone(data: bytes, start: int, end: int, bounds: Numbers) -> bool:
    """Say whether a writing is all that its text has, but for blanks and brackets."""
    first, last = int(bounds[0]) + 1, int(bounds[1]) - 1
    around = 16
    if start - first > around or last - end > around:
        return False
    return not (data[first : max(start, first)] + data[min(end, last) : last]).strip(_BLANK)


def found_of(hits: Sequence[Hit], values: Numbers, rows: Numbers) -> Found:
    """Give the positions of hits to rows: occurrence ``i`` is of value ``values[i]``, in row ``rows[i]``."""
    if not hits:
        return Found.nothing(names())
    counts = np.array([len(hit.reading.lonlat) for hit in hits], np.int64)
    owners = np.repeat(np.array([hit.value for hit in hits], np.int64), counts)
    found = Found(
        rows=owners,
        lonlat=np.array([each for hit in hits for each in hit.reading.lonlat], np.float64).reshape(-1, 2),
        cell_m=np.repeat(np.array([hit.reading.cell_m for hit in hits], np.float64), counts),
        form=np.repeat(np.array([hit.code for hit in hits], np.int16), counts),
        strength=np.repeat(np.array([int(hit.reading.strength) for hit in hits], np.int8), counts),
        names=names(),
    )
    order = np.argsort(owners, kind="stable")
    firsts = np.searchsorted(owners[order], values, side="left")
    lengths = np.searchsorted(owners[order], values, side="right") - firsts
    total = int(lengths.sum())
    within = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    picked = order[np.repeat(firsts, lengths) + within]
    placed = np.repeat(rows, lengths)
    by_row = np.argsort(placed, kind="stable")
    return found.take(picked[by_row], rows=placed[by_row])
