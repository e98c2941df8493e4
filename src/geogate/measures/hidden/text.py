"""Positions in the texts of a layer: counted by column, form and strength in one pass, read again in a second one.

What is counted holds no value. Bare words and numbers become likely by the column as a whole: ``ColumnTexts.likely``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from math import inf, log
from operator import add
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from geogate.measures.byte_values import ByteValues
from geogate.measures.hidden import Found, Strength
from geogate.measures.hidden.forms import SWAPPED, UNSCANNED, half_forms, rising
from geogate.measures.hidden.forms import names as form_names
from geogate.measures.hidden.forms.halves import COUNTED
from geogate.measures.hidden.text_arrays import Leaf, has_texts, texts_of
from geogate.measures.hidden.text_search import found_of, search, suspects
from geogate.measures.hidden.text_words import geohash_words, lone_numbers
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.hidden.text_search import Hit
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

GEOHASH: Final = "geohash"

SKETCH: Final = 256
"""Bits of the sketch that tells about how many different values there are."""

MOSTLY: Final = 0.9
"""The share of a column's texts that are nothing but writings of a form, from which on that form is likely."""

MOSTLY_GEOHASHES: Final = 0.7
"""The same for geohashes, which may lack the digit that is looked for."""

HINTED: Final = 0.5
"""The same where the column's name hints at positions."""

ENOUGH: Final = 8
"""Texts, of which at least half are different, that a column must have to be judged as a whole without a hint."""

LONG_CODE: Final = 8
"""Letters from which on a code tells houses apart: nine of a geohash are five metres."""

