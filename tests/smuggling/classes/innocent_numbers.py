"""Positions as numbers under other names, in other units, scaled, split or packed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pyproj
from smuggling.case import Case, only
from smuggling.cover import cover, spread
from smuggling.secret import COVER, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

MERCATOR = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
UTM = pyproj.Transformer.from_crs(4326, 32633, always_xy=True)
CENTRIC = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
ROWS = len(COVER)


def columns(folder: Path) -> dict[str, list[Any]]:
    """Read the columns of the dataset's only table."""
    table = pq.read_table(only(folder, "*.parquet"))
    return {name: table[name].to_pylist() for name in table.column_names if name != "geometry"}


def _writer(make: Callable[[], dict[str, list[Any]]]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        cover(**make()).to_parquet(folder / "places.parquet")

    return write


def _reader(decode: Callable[..., Position], *names: str) -> Callable[[Path], Iterator[Position]]:
    def recover(folder: Path) -> Iterator[Position]:
        found = columns(folder)
        for row in zip(*(found[name] for name in names), strict=True):
            if all(value is not None and value == value for value in row):  # noqa: PLR0124 - not a NaN
                yield decode(*row)

    return recover


def _of_each(
    encode: Callable[[float, float], Iterable[Any]], *names: str, fill: Any = None
) -> Callable[[], dict[str, list[Any]]]:
    """Write each secret position as values of some columns; other rows have the filling."""

    def make() -> dict[str, list[Any]]:
        rows = [tuple(encode(*secret)) for secret in SECRET]
        return {name: spread([row[n] for row in rows], fill) for n, name in enumerate(names)}

    return make


def _every_row(encode: Callable[[float, float], Iterable[Any]], *names: str) -> Callable[[], dict[str, list[Any]]]:
    """Write a secret position in every row, each a little moved, so that the columns look like measurements."""

    def make() -> dict[str, list[Any]]:
        at = [(SECRET[n % 3][0] + n * 1e-6, SECRET[n % 3][1] - n * 1e-6) for n in range(ROWS)]
        rows = [tuple(encode(*position)) for position in at]
        return {name: [row[n] for row in rows] for n, name in enumerate(names)}

    return make


def case(
    name: str,
    why: str,
    encode: Callable[[float, float], Iterable[Any]],
    decode: Callable[..., Position],
    names: tuple[str, ...],
    *,
    sparse: bool = False,
    fill: Any = None,
) -> Case:
    """Describe a case: how a position becomes values of some columns, and how these become a position again."""
    make = _of_each(encode, *names, fill=fill) if sparse else _every_row(encode, *names)
    return Case(name=name, why=why, write=_writer(make), recover=_reader(decode, *names), within_m=25.0)


def _dms(value: float) -> tuple[int, int, float]:
    minutes = value * 60
    return int(value), int(minutes % 60), minutes * 60 % 60


def _packed(value: float) -> float:
    """Write degrees as receivers do: degrees and minutes in one number."""
    return int(value) * 100 + value % 1 * 60


def _unpacked(value: float) -> float:
    return value // 100 + value % 100 / 60


def _morton(lon: float, lat: float) -> int:
    x, y = int((lon + 180) / 360 * 2**31), int((lat + 90) / 180 * 2**31)
    return sum((x >> bit & 1) << (2 * bit) | (y >> bit & 1) << (2 * bit + 1) for bit in range(31))


def _unmorton(code: int) -> Position:
    x = sum((code >> (2 * bit) & 1) << bit for bit in range(31))
    y = sum((code >> (2 * bit + 1) & 1) << bit for bit in range(31))
    return x / 2**31 * 360 - 180, y / 2**31 * 180 - 90


def _pair(x: float, y: float) -> Position:
    return x, y


CASES = (
    case("measurements", "named like readings of a sensor", _pair, _pair, ("reading_a", "reading_b")),
    case("three-rows-of-twelve", "all other rows are null", _pair, _pair, ("temp", "hum"), sparse=True),
    case("zeros-elsewhere", "all other rows are zero", _pair, _pair, ("p", "q"), sparse=True, fill=0.0),
    case("latitude-first", "in the other order", lambda x, y: (y, x), lambda a, b: (b, a), ("v1", "v2")),
    case(
        "far-apart",
        "other columns between the two",
        lambda x, y: (x, 1, "a", y),
        lambda x, _n, _t, y: (x, y),
        ("a1", "count", "kind", "z9"),
    ),
    case(
        "integers-1e7",
        "as receivers store them",
        lambda x, y: (round(x * 1e7), round(y * 1e7)),
        lambda a, b: (a / 1e7, b / 1e7),
        ("k1", "k2"),
    ),
    case(
        "integers-1e5",
        "metres are enough",
        lambda x, y: (round(x * 1e5), round(y * 1e5)),
        lambda a, b: (a / 1e5, b / 1e5),
        ("part_no", "lot_no"),
    ),
    case(
        "milli-arc-seconds",
        "a unit of surveyors",
        lambda x, y: (round(x * 3.6e6), round(y * 3.6e6)),
        lambda a, b: (a / 3.6e6, b / 3.6e6),
        ("m", "n"),
    ),
    case(
        "radians",
        "a unit of programs",
        lambda x, y: (math.radians(x), math.radians(y)),
        lambda a, b: (math.degrees(a), math.degrees(b)),
        ("phase_a", "phase_b"),
    ),
    case(
        "packed-minutes",
        "degrees and minutes in one number",
        lambda x, y: (_packed(x), _packed(y)),
        lambda a, b: (_unpacked(a), _unpacked(b)),
        ("s1", "s2"),
    ),
    case(
        "split-dms",
        "degrees, minutes and seconds in columns of their own",
        lambda x, y: (*_dms(x), *_dms(y)),
        lambda d, m, s, e, n, t: (d + m / 60 + s / 3600, e + n / 60 + t / 3600),
        ("a", "b", "c", "d", "e", "f"),
    ),
    case(
        "whole-and-fraction",
        "before and after the point",
        lambda x, y: (int(x), round(x % 1 * 1e7), int(y), round(y % 1 * 1e7)),
        lambda a, b, c, d: (a + b / 1e7, c + d / 1e7),
        ("major", "minor", "block", "unit"),
    ),
    case(
        "web-mercator",
        "in metres of the web",
        MERCATOR.transform,
        lambda a, b: MERCATOR.transform(a, b, direction="INVERSE"),
        ("dim1", "dim2"),
    ),
    case(
        "utm",
        "in metres of a zone",
        UTM.transform,
        lambda a, b: UTM.transform(a, b, direction="INVERSE"),
        ("len_a", "len_b"),
    ),
    case(
        "geocentric",
        "as three distances from the centre",
        lambda x, y: CENTRIC.transform(x, y, 0),
        lambda a, b, c: CENTRIC.transform(a, b, c, direction="INVERSE")[:2],
        ("u", "v", "w"),
    ),
    case(
        "moved-by-a-constant",
        "less a number that both know",
        lambda x, y: (x - 10, y - 40),
        lambda a, b: (a + 10, b + 40),
        ("da", "db"),
    ),
    case("morton", "both in one integer, bit by bit", lambda x, y: (_morton(x, y),), _unmorton, ("serial",)),
    case(
        "one-number",
        "both in one number, digit behind digit",
        lambda x, y: (round(x * 1e5) * 10**8 + round(y * 1e5),),
        lambda n: (n // 10**8 / 1e5, n % 10**8 / 1e5),
        ("order_id",),
    ),
    case(
        "text-numbers",
        "numbers as texts",
        lambda x, y: (f"{x:.6f}", f"{y:.6f}"),
        lambda a, b: (float(a), float(b)),
        ("code1", "code2"),
    ),
)
