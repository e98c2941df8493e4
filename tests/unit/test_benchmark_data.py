from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from benchmarks import wkb
from benchmarks.cases import CASES
from benchmarks.report import page
from benchmarks.results import CaseResult, Results, Taken
from benchmarks.sampling import Samples
from benchmarks.shapes import FRANCE
from benchmarks.store import Store, ZoneSpec
from benchmarks.systems.registry import BARE, OURS
from benchmarks.targets import Target, targets
from benchmarks.watch import RECORD, compare, instructions
from benchmarks.works import WORKS

if TYPE_CHECKING:
    from pathlib import Path


def geometries(path: Path) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.asarray(shapely.from_wkb(pq.read_table(path).column("geometry").to_numpy()))


def test_points_and_lines_are_written_as_shapely_reads_them() -> None:
    xy = np.random.default_rng(1).uniform(-90, 90, (7, 2))
    assert (shapely.get_coordinates(shapely.from_wkb(wkb.points(xy).to_numpy(zero_copy_only=False))) == xy).all()
    lines = shapely.from_wkb(wkb.lines(xy, np.array([3, 4])).to_numpy(zero_copy_only=False))
    assert shapely.get_num_coordinates(lines).tolist() == [3, 4]
    assert (shapely.get_coordinates(lines) == xy).all()


def test_data_is_the_same_each_time_and_made_once(tmp_path: Path) -> None:
    spec = ZoneSpec(count=50, share=0.1)
    one, other, again = (
        (
            store.points(500, attributes=True),
            store.points(500, encoding="point"),
            store.lines(500),
            store.polygons(500),
            store.zones(spec),
            store.projected_points(500),
            store.projected_zones(spec),
        )
        for store in (Store(tmp_path / "one"), Store(tmp_path / "other"), Store(tmp_path / "one"))
    )
    for path, same, later in zip(one, other, again, strict=True):
        assert pq.read_table(path).equals(pq.read_table(same))
        assert later == path


def test_an_interrupted_run_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.points(10).parent
    (folder / "unfinished-points-2x10").mkdir()
    assert sorted(path.name for path in store.many_points(2, 10).iterdir()) == ["part-000.parquet", "part-001.parquet"]
    assert not (folder / "unfinished-points-2x10").exists()


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5])
def test_zones_are_valid_and_cover_the_share_that_they_should(tmp_path: Path, share: float) -> None:
    zones = geometries(Store(tmp_path).zones(ZoneSpec(count=1000, share=share)))
    assert shapely.is_valid(zones).all()
    assert set(shapely.get_type_id(zones)) == {3, 6}
    assert any(shapely.get_num_interior_rings(zones) > 0)
    points = shapely.points(FRANCE.positions(np.random.default_rng(9), 100_000))
    hit = len(np.unique(shapely.STRtree(zones).query(points, predicate="intersects")[0]))
    assert hit / 100_000 == pytest.approx(share, rel=0.25)


def test_features_are_valid(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert shapely.is_valid(geometries(store.polygons(2000))).all()
    assert shapely.is_valid(geometries(store.lines(2000))).all()


def test_names_of_cases_and_works_are_distinct() -> None:
    names = [*(case.name for case in CASES), *{case.group for case in CASES}, *WORKS]
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(set(names) - {"lines", "polygons"}) == len(names) - 2


def test_medians_and_the_largest_memory_are_kept() -> None:
    samples = Samples()
    for seconds, memory in ((3.0, 10.0), (1.0, 30.0), (2.0, 20.0)):
        samples.add({"seconds": seconds, "first": 2 * seconds, "spent": 3 * seconds, "peak_mb": memory})
    assert (samples.median, samples.median_first, samples.memory, samples.spent) == (2.0, 4.0, 30.0, 18.0)


@pytest.mark.parametrize(
    ("reached", "at_least", "met"), [(1.6, False, True), (1.61, False, False), (1.6, True, True), (1.59, True, False)]
)
def test_a_target_is_met_up_to_its_bound(reached: float, at_least: bool, met: bool) -> None:  # noqa: FBT001
    target = Target(work="w", against="a", bound=1.6, reached=reached, at_least=at_least)
    assert target.met is met
    assert ("✓" if met else "✗") in target.row()


def test_what_was_not_measured_is_not_met() -> None:
    assert all(target.met is None and "not measured" in target.row() for target in targets(Results()))


def test_results_are_kept_and_make_the_page(tmp_path: Path) -> None:
    results = Results()
    systems = {
        name: Taken(seconds=seconds, first=9.0, peak_mb=100.0, rounds=3)
        for name, seconds in ((BARE, 0.5), (OURS, 0.75), ("duckdb", 4.5), ("geopandas", 30.0))
    }
    results.cases["points-5"] = CaseResult(
        title="5 % hits", rows=10, zones=20, share=0.05, threads=2, systems=systems, agree=True, pairs=7, digest="ab",
        notes=("duckdb: a note",),
    )  # fmt: skip
    results.tasks["index 10,000 zones"] = Taken(seconds=0.5, first=0.5, peak_mb=50.0, rounds=3, note="40 MB")
    results.tasks["reopen 10,000 zones"] = Taken(seconds=0.03, first=0.03, peak_mb=50.0, rounds=3)
    results.save(tmp_path / "results.json")
    loaded = Results.loaded(tmp_path / "results.json")
    assert loaded == results
    text = page(loaded, ["2 cores"])
    assert (
        "| 10 M points, 10,000 zones, zones + precision, 5 % hits | bare read of the column | ≤ 1.60 | 1.50 | ✓ |"
        in text
    )
    assert "| points, intersects: the least of all cases | geopandas.sjoin | ≥ 25.0 times | 40.0 times | ✓ |" in text
    assert "| best of SedonaDB, DuckDB, polars-st | ≥ 8.0 times | 6.0 times | ✗ |" in text
    assert "| the same, reopened from disk |  | ≤ 50 ms | 30 ms | ✓ |" in text
    assert "- 5 % hits, duckdb: a note" in text


def test_the_watch_fails_where_a_kernel_gets_a_fifth_worse() -> None:
    assert compare({"zones": 120.0}, {"zones": 100.0}, "instructions") == 0
    assert compare({"zones": 120.1}, {"zones": 100.0}, "instructions") == 1


@pytest.mark.parametrize(("now", "before"), [({"new": 1.0}, {}), ({}, {"gone": 1.0})])
def test_the_watch_fails_where_works_are_not_those_recorded(now: dict[str, float], before: dict[str, float]) -> None:
    assert compare(now, before, "instructions") == 1


def test_the_watch_reads_what_cachegrind_counted(tmp_path: Path) -> None:
    (tmp_path / "7").write_text("desc: none\nevents: Ir\nfn=main\n1 12\nsummary: 8616962594\n")
    assert instructions(tmp_path / "7") == 8_616_962_594


def test_the_record_of_the_watch_is_of_positive_costs() -> None:
    recorded = json.loads(RECORD.read_text())
    assert recorded
    assert all(cost > 0 for costs in recorded.values() for cost in costs.values())