_GEOHASH: Final = re.compile(r"geo_?hash|(?:^|_)gh(?:$|_)", re.IGNORECASE)
_LENGTHS: Final = 2
_HASH: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_HINTS: Final = re.compile(
    r"geo|hash|(?:^|_)gh(?:$|_)|h3|quad|tile|olc|plus|cell|grid|mgrs|utm|locat|posit|coord|point|poly|track|route|shape|"
    r"geom|lat|lon|lng|wkt|w3w|what3|three|place|spot|where|site|xy",
    re.IGNORECASE,
)
_ONLY_HINTED: Final = frozenset(
    {"bare-three-words", "short-plus-code", "decimal-pair", "decimal-comma-pair", "british-grid", "irish-grid"}
)
_WORDS: Final = re.compile(r"w3w|what3|three_?words|3words|words", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTexts:
    """The texts of a column in which a form was found, counted by the strength of their best writing.

    ``whole`` counts those that are nothing else; ``lengths`` has bit ``n`` for a text of ``n`` bytes (at most 63), and
    ``sketch`` a bit for the hash of each, in hexadecimal digits; of halves of positions all count there.
    """

    form: str
    possible: int
    likely: int
    certain: int
    whole: int
    lengths: int
    sketch: str

    def __add__(self, other: FormTexts) -> FormTexts:
        if self.form != other.form:
            raise ValueError("two forms do not add up")
        return FormTexts(
            form=self.form,
            possible=self.possible + other.possible,
            likely=self.likely + other.likely,
            certain=self.certain + other.certain,
            whole=self.whole + other.whole,
            lengths=self.lengths | other.lengths,
            sketch=_sketch_text(int(self.sketch, 16) | int(other.sketch, 16)),
        )

    @property
    def texts(self) -> int:
        """All texts in which the form was found."""
        return self.possible + self.likely + self.certain

    @property
    def distinct(self) -> float:
        """About how many different texts there are, infinity for many."""
        empty = SKETCH - int(self.sketch, 16).bit_count()
        return SKETCH * log(SKETCH / empty) if empty else inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTexts:
    """A column that can hold texts: how many it has, and the forms that were found in them."""

    column: str
    texts: int
    forms: tuple[FormTexts, ...]

    def __add__(self, other: ColumnTexts) -> ColumnTexts:
        if self.column != other.column:
            raise ValueError("two columns do not add up")
        found = {each.form: each for each in self.forms}
        for each in other.forms:
            found[each.form] = found[each.form] + each if each.form in found else each
        return ColumnTexts(
            column=self.column,
            texts=self.texts + other.texts,
            forms=tuple(found[form] for form in sorted(found)),
        )

    @property
    def likely(self) -> tuple[str, ...]:
        """Name the forms in which the column likely has positions, by single texts or as a whole."""
        return tuple(each.form for each in self.forms if each.likely or each.certain or self._rises(each))

    @property
    def certain(self) -> tuple[str, ...]:
        """Name the forms in which the column certainly has positions."""
        return tuple(each.form for each in self.forms if each.certain)

    def _rises(self, found: FormTexts) -> bool:
        form = found.form.removesuffix(SWAPPED)
        if form not in rising():
            return False
        share = found.whole / self.texts
        if form == GEOHASH and _GEOHASH.search(self.column):
            return found.whole > 0
        hinted = bool((_WORDS if form == "bare-three-words" else _HINTS).search(self.column))
        if hinted:
            return share >= HINTED
        if form in _ONLY_HINTED:
            return False
        few = found.distinct < min(found.whole, ENOUGH) / 2 and not self._long_code(found)
        if self.texts < ENOUGH or few or (form == GEOHASH and found.lengths.bit_count() > _LENGTHS):
            return False
        return share >= (MOSTLY_GEOHASHES if form == GEOHASH else MOSTLY)

    def _long_code(self, found: FormTexts) -> bool:
        """Tell whether few different texts are so long and so alike that they are codes and no words of a list."""
        alike = found.lengths.bit_count() == 1 and found.lengths.bit_length() > LONG_CODE
        return alike and found.whole >= MOSTLY * self.texts


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPositions:
    """The columns of a layer that can hold texts, with what was found in them, by name."""

    columns: tuple[ColumnTexts, ...]

    def __add__(self, other: TextPositions) -> TextPositions:
        found = {each.column: each for each in self.columns}
        for each in other.columns:
            found[each.column] = found[each.column] + each if each.column in found else each
        return TextPositions(columns=tuple(found[column] for column in sorted(found)))


@dataclass(frozen=True, slots=True)
class TextScan:
    """Count the positions that are written in the texts of all columns."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("text-positions")

    def empty(self) -> TextPositions:
        """Return the measurement of no rows."""
        return TextPositions(columns=())

    def tally(self, tools: Tools) -> Tally[TextPositions]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> TextPositions:
        """Count what is written in one batch.

        Raises: UnmeasurableError when values do not lie within their buffers.
        """
        return text_positions(batch.attributes)


def text_positions(attributes: pa.RecordBatch) -> TextPositions:
    """Count the positions that are written in the texts of some rows.

    Raises: UnmeasurableError when values do not lie within their buffers.
    """
    found = [_column(attributes, place) for place in range(attributes.num_columns) if _looked_at(attributes, place)]
    return reduce(add, (TextPositions(columns=(each,)) for each in found), TextPositions(columns=()))


def positions_in(attributes: pa.RecordBatch, column: str, forms: Iterable[str]) -> Found:
    """Read the positions that are written in a column in some forms; a row may have several.

    Raises: UnmeasurableError when values do not lie within their buffers.
    """
    asked = frozenset(forms)
    parts = []
    for place, name in enumerate(attributes.schema.names):
        if name == column and _looked_at(attributes, place):
            parts += [_positions(leaf, asked) for leaf in _leaves_of(attributes, place)]
    return _together(parts)


def names(texts: Sequence[str], *, forms: Iterable[str] = ()) -> Found:
    """Read the positions that are written in names of files, layers, columns and members; ``rows`` are their places.

    Those of ``forms`` are likely, also where they would be possible only.
    """
    hits = search(_named(texts), binary=False, some=np.arange(len(texts)))
    found = found_of(hits, np.arange(len(texts)), np.arange(len(texts)))
    codes = [form_names().index(form) for form in forms]
    raised = np.where(np.isin(found.form, codes), np.int8(Strength.LIKELY), found.strength)
    return replace(found, strength=np.maximum(found.strength, raised))


def name_positions(texts: Sequence[str]) -> TextPositions:
    """Count the positions that are written in names, as those of the texts of one column."""
    count = np.arange(len(texts))
    leaf = Leaf(values=_named(texts), numbers=None, rows=count, binary=False)
    return TextPositions(columns=(_leaf(leaf, ""),)) if len(texts) else TextPositions(columns=())


def _named(texts: Sequence[str]) -> ByteValues:
    return ByteValues.of(pa.array([text.encode("utf-8", "surrogateescape") for text in texts], pa.binary()))


def _looked_at(attributes: pa.RecordBatch, place: int) -> bool:
    return has_texts(attributes.schema.field(place).type)


def _leaves_of(attributes: pa.RecordBatch, place: int) -> Iterator[Leaf]:
    try:
        yield from texts_of(attributes.column(place))
    except ValueError as error:
        raise UnmeasurableError(f"column {place + 1}: {error}") from None


def _column(attributes: pa.RecordBatch, place: int) -> ColumnTexts:
    column = attributes.schema.names[place]
    empty = ColumnTexts(column=column, texts=0, forms=())
    return reduce(add, (_leaf(leaf, column) for leaf in _leaves_of(attributes, place)), empty)


def _leaf(leaf: Leaf, column: str) -> ColumnTexts:
    weights = leaf.weights
    some = np.arange(len(leaf.values.offsets) - 1) if leaf.binary else suspects(leaf.values)
    hits = [hit for hit in search(leaf.values, binary=leaf.binary, some=some) if weights[hit.value]]
    by_form: dict[int, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_form[hit.code].append(hit)
    found = [_counted(form_names()[code], some, leaf, weights) for code, some in by_form.items()]
    words = geohash_words(leaf.values)
    words = words[weights[words] > 0]
    if len(words):
        found.append(_words(words, leaf, weights))
    if not leaf.binary:
        found += [_in_plain(form, places, leaf, weights) for form, places in lone_numbers(leaf.values, some)]
    parts = (ColumnTexts(column=column, texts=0, forms=(each,)) for each in found)
    return reduce(add, parts, ColumnTexts(column=column, texts=len(leaf.rows), forms=()))


def _counted(form: str, hits: Sequence[Hit], leaf: Leaf, weights: NDArray[np.int64]) -> FormTexts:
    """Count the texts of hits of one form by their best strength."""
    values = np.array([hit.value for hit in hits], np.int64)
    strengths = np.array([int(hit.reading.strength) for hit in hits], np.int64)
    texts, places = np.unique(values, return_inverse=True)
    best = np.zeros(len(texts), np.int64)
    np.maximum.at(best, places, strengths)
    counts = np.bincount(best, weights=weights[texts], minlength=int(Strength.CERTAIN) + 1).astype(np.int64)
    whole = np.unique(values[[hit.whole for hit in hits]])
    found = _of_whole(form, counts, whole, leaf, weights)
    return replace(found, sketch=_sketch_text(_sketch(leaf, texts))) if form in half_forms() else found


def _words(words: NDArray[np.int64], leaf: Leaf, weights: NDArray[np.int64]) -> FormTexts:
    counts = np.zeros(int(Strength.CERTAIN) + 1, np.int64)
    counts[Strength.POSSIBLE] = weights[words].sum()
    return _of_whole(GEOHASH, counts, words, leaf, weights)


def _in_plain(form: str, places: NDArray[np.int64], leaf: Leaf, weights: NDArray[np.int64]) -> FormTexts:
    """Count texts that have half a position and nothing else that tells."""
    counts = np.zeros(int(Strength.CERTAIN) + 1, np.int64)
    counts[Strength.POSSIBLE] = weights[places].sum()
    found = _of_whole(form, counts, places[:0], leaf, weights)
    return replace(found, sketch=_sketch_text(_sketch(leaf, places[weights[places] > 0])))


def _of_whole(
    form: str, counts: NDArray[np.int64], whole: NDArray[np.int64], leaf: Leaf, weights: NDArray[np.int64]
) -> FormTexts:
    offsets = leaf.values.offsets
    lengths = np.minimum(offsets[whole + 1] - offsets[whole], 63)
    return FormTexts(
        form=form,
        possible=int(counts[Strength.POSSIBLE]),
        likely=int(counts[Strength.LIKELY]),
        certain=int(counts[Strength.CERTAIN]),
        whole=int(weights[whole].sum()),
        lengths=sum(1 << int(length) for length in np.unique(lengths)),
        sketch=_sketch_text(_sketch(leaf, whole)),
    )


def _sketch(leaf: Leaf, whole: NDArray[np.int64]) -> int:
    """Return a bit for each of some values, by a hash of up to 16 bytes at their end."""
    data, offsets = leaf.values.data, leaf.values.offsets
    found = np.zeros(len(whole), np.uint64)
    starts, ends = offsets[whole], offsets[whole + 1]
    for back in range(1, 17):
        at = ends - back
        within = at >= starts
        if not within.any():
            break
        byte = data[np.where(within, at, 0)].astype(np.uint64) + np.uint64(1)
        found = np.where(within, (found ^ byte) * _HASH, found)
        found ^= found >> np.uint64(29)
    bits = np.unique(found >> np.uint64(56))
    return sum(1 << int(bit) for bit in bits)


def _sketch_text(bits: int) -> str:
    return f"{bits:0{SKETCH // 4}x}"


def _positions(leaf: Leaf, forms: frozenset[str]) -> Found:
    from geogate.measures.hidden.forms.geohash import BARE

    also = (BARE,) if GEOHASH in forms else ()
    every = np.arange(len(leaf.values.offsets) - 1) if forms & {name for name, _ in COUNTED} else None
    hits = search(leaf.values, binary=leaf.binary, also=also, some=every)
    kept = [hit for hit in hits if form_names()[hit.code] in forms]
    numbers = np.arange(len(leaf.rows)) if leaf.numbers is None else leaf.numbers
    return found_of(kept, numbers, leaf.rows)


def _together(parts: Sequence[Found]) -> Found:
    """Put the positions of several leaves together, ascending by row."""
    if not parts:
        return Found.nothing(form_names())
    whole = Found(
        rows=np.concatenate([each.rows for each in parts]),
        lonlat=np.concatenate([each.lonlat for each in parts]),
        cell_m=np.concatenate([each.cell_m for each in parts]),
        form=np.concatenate([each.form for each in parts]),
        strength=np.concatenate([each.strength for each in parts]),
        names=form_names(),
    )
    return whole.take(np.argsort(whole.rows, kind="stable"), rows=np.sort(whole.rows, kind="stable"))


__all__ = ["UNSCANNED", "ColumnTexts", "FormTexts", "TextPositions", "TextScan", "names", "positions_in"]
