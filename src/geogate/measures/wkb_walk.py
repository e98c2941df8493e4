"""The walk over WKB values, all rows a step; where few rows are left, one row after the other.

Both ways refuse the same: what is not wholly accounted for. Every count is compared with the bytes that are left
before it is believed, so that no read and no allocation exceeds the value.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from geogate.measures.measure import UnmeasurableError
from geogate.measures.wkb import (
    COLLECTION,
    COUNT,
    DEEPEST,
    HEAD,
    LINE,
    MULTIPOINT,
    ORDINATE,
    POINT,
    POLYGON,
    Front,
    Layout,
    MalformedError,
    Runs,
    Values,
    iso_code,
    words,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.wkb import Bools, Ints

FEW: Final = 24
"""With fewer rows than this a step of numpy costs more than plain Python."""

_SMALLEST: Final = HEAD + COUNT
_WIDTHS: Final = (2, 3, 3, 4)
_CUT: Final = "it ends too early"
_DEEP: Final = "collections lie too deep within each other"
_ORDER: Final = "the byte order is neither 0 nor 1"
_CHILD: Final = "a part has another type or other dimensions than its whole allows"
MANY: Final = 64
"""A multi-point with so many points is tried as a table first."""

_PLAIN_HEAD: Final = struct.Struct("<BI")

_POLYGON_TO_MULTI: Final = 3
"""The kind of a multi-part geometry is that of its parts and three more."""

_COUNTS: Final = (struct.Struct("<I"), struct.Struct(">I"))


def walk(values: Values, *, few: int = FEW) -> Layout:
    """Account for every byte of every value.

    Raises: UnmeasurableError with the number of the row that is malformed and why.
    """
    walker = _Walker(values, few)
    rows = np.flatnonzero(values.valid)
    front = Front(row=rows, at=values.starts[rows], end=values.ends[rows])
    after = walker.walk(front, parents=np.zeros(len(rows), np.int64), depth=0)
    walker.refuse(front.row[after != front.end], "bytes follow the geometry")
    return walker.layout(len(values.valid))


def _columns(parts: list[tuple[NDArray[Any], ...]], width: int) -> list[NDArray[Any]]:
    """Join the columns of what was found in several steps."""
    if not parts:
        return [np.empty(0, np.int64) for _ in range(width)]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _arrays(found: list[tuple[int, ...]]) -> list[tuple[NDArray[Any], ...]]:
    """Turn what was found one by one into the columns of one step more."""
    return [tuple(np.array(found, np.int64).T)] if found else []


class _Walker:
    """What the walk has found so far: arrays from the steps, lists of numbers from the rows taken one by one."""

    def __init__(self, values: Values, few: int) -> None:
        self.values = values
        self.few = few
        self.bytes = values.data.data
        self.words = words(values.data)
        self.heads: list[tuple[Ints, Ints, Ints]] = []
        self.counts: list[tuple[Ints, Bools]] = []
        self.runs: list[tuple[Ints, Ints, Ints, Ints, Bools, Ints]] = []
        self.one_heads: list[tuple[int, ...]] = []
        self.one_counts: list[tuple[int, ...]] = []
        self.one_runs: list[tuple[int, ...]] = []

    # All rows a step.

    def walk(self, front: Front, *, parents: Ints, depth: int) -> Ints:
        """Walk one geometry in each row; returns where each ends."""
        if len(front) < self.few:
            each = zip(front.row, front.at, front.end, parents, strict=True)
            ends = [self.walk_one(int(r), int(at), int(end), parent=int(p), depth=depth) for r, at, end, p in each]
            return np.array(ends, np.int64)
        if depth > DEEPEST:
            self.refuse(front.row, _DEEP)
        codes, big = self._enter(front, parents)
        inside = front.moved(front.at + HEAD)
        kinds = codes % 1000
        width = np.array(_WIDTHS, np.int64)[codes // 1000]
        after = inside.at.copy()
        for kind in (POINT, LINE, POLYGON):
            some = np.flatnonzero(kinds == kind)
            if len(some):
                step = (self._points, self._lines, self._polygons)[kind - 1]
                after[some] = step(inside.pick(some), width[some], big[some])
        some = np.flatnonzero(kinds > POLYGON)
        if len(some):
            after[some] = self._parts(inside.pick(some), codes=codes[some], big=big[some], depth=depth)
        return after

    def _enter(self, front: Front, parents: Ints) -> tuple[Ints, Bools]:
        self.refuse(front.row[front.end - front.at < HEAD], _CUT)
        order = self.values.data[front.at]
        self.refuse(front.row[order > 1], _ORDER)
        big = order == 0
        codes = self._codes(front, self._words(front.at + 1, big))
        kinds = parents % 1000
        fits = (codes // 1000 == parents // 1000) & (
            (kinds == COLLECTION) | (codes % 1000 == kinds - _POLYGON_TO_MULTI)
        )
        self.refuse(front.row[(parents != 0) & ~fits], _CHILD)
        self.heads.append((front.row, front.at, codes))
        return codes, big

    def _codes(self, front: Front, raw: NDArray[np.uint32]) -> Ints:
        codes = np.empty(len(raw), np.int64)
        for value in np.unique(raw):
            same = raw == value
            try:
                codes[same] = iso_code(int(value))
            except MalformedError as error:
                self.refuse(front.row[same], str(error))
        return codes

    def _words(self, at: Ints, big: Bools) -> NDArray[np.uint32]:
        little = self.words[at]
        return np.where(big, little.byteswap(), little) if big.any() else little

    def _counts(self, front: Front, big: Bools, unit: Ints | int) -> Ints:
        self.refuse(front.row[front.end - front.at < COUNT], _CUT)
        count = self._words(front.at, big).astype(np.int64)
        self.refuse(front.row[count * unit > front.end - front.at - COUNT], _CUT)
        self.counts.append((front.at, big))
        return count

    def _points(self, front: Front, width: Ints, big: Bools) -> Ints:
        self.refuse(front.row[front.end - front.at < width * ORDINATE], _CUT)
        ones = np.ones(len(front), np.int64)
        self.runs.append((front.row, front.at, ones, width, big, np.full(len(front), POINT)))
        return front.at + width * ORDINATE

    def _lines(self, front: Front, width: Ints, big: Bools, kind: int = LINE) -> Ints:
        count = self._counts(front, big, width * ORDINATE)
        self.runs.append((front.row, front.at + COUNT, count, width, big, np.full(len(front), kind)))
        return front.at + COUNT + count * width * ORDINATE

    def _polygons(self, front: Front, width: Ints, big: Bools) -> Ints:
        count = self._counts(front, big, COUNT)
        at = front.at + COUNT
        some, ring = np.flatnonzero(count), 0
        while len(some):
            at[some] = self._lines(front.moved(at).pick(some), width[some], big[some], POLYGON)
            ring += 1
            some = some[count[some] > ring]
        return at

    def _parts(self, front: Front, *, codes: Ints, big: Bools, depth: int) -> Ints:
        count = self._counts(front, big, _SMALLEST)
        at = front.at + COUNT
        some, part = np.flatnonzero(count), 0
        for i in np.flatnonzero((codes % 1000 == MULTIPOINT) & (count >= MANY)):
            after = self._points_at_once(int(front.row[i]), int(at[i]), int(front.end[i]), int(count[i]), int(codes[i]))
            if after is not None:
                at[i] = after
                some = some[some != i]
        while len(some):
            at[some] = self.walk(front.moved(at).pick(some), parents=codes[some], depth=depth + 1)
            part += 1
            some = some[count[some] > part]
        return at

    # One row after the other.

    def walk_one(self, row: int, at: int, end: int, *, parent: int, depth: int) -> int:
        """Walk one geometry of one row; returns where it ends."""
        if depth > DEEPEST:
            self._refuse_one(row, _DEEP)
        code, big = self._enter_one(row, at, end, parent)
        at += HEAD
        kind, width = code % 1000, _WIDTHS[code // 1000]
        if kind == POINT:
            return self._run_one((row, at, 1, width, big, POINT), end)
        unit = {LINE: width * ORDINATE, POLYGON: COUNT}.get(kind, _SMALLEST)
        count = self._count_one(row, at, end, big=big, unit=unit)
        at += COUNT
        if kind == LINE:
            return self._run_one((row, at, count, width, big, LINE), end)
        if kind == MULTIPOINT and count >= MANY:
            after = self._points_at_once(row, at, end, count, code)
            if after is not None:
                return after
        for _ in range(count):
            if kind == POLYGON:
                vertices = self._count_one(row, at, end, big=big, unit=width * ORDINATE)
                at = self._run_one((row, at + COUNT, vertices, width, big, POLYGON), end)
            else:
                at = self.walk_one(row, at, end, parent=code, depth=depth + 1)
        return at

    def _enter_one(self, row: int, at: int, end: int, parent: int) -> tuple[int, bool]:
        if end - at < HEAD:
            self._refuse_one(row, _CUT)
        order = self.bytes[at]
        if order > 1:
            self._refuse_one(row, _ORDER)
        big = order == 0
        try:
            code = iso_code(_COUNTS[big].unpack_from(self.bytes, at + 1)[0])
        except MalformedError as error:
            self._refuse_one(row, str(error))
        kind = parent % 1000
        fits = code // 1000 == parent // 1000 and (kind == COLLECTION or code % 1000 == kind - _POLYGON_TO_MULTI)
        if parent and not fits:
            self._refuse_one(row, _CHILD)
        self.one_heads.append((row, at, code))
        return code, big

    def _count_one(self, row: int, at: int, end: int, *, big: bool, unit: int) -> int:
        if end - at < COUNT:
            self._refuse_one(row, _CUT)
        count: int = _COUNTS[big].unpack_from(self.bytes, at)[0]
        if count * unit > end - at - COUNT:
            self._refuse_one(row, _CUT)
        self.one_counts.append((at, big))
        return count

    def _run_one(self, run: tuple[int, int, int, int, bool, int], end: int) -> int:
        row, at, count, width, _, _ = run
        after = at + count * width * ORDINATE
        if after > end:
            self._refuse_one(row, _CUT)
        self.one_runs.append(run)
        return after

    def _points_at_once(self, row: int, at: int, end: int, count: int, parent: int) -> int | None:
        """Walk the parts of a large multi-point that have one head; ``None`` where they are to be walked singly."""
        code = parent - _POLYGON_TO_MULTI
        width = _WIDTHS[code // 1000]
        size = HEAD + width * ORDINATE
        head = _PLAIN_HEAD.pack(1, code)
        if at + count * size > end:
            return None
        parts = np.ndarray((count,), f"V{HEAD}", self.values.data, at, (size,))
        if (parts != np.void(head)).any():
            return None
        ats = at + size * np.arange(count, dtype=np.int64)
        rows, little = np.full(count, row), np.zeros(count, np.bool_)
        self.heads.append((rows, ats, np.full(count, code)))
        self.runs.append(
            (rows, ats + HEAD, np.ones(count, np.int64), np.full(count, width), little, np.full(count, POINT))
        )
        return at + count * size

    # What was found.

    def refuse(self, rows: Ints, reason: str) -> None:
        """Raise for the first of the rows, if there is one."""
        if len(rows):
            self._refuse_one(int(rows.min()), reason)

    def _refuse_one(self, row: int, reason: str) -> NoReturn:
        raise UnmeasurableError(f"the geometry in row {self.values.first_row + row} cannot be measured: {reason}")

    def layout(self, rows: int) -> Layout:
        """Put together what the steps found, in the order of the bytes."""
        head_row, head_at, head_code = _columns([*self.heads, *_arrays(self.one_heads)], 3)
        count_at, count_big = _columns([*self.counts, *_arrays(self.one_counts)], 2)
        run = _columns([*self.runs, *_arrays(self.one_runs)], 6)
        order = np.argsort(run[1], kind="stable")
        row, at, count, width, big, kind = (column[order] for column in run)
        whole = head_at == self.values.starts[head_row]
        codes = np.zeros(rows, np.int64)
        codes[head_row[whole]] = head_code[whole]
        runs = Runs(row=row, at=at, count=count, width=width, big=big.astype(np.bool_), kind=kind)
        return Layout(
            codes=codes,
            heads=head_at,
            head_codes=head_code,
            counts=count_at,
            counts_big=count_big.astype(np.bool_),
            runs=runs,
        )
