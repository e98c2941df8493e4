"""The demonstration, run as people run it: what it prints, what it leaves, and that it fails when it must."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from typing import TYPE_CHECKING

from docs.demonstration import REPOSITORY, Demonstration

from geogate.gate.verify import verify_files

if TYPE_CHECKING:
    from pathlib import Path

EGRESS = "geogate-egress-111122223333"
DECISIONS = {
    "town-index": ("GeoParquet", "333", "CLEAR", "yes"),
    "town-centres": ("GeoPackage", "185", "HOLD", "not yet"),
    "race-track": ("CSV", "978", "DENY", "no"),
    "airfields": ("FlatGeobuf", "479", "DENY", "no"),
    "outlines": ("Shapefile", "6", "DENY", "no"),
    "broken-upload": ("GeoJSON", "", "DENY", "no"),
}
REASONS = {
    "town-index": "every rule is satisfied",
    "town-centres": "positions are as fine as 763.11 m (2 decimals); the policy wants > 1000 m",
    "race-track": "positions are as fine as 0.0069292 m (7 decimals); the policy wants >= 100 m",
    "airfields": "12 features lie in zones of military-airfields or within 5000 m",
    "outlines": "the recipient is in SG, which the policy does not allow",
    "broken-upload": "the GeoJSON is not valid JSON, or ends too early",
}


def listing(lines: list[str]) -> list[str]:
    return [line.split("  ")[0] for line in lines if re.fullmatch(r"\S+/\S+  [\d,]+ bytes", line)]


def test_the_demonstration_succeeds_and_complains_about_nothing(demonstration: Demonstration) -> None:
    assert (demonstration.code, demonstration.errors) == (0, ""), demonstration.printed
    assert "FAILED" not in demonstration.printed


def test_the_table_says_what_became_of_each_export(demonstration: Demonstration) -> None:
    table = demonstration.part("What became of it, and why")
    for name, (kind, rows, decision, sent) in DECISIONS.items():
        row = next(line for line in table if line.startswith(f"{name} "))
        assert re.fullmatch(rf"{name} +{kind} +{rows} *example-\w+ +{decision}  .*  {sent}", row)


def test_the_table_says_why_each_export_stays_or_goes(demonstration: Demonstration) -> None:
    header, *table = demonstration.printed.split("What became of it, and why\n")[1].splitlines()[:20]
    start, end = header.index("why"), header.index("sent")
    for name, reason in REASONS.items():
        first = next(number for number, line in enumerate(table) if line.startswith(f"  {name} "))
        cells = [table[first][start:end], *(line[start:end] for line in _continued(table[first + 1 :]))]
        assert " ".join(" ".join(cells).split()) == reason


def _continued(lines: list[str]) -> list[str]:
    ends = [number for number, line in enumerate(lines) if not line.startswith("   ") or not line.strip()]
    return lines[: ends[0]]


def test_the_run_is_red_because_of_what_was_held_and_denied_and_only_there(demonstration: Demonstration) -> None:
    text = " ".join(demonstration.part("What became of it, and why"))
    assert "run of export_gate failed, as it must" in text
    assert "Gates: 1 passed, 5 failed. Sends: 1 done, 5 never began." in text


def test_only_the_cleared_export_arrived_with_the_run(demonstration: Demonstration) -> None:
    lines = demonstration.part("In the bucket after the run")
    assert listing(lines) == ["example-partner/town-index/town-index.parquet"]
    assert [line.endswith(" equal") for line in lines if line.startswith("in its clearance")] == [True]


def test_the_reviewed_export_arrived_after_two_approvals(demonstration: Demonstration) -> None:
    lines = demonstration.part("The held release")
    assert listing(lines) == [
        "example-partner/town-centres/town-centres.gpkg",
        "example-partner/town-index/town-index.parquet",
    ]
    assert lines[0].endswith("tries to approve it: refused.")
    assert lines[1:3] == [
        "anna approves: 1 of 2 votes, the release is held.",
        "ben approves: 2 of 2 votes, the release is cleared. The sealed bytes were judged once more.",
    ]


def test_what_arrived_has_the_digest_that_is_printed_and_the_one_that_is_signed(demonstration: Demonstration) -> None:
    lines = demonstration.part("The held release")
    printed = {line.split()[4] for line in lines if line.startswith("sha256 of its bytes")}
    files = [path for path in (demonstration.folder / "received").rglob("*.*") if path.name != "clearance.json"]
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in files} == printed
    key = demonstration.folder / "geogate" / "keys" / "clearance.pub.pem"
    for path in files:
        clearance = verify_files(path.with_name("clearance.json"), [path], key=key, at=None)
        assert clearance.destination == f"s3://{EGRESS}/example-partner/{path.stem}/"


def test_a_copy_past_the_gate_is_refused_by_the_bucket_although_the_key_is_good(demonstration: Demonstration) -> None:
    lines = demonstration.part("Past the gate")
    assert lines[0] == "put race-track.csv into s3://geogate-staging-111122223333/by-hand/  done"
    assert lines[1] == f"put race-track.csv into s3://{EGRESS}/by-hand/  refused"
    assert lines[2].startswith("AccessDenied: User: arn:aws:iam::111122223333:user/geogate-administrator")


def test_the_ledger_is_whole(demonstration: Demonstration) -> None:
    assert re.fullmatch(r"\d+ entries, .*:  no problem", demonstration.part("The ledger")[0])


def test_the_data_docs_show_every_export_and_load_nothing(demonstration: Demonstration) -> None:
    index = demonstration.folder / "docs" / "index.html"
    assert demonstration.part("The full findings as Data Docs") == [str(index)]
    pages = list(index.parent.rglob("*.html"))
    assert len(pages) == 1 + 2 * 5
    for name, (_, _, decision, _) in DECISIONS.items():
        assert re.search(rf"{name}(</a>)?<br>.*?{decision.lower()}</span>", index.read_text(), flags=re.DOTALL)
    for page in pages:
        assert not re.search(r'(src|href)="(https?:)?//', page.read_text())
    links = re.findall(r'href="([^"]+)"', index.read_text())
    assert [(index.parent / link).is_file() for link in links] == [True] * 5


def test_the_commands_to_try_next_work_as_they_are_printed(demonstration: Demonstration) -> None:
    settings, *commands = demonstration.commands
    ended = [in_a_shell(settings, command) for command in commands]
    assert [each.returncode for each in ended] == [11, 0, 0, 0], [each.stderr for each in ended]
    screened, verified, listed, entries = (each.stdout for each in ended)
    assert screened.startswith("DENY")
    assert "byte for byte" in verified
    assert [len(re.findall(rf" {state} ", listed)) for state in ("sent", "denied")] == [2, 4]
    assert "anna" in entries


def test_a_file_of_ones_own_can_be_screened_with_the_printed_command(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("name,lon,lat\nAt the lake,8.3,47.0\n")
    settings, command, *_ = demonstration.commands
    ended = in_a_shell(settings, re.sub(r"\S+race-track\.csv", str(own), command))
    assert (ended.returncode, ended.stdout.split()[0]) == (0, "CLEAR")


def in_a_shell(settings: str, command: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GEOGATE_"))}
    lines = ["set -eu", settings, command]
    return subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=REPOSITORY, env=plain, capture_output=True, text=True, check=False
    )
