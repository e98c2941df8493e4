"""A few rows of a layer, the same however the stream is cut: by a hash of the row's number, and where digits are rare.

The rows stay in the process that measures; ``ColumnContents`` leaves them out of what is kept.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from geogate.measures.hidden.columns_ordinates import is_ordinate
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ROWS: Final = 2048
"""Rows of any kind that are kept."""

RARE: Final = 16
"""Rows with many digits that are kept for each column, so that one in a million does not drown."""

MARK: Final = "\0"
"""In the names of columns of the pool that are none of the data, whose names do not have it."""

TAG: Final = f"{MARK}#"
"""Ends the name of the column that tells the texts of a column apart."""

HEAD: Final = f"{MARK}head"
"""Ends the name of the column that has how the texts of a column begin."""

_ODD: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_MIX: Final = (np.uint64(0xBF58_476D_1CE4_E5B9), np.uint64(0x94D0_49BB_1331_11EB))
_PLACES: Final = ("row", "lon", "lat", "reach")


def row_hashes(first_row: int, rows: int) -> NDArray[np.uint64]:
    """Hash the numbers of consecutive rows; no two rows share a hash.

    Source: Steele, Lea & Flood (2014), SplitMix64.
    """
    found = np.arange(first_row + 1, first_row + rows + 1, dtype=np.uint64)
    found *= _ODD
    shifted = np.empty_like(found)
    for shift, factor in zip((np.uint64(30), np.uint64(27)), _MIX, strict=True):
        np.right_shift(found, shift, out=shifted)
        found ^= shifted
        found *= factor
    np.right_shift(found, np.uint64(31), out=shifted)
    found ^= shifted
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Rows that were chosen, by ascending hash, with all their numbers.

    ``columns`` has an array a column, float64, int64 or bytes; ``valid`` marks those that have a value, ``rich`` those
    with many digits. ``reach`` is half the diagonal of the row's geometry, ``lon`` and ``lat`` its middle.

    Shape: all arrays ``(n,)``, ``valid`` and ``rich`` ``(n, columns)``.
    Units: degrees.
    """

    hashes: NDArray[np.uint64]
    places: dict[str, NDArray[np.float64]]
    columns: dict[str, NDArray[Any]]
    valid: NDArray[np.bool_]
    rich: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.hashes)

    @classmethod
    def nothing(cls) -> Self:
        """Return no rows of no columns."""
        none = np.empty((0, 0), np.bool_)
        places = {name: np.empty(0) for name in _PLACES}
        return cls(hashes=np.empty(0, np.uint64), places=places, columns={}, valid=none, rich=none)

    def take(self, some: NDArray[Any]) -> Pool:
        """Pick rows."""
        return Pool(
            hashes=self.hashes[some],
            places={name: values[some] for name, values in self.places.items()},
            columns={name: values[some] for name, values in self.columns.items()},
            valid=self.valid[some],
            rich=self.rich[some],
        )

    def joined(self, other: Pool) -> Pool:
        """Put the rows of both together and keep those that belong to the whole."""
        if not len(other):
            return self
        if not len(self):
            return other
        if list(self.columns) != list(other.columns):
            return self._widened(other).joined(other._widened(self))
        both = Pool(
            hashes=np.concatenate([self.hashes, other.hashes]),
            places={name: np.concatenate([mine, other.places[name]]) for name, mine in self.places.items()},
            columns={name: np.concatenate([mine, other.columns[name]]) for name, mine in self.columns.items()},
            valid=np.concatenate([self.valid, other.valid]),
            rich=np.concatenate([self.rich, other.rich]),
        )
        kept = chosen(both.hashes, [both.rich[:, index] for index in range(both.rich.shape[1])])
        return both.take(kept)

    def _widened(self, other: Pool) -> Pool:
        """Add the columns of heights and measures that other rows have, which come behind all others."""
        more = [name for name in other.columns if name not in self.columns and is_ordinate(name)]
        if not more and not set(self.columns) >= set(other.columns):
            raise UnmeasurableError("the rows of one layer have different columns")
        none = np.zeros((len(self), len(more)), np.bool_)
        return Pool(
            hashes=self.hashes,
            places=self.places,
            columns={**self.columns, **{name: np.full(len(self), np.nan) for name in more}},
            valid=np.concatenate([self.valid, none], axis=1),
            rich=np.concatenate([self.rich, none], axis=1),
        )

    def text(self) -> tuple[tuple[str, str], ...]:
        """Write the rows as texts, named."""
        arrays: dict[str, NDArray[Any]] = {"hashes": self.hashes, "valid": self.valid, "rich": self.rich}
        arrays |= {f"place {name}": values for name, values in self.places.items()}
        arrays |= {f"column {name}": values for name, values in self.columns.items()}
        return tuple(
            (f"{array.dtype.str} {name}", base64.b64encode(array.tobytes()).decode()) for name, array in arrays.items()
        )

    @classmethod
    def read(cls, text: Sequence[tuple[str, str]]) -> Self:
        """Read what ``text`` wrote."""
        if not text:
            return cls.nothing()
        arrays: dict[str, NDArray[Any]] = {}
        for head, body in text:
            kind, _, name = head.partition(" ")
            arrays[name] = np.frombuffer(base64.b64decode(body), kind)
        rows = len(arrays["hashes"])
        columns = {n.removeprefix("column "): a for n, a in arrays.items() if n.startswith("column ")}
        return cls(
            hashes=arrays["hashes"],
            places={n.removeprefix("place "): a for n, a in arrays.items() if n.startswith("place ")},
            columns=columns,
            valid=arrays["valid"].reshape(rows, len(columns)),
            rich=arrays["rich"].reshape(rows, len(columns)),
        )


def chosen(hashes: NDArray[np.uint64], rich: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Choose the rows with the lowest hashes, of all rows and of those with many digits in each column.

    Shape: ascending by hash.
    """
    lowest = _lowest(hashes, ROWS)
    picked = np.zeros(len(hashes), np.bool_)
    picked[lowest] = True
    for marks in rich:
        # Where enough of the lowest have many digits, the lowest of those that do are among them.
        if np.count_nonzero(marks[lowest]) < RARE:
            some = np.flatnonzero(marks)
            picked[some[_lowest(hashes[some], RARE)]] = True
        # Otherwise they are chosen already.
    rows = np.flatnonzero(picked)
    return rows[np.argsort(hashes[rows], kind="stable")]


def _lowest(hashes: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    if len(hashes) <= count:
        return np.arange(len(hashes))
    return np.argpartition(hashes, count)[:count]
