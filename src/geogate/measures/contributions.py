"""What each contributor gives to the total of each group, exactly; which share is too large is for the rules to say.

Values are kept as whole millionths, so that sums do not depend on the order in which rows come. All rows without a
contributor are one contributor together: they never make a total look more widely shared than it is.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.cells import cells_of, column_of, labels_of, row_digests
from geogate.measures.measure import MeasureId, UnmeasurableError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

    Numbers = NDArray[Any]

MILLIONTHS: Final = 1_000_000

MOST_KEPT: Final = 1 << 20
"""The most pairs of a group and a contributor that are kept apart: 40 MB."""

LARGEST: Final = 9.0e18
"""Sums of millionths stay below it, so that they are whole numbers of 64 bits."""

WITHHELD: Final = "what contributors give was not kept"

_PAIR: Final = np.dtype([("group", "<u8", (2,)), ("contributor", "<u8"), ("sum", "<i8")])
_DIGEST: Final = 16
_WAITING: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionColumns:
    """The column with the values, that which tells contributors apart, and those whose labels make a group."""

    value: str
    contributor: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The contributions of a layer; ``missing`` are columns that there are not.

    ``pairs`` packs what each contributor gives to each group, in millionths. ``negative`` and ``unread`` count rows
    whose value is below zero or no number; they are in no sum. ``withheld`` says that the contributions were left out.
    """

    missing: tuple[str, ...] = ()
    negative: int = 0
    unread: int = 0
    pairs: str = ""
    withheld: bool = False

    def __add__(self, other: Shares) -> Shares:
        if self.withheld or other.withheld:
            raise UnmeasurableError(WITHHELD)
        return Shares(
            missing=tuple(sorted({*self.missing, *other.missing})),
            negative=self.negative + other.negative,
            unread=self.unread + other.unread,
            pairs=_packed(_summed(np.concatenate([_unpacked(self.pairs), _unpacked(other.pairs)]))),
        )

    def groups(self) -> Iterator[tuple[int, ...]]:
        """Give the contributions to each group, the largest first.

        Units: millionths.
        Raises: UnmeasurableError when they were not kept.
        """
        if self.withheld:
            raise UnmeasurableError(WITHHELD)
        pairs = _unpacked(self.pairs)
        if not len(pairs):
            return
        order = np.lexsort((-pairs["sum"], pairs["group"][:, 1], pairs["group"][:, 0]))
        groups = pairs["group"][order]
        ends = np.flatnonzero((groups[1:] != groups[:-1]).any(axis=1)) + 1
        for sums in np.split(pairs["sum"][order], ends):
            yield tuple(sums.tolist())

    def kept(self) -> Shares:
        """Leave out who gives what."""
        return replace(self, pairs="", withheld=True)


@dataclass(frozen=True, slots=True)
class Contributions:
    """Adds up what each contributor gives to each group."""

    columns: ContributionColumns

    @property
    def id(self) -> MeasureId:
        """Names the columns by their digest."""
        return MeasureId(f"contributions:{hashlib.sha256(canonical_json(self.columns).encode()).hexdigest()[:_DIGEST]}")

    def empty(self) -> Shares:
        """Return the measurement of no rows."""
        return Shares()

    def tally(self, tools: Tools) -> Tally[Shares]:
        """Begin to measure many batches."""
        del tools
        return _Tally(self)

    def of(self, batch: LayerBatch) -> Shares:
        """Add up the contributions of one batch.

        Raises: UnmeasurableError when they cannot be added up exactly, or are of too many contributors.
        """
        tally = _Tally(self)
        tally.add(batch)
        return tally.measurement()


class _Tally:
    """Keeps pairs as arrays until there are many."""

    def __init__(self, measure: Contributions) -> None:
        self._columns = measure.columns
        self._pairs = np.zeros(0, _PAIR)
        self._waiting: list[Numbers] = []
        self._held = 0
        self._counts = Shares()

    def add(self, batch: LayerBatch, /) -> None:
        """Add the contributions of one more batch.

        Raises: UnmeasurableError.
        """
        names = (self._columns.value, self._columns.contributor, *self._columns.groups)
        found = {name: column_of(batch, name) for name in names}
        missing = tuple(sorted(name for name, column in found.items() if column is None))
        if missing:
            self._counts += Shares(missing=missing)
            return
        cells = cells_of(found[self._columns.value], ())
        good = cells.number & (cells.values >= 0)
        self._counts += Shares(
            negative=int(np.count_nonzero(cells.number & ~good)), unread=int(np.count_nonzero(~cells.number))
        )
        pairs = np.zeros(batch.rows, _PAIR)
        pairs["group"] = row_digests([labels_of(found[name]) for name in self._columns.groups], batch.rows)
        pairs["contributor"] = row_digests([labels_of(found[self._columns.contributor])], batch.rows)[:, 0]
        pairs["sum"] = _millionths(np.where(good, cells.values, 0.0))
        self._waiting.append(_summed(pairs[good]))
        self._held += len(self._waiting[-1])
        if self._held > _WAITING:
            self._settle()

    def measurement(self) -> Shares:
        """Return the contributions of all rows."""
        self._settle()
        return replace(self._counts, pairs=_packed(self._pairs))

    def _settle(self) -> None:
        self._pairs = _summed(np.concatenate([self._pairs, *self._waiting]))
        self._waiting, self._held = [], 0


def _millionths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    scaled = np.rint(values * MILLIONTHS)
    if len(scaled) and not scaled.max() < LARGEST:
        raise UnmeasurableError("contributions are too large to be added up exactly; give them in a larger unit")
    if ((scaled == 0) & (values != 0)).any():
        raise UnmeasurableError("contributions are below a millionth; give them in a smaller unit")
    whole: NDArray[np.int64] = scaled.astype(np.int64)
    return whole


def _summed(pairs: Numbers) -> Numbers:
    """Add up what the same contributor gives to the same group.

    Raises: UnmeasurableError when there are too many, or sums are too large.
    """
    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs["contributor"], pairs["group"][:, 1], pairs["group"][:, 0]))]
    keys = (pairs["group"][:, 0], pairs["group"][:, 1], pairs["contributor"])
    starts = np.flatnonzero(np.r_[True, np.logical_or.reduce([key[1:] != key[:-1] for key in keys])])
    if len(starts) > MOST_KEPT:
        raise UnmeasurableError(
            f"more than {MOST_KEPT:,} contributors to groups cannot be kept apart; send larger groups, or fewer"
        )
    if not np.add.reduceat(pairs["sum"].astype(np.float64), starts).max() < LARGEST:
        raise UnmeasurableError("contributions are too large to be added up exactly; give them in a larger unit")
    summed: Numbers = pairs[starts]
    summed["sum"] = np.add.reduceat(pairs["sum"], starts)
    return summed


def _packed(pairs: Numbers) -> str:
    return b64encode(pairs.tobytes()).decode("ascii")


def _unpacked(pairs: str) -> Numbers:
    return np.frombuffer(b64decode(pairs), _PAIR)
