"""Makes the zone list of military airfields from the airportsdata package; run it again when the package changes."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib.metadata import version
from pathlib import Path

import airportsdata

from geogate.model.names import ZoneListName
from geogate.readers.zone_files import ZoneListFacts, pin_zone_list

FOLDER = Path(__file__).parents[2] / "expectations" / "zones"
WORDS = (
    *("Air Base", "Airbase", "Air Force Base", "Air Force Station", "Army Airfield", "Army Air Field", "Army Heliport"),
    *("Naval Air Station", "Naval Air Facility", "Naval Air Base", "Naval Station", "Naval Base", "Marine Corps"),
    *("Military", "Base Aérea", "RAF", "RAAF", "RNAS", "NAS", "AFB", "AAF", "MCAS"),
)
MILITARY = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
DECIMALS = 3
BUFFER_M = 5000.0


def features() -> list[dict[str, object]]:
    """Take the airfields with an ICAO code whose name has one of the words, in the order of their codes."""
    return [
        {
            "type": "Feature",
            "properties": {"icao": code, "country": airfield["country"]},
            "geometry": {
                "type": "Point",
                "coordinates": [round(airfield["lon"], DECIMALS), round(airfield["lat"], DECIMALS)],
            },
        }
        for code, airfield in sorted(airportsdata.load("ICAO").items())
        if MILITARY.search(airfield["name"])
    ]


def write() -> Path:
    """Write the data and its manifest."""
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features())
    data = FOLDER / "military-airfields.geojson"
    data.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8")
    facts = ZoneListFacts(
        name=ZoneListName("military-airfields"),
        title="Airfields that are military by their names",
        source=(
            f"Python package airportsdata {version('airportsdata')}: airfields with an ICAO code whose name contains, "
            f"as whole words and in any case, one of: {', '.join(WORDS)}; positions rounded to {DECIMALS} decimals. "
            "Not complete: an airfield whose name does not say what it is is missing."
        ),
        licence="MIT, as stated by the package airportsdata",
        as_of=date(2026, 11, 1),
        valid_until=date(2027, 12, 31),
        category="military-airfield",
        id_field="icao",
        buffer_m=BUFFER_M,
    )
    return pin_zone_list(data, facts=facts)


if __name__ == "__main__":
    print(write().name)
