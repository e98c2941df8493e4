"""What is released: small datasets that must leave, beside some that must be held or denied, drawn by a seed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

OTHERS: Final = 10
"""For so many datasets that must leave there is one that must be held and one that must be denied."""

APPROVED_SHARE: Final = 0.08
SEVERAL_SHARE: Final = 0.2
TWICE_SHARE: Final = 0.05
ROWS: Final = 6


class Fate(StrEnum):
    """What must become of a dataset."""

    CLEARED = "cleared"
    APPROVED = "approved"
    HELD = "held"
    DENIED = "denied"

    @property
    def leaves(self) -> bool:
        """Whether it must come to its destination."""
        return self in {Fate.CLEARED, Fate.APPROVED}


_DECIMALS: Final = {Fate.CLEARED: 1, Fate.APPROVED: 2, Fate.HELD: 2, Fate.DENIED: 5}
"""Of the coordinates: by the policy of tests one decimal is cleared, two are held, and five denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A dataset with what must become of it; two tries at once send one that is sent ``twice_at_once``."""

    name: str
    fate: Fate
    files: tuple[Path, ...]
    twice_at_once: bool = False


def planned(releases: int, *, folder: Path, random: Random) -> tuple[Planned, ...]:
    """Write the datasets, in the order in which they are submitted."""
    fates = [Fate.APPROVED if random.random() < APPROVED_SHARE else Fate.CLEARED for _ in range(releases)]
    others = -(-releases // OTHERS)
    fates += [*[Fate.HELD] * others, *[Fate.DENIED] * others]
    random.shuffle(fates)
    return tuple(_written(number, fate, folder, random) for number, fate in enumerate(fates, start=1))


def _written(number: int, fate: Fate, folder: Path, random: Random) -> Planned:
    name = f"{fate}-{number:05}"
    parts = 2 if random.random() < SEVERAL_SHARE else 1
    files = []
    for part in range(parts):
        path = folder / f"{name}-{part}.geojson"
        path.write_text(json.dumps(_collection(number, part, _DECIMALS[fate], random)), encoding="utf-8")
        files.append(path)
    twice = fate.leaves and random.random() < TWICE_SHARE
    return Planned(name=name, fate=fate, files=tuple(files), twice_at_once=twice)


def _collection(number: int, part: int, decimals: int, random: Random) -> dict[str, object]:
    features = [
        {
            "type": "Feature",
            "properties": {"name": f"place {number}.{part}.{row}"},
            "geometry": {"type": "Point", "coordinates": [_near(8, decimals, random), _near(47, decimals, random)]},
        }
        for row in range(ROWS)
    ]
    return {"type": "FeatureCollection", "features": features}


def _near(degrees: int, decimals: int, random: Random) -> float:
    step: float = 10.0**-decimals
    return round(degrees + random.randrange(10**decimals) * step, decimals)
