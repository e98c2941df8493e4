"""Take what browsers load from pinned npm packages into the console's static files; run when a version changes.

``python infra/console/vendor.py`` needs npm, and writes ``src/geogate/console/static/vendor``: htmx, MapLibre GL, the
outlines of countries, their licences, and a manifest of digests that a test compares with the files. It writes
axe-core, which only tests load, beside those tests.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import antimeridian
import geopandas
import numpy as np
import shapely

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

ROOT: Final = Path(__file__).resolve().parents[2]
VENDOR: Final = ROOT / "src" / "geogate" / "console" / "static" / "vendor"
TESTS: Final = ROOT / "tests" / "console" / "vendor"

PACKAGES: Final = {
    "htmx.org": ("2.0.11", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE.txt"}),
    "maplibre-gl": (
        "6.17.0",
        {
            "dist/maplibre-gl.mjs": "maplibre-gl.mjs",
            "dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
            "dist/maplibre-gl.css": "maplibre-gl.css",
            "LICENSE.txt": "maplibre-gl.LICENSE.txt",
        },
    ),
    "world-atlas": ("2.0.2", {"LICENSE": "countries.LICENSE.txt"}),
    "axe-core": ("4.14.1", {"axe.min.js": "axe.min.js", "LICENSE": "axe.LICENSE.txt"}),
}
"""Versions, and the files that are taken by the names that they get."""

ATLAS: Final = "countries-50m.json"
TOLERANCE: Final = 0.15
"""How far an outline may move, roughly, in degrees: the map is looked at from far."""

GRID: Final = 0.01
SPECK: Final = 0.01
"""In square degrees."""

SOURCE_MAP: Final = re.compile(rb"\n//# sourceMappingURL=[^\n]*\n?$")


def fetch(name: str, version: str, into: Path) -> Path:
    """Unpack one package."""
    done = subprocess.run(  # noqa: S603
        ["npm", "pack", "--silent", f"{name}@{version}"],  # noqa: S607
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = into / done.stdout.split()[-1]
    with tarfile.open(archive) as packed:
        packed.extractall(into / name, filter="data")
    return into / name / "package"


def outlines(atlas: Path) -> str:
    """Cut the outlines at the antimeridian, make them valid and coarse, and write them as GeoJSON."""
    frame = geopandas.read_file(atlas, layer="countries")
    whole = [_cut(shape) for shape in frame.geometry]
    coarse = shapely.coverage_simplify(np.array(whole, dtype=object), TOLERANCE)
    features = []
    for name, shape, before in zip(frame["name"], coarse, whole, strict=True):
        drawn = _without_specks(_valid(shapely.set_precision(shape, GRID)))
        geometry = json.loads(shapely.to_geojson(before if drawn.is_empty else drawn))
        features.append({"type": "Feature", "properties": {"name": name}, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")) + "\n"


def _cut(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape).tolist()
    fixed = antimeridian.fix_multi_polygon(shapely.MultiPolygon(parts), fix_winding=True)
    return _valid(fixed)


def _without_specks(shape: BaseGeometry) -> BaseGeometry:
    """Leave out islands that nobody would see, but never all of a country."""
    parts = shapely.get_parts(shape)
    areas = shapely.area(parts)
    return shapely.union_all(parts[areas >= min(SPECK, areas.max(initial=0.0))])


def _valid(shape: BaseGeometry) -> BaseGeometry:
    """Keep the areas of a shape that was made valid."""
    made = shapely.make_valid(shape)
    areas = [part for part in shapely.get_parts(made) if part.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(areas)


def main() -> None:
    """Fetch, copy, and write the manifest."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    TESTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, (version, files) in PACKAGES.items():
            package = fetch(name, version, Path(folder))
            into = TESTS if name == "axe-core" else VENDOR
            for taken, called in files.items():
                (into / called).write_bytes(SOURCE_MAP.sub(b"\n", (package / taken).read_bytes()))
            if name == "world-atlas":
                (VENDOR / "countries.geojson").write_text(outlines(package / ATLAS), encoding="utf-8")
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(VENDOR.iterdir())
        if path.name != "manifest.json"
    }
    versions = {name: version for name, (version, _) in PACKAGES.items() if name != "axe-core"}
    manifest = {"packages": versions, "sha256": digests}
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
