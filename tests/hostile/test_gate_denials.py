"""Datasets that nothing can vouch for, and data on both sides of each limit, through the gate."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import geopandas
import pyogrio
import pytest
from gating.files import BY_NAME, COARSE, KINDS, frame, stage
from gating.place import destination, inventory, precision, zones

from geogate.model.errors import InputError, UsageError
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

CUTS = (0.3, 0.6, 0.9)


def rules(verdict: Verdict) -> set[str]:
    assert verdict.decision is Decision.DENY
    return {str(finding.rule) for finding in verdict.findings}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4096,
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"<kml/>",
        b"II*\0",
        b"\x89HDF",
        b"{}",
        b"just words",
        b"a,b\n1,2\n",
    ],
)
def test_what_is_no_known_format_is_denied(gate: Gate, content: bytes) -> None:
    path = gate.staged / "data.csv"
    path.write_bytes(content)
    done = gate.submit(path)
    assert "gate/unreadable" in rules(done.verdict)
    assert done.state is State.DENIED
    assert gate.states() == [State.DENIED]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind.name != "Shapefile"])
def test_a_truncated_file_is_never_cleared(gate: Gate, kind: str, cut: float) -> None:
    points = [(8.1 + number / 10, 47.1) for number in range(40)]
    path = stage(kind, gate.staged, points, names=["some text that takes its room"])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    verdict = gate.screen(path, assume_crs=BY_NAME[kind].assume_crs)
    if not BY_NAME[kind].extension.startswith((".csv", ".geojsonl")):
        assert "gate/unreadable" in rules(verdict)
    else:
        # A text of lines that ends within a line is not whole; one that ends between two cannot be told.
        assert verdict.decision is Decision.DENY


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf"])
def test_a_shapefile_with_a_truncated_part_is_denied(gate: Gate, part: str) -> None:
    folder = stage("Shapefile", gate.staged)
    path = folder / f"data{part}"
    path.write_bytes(path.read_bytes()[:-10])
    assert "gate/unreadable" in rules(gate.screen(folder))


@pytest.mark.parametrize("missing", [".shx", ".dbf", ".shp"])
def test_a_shapefile_that_lacks_a_part_is_denied(gate: Gate, missing: str) -> None:
    folder = stage("Shapefile", gate.staged)
    (folder / f"data{missing}").unlink()
    assert "gate/unreadable" in rules(gate.screen(folder))


def test_a_layer_without_a_reference_is_denied_and_the_one_that_is_stated_is_kept(gate: Gate) -> None:
    path = gate.staged / "data.gpkg"
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        pyogrio.write_dataframe(frame(COARSE, ["x"], crs=None), path, driver="GPKG")
    done = gate.submit(path)
    assert "gate/no-reference" in rules(done.verdict)
    assert "--assume-crs" in " ".join(finding.remedy for finding in done.verdict.findings)
    stated = gate.submit(path, assume_crs="EPSG:4326")
    assert stated.decision is Decision.CLEAR
    assert gate.request(stated.request).assume_crs == "EPSG:4326"
    with gate.ledger() as ledger:
        (opened,) = [entry for entry in ledger.entries() if entry.request == stated.request and entry.kind == "open"]
    assert json.loads(opened.body)["request"]["assume_crs"] == "EPSG:4326"


def test_a_reference_that_is_stated_does_not_replace_the_one_that_a_layer_has(gate: Gate) -> None:
    path = stage("GeoPackage", gate.staged)
    assert {layer.crs for layer in gate.screen(path, assume_crs="EPSG:25832").layers} == {"EPSG:4326"}


@pytest.mark.parametrize("crs", ["nonsense", "EPSG:0", "EPSG:999999"])
def test_a_stated_reference_that_there_is_not_ends_it_before_anything_is_kept(gate: Gate, crs: str) -> None:
    with pytest.raises(UsageError, match="no coordinate reference system"):
        gate.submit(stage("CSV", gate.staged), assume_crs=crs)
    assert not gate.requests()


def test_a_warning_of_the_reading_library_denies(gate: Gate) -> None:
    path = stage("GeoPackage", gate.staged)
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE data ADD COLUMN seen DATE DEFAULT 'on-tuesday'")
    database.close()
    verdict = gate.screen(path)
    assert "gate/unreadable" in rules(verdict)
    assert "on-tuesday" not in str(verdict)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind.name != "GeoArrow"])
def test_a_dataset_without_rows_is_denied(gate: Gate, kind: str) -> None:
    verdict = gate.screen(stage(kind, gate.staged, ()), assume_crs=BY_NAME[kind].assume_crs)
    assert rules(verdict) & {"gate/empty", "gate/unreadable"}


def layers(path: Path, **frames: geopandas.GeoDataFrame) -> Path:
    for name, each in frames.items():
        pyogrio.write_dataframe(each, path, layer=name, driver="GPKG", geometry_type="Point")
    return path


def test_an_empty_layer_among_full_ones_denies_all(gate: Gate) -> None:
    path = layers(gate.staged / "data.gpkg", full=frame(COARSE, ["x"]), empty=frame((), ["x"]))
    done = gate.submit(path)
    assert "gate/empty" in rules(done.verdict)
    assert {str(f.layer) for f in done.verdict.findings if f.rule == "gate/empty"} == {"data.gpkg:empty"}


def test_every_layer_is_judged(gate: Gate) -> None:
    path = layers(gate.staged / "data.gpkg", good=frame(COARSE, ["x"]), bad=frame([(8.30931, 47.1)], ["x"]))
    verdict = gate.screen(path)
    assert rules(verdict) == {"precision", "review"}
    assert {finding.layer for finding in verdict.findings} == {"data.gpkg:bad"}


def test_rows_that_have_no_position_at_all_are_denied(gate: Gate) -> None:
    path = gate.staged / "data.parquet"
    geopandas.GeoDataFrame({"name": ["x", "y"]}, geometry=[None, None], crs="EPSG:4326").to_parquet(path)
    assert "gate/empty" in rules(gate.screen(path))


@pytest.mark.parametrize(
    ("rule", "permitted", "denied"),
    [
        (precision("limit", 100, ">="), ((8.31, 47.0), (9.0, 0.0)), ((8.311, 47.0),)),
        (zones(), ((19.999, 20.5),), ((20.001, 20.5),)),
        (zones(20_000), ((21.2, 20.5),), ((21.19, 20.5),)),
        (zones(max_features=1), ((20.5, 20.5),), ((20.5, 20.5), (20.6, 20.6))),
        (inventory(max_rows=2), ((1.0, 1.0), (2.0, 2.0)), ((1.0, 1.0), (2.0, 2.0), (3.0, 3.0))),
        (inventory(min_rows=2), ((1.0, 1.0), (2.0, 2.0)), ((1.0, 1.0),)),
        (inventory(columns=["name"]), ((1.0, 1.0),), None),
    ],
)
def test_both_sides_of_each_limit(
    gate: Gate, rule: dict[str, object], permitted: list[tuple[float, float]], denied: list[tuple[float, float]] | None
) -> None:
    gate.policies.write_policy([rule])
    assert gate.screen(stage("CSV", gate.staged, permitted)).decision is Decision.CLEAR
    if denied is None:
        path = gate.staged / "more.csv"
        path.write_text("name,extra,lon,lat\nx,y,1,1\n")
    else:
        path = stage("CSV", gate.staged, denied, stem="denied")
    assert gate.screen(path).decision is Decision.DENY


@pytest.mark.parametrize(
    ("rule", "recipient", "decision"),
    [
        (destination(), {"country": "DE"}, Decision.CLEAR),
        (destination(), {"country": "SG"}, Decision.DENY),
        (destination(), {"owners": []}, Decision.DENY),
        (
            destination(),
            {"owners": [{"country": "KP", "share": 0.49}, {"country": "DE", "share": 0.51}]},
            Decision.CLEAR,
        ),
        (destination(), {"owners": [{"country": "KP", "share": 0.5}, {"country": "DE", "share": 0.5}]}, Decision.DENY),
    ],
)
def test_both_sides_of_each_limit_on_the_recipient(
    gate: Gate, rule: dict[str, object], recipient: dict[str, object], decision: Decision
) -> None:
    gate.policies.write_policy([rule])
    gate.policies.write_recipients(**recipient)  # type: ignore[arg-type]
    assert gate.screen(stage("CSV", gate.staged)).decision is decision


def test_a_place_of_which_nobody_said_where_it_is_is_denied(gate: Gate) -> None:
    gate.settings["GEOGATE_COUNTRY"] = ""
    assert rules(gate.screen(stage("CSV", gate.staged))) == {"destination"}


@pytest.mark.parametrize("dataset", ["nothing.csv", "nothing/", ""])
def test_a_dataset_that_is_not_there_is_an_error_and_no_verdict(gate: Gate, dataset: str) -> None:
    with pytest.raises(InputError):
        gate.screen(gate.staged / dataset)


@pytest.mark.parametrize("dataset", ["data.csv", "folder"])
def test_links_are_not_followed(gate: Gate, dataset: str) -> None:
    folder = gate.staged / "folder"
    folder.mkdir()
    target = stage("CSV", gate.root)
    (gate.staged / "data.csv").symlink_to(target)
    (folder / "data.csv").symlink_to(target)
    with pytest.raises(InputError, match="no regular file"):
        gate.submit(gate.staged / dataset)
    assert gate.states() == [State.FAILED]


def test_a_link_to_a_folder_in_a_folder_is_not_left_out_silently(gate: Gate) -> None:
    stage("CSV", gate.staged)
    (gate.staged / "more").symlink_to(gate.home)
    with pytest.raises(InputError, match="no regular file"):
        gate.screen(gate.staged)
