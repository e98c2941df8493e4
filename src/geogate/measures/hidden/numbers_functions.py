"""Numbers that follow the place: projected coordinates, angles from elsewhere, and offsets from the geometry."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden import Strength
from geogate.measures.hidden.carrier import Carrier
from geogate.measures.hidden.numbers_forms import METRES, Fitted, Offsets, Projected, Value, digit_steps, powers
from geogate.measures.hidden.numbers_rows import FEW, correlation
from geogate.measures.hidden.numbers_subject import MANY
from geogate.measures.hidden.numbers_within import COARSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column, Subject

    Floats = NDArray[np.float64]

WEB_MERCATOR: Final = 3857
NATIONAL: Final = (
    3035,
    2056,
    21781,
    27700,
    2154,
    31370,
    28992,
    5514,
    2180,
    31467,
    31468,
    31287,
    3006,
    2100,
    2393,
    5070,
)
"""Projected systems that are tried besides the zones of UTM."""

FEWEST: Final = 6
"""Rows from which a function can be told."""

ENOUGH_ROWS: Final = 256
MOST_FUNCTIONS: Final = 8
_ENOUGH: Final = 0.95
_TENTH: Final = 0.1
_METRIC: Final = (1_000.0, 21_000_000.0)


def functions_of_the_place(subject: Subject) -> Iterator[Carrier]:
    """Find pairs of columns that follow the place: projected coordinates, or any smooth function of the position."""
    names = [name for name, column in subject.columns.items() if _wide(column) or resolves(subject, column)]
    fits = {name: fit for name in names if (fit := _fit(subject, name)) >= _ENOUGH}
    few = int(subject.rows.placed.sum()) < FEWEST
    tried = list(fits) if not few else [name for name in names if _metric(subject.columns[name])]
    used: set[str] = set()
    for x, y in permutations(tried[:MOST_FUNCTIONS], 2):
        if used.isdisjoint((x, y)) and (found := _projected(subject, x, y)) is not None:
            used.update((x, y))
            yield found
    for x, y in permutations([name for name in fits if name not in used][:MOST_FUNCTIONS], 2):
        if used.isdisjoint((x, y)) and (found := _fitted(subject, x, y)) is not None:
            used.update((x, y))
            yield found


def offsets(subject: Subject) -> Iterator[Carrier]:
    """Find pairs of columns that lead from coarse geometries to finer places."""
    step = subject.rows.step
    few = len(subject.rows) < MANY
    if step < 1e-3 or not subject.rows.placed.any():  # noqa: PLR2004 a hundred metres
        return
    lat = float(np.median(subject.rows.own[subject.rows.placed, 1]))
    for metres in (False, True):
        reach_x = step * (METRES * float(np.cos(np.radians(lat))) if metres else 1.0)
        reach_y = step * (METRES if metres else 1.0)
        fits = [
            [name for name, column in subject.columns.items() if _leads(column, reach, metres=metres)]
            for reach in (reach_x, reach_y)
        ]
        for x in fits[0]:
            for y in fits[1]:
                if x != y:
                    position = Offsets(Value(x), Value(y), metres)
                    strength = Strength.POSSIBLE if few else Strength.LIKELY
                    yield Carrier(columns=(x, y), form=position.form, strength=strength, position=position)
                    return


def _leads(column: Column, reach: float, *, metres: bool) -> bool:
    """Tell whether numbers fill a cell of the lattice, from its middle or from its corner."""
    if column.moment or column.heavy or np.median(digit_steps(column.known)) > reach / 10:
        return False
    low, high = float(column.known.min()), float(column.known.max())
    if len(column.known) < MANY:
        return bool(0 < max(-low, high) <= 0.55 * reach and column.rich > 0.5)  # noqa: PLR2004 shares
    if column.distinct < MANY:
        return False
    middle = max(-low, high) <= 0.55 * reach and high - low >= 0.6 * reach and low < 0
    corner = low >= 0 and 0.8 * reach <= high <= 1.02 * reach and low <= 0.2 * reach
    # Numbers from 0 to 1 are shares, in any layer.
    return bool(middle or (corner and not (0.9 <= high <= 1.0 and not metres)))  # noqa: PLR2004 shares


def _wide(column: Column) -> bool:
    return column.rich > 0.5 and not column.moment and column.distinct >= min(FEWEST, len(column.known))  # noqa: PLR2004


def resolves(subject: Subject, column: Column) -> bool:
    """Tell whether numbers have digits enough to tell places apart within a cell of the rows' own lattice."""
    rows = subject.rows
    if rows.step < COARSE or column.moment or column.counter or column.distinct < FEWEST:
        return False
    low, high = np.quantile(column.known, (0.05, 0.95))
    return bool(high > low and column.step / (high - low) * max(rows.spread) <= rows.step * _TENTH)


