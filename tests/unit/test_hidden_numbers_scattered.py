"""Positions in few rows, in one column, in times, over layers; and ordinary numbers that look a little like them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from numbering import found, noise, places

from geogate.measures.hidden.numbers_names import names_a_time
from geogate.measures.hidden.numbers_possible import over_layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SECRET = np.array([(14.3217734, 48.0713345), (14.3264918, 48.0748627), (14.3189273, 48.0689156)])
UNITS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def said(attributes: dict[str, Any], lonlat: Floats | None = None) -> set[str]:
    """Give the columns that are, or could be, positions."""
    numbers = found(lonlat, attributes)
    return {*numbers.possible, *(name for carrier in numbers.carriers for name in carrier.columns)}


def among(cells: Floats, values: Floats, rows: list[int]) -> Floats:
    mixed = cells.astype(np.float64).copy()
    mixed[rows] = values
    return mixed


COVERS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "whole numbers": lambda rng, rows: rng.integers(0, 100, rows).astype(np.float64),
    "tenths": lambda rng, rows: rng.uniform(0, 100, rows).round(1),
    "hundredths": lambda rng, rows: rng.uniform(0, 100, rows).round(2),
    "rates": lambda rng, rows: rng.lognormal(1, 1, rows).round(3),
    "sizes": lambda rng, rows: rng.lognormal(3, 2, rows).round(),
}


@pytest.mark.parametrize("rows", [12, 300, 3000])
@pytest.mark.parametrize("cover", COVERS)
def test_three_rows_with_many_digits_are_looked_at_by_themselves(cover: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    at = rng.choice(rows, 3, replace=False).tolist()
    p, q = (among(COVERS[cover](rng, rows), axis, at) for axis in SECRET.T)
    assert {"p", "q"} <= said({"p": p, "q": q})
    p, q = (among(COVERS["whole numbers"](rng, rows), np.rint(axis * 1e7), at).astype(int) for axis in SECRET.T)
    assert {"p", "q"} <= said({"p": p, "q": q})


def test_one_row_with_many_digits_in_both_columns_is_enough_and_in_one_it_is_not() -> None:
    rng = np.random.default_rng(4)
    p, q = rng.integers(0, 100, (2, 200)).astype(np.float64)
    assert said({"p": among(p, SECRET[:1, 0], [7]), "q": among(q, SECRET[:1, 1], [7])}) == {"p", "q"}
    assert said({"p": among(p, SECRET[:1, 0], [7]), "q": q}) == set()


@pytest.mark.parametrize("numbers", [np.arange(200) / 8, np.arange(200) / 60, np.where(np.arange(200) % 9, 3.0, 1 / 3)])
def test_quarters_minutes_and_fills_are_no_rows_with_many_digits(numbers: Floats) -> None:
    coarse = np.where(np.arange(200) % 3, np.rint(numbers), numbers)
    assert said({"p": coarse, "q": coarse[::-1].copy()}) == set()


def in_one(lonlat: Floats, order: str) -> Floats:
    if order == "in turn":
        return lonlat.reshape(-1)
    numbers = np.concatenate([lonlat[:, 0], lonlat[:, 1]])
    return numbers if order == "in halves" else np.random.default_rng(1).permutation(numbers)


@pytest.mark.parametrize("order", ["in turn", "in halves", "in any order"])
@pytest.mark.parametrize("rows", [4, 12, 200, 5000])
def test_one_column_with_both_axes_could_be_positions(order: str, rows: int) -> None:
    numbers = in_one(places(rows // 2), order)
    assert said({"v": numbers}) == {"v"}
    assert said({"v": np.rint(numbers * 1e7).astype(int)}) == {"v"}
    assert said({"v": pa.array([*numbers.tolist(), *[None] * rows])}) == {"v"}


@pytest.mark.parametrize("order", ["in turn", "in halves"])
def test_one_column_with_places_all_over_the_world_could_be_positions(order: str) -> None:
    rng = np.random.default_rng(5)
    lonlat = np.stack([rng.uniform(-180, 180, 300), rng.uniform(-90, 90, 300)], axis=1).round(6)
    assert said({"v": in_one(lonlat, order)}) == {"v"}


def test_heights_between_the_axes_do_not_hide_them() -> None:
    rng = np.random.default_rng(6)
    for rows in (3, 100):
        lonlat = places(rows)
        numbers = np.column_stack([lonlat, rng.uniform(100, 200, rows).round(3)]).reshape(-1)
        assert said({"v": numbers}) == {"v"}


def test_one_column_of_measured_numbers_is_not_of_two_kinds() -> None:
    rng = np.random.default_rng(7)
    ordinary = {
        "a": rng.normal(12, 5, 400),
        "rises": np.sort(rng.uniform(0, 200, 400)),
        "wanders": np.cumsum(rng.normal(0, 1, 400)),
        "uneven": np.where(rng.random(400) < 0.3, rng.normal(10, 0.1, 400), rng.normal(90, 0.1, 400)),
    }
    for name, numbers in ordinary.items():
        assert said({name: numbers}) == set()


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("begin", [0, 1_577_836_800, 1_577_880_000])
def test_times_that_are_degrees_after_a_moment_could_be_positions(unit: str, begin: int) -> None:
    ticks = [np.rint(axis * UNITS[unit]).astype(np.int64) + begin * UNITS[unit] for axis in places(50).T]
    assert said({name: pa.array(each, pa.timestamp(unit)) for name, each in zip("pq", ticks, strict=True)}) == {
        "p",
        "q",
    }


def test_times_of_the_day_durations_and_days_could_be_positions() -> None:
    micros = [np.rint(axis * 1_000_000).astype(np.int64) for axis in places(50).T]
    for kind, factor in ((pa.time64("us"), 1), (pa.duration("us"), 1), (pa.timestamp("us"), 86_400)):
        attributes = {name: pa.array(each * factor, kind) for name, each in zip("pq", micros, strict=True)}
        assert said(attributes) == {"p", "q"}


def test_degrees_after_midnight_of_many_days_could_be_positions() -> None:
    midnights = 1_577_836_800_000_000 + np.arange(50) * 86_400_000_000
    ticks = [np.rint(axis * 1_000_000).astype(np.int64) + midnights for axis in places(50).T]
    attributes = {name: pa.array(each, pa.timestamp("us")) for name, each in zip("pq", ticks, strict=True)}
    assert said(attributes) == {"p", "q"}


def test_real_times_are_times() -> None:
    rng = np.random.default_rng(8)
    begin = rng.integers(1_600_000_000_000, 1_700_000_000_000, 500)
    ends = begin + rng.integers(1_000, 90_000_000, 500)
    attributes = {name: pa.array(each, pa.timestamp("ms")) for name, each in (("p", begin), ("q", ends))}
    log = np.sort(rng.integers(0, 400_000, 500)) + 1_600_000_000_000
    assert said(attributes | {"log": pa.array(log, pa.timestamp("ms"))}, places(500)) == set()


@pytest.mark.parametrize(
    ("names", "told"), [(("a", "b"), True), (("created_at", "b"), False), (("a", "endTime"), False)]
)
def test_whole_numbers_are_moments_where_the_name_says_so(names: tuple[str, str], *, told: bool) -> None:
    rng = np.random.default_rng(9)
    attributes = {name: rng.integers(1_600_000_000, 1_700_000_000, 500) for name in names}
    assert bool(said(attributes)) is told


def test_a_number_that_is_called_a_time_and_is_none_makes_the_other_one_doubtful() -> None:
    lonlat = np.rint(places(60) * 1e8).astype(int) + np.array([800_000_000, 0])
    assert said({"created_at": lonlat[:, 0], "updated_at": lonlat[:, 1]}) == {"created_at", "updated_at"}


@pytest.mark.parametrize(
    ("name", "time"), [("created_at", True), ("startTime", True), ("Datum", True), ("p", False), ("rate", False)]
)
def test_names_of_times_are_known(name: str, *, time: bool) -> None:
    assert names_a_time(name) is time


@pytest.mark.parametrize("decimals", [4, 6])
def test_longitudes_near_greenwich_are_neither_sizes_nor_shares(decimals: int) -> None:
    rng = np.random.default_rng(10)
    lon, lat = rng.normal(-0.12, 0.12, 400).round(decimals), rng.normal(51.5, 0.08, 400).round(decimals)
    assert said({"p": lon, "q": lat}) == {"p", "q"}
    assert said({"p": np.abs(lon), "q": lat}) == {"p", "q"}


def test_longitudes_on_both_sides_of_greenwich_are_no_sizes_however_many_are_near_it() -> None:
    rng = np.random.default_rng(12)
    lon = (rng.choice([-1, 1], 400) * 0.05 * np.exp(rng.normal(0, 1.5, 400))).round(5)
    assert said({"p": lon, "q": rng.normal(51.5, 0.08, 400).round(5)}) == {"p", "q"}


def test_positive_positions_of_one_region_are_no_rates() -> None:
    rng = np.random.default_rng(11)
    lonlat = rng.uniform((0.2, 43), (8, 50), (400, 2)).round(3)
    assert said({"p": lonlat[:, 0], "q": lonlat[:, 1]}) == {"p", "q"}
    rates = {"births": rng.uniform(1, 8, 400).round(3), "expectancy": rng.uniform(30, 84, 400).round(3)}
    assert said(rates) == set()


def test_a_constant_hides_no_position() -> None:
    lonlat = places(60)
    for constant in (-400.0, 650.0, 5_000.0, 1.6e9):
        assert said({"p": lonlat[:, 0] + constant, "q": lonlat[:, 1] + constant}) == {"p", "q"}


def test_half_axes_of_the_earth_are_no_coordinates_but_numbers_of_their_size_are() -> None:
    major = np.array([6378137.0, 6378388.0, 6377397.155, 6378206.4, 6378249.145, 6377563.396])
    minor = np.array([6356752.314, 6356911.946, 6356078.963, 6356583.8, 6356514.87, 6356256.909])
    assert said({"a": major, "b": minor}) == set()
    assert said({"a": major + 500.0, "b": minor - 500.0}) == {"a", "b"}


@pytest.mark.parametrize("unit", ["degrees", "integers", "metres", "minutes"])
def test_the_axes_may_be_in_different_units(unit: str) -> None:
    lon, lat = places(60).T
    written = {
        "degrees": lat + 650,
        "integers": np.rint(lat * 1e7).astype(int),
        "metres": lat * 111_319.49,
        "minutes": (np.trunc(lat) * 100 + lat % 1 * 60).round(4),
    }
    assert said({"p": lon, "q": written[unit]}) == {"p", "q"}


def test_years_with_decimals_are_times_where_the_name_says_so() -> None:
    years, values = 1959 + np.arange(60) / 12, np.random.default_rng(3).normal(315, 3, 60)
    assert said({"year": years, "co2": values}) == set()
    assert said({"p": years, "co2": values}) == {"p", "co2"}


def test_one_axis_goes_with_the_other_one_in_another_layer() -> None:
    lonlat = places(60)
    one, other = (found(None, noise(60) | {name: axis}).lone for name, axis in zip("pq", lonlat.T, strict=True))
    assert over_layers(one, other) == ("p",)
    assert over_layers(other, one) == ("q",)
    assert over_layers(one, one) == ()
    few = found(None, noise(30) | {"q": lonlat[:30, 1]}).lone
    assert over_layers(one, few) == ()


def test_what_follows_the_place_or_is_called_an_axis_goes_with_the_other_one_whatever_the_number_of_rows() -> None:
    lonlat = places(60)
    one = found(lonlat, {"v": lonlat[:, 0]}).lone
    other = found(lonlat[:40], {"v": lonlat[:40, 1]}).lone
    assert over_layers(one, other) == ("v",)
    named = found(None, {"home_lon": lonlat[:, 0]}).lone
    assert over_layers(named, found(None, {"home_lat": lonlat[:30, 1]}).lone) == ("home_lon",)


def test_one_measured_quantity_in_many_layers_is_no_position() -> None:
    months = [found(None, {"value": np.random.default_rng(n).normal(12, 5, 60)}).lone for n in range(12)]
    assert over_layers(months[0], [each for month in months[1:] for each in month]) == ()
