"""One task of the benchmark in a process of its own; prints seconds and peak memory as JSON."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """\
name: bench
meta:
  title: Benchmark
  jurisdiction: [any]
  as_of: 2026-11-01
  version: "1"
  description: Precision, zones, inventory and destination, as a real policy has them.
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
    kwargs: {zone_list: bench, buffer_m: 500.0, max_features: 100000000}
    severity: critical
    meta: {rule: zones, remedy: drop, legal_basis: [{section: none, source: benchmark, as_of: 2026-11-01}]}
"""


GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}
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
WEST, SOUTH, EAST, NORTH = -5.0, 42.0, 15.0, 55.0


def prepare(folder: Path, rows: int, zones: int) -> None:
    """Write the points, the zones, the policy and the home."""
    from geogate.gate.home import initialise
    from geogate.gate.house import House

    policies = folder / "policies"
    (policies / "zones").mkdir(parents=True)
    (folder / "outbox").mkdir()
    write_points(folder / "points.parquet", rows)
    data = zone_data(zones)
    (policies / "zones" / "bench.geojson").write_bytes(data)
    manifest = MANIFEST.format(sha256=hashlib.sha256(data).hexdigest(), count=zones)
    (policies / "zones" / "bench.yaml").write_text(manifest)
    (policies / "bench.yaml").write_text(POLICY)
    (policies / "recipients.yaml").write_text(RECIPIENTS.format(outbox=folder / "outbox"))
    for line in initialise(House.from_environment().settings):
        print(line, file=sys.stderr)


def write_points(path: Path, rows: int) -> None:
    """Write points with six decimals, spread over western Europe."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    rng = np.random.default_rng(7)
    schema = pa.schema([("id", pa.int64()), ("geometry", pa.binary())], metadata={"geo": json.dumps(GEO)})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, rows, 65_536):
            count = min(65_536, rows - start)
            xy = np.column_stack([rng.uniform(WEST, EAST, count), rng.uniform(SOUTH, NORTH, count)])
            wkb = pa.array(shapely.to_wkb(shapely.points(np.round(xy, 6))), pa.binary())
            ids = pa.array(np.arange(start, start + count))
            writer.write_table(pa.table({"id": ids, "geometry": wkb}, schema=schema))


def zone_data(zones: int) -> bytes:
    """Give round zones of about a kilometre as GeoJSON."""
    import numpy as np

    rng = np.random.default_rng(8)
    features = []
    for number in range(zones):
        x, y = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = [[x + 0.01 * float(np.cos(a)), y + 0.01 * float(np.sin(a))] for a in angles]
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        features.append({"type": "Feature", "properties": {"id": f"Z{number}"}, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def read(folder: Path) -> None:
    """Read the file with pyarrow, all columns, in batches."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(folder / "points.parquet") as file:
        for _ in file.iter_batches(65_536):
            pass


def read_write(folder: Path) -> None:
    """Read and write the file with pyarrow."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(folder / "points.parquet") as file:
        schema = file.schema_arrow
        with pq.ParquetWriter(folder / "copy.parquet", schema, compression="zstd") as writer:
            for batch in file.iter_batches(65_536):
                writer.write_batch(batch)


def import_gx(_folder: Path) -> None:
    """Import Great Expectations."""
    import great_expectations

    assert great_expectations.__version__


def screen(folder: Path) -> None:
    """Screen the file."""
    import geogate

    verdict = geogate.screen(folder / "points.parquet", policy="bench", recipient="bench", to=str(folder / "outbox"))
    assert verdict.decision == "clear", verdict.findings


def submit(folder: Path) -> None:
    """Submit the file."""
    import geogate

    purpose = str(time.time_ns())
    done = geogate.submit(
        folder / "points.parquet", policy="bench", recipient="bench", to=str(folder / "outbox"), purpose=purpose
    )
    assert done.decision == "clear", done.verdict.findings


TASKS: dict[str, Callable[[Path], None]] = {
    "read": read,
    "read-write": read_write,
    "import-gx": import_gx,
    "screen": screen,
    "submit": submit,
}


def main() -> None:
    """Run a task twice in this process."""
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return
    task, folder = TASKS[sys.argv[1]], Path(sys.argv[2])
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        task(folder)
        taken.append(time.perf_counter() - began)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken[0], "again": taken[1], "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
