"""Positions written by independent writers are found within their cell; counts do not depend on cuts and order."""

from __future__ import annotations

import base64
import json
import urllib.parse
from functools import reduce
from math import cos, hypot, radians
from operator import add
from typing import TYPE_CHECKING
from uuid import UUID

import h3
import numpy as np
import pyarrow as pa
import pyproj
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from mgrs import MGRS
from openlocationcode import openlocationcode

from geogate.measures.byte_values import ByteValues
from geogate.measures.hidden import Strength
from geogate.measures.hidden.forms import names as form_names
from geogate.measures.hidden.forms.halves import COUNTED
from geogate.measures.hidden.text import TextPositions, names, positions_in, text_positions
from geogate.measures.hidden.text_search import search, suspects
from geogate.measures.hidden.text_words import lone_numbers, uuids

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from geogate.measures.hidden import Found

positions = st.tuples(
    st.floats(-179, 179).map(lambda lon: round(lon, 7)), st.floats(-79, 79).map(lambda lat: round(lat, 7))
).filter(lambda each: abs(each[0]) > 1 and abs(each[1]) > 1)
FAR_SOUTH = -55.0
"""Grid references of hexadecimal digits alone are south of this."""

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


def hemispheres(lon: float, lat: float) -> tuple[str, str]:
    return "N" if lat >= 0 else "S", "E" if lon >= 0 else "W"


def parts(size: float, decimals: int) -> tuple[int, int, float]:
    units = round(abs(size) * 3600 * 10**decimals)
    degrees, rest = divmod(units, 3600 * 10**decimals)
    minutes, seconds = divmod(rest, 60 * 10**decimals)
    return degrees, minutes, seconds / 10**decimals


def dms(lon: float, lat: float) -> str:
    north, east = hemispheres(lon, lat)
    (a, b, c), (d, e, f) = parts(lat, 1), parts(lon, 1)
    return f"{a}°{b:02}'{c:04.1f}\"{north} {d}°{e:02}'{f:04.1f}\"{east}"


def bare_dms(lon: float, lat: float) -> str:
    north, east = hemispheres(lon, lat)
    (a, b, c), (d, e, f) = parts(lat, 0), parts(lon, 0)
    return f"{north}{a:02} {b:02} {c:02.0f}, {east}{d:03} {e:02} {f:02.0f}"


def packed(lon: float, lat: float) -> str:
    north, east = hemispheres(lon, lat)
    (a, b, c), (d, e, f) = parts(lat, 0), parts(lon, 0)
    return f"{a:02}{b:02}{c:02.0f}{north}{d:03}{e:02}{f:02.0f}{east}"


def geohash(lon: float, lat: float) -> str:
    west, east, south, north = -180.0, 180.0, -90.0, 90.0
    text = ""
    for place in range(8):
        value = 0
        for bit in range(5):
            if (place * 5 + bit) % 2 == 0:
                middle = (west + east) / 2
                value = value * 2 + (lon >= middle)
                west, east = (middle, east) if lon >= middle else (west, middle)
            else:
                middle = (south + north) / 2
                value = value * 2 + (lat >= middle)
                south, north = (middle, north) if lat >= middle else (south, middle)
        text += ALPHABET[value]
    return "geohash=" + text


