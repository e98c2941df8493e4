"""Links and codes by which people share places: what only a service, a table or a formula reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyproj
from openlocationcode import openlocationcode
from smuggling.classes.positions_in_text import geohash, ungeohash, written

if TYPE_CHECKING:
    from smuggling.secret import Position

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~"
BITS = 27
AUSTRIA = pyproj.Transformer.from_crs(4326, 31287, always_xy=True)
GEOREF = "ABCDEFGHJKLMNPQRSTUVWXYZ"
LINZ = (48.3, 14.3)


def short_code(lon: float, lat: float) -> str:
    """Write the code of OpenStreetMap's short links."""
    x, y = int((lon + 180) / 360 * 2**BITS), int((lat + 90) / 180 * 2**BITS)
    whole = sum((x >> bit & 1) << (2 * bit + 1) | (y >> bit & 1) << 2 * bit for bit in range(BITS))
    return "".join(ALPHABET[whole >> 6 * place & 63] for place in range(BITS // 3 - 1, -1, -1))


def unshort(code: str) -> Position:
    """Read the code of OpenStreetMap's short links."""
    whole = 0
    for letter in code:
        whole = whole << 6 | ALPHABET.index(letter)
    x = sum((whole >> (2 * bit + 1) & 1) << bit for bit in range(BITS))
    y = sum((whole >> 2 * bit & 1) << bit for bit in range(BITS))
    return x / 2**BITS * 360 - 180, y / 2**BITS * 180 - 90


def _metres(lon: float, lat: float) -> str:
    return "https://maps.example/?E={:.0f}&N={:.0f}&zoom=8".format(*AUSTRIA.transform(lon, lat))


def _from_metres(text: str) -> Position:
    east, north = (float(each.split("=")[1]) for each in text.partition("?")[2].split("&")[:2])
    lon, lat = AUSTRIA.transform(east, north, direction="INVERSE")
    return lon, lat


def _from_local(text: str) -> Position:
    area = openlocationcode.decode(openlocationcode.recoverNearest(text.split(maxsplit=1)[0], *LINZ))
    return area.longitudeCenter, area.latitudeCenter


def squares(lon: float, lat: float) -> str:
    """Write a C-square of a hundred-thousandth of ten degrees."""
    north, east = f"{round(lat * 1e4):06}", f"{round(lon * 1e4):07}"
    text = f"1{north[0]}{east[:2]}"
    for a, b in zip(north[1:], east[2:], strict=True):
        text += f":{1 + 2 * (int(a) >= 5) + (int(b) >= 5)}{a}{b}"
    return text


def unsquares(text: str) -> Position:
    """Read a C-square."""
    head, *parts = text.split(":")
    digits = [(int(part[1]), int(part[2])) for part in parts]
    lat = int(head[1]) * 10 + sum(a * 10.0**-place for place, (a, _) in enumerate(digits))
    return int(head[2:]) * 10 + sum(b * 10.0**-place for place, (_, b) in enumerate(digits)), lat


def georef(lon: float, lat: float) -> str:
    """Write GEOREF, to a hundredth of a minute."""
    x, y = lon + 180, lat + 90
    letters = GEOREF[int(x // 15)] + GEOREF[int(y // 15)] + GEOREF[int(x % 15)] + GEOREF[int(y % 15)]
    return f"{letters}{int(x % 1 * 6000):04}{int(y % 1 * 6000):04}"


def ungeoref(text: str) -> Position:
    """Read GEOREF."""
    a, b, c, d = map(GEOREF.index, text[:4])
    return a * 15 + c + int(text[4:8]) / 6000 - 180, b * 15 + d + int(text[8:]) / 6000 - 90


CASES = (
    written(
        "short-link",
        "a link of nine letters that is a position",
        lambda lon, lat: f"see https://osm.org/go/{short_code(lon, lat)}",
        lambda text: unshort(text.rpartition("/")[2]),
    ),
    written(
        "link-with-a-geohash",
        "a link that a car's navigation opens",
        lambda lon, lat: f"https://waze.com/ul/h{geohash(lon, lat)}",
        lambda text: ungeohash(text.rpartition("/h")[2]),
    ),
    written("link-with-metres", "a link with metres of the national grid", _metres, _from_metres),
    written(
        "code-with-a-town",
        "the short code that a map copies, with the name of the town",
        lambda lon, lat: f"{openlocationcode.encode(lat, lon)[4:]} Linz",
        _from_local,
    ),
    written("c-squares", "squares within squares, as oceanographers write them", squares, unsquares),
    written("georef", "the world reference of pilots", georef, ungeoref, every=True, within_m=40.0),
)
