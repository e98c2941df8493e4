"""The main way: submit, send, and what lies at the destination afterwards."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import geopandas
import pytest
from gating.files import BY_NAME, COARSE, FINE, INSIDE, KINDS, MIDDLE, stage
from gating.gate import OUTBOX, sha256
from gating.place import destination, precision

from geogate.cli.render import print_verdict
from geogate.model.dataset import Encoding, Fate
from geogate.model.document import canonical_json
from geogate.model.errors import PolicyError, RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.gate import Gate

EACH_KIND = pytest.mark.parametrize("kind", [kind.name for kind in KINDS])


@EACH_KIND
def test_what_arrives_has_the_digest_of_the_clearance_and_the_same_points(gate: Gate, kind: str) -> None:
    nonce = gate.clear(stage(kind, gate.staged), assume_crs=BY_NAME[kind].assume_crs)
    receipt = gate.send(nonce)
    clearance, _ = gate.clearance(nonce)
    name = f"data{BY_NAME[kind].leaves_as}"
    arrived = gate.delivered()
    assert {file: sha256(content) for file, content in arrived.items()} == {name: clearance.artefact}
    assert [(each.sha256, each.size) for each in receipt.deliveries] == [(clearance.artefact, len(arrived[name]))]
    assert gate.states() == [State.SENT]
    gate.require_whole_ledger()
    if not kind.startswith("CSV"):
        path = gate.outbox / name
        found = geopandas.read_parquet(path) if path.suffix == ".parquet" else geopandas.read_file(path)
        assert {(point.x, point.y) for point in found.geometry} == set(COARSE)
        assert set(found["name"]) == {"x"}


@EACH_KIND
def test_the_artefact_does_not_depend_on_the_run_or_on_the_bytes_that_held_the_rows(gate: Gate, kind: str) -> None:
    first = stage(kind, gate.staged)
    second = gate.root / "again"
    second.mkdir()
    again = stage(kind, second)
    crs = BY_NAME[kind].assume_crs
    artefacts = [gate.request(gate.submit(path, assume_crs=crs).request).artefact for path in (first, again)]
    assert artefacts[0] is not None
    assert artefacts[0] == artefacts[1]


@EACH_KIND
@pytest.mark.parametrize(
    ("points", "decision", "wanted"),
    [(MIDDLE, Decision.HOLD, {"review"}), (FINE, Decision.DENY, {"precision", "review"})],
)
def test_each_format_is_judged_by_the_same_limits(
    gate: Gate, kind: str, points: list[tuple[float, float]], decision: Decision, wanted: set[str]
) -> None:
    gate.policies.write_policy([precision("precision", 100, ">="), precision("review", 1000, ">", "warning")])
    verdict = gate.screen(stage(kind, gate.staged, points), assume_crs=BY_NAME[kind].assume_crs)
    assert verdict.decision is decision
    assert {finding.rule for finding in verdict.findings} == wanted


def test_a_screening_says_what_a_submission_says_and_leaves_nothing_behind(gate: Gate) -> None:
    for number, points in enumerate((COARSE, MIDDLE, FINE, INSIDE)):
        dataset = stage("GeoPackage", gate.staged, points, stem=f"data{number}")
        before = {path for path in gate.home.rglob("*") if path.is_file()}
        screened = gate.screen(dataset)
        assert {path for path in gate.home.rglob("*") if path.is_file()} == before
        submitted = gate.submit(dataset)
        assert screened.decision is submitted.decision
        assert {finding.rule for finding in screened.findings} == {f.rule for f in submitted.verdict.findings}


def test_a_verdict_names_what_the_encoding_left_out_of_the_input(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stage("GeoJSON", gate.staged)
    text = json.loads(path.read_text()) | {"bbox": [-1, 40, 10, 60], "note": "left out"}
    path.write_text(json.dumps(text))
    screened, submitted = gate.screen(path), gate.submit(path)
    assert submitted.state is State.CLEARED
    assert {part.fate for part in submitted.verdict.parts} == {Fate.JUDGED}
    assert [(part.what, part.count) for part in submitted.verdict.removed] == [
        ("bounding boxes", 1),
        ("foreign members", 1),
    ]
    assert submitted.verdict.removed == screened.removed
    assert gate.request(submitted.request).verdict == submitted.verdict
    print_verdict(submitted.verdict, title="data", form="text")
    assert "removed: bounding boxes (1), foreign members (1)\n" in capsys.readouterr().out
    assert json.loads(canonical_json(submitted.verdict))["removed"][0]["what"] == "bounding boxes"


def test_a_verdict_on_bytes_that_leave_as_they_are_names_nothing_as_removed(gate: Gate) -> None:
    gate.policies.write_policy(encoding="verbatim")
    verdict = gate.submit(stage("CSV", gate.staged)).verdict
    assert verdict.decision is Decision.CLEAR
    assert verdict.removed == ()


def test_several_files_are_one_dataset_with_one_clearance(gate: Gate) -> None:
    files = [stage(kind, gate.staged, stem=f"part{n}") for n, kind in enumerate(("CSV", "GeoPackage", "GeoJSON"))]
    nonce = gate.clear(*files)
    receipt = gate.send(nonce)
    names = ["part0.csv", "part1.gpkg", "part2.geojson"]
    clearance, _ = gate.clearance(nonce)
    assert [file.name for file in clearance.files] == names
    assert {name: sha256(content) for name, content in gate.delivered().items()} == {
        file.name: file.sha256 for file in clearance.files
    }
    assert sorted(delivery.uri.rsplit("/", 1)[-1] for delivery in receipt.deliveries) == names


@pytest.mark.parametrize("points", [FINE, INSIDE])
def test_one_bad_file_among_three_keeps_all_of_them(gate: Gate, points: list[tuple[float, float]]) -> None:
    files = [stage("CSV", gate.staged, stem="good"), stage("GeoJSON", gate.staged, points, stem="bad")]
    files.append(stage("GeoParquet", gate.staged, stem="fine"))
    done = gate.submit(*files)
    assert done.decision is Decision.DENY
    assert {finding.layer for finding in done.verdict.findings} == {"bad.geojson"}
    assert gate.states() == [State.DENIED]
    assert not gate.delivered()


def test_one_file_that_is_no_dataset_keeps_the_whole_folder(gate: Gate) -> None:
    stage("CSV", gate.staged, stem="good")
    (gate.staged / "notes.docx").write_bytes(b"PK\x03\x04 words")
    done = gate.submit(gate.staged)
    assert done.decision is Decision.DENY
    assert {finding.rule for finding in done.verdict.findings} == {"gate/unreadable"}


def test_a_folder_leaves_with_the_folders_in_it(gate: Gate) -> None:
    (gate.staged / "2026" / "north").mkdir(parents=True)
    stage("CSV", gate.staged, stem="a")
    stage("CSV", gate.staged / "2026" / "north", stem="a")
    gate.send(gate.clear(gate.staged))
    assert sorted(gate.delivered()) == ["2026/north/a.csv", "a.csv"]


def test_files_of_the_same_name_in_different_folders_are_not_guessed_apart(gate: Gate) -> None:
    (gate.staged / "other").mkdir()
    first, second = stage("CSV", gate.staged), stage("CSV", gate.staged / "other")
    with pytest.raises(UsageError, match="two files of the dataset have the same name"):
        gate.submit(first, second)


def test_verbatim_sends_the_very_bytes(gate: Gate) -> None:
    gate.policies.write_policy(encoding="verbatim")
    dataset = stage("GeoJSON", gate.staged)
    nonce = gate.clear(dataset)
    gate.send(nonce)
    assert gate.delivered() == {"data.geojson": dataset.read_bytes()}
    assert gate.requests()[0].artefact.encoding is Encoding.VERBATIM  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["GeoParquet", "GeoPackage", "FlatGeobuf", "Shapefile"])
def test_verbatim_denies_what_no_rule_sees(kind: str, gate: Gate) -> None:
    gate.policies.write_policy(encoding="verbatim")
    submission = gate.submit(stage(kind, gate.staged))
    assert submission.decision is Decision.DENY
    assert {str(finding.rule) for finding in submission.verdict.findings} == {"gate/unjudged-part"}


@EACH_KIND
def test_verbatim_clears_what_geogate_wrote_itself(kind: str, gate: Gate) -> None:
    gate.policies.write_policy(shapefile_as="Shapefile")
    gate.send(gate.clear(stage(kind, gate.staged), assume_crs=BY_NAME[kind].assume_crs))
    first = gate.delivered()
    again = gate.staged / "again"
    again.mkdir()
    for name, data in first.items():
        (again / name).write_bytes(data)
    gate.policies.write_policy(encoding="verbatim")
    assert gate.submit(again, assume_crs=BY_NAME[kind].assume_crs).decision is Decision.CLEAR


def test_canonical_does_not_send_bytes_that_hold_no_row(gate: Gate) -> None:
    dataset = stage("CSV", gate.staged)
    dataset.write_bytes(b"\xef\xbb\xbf" + dataset.read_bytes().replace(b"\n", b"\r\n"))
    gate.send(gate.clear(dataset))
    assert b"\r" not in gate.delivered()["data.csv"]
    assert not gate.delivered()["data.csv"].startswith(b"\xef\xbb\xbf")


def test_a_shapefile_leaves_as_a_shapefile_only_where_the_policy_says_so(gate: Gate) -> None:
    gate.policies.write_policy(shapefile_as="Shapefile")
    gate.send(gate.clear(stage("Shapefile", gate.staged)))
    arrived = gate.delivered()
    assert (
        {"data.shp", "data.shx", "data.dbf", "data.prj"}
        <= arrived.keys()
        <= {f"data.{suffix}" for suffix in ("shp", "shx", "dbf", "prj", "cpg")}
    )
    found = geopandas.read_file(gate.outbox / "data.shp")
    assert {(point.x, point.y) for point in found.geometry} == set(COARSE)


def test_the_same_submission_twice_is_one_request_that_goes_on(gate: Gate) -> None:
    dataset = stage("CSV", gate.staged)
    first, second = gate.submit(dataset), gate.submit(dataset)
    assert (second.request, second.clearance, second.repeated) == (first.request, first.clearance, True)
    assert sorted(gate.states()) == [State.CLEARED, State.WITHDRAWN]


def test_the_same_data_for_another_purpose_is_another_request(gate: Gate) -> None:
    dataset = stage("CSV", gate.staged)
    first, second = gate.submit(dataset, purpose="maps"), gate.submit(dataset, purpose="a survey")
    assert first.request != second.request
    assert not second.repeated


def test_a_sent_dataset_can_be_submitted_again(gate: Gate) -> None:
    dataset = stage("CSV", gate.staged)
    gate.send(gate.clear(dataset))
    done = gate.submit(dataset)
    assert not done.repeated
    assert done.state is State.CLEARED


def test_nothing_is_written_over_what_lies_at_the_destination(gate: Gate) -> None:
    (gate.outbox / "data.csv").write_text("theirs")
    nonce = gate.clear(stage("CSV", gate.staged))
    with pytest.raises(RefusedError, match="something else is already there"):
        gate.send(nonce)
    assert gate.delivered() == {"data.csv": b"theirs"}
    assert gate.states() == [State.FAILED]
    gate.require_whole_ledger()


def test_a_destination_outside_the_registered_places_is_denied(gate: Gate) -> None:
    (gate.root / "elsewhere").mkdir()
    done = gate.submit(stage("CSV", gate.staged), destination="file:elsewhere/")
    assert done.decision is Decision.DENY
    assert {finding.rule for finding in done.verdict.findings} == {"gate/unregistered-place"}


def test_a_policy_that_says_nothing_of_destinations_lets_data_go_to_registered_places_only(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 1, ">=")])
    (gate.root / "elsewhere").mkdir()
    dataset = stage("CSV", gate.staged)
    assert gate.screen(dataset).decision is Decision.CLEAR
    denied = gate.screen(dataset, destination="file:elsewhere/")
    assert {finding.rule for finding in denied.findings} == {"gate/unregistered-place"}


@pytest.mark.parametrize("theirs", [OUTBOX, f"{OUTBOX}deeper/"])
def test_no_place_belongs_to_two_recipients(gate: Gate, theirs: str) -> None:
    dataset = stage("CSV", gate.staged)
    assert gate.screen(dataset).decision is Decision.CLEAR
    gate.policies.write_recipients(other_place="file:outbox-2/")
    assert gate.screen(dataset).decision is Decision.CLEAR
    gate.policies.write_recipients(other_place=theirs)
    with pytest.raises(PolicyError, match="lies in a place of"):
        gate.screen(dataset)


def test_a_recipient_without_a_contract_gets_data_only_where_the_policy_asks_for_none(gate: Gate) -> None:
    gate.policies.write_recipients(without=("contract",))
    dataset = stage("CSV", gate.staged)
    assert gate.screen(dataset).decision is Decision.DENY
    gate.policies.write_policy([destination(contract_required=False, contract_min_days_left=0)])
    assert gate.screen(dataset).decision is Decision.CLEAR


def test_what_was_sealed_is_what_is_sent_when_the_staged_file_is_replaced(gate: Gate) -> None:
    dataset = stage("CSV", gate.staged)
    nonce = gate.clear(dataset)
    shutil.copy(stage("CSV", gate.staged, FINE, stem="fine"), dataset)
    gate.send(nonce)
    assert sha256(gate.delivered()["data.csv"]) == gate.clearance(nonce)[0].artefact
    assert b"8.30931" not in gate.delivered()["data.csv"]
