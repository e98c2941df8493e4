"""Whether the systems agree: by the pairs themselves where they have them, else by the features of each zone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow.parquet as pq
import shapely

from benchmarks.distance import gap_m
from benchmarks.question import GEOMETRY, Pairs
from benchmarks.systems.registry import BARE, OURS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.question import Ints, Question
    from benchmarks.sampling import Answers

TOLERANCE_M: Final = 0.01
"""geogate counts what is so near to the limit as within."""

MOST_JUDGED: Final = 100_000
"""Systems that differ in more pairs do not agree."""

MOST_APART: Final = 1e-4
"""The share of pairs in which two systems that measure in a plane may differ from each other by rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Whether all answers are one; ``digest`` is of geogate's pairs in their order, ``notes`` say what differs."""

    agree: bool
    pairs: int
    digest: str
    notes: tuple[str, ...]


def compare(answers: Answers, question: Question) -> Agreement:
    """Compare geogate's answer with each peer's.

    A pair that only one of both has is judged by its distance on the ellipsoid: geogate may have more only where that
    is within a centimetre of the limit, and less only where it is beyond the limit, so that the peer is wrong.
    """
    judged = {name: _judged(answers, name, question) for name in answers.counts if name not in (BARE, OURS)}
    ours = answers.pairs[OURS]
    return Agreement(
        agree=bool(judged) and all(agree for agree, _ in judged.values()),
        pairs=len(ours),
        digest=hashlib.sha256(ours.tobytes()).hexdigest()[:16],
        notes=tuple(f"{name}: {note}" for name, (_, note) in judged.items() if note),
    )


def _judged(answers: Answers, name: str, question: Question) -> tuple[bool, str]:
    if not np.array_equal(
        np.bincount(answers.pairs[OURS] & 0xFFFF_FFFF, minlength=question.zone_count), answers.counts[OURS]
    ):
        return False, "geogate's counts are not those of its pairs"
    if name in answers.pairs:
        return judge_pairs(answers.pairs[OURS], answers.pairs[name], question)
    others = [other for other in answers.pairs if other != OURS]
    if not others:
        same = np.array_equal(answers.counts[name], answers.counts[OURS])
        return bool(same), "" if same else "its features of each zone are not geogate's"
    # A peer that was compared pair by pair stands for those that count only.
    apart = int(np.abs(answers.counts[name] - answers.counts[others[0]]).sum())
    allowed = MOST_APART * len(answers.pairs[OURS]) if question.within_m else 0
    return apart <= allowed, f"{apart} pairs apart from {others[0]}" if apart else ""


def judge_pairs(ours: Ints, theirs: Ints, question: Question) -> tuple[bool, str]:
    """Judge the pairs that one of two systems lacks, both sorted."""
    more, fewer = np.setdiff1d(ours, theirs, assume_unique=True), np.setdiff1d(theirs, ours, assume_unique=True)
    if len(more) + len(fewer) == 0:
        return True, ""
    if len(more) + len(fewer) > MOST_JUDGED:
        return False, f"{len(more) + len(fewer)} pairs differ"
    beyond = gaps(Pairs.of_keys(more), question) > question.within_m + TOLERANCE_M
    missed = gaps(Pairs.of_keys(fewer), question) <= question.within_m
    wrong = int(beyond.sum() + missed.sum())
    note = f"{len(more)} pairs of geogate's within the tolerance or rightly within the limit, {len(fewer)} rightly not"
    return wrong == 0, note if wrong == 0 else f"{beyond.sum()} pairs too many and {missed.sum()} too few in geogate's"


def gaps(pairs: Pairs, question: Question) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Measure the distances of some pairs.

    Units: metres.
    """
    if len(pairs.row) == 0:
        return np.zeros(0)
    return gap_m(_rows(question.layer, pairs.row), _rows(question.zones, pairs.zone))


def _rows(path: Path, numbers: Ints) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Read the geometries of some rows, a row group at a time."""
    shapes = np.empty(len(numbers), dtype=object)
    first = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            here = np.flatnonzero((numbers >= first) & (numbers < first + rows))
            if len(here):
                column = file.read_row_group(group, columns=[GEOMETRY]).column(0).take(numbers[here] - first)
                shapes[here] = shapely.from_wkb(column.to_numpy())
            first += rows
    return shapes
