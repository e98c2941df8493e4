"""How the parts of layers are dealt out to Spark's tasks: few enough to be collected, enough for all cores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from geogate.engines.spark_work import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geogate.measures.source import Part

MOST_TASKS: Final = 20_000
"""More would make the driver, which keeps a line for each of them, the slowest part."""

TASK_BYTES: Final = 256 << 20
"""What a task reads where there is enough to do: each has an answer, which costs time to write, to read and to merge.

Units: bytes.
"""

TASKS_A_CORE: Final = 3
"""Tasks that each core should get at least, so that none waits long for the last."""

_PART_BYTES: Final = 1 << 18
"""What a part costs besides its bytes, for opening its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """The parts of one layer, and how many bytes they have in the file."""

    layer: int
    parts: tuple[Part, ...]
    size: int


@dataclass(frozen=True, slots=True)
class _Piece:
    layer: int
    part: Part
    weight: float


def plan(portions: Sequence[Portion], *, cores: int) -> tuple[tuple[Run, ...], ...]:
    """Deal out all parts in their order; a task gets one or more runs of consecutive parts.

    Runs are numbered from zero in the order of the layers and their rows.
    """
    pieces = [piece for portion in portions for piece in _pieces(portion)]
    total = sum(piece.weight for piece in pieces)
    share = max(total / MOST_TASKS, min(TASK_BYTES, total / (TASKS_A_CORE * cores)))
    tasks: list[tuple[Run, ...]] = []
    first = 0
    for task in _packed(pieces, share):
        runs = tuple(_runs(task, first))
        first += len(runs)
        tasks.append(runs)
    return tuple(tasks)


def _pieces(portion: Portion) -> Iterator[_Piece]:
    rows = max(sum(part.rows for part in portion.parts), 1)
    for part in portion.parts:
        yield _Piece(portion.layer, part, portion.size * part.rows / rows + _PART_BYTES)


def _packed(pieces: Sequence[_Piece], share: float) -> Iterator[list[_Piece]]:
    """Fill one task after the other up to the share, give or take half a piece."""
    task: list[_Piece] = []
    weight = 0.0
    for piece in pieces:
        if task and weight + piece.weight / 2 > share:
            yield task
            task, weight = [], 0.0
        task.append(piece)
        weight += piece.weight
    if task:
        yield task


def _runs(task: Sequence[_Piece], first: int) -> Iterator[Run]:
    groups = groupby(task, key=lambda piece: piece.layer)
    for number, (layer, pieces) in enumerate(groups, start=first):
        yield Run(number=number, layer=layer, parts=tuple(piece.part for piece in pieces))
