"""Integers that number the cells of a grid over the globe: H3 and S2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden.numbers_forms import METRES, Value, on_earth_only, snapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.int64]

_LEVELS: Final = 30
_SIDE: Final = 1 << _LEVELS
_EARTH_M: Final = 1e7
"""Metres along the side of a face of S2, nearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKind:
    """A grid: which integers can be its cells, when it is certain that integers are, and where the cells are.

    ``centre`` gives longitude, latitude and the size of the cell in metres.
    """

    name: str
    words: str
    valid: Callable[[Words], NDArray[np.bool_]]
    certain: Callable[[Words], bool]
    centre: Callable[[Words], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True)
class CellIds:
    """The middles of the cells that a column of integers numbers."""

    value: Value
    kind: str

    @property
    def leaves(self) -> tuple[str, ...]:
        """The column that is read."""
        return (self.value.leaf,)

    @property
    def form(self) -> str:
        """The grid."""
        return _kind(self.kind).words

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows."""
        del own
        kind, values = _kind(self.kind), numbers[self.value.leaf]
        known = np.isfinite(values)
        words = np.where(known, values, 0).astype(np.int64)
        good = known & kind.valid(words)
        found = np.full((len(words), 2), np.nan)
        lon, lat, size_m = kind.centre(words[good])
        found[good] = np.stack([snapped(each, size_m / METRES) for each in (lon, lat)], axis=1)
        return on_earth_only(found)

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> CellIds:
        """Return the same way: a cell says itself how large it is."""
        del numbers
        return self


def _kind(name: str) -> CellKind:
    return next(kind for kind in CELLS if kind.name == name)


def _h3_valid(words: Words) -> NDArray[np.bool_]:
    bits = words.view(np.uint64)
    mode, reserved = bits >> np.uint64(59) & np.uint64(0x1F), bits >> np.uint64(56) & np.uint64(7)
    base = bits >> np.uint64(45) & np.uint64(0x7F)
    resolution = (bits >> np.uint64(52) & np.uint64(15)).astype(np.int64)
    good = (mode == 1) & (reserved == 0) & (base < np.uint64(122))
    for place in range(1, 16):
        digit = bits >> np.uint64(3 * (15 - place)) & np.uint64(7)
        good &= np.where(resolution >= place, digit < np.uint64(7), digit == np.uint64(7))
    return np.asarray(good)


def _h3_certain(words: Words) -> bool:
    return bool(len(words) and _h3_valid(words).mean() > 0.5)  # noqa: PLR2004 most


def _h3_centre(words: Words) -> tuple[Floats, Floats, Floats]:
    import h3

    found = np.full((len(words), 3), np.nan)
    for index, word in enumerate(words.view(np.uint64).tolist()):
        cell = h3.int_to_str(word)
        if h3.is_valid_cell(cell):
            lat, lon = h3.cell_to_latlng(cell)
            found[index] = lon, lat, 1000 * h3.average_hexagon_edge_length(h3.get_resolution(cell))
    return found[:, 0], found[:, 1], found[:, 2]


def _s2_valid(words: Words) -> NDArray[np.bool_]:
    bits = words.view(np.uint64)
    low = bits & (~bits + np.uint64(1))
    even = (low & np.uint64(0x1555_5555_5555_5555)) != 0
    return np.asarray((bits >> np.uint64(61) < np.uint64(6)) & even & (bits > 0))


def _s2_certain(words: Words) -> bool:
    """Tell whether all are cells that are not the smallest, whose bits end alike: no other number does."""
    if not len(words) or not _s2_valid(words).all():
        return False
    bits = words.view(np.uint64)
    low = bits & (~bits + np.uint64(1))
    return bool((low >= np.uint64(1 << 12)).all() and (bits > np.uint64(1 << 56)).all() and len(words) >= 1)


def _s2_centre(words: Words) -> tuple[Floats, Floats, Floats]:
    bits = words.view(np.uint64)
    low = bits & (~bits + np.uint64(1))
    level = _LEVELS - (np.log2(np.maximum(low, np.uint64(1)).astype(np.float64)) / 2).astype(np.int64)
    face = (bits >> np.uint64(61)).astype(np.int64)
    i, j, turn = np.zeros(len(bits), np.int64), np.zeros(len(bits), np.int64), face & 1
    places = np.array([[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]])
    turns = np.array([1, 0, 0, 3])
    for place in range(_LEVELS):
        digit = (bits >> np.uint64(59 - 2 * place) & np.uint64(3)).astype(np.int64)
        inside = place < level
        quarter = places[turn, digit]
        i = np.where(inside, i << 1 | quarter >> 1, i)
        j = np.where(inside, j << 1 | quarter & 1, j)
        turn = np.where(inside, turn ^ turns[digit], turn)
    size = 2.0 ** (_LEVELS - level)
    u, v = (_stretched((each * size + size / 2) / _SIDE) for each in (i, j))
    x, y, z = _on_face(face, u, v)
    lat, lon = np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))
    return np.asarray(lon), np.asarray(lat), np.asarray(_EARTH_M / 2.0**level, np.float64)


def _stretched(side: Floats) -> Floats:
    """Undo the quadratic stretching of a face."""
    with np.errstate(invalid="ignore"):
        return np.where(side >= 0.5, (4 * side**2 - 1) / 3, (1 - 4 * (1 - side) ** 2) / 3)  # noqa: PLR2004


def _on_face(face: NDArray[np.int64], u: Floats, v: Floats) -> tuple[Floats, Floats, Floats]:
    one = np.ones_like(u)
    faces = (
        (one, u, v), (-u, one, v), (-u, -v, one), (-one, -v, -u), (v, -one, -u), (v, u, -one),
    )  # fmt: skip
    picked = [np.choose(face, [each[axis] for each in faces]) for axis in range(3)]
    return picked[0], picked[1], picked[2]


CELLS: Final = (
    CellKind(name="h3", words="numbers of H3 cells", valid=_h3_valid, certain=_h3_certain, centre=_h3_centre),
    CellKind(name="s2", words="numbers of S2 cells", valid=_s2_valid, certain=_s2_certain, centre=_s2_centre),
)
