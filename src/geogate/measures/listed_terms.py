"""Terms of a list in the texts of a layer: names, numbers, marks, counted by term and column; no text is kept."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import re2

from geogate.measures.hidden.forms.form import compiled
from geogate.measures.hidden.text_arrays import has_texts, texts_of
from geogate.measures.hidden.text_decode import TELLING, TooMuchError, decoded
from geogate.measures.hidden.text_fold import folded
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from geogate.measures.batch import LayerBatch
    from geogate.measures.hidden.text_arrays import Leaf
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

LAYERS: Final = 2
"""Layers of encoding that are taken off a text."""

_BETWEEN: Final = r"[^\pL\pN]{0,3}"
_BEFORE: Final = r"(?:^|[^\pL\pN])"
_AFTER: Final = r"(?:[^\pL\pN]|$)"
_WORDS: Final = re.compile(r"[^\W_]+")
_ASCII: Final = 0x80
_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts that put no space between words, by how the names of their characters begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Something that must not be written, under an id that findings may name.

    ``words`` are its ways of writing: whatever the case, accents, width and signs between words. ``patterns`` are
    regular expressions of RE2 on the text in lower case without accents.
    """

    id: str
    words: tuple[str, ...]
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermTexts:
    """How many texts of a column have a term; a column of the name ``""`` stands for the names of the columns."""

    term: str
    column: str
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTerms:
    """The terms that a layer has, by term and column, and the texts that were looked at."""

    texts: int
    found: tuple[TermTexts, ...]
    in_names: tuple[str, ...]

    def __add__(self, other: ListedTerms) -> ListedTerms:
        counts: dict[tuple[str, str], int] = {}
        for each in (*self.found, *other.found):
            counts[each.term, each.column] = counts.get((each.term, each.column), 0) + each.texts
        return ListedTerms(
            texts=self.texts + other.texts,
            found=tuple(
                TermTexts(term=term, column=column, texts=counts[term, column]) for term, column in sorted(counts)
            ),
            in_names=tuple(sorted({*self.in_names, *other.in_names})),
        )


@dataclass(frozen=True, slots=True)
class TermScan:
    """Count the texts of all columns that have a term of a list.

    Source: matching by RE2 in linear time, after Unicode's NFKC and NFD without marks.
    """

    terms: tuple[Term, ...]

    @property
    def id(self) -> MeasureId:
        """The measure with the digest of its terms."""
        return MeasureId(f"listed-terms:{hashlib.sha256(repr(self.terms).encode()).hexdigest()[:16]}")

    def empty(self) -> ListedTerms:
        """Return the measurement of no rows."""
        return ListedTerms(texts=0, found=(), in_names=())

    def tally(self, tools: Tools) -> Tally[ListedTerms]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> ListedTerms:
        """Count the terms in one batch.

        Raises: UnmeasurableError when a text says more after decoding than can be judged.
        """
        finder = _finder(self.terms)
        names = finder.terms_in(name.encode("utf-8", "replace") for name in batch.attributes.schema.names)
        parts = (_column(batch.attributes, place, finder) for place in range(batch.attributes.num_columns))
        in_names = ListedTerms(texts=0, found=(), in_names=tuple(sorted({term for terms in names for term in terms})))
        return reduce(add, parts, in_names)


def _column(attributes: pa.RecordBatch, place: int, finder: Finder) -> ListedTerms:
    nothing = ListedTerms(texts=0, found=(), in_names=())
    if not has_texts(attributes.schema.field(place).type):
        return nothing
    try:
        leaves = list(texts_of(attributes.column(place)))
        return reduce(add, (_leaf(leaf, attributes.schema.names[place], finder) for leaf in leaves), nothing)
    except ValueError as error:
        raise UnmeasurableError(f"column {place + 1}: {error}") from None
    except TooMuchError:
        raise UnmeasurableError(f"column {place + 1}: a text says more after decoding than can be judged") from None


def _leaf(leaf: Leaf, column: str, finder: Finder) -> ListedTerms:
    weights = leaf.weights
    offsets = leaf.values.offsets
    data = np.asarray(leaf.values.data).tobytes()
    texts = (data[offsets[place] : offsets[place + 1]] for place in range(len(offsets) - 1))
    counts: dict[str, int] = {}
    for place, terms in enumerate(finder.terms_in(texts)):
        for term in terms:
            counts[term] = counts.get(term, 0) + int(weights[place])
    found = tuple(TermTexts(term=term, column=column, texts=counts[term]) for term in sorted(counts) if counts[term])
    return ListedTerms(texts=len(leaf.rows), found=found, in_names=())


class Finder:
    """Finds terms in texts; patterns are compiled once."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        patterns = {term.id: _pattern(term) for term in terms}
        self._any = compiled("|".join(f"(?:{pattern})" for pattern in patterns.values()))
        self._each = {name: compiled(pattern) for name, pattern in patterns.items()}

    def terms_in(self, texts: Iterable[bytes]) -> Iterator[frozenset[str]]:
        """Name the terms in each of some texts.

        Raises: TooMuchError.
        """
        for text in texts:
            yield frozenset(self._terms(text, LAYERS))

    def _terms(self, text: bytes, layers: int) -> Iterator[str]:
        plain = plainest(text)
        if self._any.search(plain) is not None:
            yield from (name for name, pattern in self._each.items() if pattern.search(plain) is not None)
        if layers and compiled(TELLING).search(text) is not None:
            for inner in decoded(text):
                yield from self._terms(inner, layers - 1)


@lru_cache(maxsize=8)
def _finder(terms: tuple[Term, ...]) -> Finder:
    return Finder(terms)


def plainest(text: bytes) -> bytes:
    """Return a text in lower case, without accents and without tricks of Unicode."""
    if text.isascii():
        return folded((text.lower(),))[0]
    seen = unicodedata.normalize("NFD", folded((text,))[0].decode("utf-8", "replace").casefold())
    kept = "".join(each for each in seen if ord(each) < _ASCII or unicodedata.category(each) != "Mn")
    return unicodedata.normalize("NFKC", kept).encode("utf-8")


def _pattern(term: Term) -> str:
    return "|".join([*(_of_words(words) for words in term.words), *(f"(?:{pattern})" for pattern in term.patterns)])


def _of_words(words: str) -> str:
    """Write the pattern of some words in a row.

    Raises: ValueError for words without a letter or digit.
    """
    found = _WORDS.findall(plainest(words.encode()).decode())
    if not found:
        raise ValueError("a term has no letter")
    body = _BETWEEN.join(map(re2.escape, found))
    return body if _unspaced(found[0][0]) else f"{_BEFORE}{body}{_AFTER}"


def _unspaced(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_UNSPACED)


def require_terms(terms: Iterable[Term]) -> None:
    """Refuse terms that cannot be looked for.

    Raises: ValueError.
    """
    for term in terms:
        for pattern in term.patterns:
            _require_pattern(pattern)
        _pattern(term)


def _require_pattern(pattern: str) -> None:
    try:
        found: Any = re2.compile(pattern)
    except re2.error:
        raise ValueError("a pattern is no regular expression of RE2") from None
    if found.search("") is not None:
        raise ValueError("a pattern matches every text")
