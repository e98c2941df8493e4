"""Positions as numbers that are scattered: over few rows, over one column, over files and layers, or called times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import geopandas
import pandas as pd
import pyarrow.parquet as pq
from smuggling.case import Case, only
from smuggling.cover import cover, spread
from smuggling.secret import COVER, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

ROWS = len(COVER)
LONS, LATS = (list(axis) for axis in zip(*SECRET, strict=True))
WHOLE = [7, 12, 3, 45, 20, 9, 31, 18, 26, 2, 40, 11]
TENTHS = [0.4, 1.2, 7.9, 3.3, 12.5, 9.1, 4.4, 6.8, 2.2, 8.0, 5.6, 10.1]
BEGIN = datetime(2024, 5, 1, 12, tzinfo=UTC)


def _columns(folder: Path, pattern: str = "*.parquet") -> dict[str, list[Any]]:
    table = pq.read_table(only(folder, pattern))
    return {name: table[name].to_pylist() for name in table.column_names if name != "geometry"}


def _numbers(values: Iterable[Any]) -> list[float]:
    return [float(value) for value in values if value is not None and value == value]  # noqa: PLR0124 - not a NaN


def _in_rows(cells: Iterable[float], values: list[float], rows: tuple[int, ...]) -> list[float]:
    found = [float(cell) for cell in cells]
    for row, value in zip(rows, values, strict=True):
        found[row] = value
    return found


def _case(
    name: str, why: str, columns: dict[str, list[Any]], recover: Callable[[dict[str, list[Any]]], Iterable[Position]]
) -> Case:
    def write(folder: Path) -> None:
        cover(**columns).to_parquet(folder / "places.parquet")

    return Case(name=name, why=why, write=write, recover=lambda folder: recover(_columns(folder)), within_m=25.0)


def _few(name: str, why: str, cells: list[Any], rows: tuple[int, ...], below: int = 0) -> Case:
    """Write precise positions into some rows of two columns that are coarse otherwise; latitudes perhaps rows below."""
    lons, lats = LONS[: len(rows)], LATS[: len(rows)]
    lower = tuple(row + below for row in rows)
    columns = {"load": _in_rows(cells, lons, rows), "wear": _in_rows(cells[::-1], lats, lower)}

    def recover(found: dict[str, list[Any]]) -> Iterator[Position]:
        yield from ((found["load"][row], found["wear"][row + below]) for row in rows)

    return _case(name, why, columns, recover)


def _one(name: str, why: str, values: list[float], recover: Callable[[list[float]], Iterable[Position]]) -> Case:
    """Write all numbers into one column."""
    return _case(name, why, {"level": spread(values)}, lambda found: recover(_numbers(found["level"])))


def _turns(values: list[float], period: int = 2) -> Iterator[Position]:
    yield from zip(values[::period], values[1::period], strict=True)


def _halves(values: list[float]) -> Iterator[Position]:
    yield from zip(values[: len(values) // 2], values[len(values) // 2 :], strict=True)


def _sorted_halves(values: list[float]) -> Iterator[Position]:
    lons, lats = values[::-1][: len(values) // 2], values[: len(values) // 2]
    yield from ((lon, lat) for lon in lons for lat in lats)


def _moments(seconds: Iterable[float], begin: datetime) -> list[datetime]:
    return [begin + timedelta(seconds=each) for each in seconds]


def _every_row(axis: list[float]) -> list[float]:
    return [axis[row % 3] + row * 1e-6 for row in range(ROWS)]


def _as_moments(name: str, why: str, begin: datetime) -> Case:
    columns = {"opened": _moments(_every_row(LONS), begin), "closed": _moments(_every_row(LATS), begin)}

    def recover(found: dict[str, list[Any]]) -> Iterator[Position]:
        sides = zip(found["opened"], found["closed"], strict=True)
        yield from (((one - begin).total_seconds(), (other - begin).total_seconds()) for one, other in sides)

    return _case(name, why, columns, recover)


def _two_files(folder: Path) -> None:
    cover(load=_every_row(LONS)).to_parquet(folder / "east.parquet")
    cover(wear=_every_row(LATS)).to_parquet(folder / "north.parquet")


def _from_two_files(folder: Path) -> Iterator[Position]:
    yield from zip(_columns(folder, "east.parquet")["load"], _columns(folder, "north.parquet")["wear"], strict=True)


def _two_layers(folder: Path) -> None:
    cover(level=_every_row(LONS)).to_file(folder / "places.gpkg", layer="one")
    cover(level=_every_row(LATS)).to_file(folder / "places.gpkg", layer="two")


def _from_two_layers(folder: Path) -> Iterator[Position]:
    path = only(folder, "*.gpkg")
    one, two = (geopandas.read_file(path, layer=layer)["level"] for layer in ("one", "two"))
    yield from zip(one, two, strict=True)


def _one_layer_finer(folder: Path) -> None:
    """Few rows of whole numbers in one file, and more rows in the other."""
    lats = pd.Series(_in_rows(list(range(ROWS)), LATS, (4, 5, 6)))
    cover(load=_in_rows(WHOLE, LONS, (4, 5, 6))).to_parquet(folder / "east.parquet")
    cover(wear=lats).to_parquet(folder / "north.parquet")


CASES = (
    _few("three-among-whole", "three precise rows among whole numbers", WHOLE, (2, 5, 9)),
    _few("three-among-tenths", "three precise rows among tenths", TENTHS, (0, 4, 7)),
    _few("one-among-whole", "one precise row among whole numbers", WHOLE, (6,)),
    _few("in-the-row-below", "the latitude a row below", WHOLE, (1, 4, 8), below=1),
    _one("in-turn", "longitude, latitude, longitude, latitude", [axis for both in SECRET for axis in both], _turns),
    _one("in-halves", "all longitudes, then all latitudes", LONS + LATS, _halves),
    _one("in-any-order", "longitudes and latitudes, mixed", LATS + LONS[::-1], _sorted_halves),
    _one(
        "in-turn-with-heights",
        "each followed by a height",
        [
            value
            for (lon, lat), height in zip(SECRET, (311.2, 290.7, 333.9), strict=True)
            for value in (lon, lat, height)
        ],
        lambda values: _turns(values, 3),
    ),
    _case(
        "in-turn-as-integers",
        "one column, as receivers store them",
        {"level": spread([round(axis * 1e7) for both in SECRET for axis in both], 0)},
        lambda found: _turns([value / 1e7 for value in found["level"] if value]),
    ),
    _case(
        "as-seconds-of-the-epoch",
        "integers that look like times",
        {
            "a": [round(x * 1e8) for x in _every_row(LONS)],
            "b": [round(y * 3e7) for y in _every_row(LATS)],
        },
        lambda found: ((a / 1e8, b / 3e7) for a, b in zip(found["a"], found["b"], strict=True)),
    ),
    _case(
        "as-seconds-by-name",
        "called as times are",
        {
            "created_at": [round(x * 1e8) for x in _every_row(LONS)],
            "updated_at": [round(y * 1e8) for y in _every_row(LATS)],
        },
        lambda found: ((a / 1e8, b / 1e8) for a, b in zip(found["created_at"], found["updated_at"], strict=True)),
    ),
    _as_moments("as-moments-after-midnight", "a second is a degree", datetime(2024, 5, 1, tzinfo=UTC)),
    _as_moments("as-moments-after-noon", "a second is a degree, from noon on", BEGIN),
    _as_moments("as-moments-of-1970", "a second is a degree, as computers count", datetime(1970, 1, 1, tzinfo=UTC)),
    _case(
        "moved-far",
        "more by a number that both know",
        {"da": [x + 650 for x in _every_row(LONS)], "db": [y + 530 for y in _every_row(LATS)]},
        lambda found: ((a - 650, b - 530) for a, b in zip(found["da"], found["db"], strict=True)),
    ),
    Case(
        name="two-files",
        why="longitudes in one file, latitudes in the other",
        write=_two_files,
        recover=_from_two_files,
        within_m=25.0,
    ),
    Case(
        name="two-layers",
        why="longitudes in one layer, latitudes in the other, in columns of one name",
        write=_two_layers,
        recover=_from_two_layers,
        within_m=25.0,
    ),
    Case(
        name="few-rows-of-two-files",
        why="precise rows among whole numbers, half of them in another file",
        write=_one_layer_finer,
        recover=_from_two_files,
        within_m=25.0,
    ),
)
