"""Positions as numbers with few digits: what rounding took from the geometries, and the web's and zones' metres cut."""

from __future__ import annotations

import csv
import math
import random
from typing import TYPE_CHECKING

import pyproj
from smuggling.case import Case, only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

    Pair = tuple[float, float]

ROWS = 60
UTM = pyproj.Transformer.from_crs(4326, 25832, always_xy=True)
KM = 111.2
_CHANCE = random.Random(7)
PEOPLE: tuple[Position, ...] = tuple(
    (round(_CHANCE.uniform(6.5, 13.5), 4), round(_CHANCE.uniform(46.0, 49.5), 4)) for _ in range(ROWS)
)
ELSEWHERE: tuple[Position, ...] = tuple(
    (round(_CHANCE.uniform(6, 14), 1), round(_CHANCE.uniform(45.5, 54), 1)) for _ in range(ROWS)
)
OWN: tuple[Position, ...] = tuple((round(lon, 1), round(lat, 1)) for lon, lat in PEOPLE)


def _case(
    name: str,
    why: str,
    encode: Callable[[Position, Position], tuple[str, str]],
    decode: Callable[[Position, Pair], Position],
    shown: tuple[Position, ...],
) -> Case:
    """Describe a table of coarse points with two columns of numbers; both know where the points are."""

    def write(folder: Path) -> None:
        with (folder / "places.csv").open("w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("lon", "lat", "p", "q"))
            rows.writerows((*at, *encode(person, at)) for person, at in zip(PEOPLE, shown, strict=True))

    def recover(folder: Path) -> Iterator[Position]:
        with only(folder, "*.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                at = (float(row["lon"]), float(row["lat"]))
                yield decode(at, (float(row["p"]), float(row["q"])))

    return Case(name=name, why=why, write=write, recover=recover, within_m=25.0, secret=PEOPLE)


def _narrow(at: Position) -> float:
    return KM * math.cos(math.radians(at[1]))


def _utm(factor: float, decimals: int, north: float = 0.0) -> Callable[[Position, Position], tuple[str, str]]:
    def encode(person: Position, _: Position) -> tuple[str, str]:
        x, y = UTM.transform(*person)
        return f"{x / factor:.{decimals}f}", f"{(y - north) / factor:.{decimals}f}"

    return encode


def _from_utm(factor: float, north: float = 0.0) -> Callable[[Position, Pair], Position]:
    return lambda _, pair: UTM.transform(pair[0] * factor, pair[1] * factor + north, direction="INVERSE")


CASES = (
    _case(
        "rest-in-kilometres",
        "what rounding took from the row's own point, in kilometres with two decimals",
        lambda person, at: (f"{(person[0] - at[0]) * _narrow(at):.2f}", f"{(person[1] - at[1]) * KM:.2f}"),
        lambda at, pair: (at[0] + pair[0] / _narrow(at), at[1] + pair[1] / KM),
        OWN,
    ),
    _case(
        "rest-in-ten-thousandths",
        "the same in ten-thousandths of degrees",
        lambda person, at: (f"{(person[0] - at[0]) * 1e4:.0f}", f"{(person[1] - at[1]) * 1e4:.0f}"),
        lambda at, pair: (at[0] + pair[0] / 1e4, at[1] + pair[1] / 1e4),
        OWN,
    ),
    _case(
        "rest-in-seconds",
        "the same in seconds of arc",
        lambda person, at: (f"{(person[0] - at[0]) * 3600:.1f}", f"{(person[1] - at[1]) * 3600:.1f}"),
        lambda at, pair: (at[0] + pair[0] / 3600, at[1] + pair[1] / 3600),
        OWN,
    ),
    _case(
        "last-digits",
        "the last three digits of ten-thousandths, which the coarse point completes",
        lambda person, _: (f"{round(person[0] * 1e4) % 1000}", f"{round(person[1] * 1e4) % 1000}"),
        lambda at, pair: (_completed(at[0], pair[0]), _completed(at[1], pair[1])),
        OWN,
    ),
    _case(
        "zone-in-kilometres",
        "eastings and northings of a zone in kilometres with two decimals",
        _utm(1e3, 2),
        _from_utm(1e3),
        ELSEWHERE,
    ),
    _case(
        "zone-in-tens-of-metres",
        "eastings and northings of a zone as integers of five digits",
        _utm(10, 0, 5e6),
        _from_utm(10, 5e6),
        ELSEWHERE,
    ),
)


def _completed(coarse: float, last: float) -> float:
    return min(
        ((math.floor(coarse * 10) + more) / 10 + last / 1e4 for more in (-1, 0, 1)), key=lambda v: abs(v - coarse)
    )
