"""Positions as programs print what cameras, maps and encyclopaedias say: lists, fractions, dashes, underscores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import mgrs
from smuggling.case import Case
from smuggling.classes.innocent_numbers import columns
from smuggling.classes.positions_in_text import NUMBERS, UTM, floats, written
from smuggling.cover import cover, spread
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smuggling.secret import Position

GRID = mgrs.MGRS()
HUNDREDTHS = 100
KILO = 1000


def parts(value: float) -> tuple[int, int, float]:
    """Cut degrees into degrees, minutes and seconds."""
    seconds = round(value * 3600, 2)
    return int(seconds // 3600), int(seconds // 60 % 60), seconds % 60


def fractions(value: float) -> str:
    """Write an axis as exifread prints it."""
    degrees, minutes, seconds = parts(value)
    return f"[{degrees}, {minutes}, {round(seconds * HUNDREDTHS)}/{HUNDREDTHS}]"


def decimals(value: float) -> str:
    """Write an axis as Pillow prints it."""
    degrees, minutes, seconds = parts(value)
    return f"({float(degrees)}, {float(minutes)}, {seconds:.2f})"


def pairs(value: float) -> str:
    """Write an axis as piexif prints it."""
    degrees, minutes, seconds = parts(value)
    return f"(({degrees}, 1), ({minutes}, 1), ({round(seconds * HUNDREDTHS)}, {HUNDREDTHS}))"


def _angle(numbers: list[float]) -> float:
    return numbers[0] + numbers[1] / 60 + numbers[2] / 3600


def _of_fractions(text: str) -> Position:
    n = floats(text)
    return _angle([n[4], n[5], n[6] / n[7]]), _angle([n[0], n[1], n[2] / n[3]])


def _of_decimals(text: str) -> Position:
    found = [_angle(floats(each)) for each in re.findall(r"\([^)]*\)", text)]
    return found[1], found[0]


def _of_pairs(text: str) -> Position:
    n = floats(text)
    return _angle([n[6], n[8], n[10] / n[11]]), _angle([n[0], n[2], n[4] / n[5]])


def _with_underscores(lon: float, lat: float) -> str:
    axes = (*parts(lat), *parts(lon))
    return "https://geohack.example/?params={}_{}_{:.2f}_N_{}_{}_{:.2f}_E_type:landmark".format(*axes)


def _of_underscores(text: str) -> Position:
    d, m, s, e, n, t = map(float, NUMBERS.findall(text.partition("params=")[2].replace("_", " "))[:6])
    return _angle([e, n, t]), _angle([d, m, s])


def _with_dashes(lon: float, lat: float) -> str:
    whole = GRID.toMGRS(lat, lon)
    return f"{whole[:3]}-{whole[3:5]}-{whole[5:10]}-{whole[10:]}"


def _of_dashes(text: str) -> Position:
    lat, lon = GRID.toLatLon(text.replace("-", ""))
    return lon, lat


def _of_digits_apart(text: str) -> Position:
    lat, lon = map(float, text.replace(" ", "").split("/"))
    return lon, lat


def _in_two_columns(folder: Path) -> None:
    texts = [[fractions(secret[axis]) for secret in SECRET] for axis in (1, 0)]
    first, second = (spread(each, "no GPS") for each in texts)
    cover(GPSLatitude=first, GPSLongitude=second).to_parquet(folder / "places.parquet")


def _from_two_columns(folder: Path) -> Iterator[Position]:
    found = columns(folder)
    for lat, lon in zip(found["GPSLatitude"], found["GPSLongitude"], strict=True):
        if "/" in lat:
            yield _of_fractions(f"{lat} {lon}")


def _in_matrices(folder: Path) -> None:
    """Write transformations of a plane, which end in the place that they move to."""
    rows = [[0.001, 0.0, lon, 0.0, -0.001, lat] for lon, lat in SECRET]
    cover(placed=spread(rows, None)).to_parquet(folder / "places.parquet")


def _from_matrices(folder: Path) -> Iterator[Position]:
    yield from ((row[2], row[5]) for row in columns(folder)["placed"] if row is not None)


def _with_units(folder: Path) -> None:
    at = [UTM.transform(*secret) for secret in SECRET]
    axes = [[f"{each[axis] / KILO:.3f} km" for each in at] for axis in range(2)]
    cover(reach=[axes[0][row % 3] for row in range(12)], stretch=[axes[1][row % 3] for row in range(12)]).to_parquet(
        folder / "places.parquet"
    )


def _from_units(folder: Path) -> Iterator[Position]:
    found = columns(folder)
    for east, north in zip(found["reach"], found["stretch"], strict=True):
        x, y = (float(text.removesuffix(" km")) * KILO for text in (east, north))
        lon, lat = UTM.transform(x, y, direction="INVERSE")
        yield lon, lat


CASES = (
    Case(
        name="matrices",
        why="where a transformation moves to, in places of a list that are not beside each other",
        write=_in_matrices,
        recover=_from_matrices,
    ),
    Case(
        name="kilometres-in-words",
        why="coordinates of a zone in kilometres, with their unit",
        write=_with_units,
        recover=_from_units,
    ),
    written(
        "fractions",
        "degrees, minutes and seconds of a camera in brackets, the last a fraction",
        lambda lon, lat: f"GPSLatitude={fractions(lat)} GPSLongitude={fractions(lon)}",
        _of_fractions,
    ),
    written(
        "decimals-in-brackets",
        "the same as another library prints them",
        lambda lon, lat: f"{{1: 'N', 2: {decimals(lat)}, 3: 'E', 4: {decimals(lon)}}}",
        _of_decimals,
    ),
    written(
        "pairs-of-numbers",
        "numerators and denominators of both axes",
        lambda lon, lat: f"{pairs(lat)} {pairs(lon)}",
        _of_pairs,
    ),
    Case(
        name="two-columns",
        why="each axis in a column of its own, as tables of photos have them",
        write=_in_two_columns,
        recover=_from_two_columns,
        within_m=25.0,
    ),
    written("underscores", "links of encyclopaedias have no blanks", _with_underscores, _of_underscores),
    written("mgrs-with-dashes", "a reference with dashes between its parts", _with_dashes, _of_dashes),
    written(
        "digits-apart",
        "a blank behind each digit",
        lambda lon, lat: " ".join(f"{lat:.5f}/{lon:.5f}"),
        _of_digits_apart,
    ),
    written(
        "integers-with-a-comma",
        "ten-millionths of degrees, which with a comma between them look like one number",
        lambda lon, lat: f"{lon * 1e7:.0f},{lat * 1e7:.0f}",
        lambda text: (int(text.split(",")[0]) / 1e7, int(text.split(",")[1]) / 1e7),
        every=True,
    ),
)
