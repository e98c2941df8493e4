"""Positions as the digits of names and ids; and ordinary ids, hashes, telephone numbers and moments beside them."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from numbering import found, places

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

ROWS = 200
CHANCE = np.random.default_rng(5)
TOWN = np.rint((CHANCE.normal(0, 0.006, (ROWS, 2)) + np.array([14.32, 48.07])) * 1e5).astype(np.int64)
WRITTEN: dict[str, Callable[[int, int], str]] = {
    "two runs": lambda x, y: f"track_{y}_{x}",
    "one run": lambda x, y: f"TRK{y:07}{x:07}",
    "backwards": lambda x, y: f"A{str(y)[::-1]}-{str(x)[::-1]}",
    "four runs": lambda x, y: f"v{y // 100_000}.{y % 100_000:05}.{x // 100_000}.{x % 100_000:05}",
    "base 36": lambda x, y: np.base_repr(y * 10**7 + x, 36),
    "two words in base 36": lambda x, y: f"{np.base_repr(y * 100, 36)}-{np.base_repr(x * 100, 36)}",
    "two words in base 16": lambda x, y: f"{y * 100:x} {x * 100:x}",
    "colours": lambda x, y: f"#{y:06x} #{x:06x}",
    "integers with a comma": lambda x, y: f"{y * 100},{x * 100}",
}
ORDINARY: dict[str, Callable[[int], str]] = {
    "drawn": lambda row: f"{_drawn(row) % 9_000_000 + 1_000_000}_{_drawn(-row) % 9_000_000 + 1_000_000}",
    "counted": lambda row: f"ORD-{100_000 + row * 77 % ROWS}-{500_000 + row * 91 % ROWS}",
    "telephone": lambda row: f"089 {_drawn(row) % 9_000_000 + 1_000_000}",
    "photo": lambda row: f"IMG_202405{row % 28 + 1:02}_{row % 24:02}{_drawn(row) % 60:02}{row % 60:02}.jpg",
    "uuid": lambda row: str(uuid.UUID(int=_drawn(row) << 66)),
    "short hash": lambda row: f"{_drawn(row):x}"[:8],
    "colours": lambda row: f"#{_drawn(row) % 2**24:06x} #{_drawn(-row) % 2**24:06x}",
    "decimals with a comma": lambda row: f"{_drawn(row) % 90_000 + 10_000},{_drawn(-row) % 90_000 + 10_000}",
    "lot": lambda row: f"LOT {4_500_100 + _drawn(row) % 30}/{_drawn(-row) % 90 + 1:05}",
    "object": lambda row: f"way/{_drawn(row) % 10**9}",
}


def _drawn(number: int) -> int:
    return int(hashlib.sha256(str(number).encode()).hexdigest()[:12], 16)


@pytest.mark.parametrize("written", WRITTEN)
def test_digits_of_a_region_in_texts_could_be_positions(written: str) -> None:
    texts = pa.array([WRITTEN[written](x, y) for x, y in TOWN.tolist()])
    assert set(found(None, {"ref": texts}).possible) == {"ref"}


@pytest.mark.parametrize("written", ["two runs", "four runs"])
def test_digits_in_texts_that_say_the_rows_own_places_could_be_positions(written: str) -> None:
    lonlat = places(ROWS)
    ints = np.rint(lonlat * 1e5).astype(np.int64).tolist()
    texts = pa.array([WRITTEN[written](x, y) for x, y in ints])
    assert "ref" in found(lonlat.round(1), {"ref": texts}).possible


def test_axes_in_two_columns_of_texts_could_be_positions() -> None:
    columns = {"item": pa.array([f"A-{y}" for _, y in TOWN]), "lot": pa.array([f"B-{x}" for x, _ in TOWN])}
    assert {*columns} <= set(found(None, columns).possible)


@pytest.mark.parametrize("cut", [10_000, 1_000])
def test_degrees_and_their_decimals_in_columns_of_integers_could_be_positions(cut: int) -> None:
    tens = TOWN // 10
    columns = {"a": tens[:, 1] // cut, "b": tens[:, 1] % cut, "c": tens[:, 0] // cut, "d": tens[:, 0] % cut}
    assert set(columns) <= set(found(None, columns).possible)


@pytest.mark.parametrize("unit", ["{} km", "{}km", "EUR {}", "{} deg", "ca. {} m"])
def test_numbers_with_units_are_looked_at_as_numbers(unit: str) -> None:
    columns = {name: pa.array([unit.format(place / 1e5) for place in TOWN[:, axis]]) for axis, name in enumerate("ab")}
    assert ({*columns} <= set(found(None, columns).possible)) is (unit != "ca. {} m")


@pytest.mark.parametrize(("first", "seen"), [(0, True), (6, True), (14, True), (15, False), (16, False)])
def test_a_position_is_found_anywhere_in_the_first_places_of_lists(first: int, *, seen: bool) -> None:
    rows = [[0.0] * first + [x / 1e5, y / 1e5] for x, y in TOWN.tolist()]
    names = found(None, {"matrix": pa.array(rows)}).possible
    assert {f"matrix[{place}]" for place in (first, first + 1)} <= {*names} or not seen
    assert bool(names) is seen


@pytest.mark.parametrize("ordinary", ORDINARY)
def test_ordinary_ids_are_no_positions(ordinary: str) -> None:
    texts = pa.array([ORDINARY[ordinary](row) for row in range(ROWS)])
    numbers = found(None, {"ref": texts})
    assert not numbers.possible
    assert not numbers.carriers


@pytest.mark.parametrize("names", [("lon#", "lat#"), ("a#", "b#"), ("x[0]", "y[]")])
def test_no_name_of_a_column_hides_it(names: tuple[str, str]) -> None:
    numbers = found(None, dict(zip(names, (TOWN / 1e5).T, strict=True)))
    assert {*numbers.possible, *(name for carrier in numbers.carriers for name in carrier.columns)} == set(names)


@pytest.mark.parametrize("name", ["a\0head", "a.b", "height of the geometry"])
def test_a_name_that_is_that_of_something_else_cannot_be_looked_into(name: str) -> None:
    fields = pa.StructArray.from_arrays([pa.array(TOWN[:, 0])], ["b"])
    with pytest.raises(UnmeasurableError):
        found(None, {"a": fields, name: TOWN[:, 1]})
