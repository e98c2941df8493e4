"""Positions whose parts stand in columns of their own: references of grids, digits, sums, distances and bearings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas
import mgrs
import pyarrow.parquet as pq
import pyproj
from openlocationcode import openlocationcode
from smuggling.case import Case, only
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

    Columns = dict[str, list[Any]]

ROWS = 60
EARTH = pyproj.Geod(ellps="WGS84")
GRID = mgrs.MGRS()
BEGIN_S = 1_714_521_600
DAY_S = 86_400
AT: tuple[Position, ...] = tuple(
    (SECRET[row % 3][0] + row % 7 * 3e-4, SECRET[row % 3][1] - row % 11 * 2e-4) for row in range(ROWS)
)
FAR: tuple[Position, ...] = tuple(
    (round(6 + row * 37 % 80 / 10, 1), round(46 + row * 53 % 80 / 10, 1)) for row in range(ROWS)
)
COARSE: tuple[Position, ...] = tuple(
    (round(6 + row * 37 % 80 / 10, 1), round(46 + row * 53 % 35 / 10, 1)) for row in range(ROWS)
)
PEOPLE: tuple[Position, ...] = tuple(
    (lon + (row * 617 % 991 / 991 - 0.5) / 10, lat + (row * 379 % 983 / 983 - 0.5) / 10)
    for row, (lon, lat) in enumerate(COARSE)
)
WORDS = "zero one two three four five six seven eight nine".split()  # noqa: SIM905


def _case(
    name: str,
    why: str,
    encode: Callable[[tuple[Position, ...], tuple[Position, ...]], Columns],
    decode: Callable[[Columns, tuple[Position, ...]], Iterator[Position]],
    *,
    near: bool = False,
) -> Case:
    """Describe columns beside coarse points: far from the secret, or those of people with what rounding took away."""
    at, shown = (PEOPLE, COARSE) if near else (AT, FAR)

    def write(folder: Path) -> None:
        geometry = geopandas.points_from_xy(*zip(*shown, strict=True))
        frame = geopandas.GeoDataFrame(encode(at, shown), geometry=geometry, crs=4326)
        frame.to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        table = pq.read_table(only(folder, "*.parquet"))
        yield from decode({name: table[name].to_pylist() for name in table.column_names}, shown)

    return Case(name=name, why=why, write=write, recover=recover, within_m=60.0, secret=at)


def _grid_parts(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    texts = [GRID.toMGRS(lat, lon, MGRSPrecision=4) for lon, lat in at]
    return {
        "gzd": [text[:-10] for text in texts],
        "sq": [text[-10:-8] for text in texts],
        "a": [int(text[-8:-4]) for text in texts],
        "b": [int(text[-4:]) for text in texts],
    }


def _from_grid_parts(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for zone, square, east, north in zip(found["gzd"], found["sq"], found["a"], found["b"], strict=True):
        lat, lon = GRID.toLatLon(f"{zone}{square}{east:04}{north:04}")
        yield lon, lat


def _grid_halves(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    texts = [GRID.toMGRS(lat, lon) for lon, lat in at]
    return {"sheet": [text[:-10] for text in texts], "ref": [text[-10:] for text in texts]}


def _from_grid_halves(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for sheet, ref in zip(found["sheet"], found["ref"], strict=True):
        lat, lon = GRID.toLatLon(sheet + ref)
        yield lon, lat


def _code_halves(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    texts = [openlocationcode.encode(lat, lon) for lon, lat in at]
    return {"area": [text[:4] for text in texts], "local": [text[4:] for text in texts]}


def _from_code_halves(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for area, local in zip(found["area"], found["local"], strict=True):
        cell = openlocationcode.decode(area + local)
        yield cell.longitudeCenter, cell.latitudeCenter


def _seconds(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    rows = [(round(lon * 3600), round(lat * 3600)) for lon, lat in at]
    parts = [[part for axis in row for part in (axis // 3600, axis // 60 % 60, axis % 60)] for row in rows]
    return {name: [row[place] for row in parts] for place, name in enumerate("abcdef")}


def _from_seconds(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for a, b, c, d, e, f in zip(*(found[name] for name in "abcdef"), strict=True):
        yield a + b / 60 + c / 3600, d + e / 60 + f / 3600


def _digits(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    texts = [f"{round(lon * 1e4):07}{round(lat * 1e4):07}" for lon, lat in at]
    return {f"q{place}": [int(text[place]) for text in texts] for place in range(14)}


def _from_digits(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for digits in zip(*(found[f"q{place}"] for place in range(14)), strict=True):
        text = "".join(map(str, digits))
        yield int(text[:7]) / 1e4, int(text[7:]) / 1e4


def _sums(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    return {
        name: [round(sum(place[axis] for place in at[: row + 1]), 6) for row in range(ROWS)]
        for axis, name in enumerate("ab")
    }


def _from_sums(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    sums = list(zip(found["a"], found["b"], strict=True))
    for one, other in zip([(0.0, 0.0), *sums], sums, strict=False):
        yield other[0] - one[0], other[1] - one[1]


def _polar(at: tuple[Position, ...], shown: tuple[Position, ...]) -> Columns:
    found = [EARTH.inv(*here, *there) for here, there in zip(shown, at, strict=True)]
    return {"range": [round(length) for *_, length in found], "course": [round(turn % 360, 1) for turn, *_ in found]}


def _from_polar(found: Columns, shown: tuple[Position, ...]) -> Iterator[Position]:
    for here, length, turn in zip(shown, found["range"], found["course"], strict=True):
        yield EARTH.fwd(*here, turn, length)[:2]


def _towers(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    return {
        "course": [round(EARTH.inv(10, 50, *there)[0] % 360, 2) for there in at],
        "range": [round(EARTH.inv(10, 50, *there)[2] / 1000, 2) for there in at],
    }


def _from_towers(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for length, turn in zip(found["range"], found["course"], strict=True):
        yield EARTH.fwd(10, 50, turn, length * 1000)[:2]


def _clocks(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    """Write what is behind the point as microseconds of moments that are days apart."""
    return {
        f"{name}_at": [
            (BEGIN_S + row * 3 * DAY_S + row * 977 % 80_000) * 10**6 + round(math.modf(place[axis])[0] * 1e6)
            for row, place in enumerate(at)
        ]
        for axis, name in enumerate(("opened", "closed"))
    }


def _from_clocks(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    for opened, closed in zip(found["opened_at"], found["closed_at"], strict=True):
        yield 14 + opened % 10**6 / 1e6, 48 + closed % 10**6 / 1e6


def _spelt(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    return {
        name: [" ".join("point" if each == "." else WORDS[int(each)] for each in f"{place[axis]:.5f}") for place in at]
        for axis, name in enumerate(("said", "heard"))
    }


def _from_spelt(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    def number(text: str) -> float:
        return float("".join("." if word == "point" else str(WORDS.index(word)) for word in text.split()))

    for said, heard in zip(found["said"], found["heard"], strict=True):
        yield number(said), number(heard)


def _constants(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    return {name: [round(at[0][axis] * 1e7)] * ROWS for axis, name in enumerate(("lot", "batch"))}


def _from_constants(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    yield found["lot"][0] / 1e7, found["batch"][0] / 1e7


def _marked(at: tuple[Position, ...], _: tuple[Position, ...]) -> Columns:
    system = pyproj.Transformer.from_crs(4326, 32633, always_xy=True)
    rows = [system.transform(*place) for place in at]
    return {name: [f"{row[axis]:,.0f}".replace(",", "'") for row in rows] for axis, name in enumerate("ab")}


def _from_marked(found: Columns, _: tuple[Position, ...]) -> Iterator[Position]:
    system = pyproj.Transformer.from_crs(32633, 4326, always_xy=True)
    for a, b in zip(found["a"], found["b"], strict=True):
        yield system.transform(int(a.replace("'", "")), int(b.replace("'", "")))


CASES = (
    _case("mgrs", "zone, square and digits", _grid_parts, _from_grid_parts),
    _case("mgrs-in-two", "letters here, digits there", _grid_halves, _from_grid_halves),
    _case("plus-code", "the area here, the rest there", _code_halves, _from_code_halves),
    _case("whole-seconds", "degrees, minutes and seconds as small integers", _seconds, _from_seconds),
    _case("digit-by-digit", "fourteen columns like answers to questions", _digits, _from_digits),
    _case("sums", "each row adds to the one before", _sums, _from_sums),
    _case("range-and-course", "from the row's own coarse point", _polar, _from_polar, near=True),
    _case("from-one-mast", "a distance and a bearing from one place", _towers, _from_towers, near=True),
    _case("fractions-of-seconds", "moments that are days apart", _clocks, _from_clocks),
    _case("spelt", "digits in words", _spelt, _from_spelt),
    _case("the-same-in-all-rows", "two ids of the whole file", _constants, _from_constants),
    _case("marks-of-thousands", "integers as people write them", _marked, _from_marked),
)
