"""Time a warm feed: ``python -m benchmarks.feed [BATCHES] [ROWS]``.

Batches of positions of a fleet are judged and sent in one process, under rules of which each adds up over batches, to a
folder. The bare pass is what the same measures take for the same rows in this process, with nothing of the gate beside
it: no isolation, no sealing, no suite, no ledger and no sending.
"""

from __future__ import annotations

import hashlib
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import geopandas
import numpy as np

from geogate.gate.feed_run import Outcome, Runner, wish_of
from geogate.gate.home import initialise
from geogate.gate.house import House
from geogate.gate.opening import open_files
from geogate.gate.passes import kernels_for, local_passes
from geogate.gate.question import ask
from geogate.measures.tools import Tools
from geogate.model.names import ZoneListName
from geogate.readers.zone_files import ZoneListFacts, pin_zone_list
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from geogate.gate.examine import Question
    from geogate.measures.measure import Measure

BATCHES: Final = 100
ROWS: Final = 10_000
VEHICLES: Final = 2_000
WARM: Final = 3
"""The first batches, in which libraries are loaded."""

MOST_S: Final = 3.0
"""Seconds that a warm batch may take."""

BASIS: Final = "remedy: send less, legal_basis: [{section: none, source: benchmark, as_of: 2026-11-01}]"
POLICY: Final = f"""\
name: bench
meta:
  title: Benchmark
  jurisdiction: [any]
  as_of: 2026-11-01
  version: "1"
  description: What adds up over batches.
  encoding: canonical
  shapefile_as: GeoPackage
  reviewers: 2
  review_days: 30
  clearance_hours: 24
expectations:
  - type: expect_coordinates_no_finer_than
    kwargs: {{step_m: 100, operator: ">="}}
    severity: critical
    meta: {{rule: precision, {BASIS}}}
  - type: expect_no_position_in_restricted_zones
    kwargs: {{zone_list: bench, buffer_m: 0, max_features: 1000000}}
    severity: critical
    meta: {{rule: zones, {BASIS}}}
  - type: expect_layer_inventory
    kwargs:
      columns: any
      min_rows: 1
      max_rows: 1000000000
      crs: any
      max_share_without_geometry: 0.0
      geometry_kinds: any
      z_allowed: false
      m_allowed: false
    severity: critical
    meta: {{rule: inventory, {BASIS}}}
  - type: expect_recipient_total_no_more_than
    kwargs: {{columns: [device], window: P12M, operator: "<=", limit: 1000000, subjects: devices, data: any}}
    severity: critical
    meta: {{rule: total, {BASIS}}}
  - type: expect_columns_to_be_declared
    kwargs: {{columns: [{{name: device, holds: identity}}], undeclared: harmless}}
    severity: critical
    meta: {{rule: columns, {BASIS}}}
"""
FEED: Final = """\
title: A fleet
owner: nobody
source: file:finished/
batches: fleet-{number}.parquet
finished: checksum
policy: bench
recipient: partner
destination: file:outbox/
batch: {rows: 10000000, megabytes: 1000}
"""
RECIPIENTS: Final = """\
recipients:
  - id: partner
    name: Partner
    country: DE
    owners: [{country: DE, share: 1.0}]
    destinations: [{uri: file:outbox/}]
"""
ZONES: Final = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"z"},"geometry":'
    '{"type":"Polygon","coordinates":[[[8.0,47.0],[8.1,47.0],[8.1,47.1],[8.0,47.1],[8.0,47.0]]]}}]}'
)


