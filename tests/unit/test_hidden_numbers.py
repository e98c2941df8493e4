"""Positions in columns of numbers: every way to write them is found and read back, and ordinary numbers are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
from numbering import batch, found, noise, places

from geogate.measures.hidden import Strength
from geogate.measures.hidden.source import said_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MERCATOR = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
UTM = pyproj.Transformer.from_crs(4326, 25832, always_xy=True)
CENTRIC = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
NEAR_DEG = 2e-4
METRES = 111_320.0


def navigation(values: Floats) -> Floats:
    return (np.trunc(values) * 100 + values % 1 * 60).round(5)


def seconds(values: Floats) -> tuple[Floats, Floats, Floats]:
    return np.trunc(values), np.trunc(values % 1 * 60), (values * 60 % 1 * 60).round(2)


def morton(lon: float, lat: float) -> int:
    x, y = int((lon + 180) / 360 * 2**31), int((lat + 90) / 180 * 2**31)
    return sum((x >> bit & 1) << (2 * bit) | (y >> bit & 1) << (2 * bit + 1) for bit in range(31))


def columns(*values: Any) -> dict[str, Any]:
    return {f"v{number}": each for number, each in enumerate(values)}


WAYS: dict[str, Callable[[Floats, Floats], dict[str, Any]]] = {
    "degrees": columns,
    "latitude first": lambda x, y: columns(y, x),
    "floats of 32 bits": lambda x, y: columns(x.astype(np.float32), y.astype(np.float32)),
    "integers times ten millions": lambda x, y: columns(
        np.rint(x * 1e7).astype(np.int64), np.rint(y * 1e7).astype(int)
    ),
    "integers times a hundred thousand": lambda x, y: columns(
        np.rint(x * 1e5).astype(int), np.rint(y * 1e5).astype(int)
    ),
    "seconds of arc": lambda x, y: columns((x * 3600).round(2), (y * 3600).round(2)),
    "semicircles": lambda x, y: columns(np.rint(x / 180 * 2**31).astype(int), np.rint(y / 180 * 2**31).astype(int)),
    "radians": lambda x, y: columns(np.radians(x), np.radians(y)),
    "navigation": lambda x, y: columns(navigation(x), navigation(y)),
    "web mercator": lambda x, y: columns(*(np.round(each, 1) for each in MERCATOR.transform(x, y))),
    "utm": lambda x, y: columns(*(np.round(each, 1) for each in UTM.transform(x, y))),
    "geocentric": lambda x, y: columns(*(np.round(each, 1) for each in CENTRIC.transform(x, y, x * 0))),
    "degrees and minutes": lambda x, y: columns(np.trunc(x), (x % 1 * 60).round(4), np.trunc(y), (y % 1 * 60).round(4)),
    "degrees, minutes, seconds": lambda x, y: columns(*seconds(x), *seconds(y)),
    "whole and fraction": lambda x, y: columns(np.trunc(x), (x % 1).round(6), np.trunc(y), (y % 1).round(6)),
    "two words": lambda x, y: columns((np.rint(x * 1e7).astype(int) << 32) | np.rint(y * 1e7).astype(int)),
    "digits side by side": lambda x, y: columns(np.rint(x * 1e5).astype(int) * 10**8 + np.rint(y * 1e5).astype(int)),
    "interleaved bits": lambda x, y: columns(np.array([morton(*each) for each in zip(x, y, strict=True)])),
    "texts": lambda x, y: columns([f"{each:.6f}" for each in x], [f"{each:.6f}" for each in y]),
    "angles as texts": lambda x, y: columns(
        [f"{d:.0f}°{m:.0f}'{s:.2f}\"E" for d, m, s in zip(*seconds(x), strict=True)],
        [f"{d:.0f}°{m:.0f}'{s:.2f}\"N" for d, m, s in zip(*seconds(y), strict=True)],
    ),
    "lists": lambda x, y: columns(pa.array(np.stack([x, y], axis=1).tolist())),
    "structures": lambda x, y: columns(
        pa.array([{"p": a, "q": b} for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    ),
    "decimals": lambda x, y: columns(
        pa.array([f"{each:.6f}" for each in x]).cast(pa.decimal128(12, 6)),
        pa.array([f"{each:.6f}" for each in y]).cast(pa.decimal128(12, 6)),
    ),
}


@pytest.mark.parametrize("rows", [1, 3, 40, 3000])
@pytest.mark.parametrize("way", WAYS)
def test_a_finer_copy_of_the_geometry_is_found_and_read_back(way: str, rows: int) -> None:
    lonlat = places(rows)
    attributes = noise(rows) | WAYS[way](lonlat[:, 0], lonlat[:, 1])
    carriers = found(lonlat, attributes).carriers
    near = []
    for carrier in carriers:
        assert carrier.strength >= Strength.LIKELY
        said, positions = said_by(carrier, batch(lonlat, attributes))
        near.append((np.abs(positions - lonlat[said]) <= NEAR_DEG).all(axis=1).sum())
    assert sum(near) >= rows


@pytest.mark.parametrize("rows", [1, 3, 40, 3000])
def test_ordinary_columns_say_no_positions(rows: int) -> None:
    numbers = found(places(rows), noise(rows))
    assert (numbers.carriers, numbers.possible) == ((), ())


@pytest.mark.parametrize("share", [0.01, 0.3])
@pytest.mark.parametrize("fill", [None, 0.0, -9999.0])
def test_a_few_rows_are_enough(share: float, fill: float | None) -> None:
    lonlat = places(3000)
    few = np.random.default_rng(1).random(3000) < share
    attributes = noise(3000) | columns(
        *(pa.array([v if some else fill for v, some in zip(axis, few, strict=True)]) for axis in lonlat.T.tolist())
    )
    (carrier,) = found(lonlat, attributes).carriers
    assert set(carrier.columns) == {"v0", "v1"}


def test_one_row_among_many_is_enough_where_the_others_have_no_digits() -> None:
    rows = 100_000
    lonlat = places(rows)
    hidden = [np.zeros(rows), np.zeros(rows)]
    for axis in range(2):
        hidden[axis][77_777] = lonlat[77_777, axis]
    (carrier,) = found(lonlat, noise(rows) | columns(*hidden)).carriers
    assert set(carrier.columns) == {"v0", "v1"}


def test_offsets_from_coarse_geometries_are_found() -> None:
    lonlat = places(200)
    offsets = (lonlat - lonlat.round(1)).round(6)
    attributes = noise(200) | columns(offsets[:, 0], offsets[:, 1])
    (carrier,) = found(lonlat, attributes).carriers
    rows, positions = said_by(carrier, batch(lonlat, attributes))
    assert np.abs(positions - lonlat[rows]).max() < NEAR_DEG


def test_numbers_that_follow_the_place_are_found_whatever_they_are() -> None:
    lonlat = places(400)
    turned = lonlat @ np.array([[0.8, -0.6], [0.6, 0.8]]) * 7.3 + 1234.5
    distances = [np.hypot(*(lonlat - mast).T) * METRES for mast in ((0.0, 50.0), (10.0, 40.0))]
    for pair in (turned.T.round(4), np.round(distances, 0)):
        (carrier,) = found(lonlat, noise(400) | columns(*pair)).carriers
        assert carrier.form == "numbers that follow the place"


def test_other_places_within_the_region_of_the_layer_are_likely() -> None:
    (carrier,) = found(places(100), noise(100) | columns(*places(100, seed=9).T)).carriers
    assert carrier.strength is Strength.LIKELY


@pytest.mark.parametrize("geometries", [True, False])
def test_places_elsewhere_could_be_positions(*, geometries: bool) -> None:
    rng = np.random.default_rng(2)
    elsewhere = columns(rng.uniform(-120, -70, 60).round(5), rng.uniform(-30, 40, 60).round(5))
    numbers = found(places(60) if geometries else None, noise(60) | elsewhere)
    assert numbers.carriers == ()
    assert set(numbers.possible) == {"v0", "v1"}


def test_names_are_believed_without_any_relation() -> None:
    rng = np.random.default_rng(2)
    attributes = {"home_lon": rng.uniform(-120, -70, 60).round(5), "home_lat": rng.uniform(-30, 40, 60).round(5)}
    (carrier,) = found(None, attributes).carriers
    assert (carrier.columns, carrier.strength) == (("home_lon", "home_lat"), Strength.CERTAIN)


@pytest.mark.parametrize(("decimals", "possible"), [(2, False), (3, True)])
def test_three_decimals_could_be_positions_and_two_are_not(decimals: int, *, possible: bool) -> None:
    rng = np.random.default_rng(2)
    some = columns(rng.uniform(-120, -70, 60).round(decimals), rng.uniform(-30, 40, 60).round(decimals))
    assert bool(found(None, some).possible) is possible


def test_moments_counters_shares_and_areas_are_explained() -> None:
    rng = np.random.default_rng(2)
    ordinary = {
        "seen": rng.integers(1_600_000_000, 1_700_000_000, 500),
        "number": np.arange(1_000_000, 1_000_500),
        "share": rng.random(500),
        "probability": rng.random(500),
        "area": rng.lognormal(0, 3, 500),
        "length": rng.lognormal(0, 3, 500),
    }
    numbers = found(places(500), ordinary)
    assert (numbers.carriers, numbers.possible) == ((), ())


def test_a_copy_of_the_point_is_not_judged_twice_but_one_other_row_makes_it_a_carrier() -> None:
    lonlat = places(50)
    coarse = lonlat.round(1)
    copies = columns(*coarse.T)
    assert found(lonlat, copies).copies == ("v0", "v1")
    assert found(lonlat, copies).carriers == ()
    copies["v0"][7] += 0.01234
    assert "v0" not in found(lonlat, copies).copies


def test_the_numbers_of_h3_cells_are_positions() -> None:
    import h3

    lonlat = places(30)
    cells = [h3.str_to_int(h3.latlng_to_cell(lat, lon, 9)) for lon, lat in lonlat.tolist()]
    (carrier,) = found(None, {"v": pa.array(cells, pa.uint64())}).carriers
    rows, positions = said_by(carrier, batch(None, {"v": pa.array(cells, pa.uint64())}))
    assert np.abs(positions - lonlat[rows]).max() < 0.005


def test_lists_are_read_to_their_end() -> None:
    lonlat = places(20)
    lists = [[lon, lat, lon + 0.5, lat + 0.5, lon + 1, lat + 1] for lon, lat in lonlat.tolist()]
    attributes = {"v": pa.array(lists)}
    carrier = found(lonlat, attributes).carriers[0]
    rows, _ = said_by(carrier, batch(lonlat, attributes))
    assert np.bincount(rows).tolist() == [3] * 20


@pytest.mark.parametrize("largest", [1e18, 9.2e18, 1e36, 1e37, 1e300, 1.7e308])
def test_positions_beside_numbers_beyond_all_integers_are_found(largest: float) -> None:
    lonlat = places(40)
    beside = {"w": np.where(np.arange(40) % 2, largest, -largest)}
    (carrier,) = found(lonlat, beside | columns(*lonlat.T)).carriers
    assert set(carrier.columns) == {"v0", "v1"}
