"""Remedies carried out: what was denied or held passes, or it is said what is left; nothing passes unscreened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from gating.files import COARSE, FINE, INSIDE, KINDS, MIDDLE, frame, stage
from gating.place import BASIS, RULES, SQUARE, columns, destination, inventory, precision, rule, zones

from geogate.gate.remedy import Orders, Remedied, put, remedy
from geogate.gate.remedy_plan import Selection
from geogate.model.errors import UsageError
from geogate.model.verdict import Decision
from geogate.remedies.proposal import Kind, Wishes

if TYPE_CHECKING:
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

TO = ("-p", "test", "-r", "partner", "-t", "file:outbox/")


def carried_out(gate: Gate, dataset: Path, output: str = "", **changes: Any) -> Remedied:
    own = {name: changes.pop(name) for name in ("selection", "wishes") if name in changes}
    path = gate.root / (output or f"result{dataset.suffix}")
    return remedy(gate.wish(dataset, **changes), Orders(output=path, **own), house=gate.house())


def kinds(found: Remedied) -> list[str]:
    return [each.proposal.kind.value for each in found.plan]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_fine_positions_of_every_format_leave_coarser(gate: Gate, kind: Any) -> None:
    dataset = stage(kind.name, gate.staged, FINE)
    found = carried_out(gate, dataset, f"result{kind.leaves_as}", assume_crs=kind.assume_crs)
    assert (found.before.decision, found.decision) == (Decision.DENY, Decision.CLEAR)
    result = gate.root / f"result{kind.leaves_as}"
    assert gate.screen(result, assume_crs=kind.assume_crs).decision is Decision.CLEAR
    assert gate.submit(result, assume_crs=kind.assume_crs).decision is Decision.CLEAR
    assert [(each.before, each.after) for each in found.rows] == [(3, 3)]


def test_what_is_held_is_coarsened_until_it_needs_no_review(gate: Gate) -> None:
    found = carried_out(gate, stage("GeoParquet", gate.staged, MIDDLE))
    assert (found.before.decision, found.decision) == (Decision.HOLD, Decision.CLEAR)
    assert [each.proposal.does for each in found.plan] == [
        "round positions to 1,001 m or coarser, in powers of ten of a degree by latitude"
    ]


def test_features_in_a_zone_and_in_its_cells_are_dropped(gate: Gate) -> None:
    beside = ((20.5, 21.02), (20.5, 21.3))
    found = carried_out(gate, stage("GeoPackage", gate.staged, (*INSIDE, *beside)), wishes=Wishes(cell_m=11_132.0))
    assert found.decision is Decision.CLEAR
    assert kinds(found)[0] == "keep-out"
    assert found.plan[0].proposal.does.startswith("drop the 1 features in zones of keep-out or within 0 m")
    left = geopandas.read_file(gate.root / "result.gpkg")
    # The one that lies beside the zone is in a cell that touches it.
    assert sorted(map(tuple, shapely.get_coordinates(left.geometry.values).tolist())) == [(8.3, 47.1), (20.5, 21.3)]


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_lines_and_polygons_through_a_zone_leave_without_it(gate: Gate, crs: str, *, clip: bool) -> None:
    shapes = [
        shapely.linestrings([(18, 20.5), (19, 20.6), (23, 20.4)]),
        shapely.box(20.9, 20.9, 22.0, 22.0),
        shapely.box(5.0, 5.0, 6.0, 6.0),
    ]
    own = geopandas.GeoDataFrame({"name": ["x"] * 3}, geometry=shapes, crs="EPSG:4326").to_crs(crs)
    own.to_parquet(gate.staged / "shapes.parquet")
    found = carried_out(gate, gate.staged / "shapes.parquet", wishes=Wishes(clip=clip))
    assert found.decision is Decision.CLEAR, found.left
    left = geopandas.read_parquet(gate.root / "result.parquet").to_crs("EPSG:4326")
    assert not left.intersects(shapely.polygons(SQUARE[0])).any()
    assert left.is_valid.all()
    assert len(left) == (3 if clip else 1)


def test_columns_that_hide_positions_are_dropped(gate: Gate) -> None:
    random = np.random.default_rng(7)
    own = frame([(round(x, 1), round(y, 1)) for x, y in random.uniform([6, 47], [14, 54], (200, 2))], ("x",))
    own["lon"], own["lat"] = random.uniform(6, 14, 200), random.uniform(47, 54, 200)
    own["note"] = "plain"
    own.to_parquet(gate.staged / "hidden.parquet")
    found = carried_out(gate, gate.staged / "hidden.parquet")
    assert found.decision is Decision.CLEAR, found.left
    assert [*geopandas.read_parquet(gate.root / "result.parquet").columns] == ["name", "note", "geometry"]
    assert "drop-columns" in kinds(found)


def test_an_identifier_is_dropped_or_hashed_as_was_asked_for(gate: Gate) -> None:
    gate.policies.write_policy(
        (*RULES, columns("harmless", "critical", declared=[{"name": "ref", "holds": "identity"}]))
    )
    own = frame([*COARSE] * 20, ("x",))
    own["device_id"] = [f"{number:08x}-aaaa-4bbb-8ccc-{number * 7919:012x}" for number in range(60)]
    own.to_parquet(gate.staged / "ids.parquet")
    found = carried_out(gate, gate.staged / "ids.parquet")
    assert found.decision is Decision.CLEAR
    assert "device_id" not in geopandas.read_parquet(gate.root / "result.parquet").columns
    hashed = carried_out(gate, gate.staged / "ids.parquet", "hashed.parquet", wishes=Wishes(hashed=("device_id",)))
    left = geopandas.read_parquet(gate.root / "hashed.parquet")
    assert not {*left["device_id"]} & {*own["device_id"]}
    # A digest of an identity is one still: only the owner of the policy can declare it.
    assert hashed.decision is Decision.DENY
    assert [each.proposal.by for each in hashed.left] == ["the owner of the policy"]


def test_heights_measures_and_rows_without_a_place_are_dropped(gate: Gate) -> None:
    gate.policies.write_policy((*RULES, inventory(max_share_without_geometry=0.0)))
    shapes = [shapely.Point(8.3, 47.1, 3.5), None, shapely.Point(8.4, 47.2, 1.5)]
    geopandas.GeoDataFrame({"name": ["x"] * 3}, geometry=shapes, crs="EPSG:4326").to_parquet(gate.staged / "z.parquet")
    found = carried_out(gate, gate.staged / "z.parquet")
    assert found.decision is Decision.CLEAR
    assert kinds(found) == ["drop-rows", "drop-heights"]
    left = geopandas.read_parquet(gate.root / "result.parquet")
    assert len(left) == 2
    assert not left.has_z.any()


@pytest.mark.parametrize("extension", [".parquet", ".csv"])
def test_times_go_back_to_the_last_full_hour(gate: Gate, extension: str) -> None:
    own = rule("times", "expect_timestamps_no_finer_than", columns="any", step_seconds=3600.0, operator=">=")
    gate.policies.write_policy((*RULES, own, columns("readable")))
    moments = pd.date_range("2026-03-01T12:34:56", periods=3, freq="17min")
    path = gate.staged / f"times{extension}"
    if extension == ".csv":
        rows = [f"{x},{y},{at.isoformat()}" for (x, y), at in zip(COARSE, moments, strict=True)]
        path.write_text("\n".join(["lon,lat,seen", *rows, ""]))
    else:
        data = frame(COARSE, ("x",))
        data["seen"] = moments
        data.to_parquet(path)
    found = carried_out(gate, path)
    assert found.decision is Decision.CLEAR
    assert [each.proposal.does for each in found.plan] == ["take times in 1 column (seen) back to the last full 1 h"]
    result = gate.root / f"result{extension}"
    left = pd.read_csv(result) if extension == ".csv" else geopandas.read_parquet(result)
    assert {*pd.to_datetime(left["seen"])} == {pd.Timestamp("2026-03-01T12:00"), pd.Timestamp("2026-03-01T13:00")}


def test_outlines_are_generalised(gate: Gate) -> None:
    own = rule("spacing", "expect_vertices_no_closer_than", distance_m=20_000.0, max_share=0.0)
    gate.policies.write_policy((*RULES, own))
    shapes = [shapely.Point(8, 47).buffer(1.0), shapely.linestrings([(x / 20, 47 + (x % 3) / 20) for x in range(60)])]
    geopandas.GeoDataFrame({"name": ["x"] * 2}, geometry=shapes, crs="EPSG:4326").to_parquet(gate.staged / "o.parquet")
    found = carried_out(gate, gate.staged / "o.parquet")
    assert found.decision is Decision.CLEAR, found.left
    left = geopandas.read_parquet(gate.root / "result.parquet")
    assert left.is_valid.all()
    assert len(left) == 2


SMALL = rule(
    "small",
    "expect_no_small_cells",
    columns=["count"],
    minimum=10,
    operator=">=",
    zero_allowed=True,
    rounding_base=0,
    suppressed=["*"],
    column_required=True,
)
SUMS = rule(
    "sums",
    "expect_suppression_to_be_complementary",
    group_columns=["area"],
    value_columns=["count"],
    total_column="",
    total_labels=["Total"],
    count_columns=[],
    suppressed=["*"],
    at_least=2,
)


def test_a_small_cell_is_suppressed_with_another_one(gate: Gate) -> None:
    gate.policies.write_policy((*RULES, SMALL, SUMS, columns("readable")))
    counts = (3, 40, 12, 55)
    rows = [f"8.{n},47.{n},{name},{count}" for n, (name, count) in enumerate(zip("abc", counts[:3], strict=True), 1)]
    path = gate.staged / "counts.csv"
    path.write_text("\n".join(["lon,lat,area,count", *rows, "8.5,47.5,Total,55", ""]))
    found = carried_out(gate, path)
    assert found.decision is Decision.CLEAR, found.left
    assert len(found.done) == 1
    left = pd.read_csv(gate.root / "result.csv")
    assert left["count"].isna().tolist() == [True, False, True, False]


def test_rows_where_few_are_seen_are_dropped(gate: Gate) -> None:
    crowd = rule(
        "crowd",
        "expect_each_cell_to_have_subjects",
        cell={"size_m": 20_000.0},
        subject_column="who",
        subjects=3,
        operator=">=",
    )
    gate.policies.write_policy((*RULES, crowd, columns("readable")))
    own = frame([(8.3, 47.1)] * 4 + [(9.3, 48.1)] * 2, ("x",))
    own["who"] = ["a", "b", "c", "c", "a", "b"]
    own.to_parquet(gate.staged / "crowd.parquet")
    found = carried_out(gate, gate.staged / "crowd.parquet")
    assert found.decision is Decision.CLEAR, found.left
    assert len(geopandas.read_parquet(gate.root / "result.parquet")) == 4


def test_species_are_rounded_or_withheld_by_their_category(gate: Gate) -> None:
    categories = [
        {"name": "1", "labels": ["1"], "withhold": True},
        {"name": "2", "labels": ["2"], "decimals": 1, "step_m": 10_000.0},
        {"name": "none", "labels": ["none"], "exact": True},
    ]
    species = rule(
        "species",
        "expect_decimals_by_category",
        column="sensitivity",
        categories=categories,
        decimals_operator="<=",
        step_operator=">=",
    )
    gate.policies.write_policy((species, zones(), destination(), columns("readable")))
    own = frame([(8.12345, 47.12345)] * 3, ("x",))
    own["sensitivity"] = ["1", "2", "none"]
    own.to_parquet(gate.staged / "species.parquet")
    found = carried_out(gate, gate.staged / "species.parquet")
    assert found.decision is Decision.CLEAR, found.left
    left = geopandas.read_parquet(gate.root / "result.parquet")
    assert shapely.get_coordinates(left.geometry.values).tolist() == [[8.1, 47.1], [8.12345, 47.12345]]


def test_of_a_joint_breach_the_part_that_changes_least_is_remedied(gate: Gate) -> None:
    joint = {
        "type": "expect_no_joint_breach",
        "kwargs": {
            "breaches": [
                {"type": zones()["type"], "kwargs": zones()["kwargs"]},
                {"type": precision("p", 10_000.0, ">=")["type"], "kwargs": {"step_m": 10_000.0, "operator": ">="}},
            ],
            "because": "precise, and in a listed place",
        },
        "severity": "critical",
        "meta": {"rule": "joint", "legal_basis": BASIS, "remedy": "send something else"},
    }
    gate.policies.write_policy((joint, destination()))
    found = carried_out(gate, stage("GeoParquet", gate.staged, ((8.31, 47.12), (20.51, 20.52))))
    assert kinds(found) == ["coarsen"]
    assert found.decision is Decision.CLEAR


def test_what_people_must_do_is_left_to_them_and_nothing_is_written(gate: Gate) -> None:
    gate.policies.write_recipients(country="KP")
    found = carried_out(gate, stage("GeoParquet", gate.staged, COARSE))
    assert (found.decision, found.after) == (Decision.DENY, None)
    assert [(each.proposal.mechanical, each.proposal.by) for each in found.plan] == [
        (False, "the requester, with another recipient or place")
    ]
    assert not (gate.root / "result.parquet").exists()


def test_what_was_not_chosen_stays_and_denies(gate: Gate) -> None:
    dataset = stage("GeoParquet", gate.staged, (*FINE, *INSIDE))
    found = carried_out(gate, dataset, selection=Selection(kinds=(Kind.COARSEN,)))
    assert found.decision is Decision.DENY
    assert [each.proposal.kind for each in found.left] == [Kind.KEEP_OUT]
    assert [[each.proposal.kind for each in done] for done in found.done] == [[Kind.COARSEN]]


def test_a_dataset_that_passes_is_not_written_again(gate: Gate) -> None:
    found = carried_out(gate, stage("GeoParquet", gate.staged, COARSE))
    assert (found.decision, found.plan, found.after) == (Decision.CLEAR, (), None)
    assert not (gate.root / "result.parquet").exists()


def test_the_input_stays_as_it_is_and_nothing_is_written_over(gate: Gate) -> None:
    dataset = stage("GeoParquet", gate.staged, FINE)
    before = dataset.read_bytes()
    with pytest.raises(UsageError, match="something lies where the result is to go"):
        remedy(gate.wish(dataset), Orders(output=dataset), house=gate.house())
    (gate.root / "link.parquet").symlink_to(gate.root / "nowhere.parquet")
    with pytest.raises(UsageError, match="something lies"):
        carried_out(gate, dataset, "link.parquet")
    carried_out(gate, dataset)
    assert dataset.read_bytes() == before


@pytest.mark.parametrize("name", ["taken.txt", "folder"])
def test_what_came_to_lie_there_meanwhile_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "new.txt").write_text("new")
    (tmp_path / "taken.txt").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="something lies where the result is to go"):
        put(tmp_path / "made", tmp_path / name)
    assert (tmp_path / "taken.txt").read_text() == "old"
    assert not list((tmp_path / "folder").iterdir())


def test_a_result_of_another_format_is_not_called_so(gate: Gate) -> None:
    with pytest.raises(UsageError, match=r"the result is a \.parquet file"):
        carried_out(gate, stage("GeoParquet", gate.staged, FINE), "result.gpkg")


def test_several_files_are_written_into_a_new_folder(gate: Gate) -> None:
    one = stage("GeoParquet", gate.staged, FINE, stem="one")
    stage("GeoJSON", gate.staged, MIDDLE, stem="two")
    found = remedy(gate.wish(one.parent), Orders(output=gate.root / "results"), house=gate.house())
    assert found.decision is Decision.CLEAR
    assert sorted(path.name for path in (gate.root / "results").iterdir()) == ["one.parquet", "two.geojson"]


def test_the_command_shows_a_plan_and_leaves_with_the_code_of_the_verdict(gate: Gate, geogate: Command) -> None:
    dataset = stage("GeoParquet", gate.staged, (*FINE, *INSIDE))
    shown = geogate("remedy", dataset, *TO, "--plan")
    assert shown.code == 11
    assert "r1" in shown.out
    assert "keep-out" in shown.out
    assert "nothing was written" in shown.out
    done = geogate("remedy", dataset, *TO, "-o", "result.parquet", "--format", "json")
    assert done.code == 0
    document = json.loads(done.out)
    assert (document["decision"], document["before"]["decision"]) == ("clear", "deny")
    assert document["after"]["decision"] == "clear"
    partly = geogate("remedy", dataset, *TO, "-o", "partly.parquet", "--choose", "r1")
    assert partly.code == 11


@pytest.mark.parametrize("arguments", [(), ("--plan", "-o", "x.parquet")])
def test_the_command_needs_to_know_whether_to_write(gate: Gate, geogate: Command, arguments: tuple[str, ...]) -> None:
    assert geogate("remedy", stage("GeoParquet", gate.staged, FINE), *TO, *arguments).code == 2


def test_a_document_tells_neither_a_place_nor_a_key(gate: Gate, geogate: Command) -> None:
    dataset = stage("GeoParquet", gate.staged, ((8.30931, 47.12011), (20.54321, 20.98765)))
    done = geogate("remedy", dataset, *TO, "--plan", "--format", "json", "--hash", "name")
    for told in ("8.309", "47.12", "20.54", "20.98", "21.0", "[20"):
        assert told not in done.out
    assert '"key"' not in done.out