def utm(lon: float, lat: float) -> str:
    zone = int((lon + 180) // 6) + 1
    code = (32600 if lat >= 0 else 32700) + zone
    east, north = pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(lon, lat)
    return f"{zone}{'CDEFGHJKLMNPQRSTUVWX'[min(int((lat + 80) // 8), 19)]} {east:.0f} {north:07.0f}"


WRITERS: dict[str, Callable[[float, float], str]] = {
    "pair": lambda lon, lat: f"{lat:.6f}, {lon:.6f}",
    "pair, longitude first": lambda lon, lat: f"{lon:.6f} {lat:.6f}",
    "comma": lambda lon, lat: f"{lat:.5f}; {lon:.5f}".replace(".", ","),
    "letters": lambda lon, lat: f"{hemispheres(lon, lat)[0]}{abs(lat):.4f} {hemispheres(lon, lat)[1]}{abs(lon):.4f}",
    "letters behind": lambda lon, lat: (
        f"{abs(lat):.4f}° {hemispheres(lon, lat)[0]}, {abs(lon):.4f}° {hemispheres(lon, lat)[1]}"
    ),
    "labels": lambda lon, lat: f"latitude: {lat:.3f}; longitude: {lon:.3f}",
    "labels, longitude first": lambda lon, lat: json.dumps({"lng": lon, "lat": lat}),
    "iso": lambda lon, lat: f"{lat:+010.6f}{lon:+011.6f}/",
    "dms": dms,
    "bare dms": bare_dms,
    "packed": packed,
    "wkt": lambda lon, lat: f"POINT ({lon} {lat})",
    "wkb": lambda lon, lat: shapely.to_wkb(shapely.Point(lon, lat), hex=True),
    "wkb, big": lambda lon, lat: shapely.to_wkb(shapely.Point(lon, lat), hex=True, byte_order=0).lower(),
    "wkb, base64": lambda lon, lat: base64.b64encode(shapely.to_wkb(shapely.Point(lon, lat))).decode(),
    "geojson": lambda lon, lat: json.dumps({"type": "Point", "coordinates": [lon, lat]}),
    "geo": lambda lon, lat: f"geo:{lat:.5f},{lon:.5f};u=10",
    "google": lambda lon, lat: f"https://www.google.com/maps/@{lat:.5f},{lon:.5f},15z",
    "osm": lambda lon, lat: f"https://www.openstreetmap.org/#map=15/{lat:.5f}/{lon:.5f}",
    "plus": lambda lon, lat: openlocationcode.encode(lat, lon, 10),
    "h3": lambda lon, lat: h3.latlng_to_cell(lat, lon, 9),
    "h3 number": lambda lon, lat: str(h3.str_to_int(h3.latlng_to_cell(lat, lon, 9))),
    "mgrs": lambda lon, lat: MGRS().toMGRS(lat, lon, MGRSPrecision=4),
    "utm": utm,
    "geohash": geohash,
}
LAYERS: dict[str, Callable[[str], str]] = {
    "none": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses, in a text": lambda text: (
        f"id={base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')} ok"
    ),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "entities": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "json": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "wide": lambda text: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text),
    "gaps": "\u200b".join,
}


def by_search(texts: list[str], form: str) -> set[int]:
    """Say which texts have a form by the slow way."""
    values = ByteValues.of(pa.array(texts, pa.string()))
    hits = search(values, binary=False, some=np.arange(len(texts)))
    return {hit.value for hit in hits if form_names()[hit.code] == form}


numbers = st.from_regex(r"[-+]?[0-9]{1,4}[.,][0-9]{3,8}(e-?[0-9]|E|)", fullmatch=True)
words = st.sampled_from(["ref ", "a", " km", ": ", "_", "(", "x1 ", " 12:", "", "\u00fc", " 0,5 ", "e-", "\u0661"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(words, numbers, words).map("".join), min_size=1, max_size=6))
def test_numbers_among_words_are_counted_as_they_are_read(texts: list[str]) -> None:
    values = ByteValues.of(pa.array(texts, pa.string()))
    told = suspects(values)
    counted = {form: set(places.tolist()) for form, places in lone_numbers(values, told)}
    for form, _ in COUNTED:
        assert counted.get(form, set()) == by_search(texts, form) - set(told.tolist())


@settings(max_examples=300, deadline=None)
@given(st.uuids(), st.sampled_from([str, lambda each: str(each).upper(), lambda each: f"47500000{str(each)[8:]}"]))
def test_no_uuid_says_a_position_but_by_chance_one_in_the_far_south(drawn: UUID, write: Callable[[UUID], str]) -> None:
    text = write(drawn)
    assert uuids(ByteValues.of(pa.array([text]))).all()
    found = names([text])
    sure = found.strength >= Strength.LIKELY
    assert set(np.array(found.form_names())[sure]) <= {"mgrs"}
    assert (found.lonlat[sure, 1] < FAR_SOUTH).all()


