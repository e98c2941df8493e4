"""Rows in cells of ground that have enough subjects; the others are left out, until every cell that stays has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geogate.measures.cell_subjects import SubjectsInCells
from geogate.measures.cells import column_of, labels_of, row_digests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.remedies.changes import KeepCrowded
    from geogate.remedies.rows import Rows, Stream

    Words = NDArray[np.uint64]


def crowded(stream: Stream, change: KeepCrowded) -> Iterator[Rows]:
    """Leave out rows with a position in a cell that has too few subjects.

    A row with several positions goes with any of them, which can leave another cell with too few: the screen finds it.
    """
    measure = SubjectsInCells(column=change.column, size_m=change.size_m, geohash=change.geohash, enough=change.enough)
    few = _few(stream, measure)
    for rows in stream():
        cells, _, owners = _placed(rows, measure)
        alone = np.zeros(len(rows), np.bool_)
        alone[owners[np.isin(cells, few)]] = True
        yield rows.only(~alone)


def _few(stream: Stream, measure: SubjectsInCells) -> Words:
    """List the cells that have too few subjects."""
    pairs = np.zeros((0, 2), np.uint64)
    for rows in stream():
        cells, subjects, _ = _placed(rows, measure)
        pairs = np.unique(np.concatenate([pairs, np.column_stack([cells, subjects])]), axis=0)
    cells, counts = np.unique(pairs[:, 0], return_counts=True)
    few: Words = cells[counts < measure.enough]
    return few


def _placed(rows: Rows, measure: SubjectsInCells) -> tuple[Words, Words, NDArray[Any]]:
    """Give each position its cell, its subject and its row."""
    batch = rows.batch()
    column = column_of(batch, measure.column)
    subjects = row_digests([] if column is None else [labels_of(column)], batch.rows)[:, 0]
    owners = np.repeat(np.arange(batch.rows), np.diff(batch.geometries.feature_offsets))
    lonlat = np.asarray(batch.lonlat)
    finite = np.isfinite(lonlat).all(axis=1)
    return measure.cells(lonlat[finite]), subjects[owners[finite]], owners[finite]
