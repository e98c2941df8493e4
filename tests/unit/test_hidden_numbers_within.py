"""Numbers that fill the cells of coarse geometries, and metres with few digits; and ordinary numbers beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from numbering import found, places

from geogate.measures.hidden.numbers_within import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NARROW = float(np.cos(np.radians(51)))

RESTS: dict[str, tuple[float, float, int]] = {
    "kilometres": (111.2 * NARROW, 111.2, 2),
    "tens of metres": (11_120 * NARROW, 11_120, 0),
    "feet": (365_000 * NARROW, 365_000, 0),
    "ten-thousandths of degrees": (1e4, 1e4, 0),
    "thousandths of minutes": (6e4, 6e4, 0),
    "hundredths of minutes": (60.0, 60.0, 2),
    "seconds": (3600.0, 3600.0, 1),
    "a measure of one's own": (777.0, 777.0, 1),
}


def could_be(lonlat: Floats, columns: dict[str, Any], decimals: int = 1) -> set[str]:
    numbers = found(lonlat, columns, decimals=decimals)
    assert not numbers.carriers
    return set(numbers.possible)


@pytest.mark.parametrize("kind", ["typed", "text"])
@pytest.mark.parametrize("unit", RESTS)
def test_what_rounding_took_from_both_axes_could_be_positions_in_any_unit(unit: str, kind: str) -> None:
    lonlat = places(200)
    rest = lonlat - np.round(lonlat, 1)
    x, y, decimals = RESTS[unit]
    p, q = (rest[:, 0] * x).round(decimals), (rest[:, 1] * y).round(decimals)
    written = [pa.array([f"{v:.{decimals}f}" for v in axis]) if kind == "text" else axis for axis in (p, q)]
    assert could_be(lonlat, {"p": written[0], "q": written[1]}) == {"p", "q"}


def test_one_axis_alone_and_less_than_enough_rows_tell_nothing() -> None:
    lonlat = places(200)
    p, q = ((lonlat - np.round(lonlat, 1)) * 3600).round(1).T
    assert could_be(lonlat, {"p": p}) == set()
    few = ENOUGH - 1
    assert could_be(lonlat[:few], {"p": p[:few], "q": q[:few]}) == set()


def test_with_fine_geometries_nothing_is_left_to_say() -> None:
    lonlat = places(200)
    p, q = ((lonlat - np.round(lonlat, 1)) * 3600).round(1).T
    assert could_be(lonlat, {"p": p, "q": q}, decimals=7) == set()


@pytest.mark.parametrize("decimals", [1, 0])
def test_last_digits_that_are_as_wide_as_the_lattice_could_be_positions(decimals: int) -> None:
    lonlat = places(200)
    base = 10 ** (4 - decimals)
    p, q = (np.floor(lonlat * 1e4).astype(int) % base).T
    assert could_be(lonlat, {"p": p, "q": q}, decimals) == {"p", "q"}
    assert could_be(lonlat, {"p": p // 2, "q": q // 2}, decimals) == set()


ORDINARY: dict[str, Callable[[np.random.Generator], Floats]] = {
    "shares": lambda rng: rng.uniform(0, 1, 300).round(2),
    "errors": lambda rng: rng.normal(0, 2, 300).round(1),
    "temperatures": lambda rng: rng.normal(12, 5, 300).round(1),
    "years": lambda rng: rng.integers(1990, 2020, 300).astype(np.float64),
    "hours": lambda rng: rng.integers(0, 24, 300).astype(np.float64),
    "sizes": lambda rng: rng.lognormal(3, 2, 300).round(),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_numbers_do_not_fill_cells(kind: str) -> None:
    rng = np.random.default_rng(11)
    assert could_be(places(300), {"p": ORDINARY[kind](rng), "q": ORDINARY[kind](rng)}) == set()


def test_kilometres_with_two_decimals_far_from_zero_could_be_positions() -> None:
    rng = np.random.default_rng(3)
    east, north = rng.uniform(350, 850, 200), rng.uniform(5100, 5480, 200)
    assert could_be(places(200), {"p": east.round(2), "q": north.round(2)}) == {"p", "q"}
    assert could_be(places(200), {"p": east.round(1), "q": north.round(1)}) == set()


def test_two_columns_of_integers_of_five_digits_could_be_tens_of_metres_and_one_twice_could_not() -> None:
    rng = np.random.default_rng(3)
    east, north = rng.integers(31_000, 85_000, 200), rng.integers(9_600, 48_000, 200)
    assert could_be(places(200), {"p": east, "q": north}) == {"p", "q"}
    assert could_be(places(200), {"p": east, "q": east}) == set()
    assert could_be(places(200), {"p": east // 10, "q": north // 10}) == set()
