"""One use of the whole gate in a process of its own, a few times; prints seconds and peak memory as JSON."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

if TYPE_CHECKING:
    from collections.abc import Callable

FEWEST, MOST = 2, 5
ENOUGH_S = 12.0
"""After so long, and not before it was done again, it is not done any more."""

POLICY = """\
name: bench
meta:
  title: Benchmark
  jurisdiction: [any]
  as_of: 2026-11-01
  version: "1"
  description: Precision and zones.
  encoding: canonical
  shapefile_as: GeoPackage
  reviewers: 2
  review_days: 30
  clearance_hours: 24
expectations:
  - type: expect_coordinates_no_finer_than
    kwargs: {step_m: 0.001, operator: ">="}
    severity: critical
    meta: {rule: precision, remedy: round, legal_basis: [{section: none, source: benchmark, as_of: 2026-11-01}]}
  - type: expect_no_position_in_restricted_zones
    kwargs: {zone_list: bench, buffer_m: 0, max_features: 100000000}
    severity: critical
    meta: {rule: zones, remedy: drop, legal_basis: [{section: none, source: benchmark, as_of: 2026-11-01}]}
  - type: expect_columns_to_be_declared
    kwargs: {columns: [{name: device, holds: identity}], undeclared: harmless}
    severity: critical
    meta: {rule: columns, remedy: drop, legal_basis: [{section: none, source: benchmark, as_of: 2026-11-01}]}
"""
MANIFEST = """\
name: bench
title: Benchmark
source: made by the benchmark
licence: none
as_of: 2026-01-01
valid_until: 2036-01-01
data: bench.geojson
sha256: {sha256}
count: {count}
category: military
id_field: id
"""
RECIPIENTS = """\
recipients:
  - id: bench
    name: Benchmark
    country: DE
    owners: []
    destinations:
      - uri: file://{outbox}/
"""


def surroundings(place: Path) -> dict[str, str]:
    """Return the settings of the gate in a folder that ``prepare`` made."""
    return {"GEOGATE_HOME": str(place / "home"), "GEOGATE_POLICIES": str(place / "policies")}


def prepare(place: Path, zones: Path) -> None:
    """Write the zones, the policy and the home."""
    from geogate.gate.home import initialise
    from geogate.gate.settings import Settings

    policies = place / "policies"
    (policies / "zones").mkdir(parents=True)
    (place / "outbox").mkdir()
    data, count = _feature_collection(zones)
    (policies / "zones" / "bench.geojson").write_bytes(data)
    manifest = MANIFEST.format(sha256=hashlib.sha256(data).hexdigest(), count=count)
    (policies / "zones" / "bench.yaml").write_text(manifest)
    (policies / "bench.yaml").write_text(POLICY)
    (policies / "recipients.yaml").write_text(RECIPIENTS.format(outbox=place / "outbox"))
    for _ in initialise(Settings.from_environment(surroundings(place))):
        pass


def _feature_collection(zones: Path) -> tuple[bytes, int]:
    import pyarrow.parquet as pq
    import shapely

    shapes = shapely.from_wkb(pq.read_table(zones).column("geometry").to_numpy())
    features = [
        {"type": "Feature", "properties": {"id": f"Z{number}"}, "geometry": shapely.geometry.mapping(shape)}
        for number, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode(), len(features)


def read(dataset: Path, _place: Path) -> None:
    """Read all columns with pyarrow."""
    import pyarrow.parquet as pq

    pq.read_table(dataset)


def read_write(dataset: Path, place: Path) -> None:
    """Read and write all columns with pyarrow."""
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(dataset), place / "copy.parquet", compression="zstd")


def import_gx(_dataset: Path, _place: Path) -> None:
    """Import Great Expectations."""
    import great_expectations

    assert great_expectations.__version__


def screen(dataset: Path, place: Path) -> None:
    """Screen the file."""
    import geogate

    verdict = geogate.screen(dataset, policy="bench", recipient="bench", to=str(place / "outbox"))
    assert verdict.decision == "clear", verdict.findings


def submit(dataset: Path, place: Path) -> None:
    """Submit the file, which is not sealed yet."""
    import geogate

    purpose = str(time.time_ns())
    done = geogate.submit(dataset, policy="bench", recipient="bench", to=str(place / "outbox"), purpose=purpose)
    assert done.decision == "clear", done.verdict.findings


TASKS: dict[str, Callable[[Path, Path], None]] = {
    "read": read,
    "read-write": read_write,
    "import-gx": import_gx,
    "screen": screen,
    "submit": submit,
}


def main() -> None:
    """Do a task a few times in this process; what was sealed is forgotten before the next time."""
    from benchmarks.memory import peak_mb

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("place", type=Path)
    parser.add_argument("--once", action="store_true", help="do it once only, after GX was imported")
    options = parser.parse_args()
    os.environ.update(surroundings(options.place))
    if options.once:
        import_gx(options.dataset, options.place)
    seconds: list[float] = []
    while not _enough(seconds, once=options.once):
        shutil.rmtree(options.place / "home" / "staging", ignore_errors=True)
        began = time.perf_counter()
        TASKS[options.task](options.dataset, options.place)
        seconds.append(time.perf_counter() - began)
    later = statistics.median(seconds[1:] or seconds)
    said: dict[str, Any] = {"first": seconds[0], "seconds": later, "spent": sum(seconds), "peak_mb": peak_mb()}
    print(json.dumps(said | {"numba": "numba" in sys.modules}))


def _enough(seconds: list[float], *, once: bool) -> bool:
    if once or len(seconds) < FEWEST:
        return len(seconds) == (1 if once else FEWEST)
    return len(seconds) == MOST or sum(seconds) > ENOUGH_S


if __name__ == "__main__":
    main()
