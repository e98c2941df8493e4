"""Positions that hide where no geometry is expected: in texts, in names, in columns of numbers; it knows no limit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Strength(IntEnum):
    """How sure it is that something is a position."""

    POSSIBLE = 1
    """Ordinary values look like that too; only a whole column of it, or its name, tells."""
    LIKELY = 2
    """Few ordinary values look like that."""
    CERTAIN = 3
    """Nobody writes that by chance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Positions that were found in some rows, ascending by row; a row may have several.

    ``lonlat`` is not finite where something is a position that cannot be read here: a rule must not let it pass.
    ``form[i]`` is the place in ``names`` of how position ``i`` was written; ``cell_m`` the size of the cell that the
    writing can tell apart.

    Shape: ``rows``, ``cell_m``, ``form`` and ``strength`` ``(n,)``, ``lonlat`` ``(n, 2)``.
    Units: degrees on WGS 84; metres.
    """

    rows: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    cell_m: NDArray[np.float64]
    form: NDArray[np.int16]
    strength: NDArray[np.int8]
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of positions."""
        return len(self.rows)

    @classmethod
    def nothing(cls, names: tuple[str, ...] = ()) -> Self:
        """Return no positions."""
        return cls(
            rows=np.empty(0, np.int64),
            lonlat=np.empty((0, 2)),
            cell_m=np.empty(0),
            form=np.empty(0, np.int16),
            strength=np.empty(0, np.int8),
            names=names,
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Mark the positions that could be read."""
        return np.isfinite(self.lonlat[:, 0]) & np.isfinite(self.lonlat[:, 1])

    def form_names(self) -> tuple[str, ...]:
        """Name the form of each position."""
        return tuple(self.names[code] for code in self.form.tolist())

    def of_forms(self, forms: Iterable[str]) -> Found:
        """Keep the positions that are written in some forms."""
        codes = [self.names.index(form) for form in forms if form in self.names]
        return self.take(np.flatnonzero(np.isin(self.form, codes)))

    def take(self, some: NDArray[np.int64], *, rows: NDArray[np.int64] | None = None) -> Found:
        """Pick positions by their numbers; ``rows`` are the rows that they have then."""
        return Found(
            rows=self.rows[some] if rows is None else rows,
            lonlat=self.lonlat[some],
            cell_m=self.cell_m[some],
            form=self.form[some],
            strength=self.strength[some],
            names=self.names,
        )
