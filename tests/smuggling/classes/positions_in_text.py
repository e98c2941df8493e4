"""Positions written into texts, in the ways in which people and programs write them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import h3
import mgrs
import openlocationcode.openlocationcode as plus_codes
import polyline
import pyproj
import shapely
from smuggling.case import Case
from smuggling.classes.innocent_numbers import columns
from smuggling.cover import cover, spread
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

UTM = pyproj.Transformer.from_crs(4326, 32633, always_xy=True)
GAUSS_KRUEGER = pyproj.Transformer.from_crs(4326, 31469, always_xy=True)
ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")


def geohash(lon: float, lat: float, length: int = 11) -> str:
    """Write a geohash."""
    bits, low, high = [], [-180.0, -90.0], [180.0, 90.0]
    for number in range(length * 5):
        axis, value = number % 2, (lon, lat)[number % 2]
        middle = (low[axis] + high[axis]) / 2
        bits.append(value >= middle)
        (low if value >= middle else high)[axis] = middle
    return "".join(ALPHABET[sum(bit << 4 - n for n, bit in enumerate(bits[i : i + 5]))] for i in range(0, len(bits), 5))


def ungeohash(code: str) -> Position:
    """Read a geohash."""
    low, high, number = [-180.0, -90.0], [180.0, 90.0], 0
    for letter in code:
        for bit in range(4, -1, -1):
            axis = number % 2
            middle = (low[axis] + high[axis]) / 2
            (low if ALPHABET.index(letter) >> bit & 1 else high)[axis] = middle
            number += 1
    return (low[0] + high[0]) / 2, (low[1] + high[1]) / 2


def dms(value: float, letters: str) -> str:
    """Write degrees, minutes and seconds."""
    seconds = abs(value) * 3600
    return f"{int(seconds // 3600)}°{int(seconds // 60 % 60):02d}'{seconds % 60:05.2f}\"{letters[value < 0]}"


def undms(text: str) -> Position:
    """Read latitude and longitude in degrees, minutes and seconds."""
    d, m, s, e, n, t = map(float, NUMBERS.findall(text)[-6:])
    return e + n / 60 + t / 3600, d + m / 60 + s / 3600


def floats(text: str) -> list[float]:
    """Give the numbers in a text."""
    return [float(number) for number in NUMBERS.findall(text)]


def written(
    name: str,
    why: str,
    write: Callable[[float, float], str],
    read: Callable[[str], Position],
    *,
    every: bool = False,
    column: str = "remark",
    within_m: float = 25.0,
) -> Case:
    """Describe a case: how a position becomes a text, and back; in the first rows, or in every row."""

    def store(folder: Path) -> None:
        texts = [write(*secret) for secret in SECRET]
        values = [texts[n % 3] for n in range(12)] if every else spread(texts, "nothing to report")
        cover(**{column: values}).to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        for text in columns(folder)[column]:
            try:
                yield read(text)
            except Exception:  # noqa: BLE001 - other texts are none
                continue

    return Case(name=name, why=why, write=store, recover=recover, within_m=within_m)


def _wkt(text: str) -> Position:
    point = shapely.from_wkt(text[text.index("POINT") :])
    return float(shapely.get_x(point)), float(shapely.get_y(point))


def _wkb(text: str) -> Position:
    point = shapely.from_wkb(bytes.fromhex(text))
    return float(shapely.get_x(point)), float(shapely.get_y(point))


def _ewkb(lon: float, lat: float) -> str:
    return str(shapely.to_wkb(shapely.set_srid(shapely.Point(lon, lat), 4326), hex=True, include_srid=True))


def _geojson(text: str) -> Position:
    x, y = json.loads(text)["coordinates"]
    return x, y


def _reversed(text: str) -> Position:
    return floats(text)[-1], floats(text)[-2]


def _mgrs(text: str) -> Position:
    lat, lon = mgrs.MGRS().toLatLon(text.replace(" ", ""))
    return lon, lat


def _plus(text: str) -> Position:
    area = plus_codes.decode(text)
    return area.longitudeCenter, area.latitudeCenter


def _h3(text: str) -> Position:
    lat, lon = h3.cell_to_latlng(text)
    return lon, lat


def _utm(lon: float, lat: float) -> str:
    easting, northing = UTM.transform(lon, lat)
    return f"33U {easting:.0f} {northing:.0f}"


def _un_utm(text: str) -> Position:
    _, easting, northing = text.split()
    x, y = UTM.transform(float(easting), float(northing), direction="INVERSE")
    return x, y


def _polyline(text: str) -> Position:
    lat, lon = polyline.decode(text)[0]
    return lon, lat


def _last_two(text: str) -> Position:
    return floats(text)[-2], floats(text)[-1]


def called(east: str, north: str, transformer: pyproj.Transformer, zone: int = 0) -> tuple[Any, Any]:
    """Give a writer and a reader of metres that are called by their names."""

    def write(lon: float, lat: float) -> str:
        x, y = transformer.transform(lon, lat)
        return f"{east} {x + zone:.0f} {north} {y:.0f}"

    def read(text: str) -> Position:
        x, y = floats(text)
        found: Position = transformer.transform(x - zone, y, direction="INVERSE")
        return found

    return write, read


def in_german(value: float) -> str:
    """Write degrees, minutes and seconds as a person would say them."""
    seconds = value * 3600
    return f"{int(seconds // 3600)} Grad {int(seconds // 60 % 60)} Minuten {seconds % 60:.1f} Sekunden"


CASES = (
    written("rechtswert", "metres of a zone by their German names", *called("Rechtswert", "Hochwert", GAUSS_KRUEGER)),
    written("rechtswert-in-letters", "the same by their letters", *called("R", "H", GAUSS_KRUEGER)),
    written("ostwert", "metres with the zone in front", *called("Ostwert", "Nordwert", UTM, 33_000_000)),
    written(
        "grad-minuten-sekunden",
        "in German words",
        lambda x, y: f"{in_german(y)} Nord, {in_german(x)} Ost",
        undms,
    ),
    written("wkt", "in a sentence", lambda x, y: f"checked POINT ({x} {y})", _wkt),
    written("wkb-hex", "as databases print it", lambda x, y: str(shapely.to_wkb(shapely.Point(x, y), hex=True)), _wkb),
    written("ewkb-hex", "as PostGIS prints it", _ewkb, _wkb),
    written(
        "geojson", "a geometry in a text", lambda x, y: json.dumps({"type": "Point", "coordinates": [x, y]}), _geojson
    ),
    written("pair", "latitude, longitude in a sentence", lambda x, y: f"seen at {y:.6f}, {x:.6f}", _reversed),
    written("pair-lon-first", "longitude and latitude", lambda x, y: f"({x:.5f} | {y:.5f})", _last_two),
    written("pair-hemispheres", "with letters", lambda x, y: f"N{y:.5f} E{x:.5f}", _reversed),
    written("pair-labels", "with words", lambda x, y: f"lat={y:.6f};lon={x:.6f}", _reversed),
    written(
        "decimal-comma",
        "as much of Europe writes it",
        lambda x, y: f"{y:.6f}".replace(".", ",") + "; " + f"{x:.6f}".replace(".", ","),
        lambda t: _reversed(t.replace(",", ".")),
    ),
    written("dms", "degrees, minutes, seconds", lambda x, y: f"{dms(y, 'NS')} {dms(x, 'EW')}", undms),
    written(
        "dms-words",
        "degrees, minutes, seconds in words",
        lambda x, y: f"{dms(y, 'NS')} {dms(x, 'EW')}".replace("°", " deg ").replace("'", " min ").replace('"', " sec "),
        undms,
    ),
    written("geohash", "in every row", geohash, ungeohash, every=True, column="ref"),
    written("geohash-sparse", "in three rows, in a column that says so", geohash, ungeohash, column="geohash"),
    written("plus-code", "an open location code", lambda x, y: plus_codes.encode(y, x, 11), _plus),
    written("mgrs", "a military grid reference", lambda x, y: str(mgrs.MGRS().toMGRS(y, x)), _mgrs),
    written("utm", "zone, easting and northing", _utm, _un_utm),
    written("h3", "a hexagon of the finest kind", lambda x, y: h3.latlng_to_cell(y, x, 14), _h3),
    written(
        "google-link",
        "a link to a map",
        lambda x, y: f"see https://www.google.com/maps/@{y:.6f},{x:.6f},17z",
        lambda t: (floats(t)[-2], floats(t)[-3]),
    ),
    written(
        "osm-link",
        "a link to another map",
        lambda x, y: f"https://www.openstreetmap.org/?mlat={y:.5f}&mlon={x:.5f}",
        _reversed,
    ),
    written("osm-hash", "a fragment", lambda x, y: f"https://www.openstreetmap.org/#map=18/{y:.5f}/{x:.5f}", _reversed),
    written("geo-uri", "the standard's own", lambda x, y: f"geo:{y:.6f},{x:.6f}", _reversed),
    written(
        "polyline",
        "as route services encode",
        lambda x, y: polyline.encode([(y, x), (y + 0.001, x + 0.001)]),
        _polyline,
        every=True,
        column="shape",
    ),
    written(
        "one-digit-run",
        "without a point",
        lambda x, y: f"N{round(y * 1e6):08d}E{round(x * 1e6):09d}",
        lambda t: (int(t.split("E")[1]) / 1e6, int(t[1:].split("E")[0]) / 1e6),
    ),
)
