"""Halves of positions that stand apart: in two texts of a row, in two rows, in two names, in two layers or files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas
import pyogrio
from smuggling.case import Case
from smuggling.classes.innocent_numbers import columns
from smuggling.classes.positions_in_text import dms
from smuggling.cover import cover, spread
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

    Write = Callable[[float], str]

FILL = "nothing to report"
NUMBER = re.compile(r"\d+[.,]\d{4,}")
ANGLE = re.compile(r"(\d+)\D+(\d+)\D+(\d+(?:\.\d+)?)")


def _number(text: str) -> float:
    found = NUMBER.search(text)
    if found:
        return float(found.group().replace(",", "."))
    degrees, minutes, seconds = map(float, ANGLE.search(text).groups())  # type: ignore[union-attr]
    return degrees + minutes / 60 + seconds / 3600


def _read(lon: str, lat: str) -> Iterator[Position]:
    if FILL not in {lon, lat}:
        yield _number(lon), _number(lat)


def beside(name: str, why: str, lat: Write, lon: Write) -> Case:
    """Write one axis into one column and the other into another one, in the first rows."""

    def write(folder: Path) -> None:
        lats, lons = [lat(y) for _, y in SECRET], [lon(x) for x, _ in SECRET]
        cover(remark=spread(lats, FILL), source=spread(lons, FILL)).to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        found = columns(folder)
        for one, other in zip(found["remark"], found["source"], strict=True):
            yield from _read(other, one)

    return Case(name=name, why=why, write=write, recover=recover)


def below(name: str, why: str, lat: Write, lon: Write) -> Case:
    """Write one axis into one row and the other into the next one."""

    def write(folder: Path) -> None:
        texts = [text for x, y in SECRET for text in (lat(y), lon(x))]
        cover(remark=spread(texts, FILL)).to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        texts = [text for text in columns(folder)["remark"] if text != FILL]
        for one, other in zip(texts[::2], texts[1::2], strict=True):
            yield from _read(other, one)

    return Case(name=name, why=why, write=write, recover=recover)


def _two_layers(folder: Path) -> None:
    for name, axis in (("north", 1), ("east", 0)):
        texts = [f"checked, {secret[axis]:.6f} fits" for secret in SECRET]
        cover(remark=spread(texts, FILL)).to_file(folder / "places.gpkg", layer=name, driver="GPKG")


def _from_layers(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.gpkg"):
        found = {name: pyogrio.read_dataframe(path, layer=name)["remark"] for name, _ in pyogrio.list_layers(path)}
        for lon, lat in zip(found["east"], found["north"], strict=True):
            yield from _read(lon, lat)


def _two_files(folder: Path) -> None:
    for name, axis in (("north", 1), ("east", 0)):
        texts = [f"checked, {secret[axis]:.6f} fits" for secret in SECRET]
        cover(remark=spread(texts, FILL)).to_parquet(folder / f"{name}.parquet")


def _from_files(folder: Path) -> Iterator[Position]:
    found = {path.stem: geopandas.read_parquet(path)["remark"] for path in folder.rglob("*.parquet")}
    for lon, lat in zip(found["east"], found["north"], strict=True):
        yield from _read(lon, lat)


def named(name: str, why: str, lat: Write, lon: Write, read: Callable[[str], float]) -> Case:
    """Write each axis into the name of a file."""

    def write(folder: Path) -> None:
        x, y = SECRET[0]
        for stem in (lat(y), lon(x)):
            cover().to_parquet(folder / f"{stem}.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        numbers = [read(path.stem) for path in folder.rglob("*.parquet")]
        yield from ((x, y) for x in numbers for y in numbers if x != y)

    return Case(name=name, why=why, write=write, recover=recover)


def _name_and_text(folder: Path) -> None:
    x, y = SECRET[0]
    cover(remark=spread([f"filed under {x:.6f}"], FILL)).to_parquet(folder / f"part-{y:.6f}-a.parquet")


def _from_name_and_text(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.parquet"):
        for text in geopandas.read_parquet(path)["remark"]:
            yield from _read(text, path.stem)


def _two_column_names(folder: Path) -> None:
    x, y = SECRET[0]
    cover(**{f"n{y:.6f}": 1, f"e{x:.6f}": 1}).to_parquet(folder / "places.parquet")


def _from_column_names(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.parquet"):
        names = [name for name in geopandas.read_parquet(path).columns if NUMBER.search(name)]
        yield from ((_number(x), _number(y)) for x in names for y in names if x != y)


CASES = (
    beside("hemispheres", "a letter each", lambda y: f"N{y:.6f}", lambda x: f"E{x:.6f}"),
    beside("labels", "a name each", lambda y: f"lat {y:.6f}", lambda x: f"lon {x:.6f}"),
    beside("words", "fine numbers among words", lambda y: f"ref {y:.6f} ok", lambda x: f"see {x:.6f} too"),
    beside("units", "as if it were a length", lambda y: f"{y:.6f} km", lambda x: f"{x:.6f} m wide"),
    beside("commas", "as much of Europe writes", lambda y: f"bei {y:.6f}".replace(".", ","), lambda x: f"um {x:.6f}"),
    beside("degrees", "signs of degrees in a sentence", lambda y: f"at {dms(y, 'NS')} go", lambda x: dms(x, "EW")),
    beside(
        "bare-degrees", "no signs of degrees", lambda y: dms(y, "NS").translate(str.maketrans("°'\"", "   ")),
        lambda x: dms(x, "EW").translate(str.maketrans("°'\"", "   ")),
    ),
    below("rows-hemispheres", "one below the other", lambda y: f"{y:.6f} N", lambda x: f"{x:.6f} E"),
    below("rows-words", "one below the other, among words", lambda y: f"a {y:.6f}", lambda x: f"b {x:.6f}"),
    Case(name="layers", why="each axis in a layer of its own", write=_two_layers, recover=_from_layers),
    Case(name="files", why="each axis in a file of its own", write=_two_files, recover=_from_files),
    named("names", "two names", lambda y: f"n{y:.6f}", lambda x: f"e{x:.6f}", _number),
    named("names-bare", "two names without letters", lambda y: f"a-{y:.6f}-b", lambda x: f"a-{x:.6f}-b", _number),
    named(
        "names-digits", "two names without a point", lambda y: f"n{y * 1e6:.0f}", lambda x: f"e{x * 1e6:09.0f}",
        lambda stem: int(stem[1:]) / 1e6,
    ),
    named(
        "names-lines", "two names with a line as a point", lambda y: f"{y:.6f}n".replace(".", "_"),
        lambda x: f"lon_{x:.6f}".replace(".", "_"), lambda stem: float(stem.strip("lon_").replace("_", ".")),
    ),
    Case(name="name-and-text", why="one in a name, one in a text", write=_name_and_text, recover=_from_name_and_text),
    Case(name="column-names", why="two names of columns", write=_two_column_names, recover=_from_column_names),
)  # fmt: skip