def follow_the_place(subject: Subject, x: str, y: str) -> bool:
    """Tell whether two columns are smooth functions of the place, and tell it together."""
    return min(_fit(subject, name) for name in (x, y)) >= _ENOUGH and _fitted(subject, x, y) is not None


def _metric(column: Column) -> bool:
    return bool(np.median(np.abs(column.known)) >= _METRIC[0] and column.largest <= _METRIC[1] and column.rich > 0.5)  # noqa: PLR2004


def _terms(rows: int) -> int:
    return 10 if rows >= 60 else 6 if rows >= 20 else 3  # noqa: PLR2004 rows


def _fit(subject: Subject, name: str) -> float:
    """Return how much of a column the place explains: 1 all of it."""
    rows, numbers = subject.rows, subject.raw[name].astype(np.float64)
    known = _some(rows.placed & np.isfinite(numbers))
    if len(known) < FEWEST:
        return 0.0
    own, numbers = rows.own[known], numbers[known]
    terms = powers(_standard(own[:, 0])[0], _standard(own[:, 1])[0], _terms(len(own)))
    return _explained(terms, numbers)


def _some(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Take rows evenly, as many as a function needs to be told."""
    every = np.flatnonzero(marks)
    return every[:: max(len(every) // ENOUGH_ROWS, 1)]


def _explained(terms: Floats, numbers: Floats) -> float:
    numbers = _standard(numbers)[0]
    if not numbers.any():
        return 0.0
    factors, *_ = np.linalg.lstsq(terms, numbers, rcond=None)
    rest = numbers - terms @ factors
    free = max(len(numbers) - terms.shape[1], 1)
    return float(1 - (rest @ rest) / free / max((numbers @ numbers) / len(numbers), 1e-300))


def _standard(numbers: Floats) -> tuple[Floats, float, float]:
    middle, spread = float(numbers.mean()), float(numbers.std())
    spread = spread if spread > 0 else 1.0
    return (numbers - middle) / spread, middle, spread


def _projected(subject: Subject, x: str, y: str) -> Carrier | None:
    rows = subject.rows
    if not (_metric(subject.columns[x]) and _metric(subject.columns[y]) and rows.placed.any()):
        return None
    some = np.flatnonzero(rows.placed & np.isfinite(subject.raw[x]) & np.isfinite(subject.raw[y]))[:64]
    if not len(some):
        return None
    raw = {name: subject.raw[name][some] for name in (x, y)}
    for epsg in _systems(rows.own[some]):
        position = Projected(Value(x), Value(y), epsg)
        away = np.abs(position.raw(raw) - rows.own[some])
        with np.errstate(invalid="ignore"):
            if (away <= rows.tolerance[some]).all(axis=1).mean() < 0.5:  # noqa: PLR2004 most
                continue
        strength = Strength.CERTAIN if len(some) >= FEW else Strength.LIKELY
        return Carrier(columns=(x, y), form=position.form, strength=strength, position=position)
    return None


def _systems(own: Floats) -> Iterator[int]:
    lon, lat = (float(each) for each in np.median(own, axis=0))
    yield WEB_MERCATOR
    zone = int((lon + 180) // 6) % 60 + 1
    for each in (zone, zone - 1 or 60, zone % 60 + 1):
        yield (32600 if lat >= 0 else 32700) + each
    yield from NATIONAL


def _fitted(subject: Subject, x: str, y: str) -> Carrier | None:
    """Turn the function round, which shows whether two columns tell a position together."""
    rows = subject.rows
    numbers = [subject.raw[name].astype(np.float64) for name in (x, y)]
    known = _some(rows.placed & np.isfinite(numbers[0]) & np.isfinite(numbers[1]))
    if len(known) < FEWEST:
        return None
    (one, *standard_x), (other, *standard_y) = (_standard(each[known]) for each in numbers)
    if abs(correlation(one, other)) > 0.999:  # noqa: PLR2004 the same twice
        return None
    terms = powers(one, other, _terms(len(one)))
    own = rows.own[known]
    if min(_explained(terms, own[:, axis]) for axis in range(2)) < _ENOUGH:
        return None
    lon, lat = (np.linalg.lstsq(terms, own[:, axis], rcond=None)[0] for axis in range(2))
    position = Fitted(
        Value(x),
        Value(y),
        (standard_x[0], standard_y[0]),
        (standard_x[1], standard_y[1]),
        tuple(float(each) for each in lon),
        tuple(float(each) for each in lat),
    )
    return Carrier(columns=(x, y), form=position.form, strength=Strength.LIKELY, position=position)
