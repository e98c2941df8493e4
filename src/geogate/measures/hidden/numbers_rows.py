"""The rows by which positions are looked for in numbers, and how near a reading comes to the rows' own geometries."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden.columns_pool import HEAD, TAG

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.hidden.columns_pool import Pool

    Floats = NDArray[np.float64]

NEAR: Final = 0.1
"""So far from the middle of its geometry a position may be that belongs to it.

Units: degrees.
"""

ROLLS: Final = (1, 2, 5, 11)
"""Rows by which geometries are moved to see what chance gives."""

FEW: Final = 4
"""With fewer rows nothing can be compared with chance."""

_MOST_PLACES: Final = 7
_MOST: Final = 0.95
_WIDE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness:
    """How often a reading comes near to the row's own geometry.

    ``near`` of ``rows``; ``chance`` is the share that would be near if the geometries were those of other rows.
    ``together`` is the least correlation of the axes that were compared, 0 where it cannot be had.
    """

    rows: int
    near: int
    chance: float
    together: float

    @property
    def share(self) -> float:
        """The share that is near."""
        return self.near / self.rows if self.rows else 0.0

    @property
    def follows(self) -> bool:
        """Whether most rows say nearly their own place."""
        if not self.rows or self.share < 0.5:  # noqa: PLR2004 most
            return False
        if self.rows < FEW:
            return self.share == 1.0
        return self.chance <= 0.6 * self.share or self.together > 0.9  # noqa: PLR2004 shares

    @property
    def some_follow(self) -> bool:
        """Whether some rows say their own place, and far more than chance would have it."""
        return self.near >= 4 and self.near >= 8 * self.chance * self.rows + 4  # noqa: PLR2004 rows


@dataclass(frozen=True)
class Rows:
    """Rows of a layer: their own places, their numbers, and how their texts begin."""

    own: Floats
    reach: Floats
    number: NDArray[np.float64]
    numbers: dict[str, NDArray[Any]]
    heads: dict[str, NDArray[np.bytes_]] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Pool) -> Rows:
        """Take the rows of a pool in the order in which the layer has them; integers stay what they are if all are."""
        order = np.argsort(pool.places["row"], kind="stable")
        numbers: dict[str, NDArray[Any]] = {}
        heads: dict[str, NDArray[np.bytes_]] = {}
        for index, (name, values) in enumerate(pool.columns.items()):
            if name.endswith(HEAD):
                heads[name.removesuffix(HEAD)] = values[order]
                continue
            if name.endswith(TAG):
                continue
            valid = pool.valid[:, index]
            numbers[name] = (values if valid.all() else np.where(valid, values, np.nan))[order]
        own = np.stack([pool.places["lon"], pool.places["lat"]], axis=1)[order]
        reach, number = pool.places["reach"][order], pool.places["row"][order]
        return cls(own=own, reach=reach, number=number, numbers=numbers, heads=heads)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.own)

    @cached_property
    def placed(self) -> NDArray[np.bool_]:
        """Mark the rows that have a place."""
        return np.asarray(np.isfinite(self.own).all(axis=1))

    @cached_property
    def step(self) -> float:
        """The lattice on which nearly all of the rows' own places lie.

        Units: degrees.
        """
        own = self.own[self.placed]
        if not len(own) or self.reach.max(initial=0.0) > 0:
            return 0.0
        for places in range(_MOST_PLACES + 1):
            scaled = own * 10.0**places
            if (np.abs(scaled - np.rint(scaled)) < 1e-6).all(axis=1).mean() >= _MOST:  # noqa: PLR2004 noise
                return float(10.0**-places)
        return 0.0

    @cached_property
    def spread(self) -> tuple[float, float]:
        """How far the rows' own places are spread along both axes.

        Units: degrees.
        """
        own = self.own[self.placed]
        if not len(own):
            return 0.0, 0.0
        low, high = np.quantile(own, (0.02, 0.98), axis=0)
        return float(high[0] - low[0]), float(high[1] - low[1])

    @cached_property
    def tolerance(self) -> Floats:
        """How far from its own place a row may say to be; less in a layer that is small itself.

        Shape: ``(n, 2)``.
        """
        per_axis = [min(NEAR, each / _WIDE) if each > 0 else NEAR for each in self.spread]
        coarse = 0.75 * self.step
        return np.stack([np.maximum(each, coarse) + np.minimum(self.reach, 1.0) + 1e-7 for each in per_axis], axis=1)

    def region(self) -> tuple[Floats, Floats] | None:
        """Give the corners of where the layer is, ``None`` where it has no place or is all over the world."""
        own = self.own[self.placed]
        if not len(own):
            return None
        low, high = np.quantile(own, (0.01, 0.99), axis=0)
        margin = 0.25 * (high - low) + 0.5
        low, high = low - margin, high + margin
        if np.prod(high - low) > 0.03 * 360 * 180:
            return None
        return low, high

    @cached_property
    def _moved(self) -> tuple[Floats, ...]:
        """The places of other rows, as often as chance is tried."""
        found = []
        for roll in ROLLS:
            moved = self.own.copy()
            moved[self.placed] = np.roll(self.own[self.placed], roll, axis=0)
            found.append(moved)
        return tuple(found)

    def near_axis(self, degrees: Floats, axis: int) -> int:
        """Count the rows in which a reading of one axis comes near, which is cheap to know."""
        with np.errstate(invalid="ignore"):
            return int(np.count_nonzero(np.abs(degrees - self.own[:, axis]) <= self.tolerance[:, axis]))

    def along(self, degrees: Floats, axis: int) -> Along:
        """Compare readings of one axis with the rows' own places."""
        known = self.placed & np.isfinite(degrees)
        tolerance = self.tolerance[:, axis]
        with np.errstate(invalid="ignore"):
            near = np.abs(degrees - self.own[:, axis]) <= tolerance
            moved = tuple(np.abs(degrees - other[:, axis]) <= tolerance for other in self._moved)
        together = correlation(degrees[known], self.own[known, axis]) if np.count_nonzero(known) >= FEW else 0.0
        return Along(known=known, near=near & known, moved=moved, together=together)

    def both(self, lonlat: Floats) -> Closeness:
        """Compare readings of both axes."""
        return self.along(lonlat[:, 0], 0).with_other(self.along(lonlat[:, 1], 1))

    def near(self, lonlat: Floats) -> NDArray[np.bool_]:
        """Mark the rows that say nearly their own place."""
        with np.errstate(invalid="ignore"):
            away = np.abs(lonlat - self.own) <= self.tolerance
        return np.asarray(away[:, 0] & away[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Along:
    """How a reading of one axis lies to the rows' own places, and to those of other rows."""

    known: NDArray[np.bool_]
    near: NDArray[np.bool_]
    moved: tuple[NDArray[np.bool_], ...]
    together: float

    def with_other(self, other: Along) -> Closeness:
        """Compare both axes together."""
        known = self.known & other.known
        rows = int(np.count_nonzero(known))
        near = int(np.count_nonzero(self.near & other.near))
        if not near or rows < FEW:
            return Closeness(rows=rows, near=near, chance=0.0, together=0.0)
        pairs = zip(self.moved, other.moved, strict=True)
        moved = sum(int(np.count_nonzero(one & more & known)) for one, more in pairs)
        chance = moved / len(self.moved) / rows
        return Closeness(rows=rows, near=near, chance=chance, together=min(self.together, other.together))

    @property
    def alone(self) -> Closeness:
        """Compare the one axis."""
        return self.with_other(self)


def correlation(one: Floats, other: Floats) -> float:
    """Return Pearson's correlation, 0 where one does not vary."""
    with np.errstate(over="ignore", invalid="ignore"):
        one, other = one - one.mean(), other - other.mean()
        norm = float(np.sqrt((one @ one) * (other @ other)))
        return float(one @ other) / norm if np.isfinite(norm) and norm > 0 else 0.0