def test_what_stands_among_uuids_is_found() -> None:
    texts = [str(UUID(int=number << 64)) for number in range(9)]
    values = ByteValues.of(pa.array([*texts, "47.3769, 8.5417", texts[0][:-1] + "g", f"{texts[0]} "]))
    assert uuids(values).tolist() == [True] * 9 + [False] * 3
    assert 9 in suspects(values).tolist()


def distance_in_cells(found: Found, lon: float, lat: float) -> float:
    """Return how many cells the nearest position is away."""
    away = [
        hypot((x - lon) * 111_320 * cos(radians(lat)), (y - lat) * 111_320) / cell
        for (x, y), cell in zip(found.lonlat.tolist(), found.cell_m.tolist(), strict=True)
    ]
    return min(away, default=float("inf"))


@settings(max_examples=300, deadline=None)
@given(positions, st.sampled_from(sorted(WRITERS)))
def test_a_position_is_found_within_its_cell(position: tuple[float, float], writer: str) -> None:
    text = WRITERS[writer](*position)
    assert distance_in_cells(names([text]), *position) < 1.5, (writer, text)


@settings(max_examples=200, deadline=None)
@given(positions, st.sampled_from(sorted(WRITERS)), st.sampled_from(sorted(LAYERS)))
def test_a_layer_of_encoding_does_not_hide_it(position: tuple[float, float], writer: str, layer: str) -> None:
    text = LAYERS[layer](WRITERS[writer](*position))
    assert distance_in_cells(names([text]), *position) < 1.5, (writer, layer, text)


@settings(max_examples=100, deadline=None)
@given(positions, st.sampled_from(sorted(LAYERS)), st.sampled_from(sorted(LAYERS)))
def test_two_layers_do_not_hide_it(position: tuple[float, float], inner: str, outer: str) -> None:
    text = LAYERS[outer](LAYERS[inner](WRITERS["pair"](*position)))
    assert distance_in_cells(names([text]), *position) < 1.5, (inner, outer, text)


@settings(max_examples=100, deadline=None)
@given(
    positions,
    st.sampled_from(sorted(WRITERS)),
    st.text(st.characters(codec="utf-8", categories=["L", "P", "Zs"]), max_size=40),
)
def test_text_around_does_not_hide_it(position: tuple[float, float], writer: str, text: str) -> None:
    written = f"{text} . {WRITERS[writer](*position)} . {text}"
    assert distance_in_cells(names([written]), *position) < 1.5, written


texts = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.builds(lambda position, writer: WRITERS[writer](*position), positions, st.sampled_from(sorted(WRITERS))),
    st.sampled_from(["u0qjd7z", "gcpvj0d", "Anna", "12.5, 13.5", "TQ3016380388"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=12), st.integers(1, 5), st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_cuts_and_order(values: list[str | None], size: int, shuffler: Random) -> None:
    whole = pa.record_batch(
        {"a": pa.array(values, pa.string()), "b": pa.array(values, pa.string()).dictionary_encode()}
    )
    pieces = [text_positions(whole.slice(i, size)) for i in range(0, len(values), size)]
    shuffler.shuffle(pieces)
    found = reduce(add, pieces, TextPositions(columns=()))
    assert found == text_positions(whole) if values else found == TextPositions(columns=())


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=12), st.integers(1, 5))
def test_positions_do_not_depend_on_cuts(values: list[str | None], size: int) -> None:
    whole = pa.record_batch({"a": pa.array(values, pa.string())})
    forms = [*{form for column in text_positions(whole).columns for form in column.likely}, "geohash"]
    found = positions_in(whole, "a", forms)
    parts = [(i, positions_in(whole.slice(i, size), "a", forms)) for i in range(0, len(values), size)]
    assert [row for i, part in parts for row in (part.rows + i).tolist()] == found.rows.tolist()
    assert repr([each for _, part in parts for each in part.lonlat.tolist()]) == repr(found.lonlat.tolist())


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_end_in_counts(raw: bytes) -> None:
    text_positions(
        pa.record_batch({"a": pa.array([raw], pa.binary()), "b": pa.array([raw.decode("utf-8", "replace")])})
    )