def main(batches: int = BATCHES, rows: int = ROWS) -> int:
    """Run the feed, and say what a batch takes at its beginning and at its end; 1 where it takes longer than it may."""
    with TemporaryDirectory(prefix="geogate-feed-") as folder:
        root = Path(folder)
        house = _house(root)
        for number in range(1, batches + 1):
            _put(root, number, rows)
        runner, seconds = Runner(name="fleet", house=house), []
        for _ in range(batches):
            step = runner.step()
            if step.outcome is not Outcome.SENT:
                raise AssertionError(f"batch {step.number} was not sent: {step.verdict}")
            seconds.append(step.seconds)
        bare = _bare(root, house, runner)
    warm = seconds[WARM:]
    share = max(1, len(warm) // 10)
    early, late = median(warm[:share]), median(warm[-share:])
    print(f"{batches:,} batches of {rows:,} rows; first {seconds[0]:.2f} s, then")
    print(f"median {median(warm):.3f} s, slowest {max(warm):.3f} s, {rows / median(warm):,.0f} rows a second")
    print(f"first tenth {early:.3f} s, last tenth {late:.3f} s")
    print(f"bare pass of the same rows {bare:.3f} s; the feed takes {median(warm) / bare:.1f} times as long")
    print(f"{MOST_S:g} s are allowed for a batch of {ROWS:,} rows")
    return int(median(warm) > MOST_S * max(1.0, rows / ROWS))


def _house(root: Path) -> House:
    policies = root / "policies"
    for path in (policies / "zones", policies / "feeds", root / "outbox", root / "finished"):
        path.mkdir(parents=True)
    (policies / "bench.yaml").write_text(POLICY)
    (policies / "recipients.yaml").write_text(RECIPIENTS)
    (policies / "feeds" / "fleet.yaml").write_text(FEED)
    (policies / "zones" / "bench.geojson").write_text(ZONES)
    facts = ZoneListFacts(
        name=ZoneListName("bench"),
        title="Benchmark",
        source="made by the benchmark",
        licence="none",
        as_of=date(2026, 1, 1),
        valid_until=date(2999, 12, 31),
        category="test",
        id_field="id",
        buffer_m=0.0,
    )
    pin_zone_list(policies / "zones" / "bench.geojson", facts=facts)
    environment = {
        "GEOGATE_HOME": str(root / ".geogate"),
        "GEOGATE_POLICIES": str(policies),
        "GEOGATE_COUNTRY": "DE",
    }
    house = House.from_environment(environment, actor="benchmark")
    list(initialise(house.settings))
    return house


def _put(root: Path, number: int, rows: int) -> None:
    """Write a batch of random walks, coarsened as the policy wants, and its checksum."""
    random = np.random.default_rng(number)
    device = random.integers(0, VEHICLES, rows)
    lon = np.round(6.0 + device % 50 / 10 + random.normal(0, 0.05, rows), 2)
    lat = np.round(46.0 + device // 50 / 10 + random.normal(0, 0.05, rows), 2)
    frame = geopandas.GeoDataFrame(
        {"device": [f"v-{each}" for each in device], "speed": random.integers(0, 130, rows)},
        geometry=geopandas.points_from_xy(lon, lat),
        crs="EPSG:4326",
    )
    path = root / "finished" / f"fleet-{number}.parquet"
    frame.to_parquet(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")


def _bare(root: Path, house: House, runner: Runner) -> float:
    question = ask(wish_of(runner.feed(), called="fleet"), house=house)
    path = root / "finished" / "fleet-1.parquet"
    wanted = _measures(question)
    tools = Tools(kernels=kernels_for(path.stat().st_size), indexes=house.means().indexes, pepper=b"0" * 32)
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        opened = open_files({path: path.name}, assume_crs="", scratch=root)
        for layer in opened.layers:
            layer.run(wanted, passes=local_passes(house.means(), tools=tools))
        taken.append(time.perf_counter() - began)
    return median(taken[2:])


def _measures(question: Question) -> tuple[Measure[Any], ...]:
    found: dict[str, Measure[Any]] = {}
    for use in question.policy.rules:
        measures = registered()[use.expectation].measures(use.params, question.zone_lists)
        found |= {str(each.id): each for each in measures}
    return tuple(found.values())


if __name__ == "__main__":
    sys.exit(main(*(int(each) for each in sys.argv[1:])))
