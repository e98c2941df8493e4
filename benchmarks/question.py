"""What every system is asked about one file, and the shape of its answer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

THREADS = 2
GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How many features of ``layer`` hit each zone, and which; with ``within_m`` also those that come so near.

    ``planar_layer`` and ``planar_zones`` are the same data in a plane with metres, for systems that measure distances
    in a plane; they are the others where there is no distance. ``measures`` and ``columns`` are for geogate and the
    bare read alone: what else is measured, and which columns are read for it.
    """

    layer: Path
    zones: Path
    planar_layer: Path
    planar_zones: Path
    zone_count: int
    within_m: float = 0.0
    measures: tuple[str, ...] = ("zones", "precision")
    columns: tuple[str, ...] = (GEOMETRY,)
    threads: int = THREADS

    def dumped(self) -> str:
        """Write the question for another process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def loaded(cls, text: str) -> Question:
        """Read what ``dumped`` wrote."""
        found = json.loads(text)
        for field in fields(cls):
            if field.type == "Path":
                found[field.name] = Path(found[field.name])
        return cls(**found | {"measures": tuple(found["measures"]), "columns": tuple(found["columns"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Which feature, by its number in the file, hits which zone; in any order.

    Shape: ``(n,)`` both.
    """

    row: Ints
    zone: Ints

    def keys(self) -> Ints:
        """Return one sorted number for each pair."""
        return np.sort(self.row << np.int64(32) | self.zone)

    @classmethod
    def of_keys(cls, keys: Ints) -> Pairs:
        """Take the numbers of pairs apart."""
        return cls(row=keys >> np.int64(32), zone=keys & np.int64(0xFFFF_FFFF))


class System(Protocol):
    """Something that answers a question; making it imports its libraries, which is not timed."""

    def counts(self) -> Ints:
        """Read the files, and count the features that hit each zone: what is timed.

        Shape: ``(zones,)``.
        """
        ...

    def pairs(self) -> Pairs | None:
        """Find the pairs themselves, which is not timed; ``None`` where the system does not number rows."""
        ...
