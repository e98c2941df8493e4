"""Numbers that say the place of their own row: finer than the geometry does, or shifted, or in another unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden import Strength
from geogate.measures.hidden.carrier import Carrier
from geogate.measures.hidden.numbers_forms import Axes
from geogate.measures.hidden.numbers_readings import Candidate, candidates, split_angles, values_of
from geogate.measures.hidden.numbers_rows import FEW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_rows import Along, Closeness
    from geogate.measures.hidden.numbers_subject import Subject

    Floats = NDArray[np.float64]

MOST_OF_AN_AXIS: Final = 24
"""Readings of one axis that are paired with those of the other."""

NEAR_ZERO: Final = 5.0
"""So near to longitude and latitude zero few small integers are not taken for angles.

Units: degrees.
"""

_TENTH: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reading:
    """A reading of one axis that comes near to the rows' own places."""

    candidate: Candidate
    along: Along
    closeness: Closeness


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    position: Axes
    closeness: Closeness
    strength: Strength
    usual: bool
    away: float

    @property
    def rank(self) -> tuple[int, bool, bool, bool, int, float]:
        """The best first: sure, in most rows, in usual units, the same for both axes, with all parts, near."""
        alike = (self.position.lon.unit, self.position.lon.factor) == (self.position.lat.unit, self.position.lat.factor)
        sure = (-self.strength, not self.closeness.follows)
        return (*sure, not self.usual, not alike, self._parts, self.away)

    @property
    def _parts(self) -> int:
        """Angles in one number come first; of those that are split the ones with seconds, which say more."""
        parts = max(len(self.position.lon.values), len(self.position.lat.values))
        return 0 if parts == 1 else -parts + 4


def related(subject: Subject) -> Iterator[Carrier]:
    """Find pairs of readings that follow the rows' own geometries."""
    lons, lats = (_near(subject, axis) for axis in range(2))
    pairs = sorted(
        (pair for lon in lons for lat in lats if (pair := _pair(subject, lon, lat)) is not None),
        key=lambda pair: pair.rank,
    )
    used: set[str] = set()
    for pair in pairs:
        if used.isdisjoint(pair.position.leaves):
            used.update(pair.position.leaves)
            yield Carrier(
                columns=pair.position.leaves,
                form=pair.position.form,
                strength=pair.strength,
                position=pair.position,
            )


def readings(subject: Subject, *, everything: bool) -> Iterator[Candidate]:
    """List all readings of all columns and of their parts."""
    for name in subject.columns:
        for value in values_of(name, subject.raw[name], subject.columns[name].facts.arrow):
            yield from candidates(value, subject.raw, related=everything)
    yield from split_angles(subject.raw, list(subject.columns))


def by_chance(lon: Candidate, lat: Candidate, lonlat: Floats) -> bool:
    """Tell whether a few small integers look like angles over several columns near longitude and latitude zero."""
    split = len(lon.angle.values) + len(lat.angle.values) > 2  # noqa: PLR2004 one each
    return bool(split and len(lonlat) < FEW and (np.abs(lonlat) < NEAR_ZERO).all())


def fine(lonlat: Floats) -> NDArray[np.bool_]:
    """Mark the positions that have more than one decimal of a degree on an axis."""
    with np.errstate(invalid="ignore"):
        tenths = lonlat * _TENTH
        return np.asarray((np.abs(tenths - np.rint(tenths)) > 1e-6).any(axis=1))  # noqa: PLR2004 noise


def _near(subject: Subject, axis: int) -> list[_Reading]:
    rows = subject.rows
    if not rows.placed.any():
        return []
    found = []
    for candidate in readings(subject, everything=True):
        near = rows.near_axis(candidate.degrees, axis)
        if near >= FEW or (near and np.count_nonzero(np.isfinite(candidate.degrees)) < FEW):
            along = rows.along(candidate.degrees, axis)
            found.append(_Reading(candidate=candidate, along=along, closeness=along.alone))
    found.sort(key=_promise)
    return found[:MOST_OF_AN_AXIS]


def _promise(reading: _Reading) -> tuple[bool, bool, int, float]:
    """Put first what follows the place, in usual units, in one number or with all parts."""
    parts = len(reading.candidate.angle.values)
    rank = 0 if parts == 1 else 4 - parts
    return not reading.closeness.follows, not reading.candidate.usual, rank, -reading.closeness.share


def _pair(subject: Subject, lon: _Reading, lat: _Reading) -> _Pair | None:
    one, other = lon.candidate, lat.candidate
    if set(one.angle.values) & set(other.angle.values):
        return None
    closeness = lon.along.with_other(lat.along)
    if not (closeness.follows or closeness.some_follow):
        return None
    near = lon.along.near & lat.along.near
    lonlat = np.stack([one.degrees[near], other.degrees[near]], axis=1)
    if fine(lonlat).mean() < 0.5:  # noqa: PLR2004 most
        return None
    if by_chance(one, other, lonlat):
        return None
    certain = closeness.follows and closeness.rows >= FEW
    return _Pair(
        position=Axes(one.angle, other.angle),
        closeness=closeness,
        strength=Strength.CERTAIN if certain else Strength.LIKELY,
        usual=one.usual and other.usual,
        away=float(np.median(np.abs(lonlat - subject.rows.own[near]))),
    )
