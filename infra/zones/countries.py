"""Make the lists of countries that rules on imagery name, from Natural Earth's outlines; run when they change.

``python infra/zones/countries.py countries-50m.json`` takes the TopoJSON of the npm package world-atlas 2.0.2, which
holds Natural Earth 4.1 (public domain), and writes ``expectations/zones/<list>.geojson``. ``geogate zones compile``
pins them, with a buffer for what 1:50,000,000 leaves out; the manifests beside them hold its options.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

ZONES: Final = Path(__file__).resolve().parents[2] / "expectations" / "zones"

SATDSIV_ANNEX_3: Final = {
    "004": "AF", "051": "AM", "031": "AZ", "231": "ET", "070": "BA", "262": "DJ", "232": "ER", "268": "GE", "368": "IQ",
    "376": "IL", "275": "PS", "887": "YE", "180": "CD", "Kosovo": "XK", "422": "LB", "466": "ML", "498": "MD",
    "104": "MM", "562": "NE", "706": "SO", "Somaliland": "SO", "729": "SD", "728": "SS", "760": "SY", "804": "UA",
    "732": "EH", "140": "CF", "196": "CY", "N. Cyprus": "CY",
}  # fmt: skip
"""SatDSiV, Annex 3 (BGBl. 2023 I Nr. 278), by the atlas's number, or its name where it has none."""

CLAIMED: Final = {
    "Crimea": ("UA", shapely.box(32.3, 44.2, 36.8, 46.3)),
    "Snake Island": ("UA", shapely.box(30.1, 45.15, 30.3, 45.35)),
    "Western Sahara": (
        "EH",
        shapely.Polygon(
            [
                (-17.4, 20.6), (-12.7, 20.6), (-12.7, 23.2), (-11.8, 23.2),
                (-11.8, 25.8), (-8.5, 25.8), (-8.5, 27.8), (-17.4, 27.8),
            ]
        ),
    ),
    "Halaib": ("SD", shapely.box(33.0, 21.8, 37.4, 23.3)),
    "Wadi Halfa": ("SD", shapely.box(31.1, 21.8, 31.7, 22.4)),
    "Ilemi": ("SS", shapely.box(34.3, 4.3, 36.1, 5.6)),
    "Coco Islands": ("MM", shapely.box(93.0, 13.8, 93.8, 15.1)),
    "Mergui Archipelago": ("MM", shapely.box(97.3, 9.9, 98.5, 13.5)),
    "Abd al Kuri": ("YE", shapely.box(51.9, 11.9, 53.3, 12.4)),
    "Bajuni Islands": ("SO", shapely.box(41.6, -1.65, 42.7, -0.2)),
}  # fmt: skip
"""Areas that a country of Annex 3 claims and the atlas, which draws what is in force, gives to others or leaves out.

Frames that are drawn by hand, larger than the areas themselves.
"""

ISRAEL: Final = {"376": "IL", "275": "PS"}
"""Public Law 104-201, section 1064, and what the agency counts to it."""


GOLAN: Final = {"Golan Heights": ("IL", shapely.box(35.55, 32.6, 36.1, 33.45))}
"""The notice of the agency counts them to Israel; the atlas gives them to Syria."""


def outlines(atlas: Path) -> dict[str, shapely.Geometry]:
    """Read the outlines by number and by name, made valid."""
    frame = geopandas.read_file(atlas, layer="countries")
    found: dict[str, shapely.Geometry] = {}
    for row in frame.itertuples():
        shape = shapely.make_valid(row.geometry)
        for key in (row.id, row.name):
            if key:
                found[str(key)] = shape
    return found


def write(
    name: str,
    wanted: dict[str, str],
    shapes: dict[str, shapely.Geometry],
    claimed: Mapping[str, tuple[str, shapely.Geometry]],
) -> None:
    """Write one list; each country is named by its code, each area that it claims by the country and ``claimed``."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"{code}-{number}"},
            "geometry": json.loads(shapely.to_geojson(shapely.set_precision(shapes[key], 1e-4))),
        }
        for number, (key, code) in enumerate(sorted(wanted.items(), key=lambda item: item[::-1]), start=1)
    ]
    features += [
        {
            "type": "Feature",
            "properties": {"id": f"{code}-claimed-{number}"},
            "geometry": json.loads(shapely.to_geojson(area)),
        }
        for number, (code, area) in enumerate(claimed.values(), start=1)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    (ZONES / f"{name}.geojson").write_text(text + "\n", encoding="utf-8")


def beyond_annex_2() -> None:
    """Write the band of the globe that is not in SatDSiV, Annex 2: from 60 degrees south to 84 degrees north."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"band-{west}"},
            "geometry": json.loads(shapely.to_geojson(shapely.box(west, -60, west + 90, 84))),
        }
        for west in (-180, -90, 0, 90)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    (ZONES / "satdsiv-outside-annex-2.geojson").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    shapes = outlines(Path(sys.argv[1]))
    write("satdsiv-annex-3", SATDSIV_ANNEX_3, shapes, CLAIMED)
    write("kyl-bingaman", ISRAEL, shapes, GOLAN)
    beyond_annex_2()
