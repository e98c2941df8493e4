"""What texts look like: which of them have the form of an identifier of a person or a device; values are not kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.hidden.columns_alphabet import PLAIN, Alphabet, alphabet
from geogate.measures.hidden.columns_random import NONE, Unreadable, unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HASH_LENGTHS: Final = "([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{24}|[0-9A-Fa-f]{48})?"

FORMS: Final = (
    ("telephone", r"^\s*(\+|00)[1-9][0-9 ()/.-]{6,18}[0-9]\s*$"),
    ("iban", r"^\s*[A-Z]{2}[0-9]{2}[ ]?([A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}\s*$"),
    ("imei", r"^\s*[0-9]{15}\s*$"),
    ("mac", r"^\s*[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}([:-][0-9A-Fa-f]{2}){0,2}\s*$"),
    ("uuid", r"^\s*\{?[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?\s*$"),
    ("hash", rf"^\s*[0-9A-Fa-f]{{16}}{_HASH_LENGTHS}\s*$"),
    ("plate", r"^\s*[A-Z]{1,3}[ -][A-Z]{1,2}[ -]?[0-9]{1,4}[EH]?\s*$"),
    ("ip", r"^\s*([0-9]{1,3}\.){3}[0-9]{1,3}(:[0-9]+)?\s*$"),
    ("moment", r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2}.*)?)\s*$"),
    ("number", r"^\s*[+-]?[0-9]+([.,][0-9]+)?\s*$"),
    ("word", r"^[^\s]*$"),
)  # fmt: skip
"""Forms and their patterns; a text may have several forms."""

IDENTITIES: Final = ("telephone", "iban", "imei", "mac", "uuid", "hash", "plate", "ip")

ALWAYS: Final = 1024
"""The first rows of a layer are all looked at."""

SHARE: Final = np.uint64(1 << 55)
"""Of the others those with a lower hash: one in 512."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """How many of the texts that were looked at have each of ``FORMS``; ``bytes`` is their length together.

    ``unreadable`` are those that nobody can read, ``alphabet`` those that repeat a few words or signs.
    """

    looked: int
    bytes: int
    counts: tuple[int, ...]
    unreadable: Unreadable = NONE
    alphabet: Alphabet = PLAIN

    def __add__(self, other: Tokens) -> Tokens:
        counts = tuple(one + more for one, more in zip(self.counts, other.counts, strict=True))
        return Tokens(
            looked=self.looked + other.looked,
            bytes=self.bytes + other.bytes,
            counts=counts,
            unreadable=self.unreadable + other.unreadable,
            alphabet=self.alphabet + other.alphabet,
        )

    def kept(self) -> Tokens:
        """Leave out what tells values."""
        return replace(self, unreadable=self.unreadable.kept(), alphabet=self.alphabet.kept())

    @property
    def hide(self) -> bool:
        """Tell whether nobody can read what texts say."""
        return self.unreadable.hides(self.looked) or self.alphabet.spells

    def share(self, form: str) -> float:
        """Return the share of the texts with a form."""
        return self.counts[[name for name, _ in FORMS].index(form)] / self.looked if self.looked else 0.0


def rows_looked_at(hashes: NDArray[np.uint64], first_row: int) -> NDArray[np.int64]:
    """Choose the rows whose texts are looked at, the same however the stream is cut."""
    picked = hashes < SHARE
    picked[: max(ALWAYS - first_row, 0)] = True
    return np.flatnonzero(picked)


def tokens_of(texts: pa.Array) -> Tokens:
    """Look at some texts."""
    # As bytes: what is no UTF-8 has none of the forms.
    texts = pc.cast(texts.drop_null(), pa.large_binary())
    counts = tuple(int(pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0) for _, pattern in FORMS)
    length = int(pc.sum(pc.binary_length(texts)).as_py() or 0)
    return Tokens(
        looked=len(texts), bytes=length, counts=counts, unreadable=unreadable(texts), alphabet=alphabet(texts)
    )
