"""When a pass may end before the last row: where what was found denies, and no further row can change that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from geogate.engines.worker import Worker
    from geogate.measures.measure import MeasureId, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Tells from what some measures found in a part of the rows that a denial is certain, whatever rows follow."""

    measures: tuple[MeasureId, ...]
    certain: Callable[[Mapping[MeasureId, Measurement]], bool]


def ends(worker: Worker, endings: Sequence[Ending]) -> bool:
    """Tell whether what one worker found makes a denial certain; what cannot be measured makes nothing certain."""
    return any(_certain(worker, ending) for ending in endings)


def _certain(worker: Worker, ending: Ending) -> bool:
    try:
        found = worker.values(ending.measures)
        return found is not None and ending.certain(found)
    except UnmeasurableError:
        return False
