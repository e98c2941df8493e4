"""Make the lists of countries that rules on imagery name, from Natural Earth's outlines; run when they change.

``python infra/zones/countries.py countries-50m.json`` takes the TopoJSON of the npm package world-atlas 2.0.2, which
holds Natural Earth 4.1 (public domain), and writes ``expectations/zones/<list>.geojson``. ``geogate zones compile``
pins them, with a buffer for what 1:50,000,000 leaves out; the manifests beside them hold its options.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import geopandas
import shapely

ZONES: Final = Path(__file__).resolve().parents[2] / "expectations" / "zones"

SATDSIV_ANNEX_3: Final = {
    "004": "AF", "051": "AM", "031": "AZ", "231": "ET", "070": "BA", "262": "DJ", "232": "ER", "268": "GE", "368": "IQ",
    "376": "IL", "275": "PS", "887": "YE", "180": "CD", "Kosovo": "XK", "422": "LB", "466": "ML", "498": "MD",
    "104": "MM", "562": "NE", "706": "SO", "Somaliland": "SO", "729": "SD", "728": "SS", "760": "SY", "804": "UA",
    "732": "EH", "140": "CF", "196": "CY", "N. Cyprus": "CY",
}  # fmt: skip
"""SatDSiV, Annex 3 (BGBl. 2023 I Nr. 278), by the atlas's number, or its name where it has none."""

ISRAEL: Final = {"376": "IL", "275": "PS"}
"""Public Law 104-201, section 1064, and what the agency counts to it."""


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


def write(name: str, wanted: dict[str, str], shapes: dict[str, shapely.Geometry]) -> None:
    """Write one list; each country is named by its code."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"{code}-{number}"},
            "geometry": json.loads(shapely.to_geojson(shapely.set_precision(shapes[key], 1e-4))),
        }
        for number, (key, code) in enumerate(sorted(wanted.items(), key=lambda item: item[::-1]), start=1)
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
    write("satdsiv-annex-3", SATDSIV_ANNEX_3, shapes)
    write("kyl-bingaman", ISRAEL, shapes)
    beyond_annex_2()
