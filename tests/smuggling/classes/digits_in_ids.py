"""Positions as the digits of names, ids, versions and telephone numbers, which look like any other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from smuggling.case import Case, only
from smuggling.cover import cover
from smuggling.secret import COVER, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

ROWS = len(COVER)
AT = [(SECRET[row % 3][0] + row * 1.3e-5, SECRET[row % 3][1] - row % 5 * 2.1e-5) for row in range(ROWS)]
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _ints(lon: float, lat: float) -> tuple[int, int]:
    return round(lon * 1e5), round(lat * 1e5)


def _texts(folder: Path) -> dict[str, list[Any]]:
    table = pq.read_table(only(folder, "*.parquet"))
    return {name: table[name].to_pylist() for name in table.column_names if name != "geometry"}


def _case(
    name: str,
    why: str,
    write: Callable[[float, float], str],
    read: Callable[[str], Position | None],
    *,
    few: bool = False,
) -> Case:
    def put(folder: Path) -> None:
        texts = [write(*at) if not few or row % 4 == 1 else f"s_{row}" for row, at in enumerate(AT)]
        cover(ref=texts).to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        yield from (found for text in _texts(folder)["ref"] if (found := read(text)) is not None)

    return Case(name=name, why=why, write=put, recover=recover)


def _two_runs(text: str) -> Position | None:
    found = re.fullmatch(r"\D*(\d+)\D+(\d+)\D*", text)
    return None if found is None else (int(found[2]) / 1e5, int(found[1]) / 1e5)


def _one_run(text: str) -> Position | None:
    digits = text.removeprefix("TRK")
    return int(digits[7:]) / 1e5, int(digits[:7]) / 1e5


def _base36(number: int) -> str:
    return (_base36(number // 36) if number >= 36 else "") + DIGITS[number % 36]


def _unbase36(text: str) -> Position:
    both = int(text, 36)
    return both % 10**7 / 1e5, both // 10**7 / 1e5


def _version(text: str) -> Position:
    north, more, east, rest = text.removeprefix("v").split(".")
    return int(east) + int(rest) / 1e5, int(north) + int(more) / 1e5


def _two_columns(folder: Path) -> None:
    both = [_ints(*at) for at in AT]
    cover(item=[f"A-{y}" for _, y in both], lot=[f"B-{x}" for x, _ in both]).to_parquet(folder / "places.parquet")


def _from_two_columns(folder: Path) -> Iterator[Position]:
    found = _texts(folder)
    for item, lot in zip(found["item"], found["lot"], strict=True):
        yield int(lot[2:]) / 1e5, int(item[2:]) / 1e5


CASES = (
    _case("two-runs", "a track's name", lambda x, y: "track_{1}_{0}".format(*_ints(x, y)), _two_runs),
    _case("one-run", "a number of fourteen digits", lambda x, y: "TRK{1:07}{0:07}".format(*_ints(x, y)), _one_run),
    _case("in-few-rows", "some names only", lambda x, y: "s_{1}_{0}".format(*_ints(x, y)), _two_runs, few=True),
    _case("photo", "names of files in a column", lambda x, y: "IMG_{1}_{0}.jpg".format(*_ints(x, y)), _two_runs),
    _case("telephone", "a prefix and a number", lambda x, y: "0{1} {0}".format(*_ints(x, y)), _two_runs),
    _case(
        "version",
        "four numbers with points",
        lambda x, y: f"v{int(y)}.{round(y % 1 * 1e5):05}.{int(x)}.{round(x % 1 * 1e5):05}",
        _version,
    ),
    _case(
        "base-36",
        "digits and letters",
        lambda x, y: _base36(_ints(x, y)[1] * 10**7 + _ints(x, y)[0]),
        _unbase36,
    ),
    Case(name="two-columns", why="an axis in each", write=_two_columns, recover=_from_two_columns),
)
