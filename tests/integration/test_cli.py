"""The command line: exit codes by real cases, what goes to which stream, and what programs can read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import COARSE, FINE, MIDDLE, stage
from gating.gate import sha256

from geogate.cli.main import COMMANDS
from geogate.gate.keyfile import SigningKey
from geogate.gate.signing import sign
from geogate.model.document import canonical_json, from_json
from geogate.model.release import Receipt
from geogate.model.verdict import Verdict

if TYPE_CHECKING:
    from gating.command import Command, Ended
    from gating.files import Points
    from gating.gate import Gate

FOR = ("--policy", "test", "--recipient", "partner", "--to", "outbox/")
HEAVY = ("great_expectations", "pandas", "pyarrow", "pyogrio", "pyproj", "shapely", "numpy", "sqlalchemy", "boto3")


def document(ended: Ended) -> Any:
    return json.loads(ended.out)


def cleared(geogate: Command, path: Path) -> str:
    ended = geogate("submit", path, *FOR, "--format", "json")
    assert ended.code == 0, ended.err
    nonce: str = document(ended)["request"]["clearance"]
    return nonce


def held(geogate: Command, gate: Gate) -> str:
    ended = geogate("submit", stage("CSV", gate.staged, MIDDLE), *FOR, "--format", "json")
    assert ended.code == 10, ended.err
    request: str = document(ended)["request"]["id"]
    return request


@pytest.mark.parametrize("case", [(COARSE, 0, "CLEAR"), (MIDDLE, 10, "HOLD"), (FINE, 11, "DENY")])
@pytest.mark.parametrize("command", ["screen", "submit"])
def test_the_code_says_the_decision_and_the_verdict_stands_alone_on_standard_output(
    gate: Gate, geogate: Command, command: str, case: tuple[Points, int, str]
) -> None:
    points, code, word = case
    ended = geogate(command, stage("CSV", gate.staged, points), *FOR)
    assert ended.code == code
    assert ended.out.startswith(word)
    assert "request " not in ended.out
    assert "geogate send" not in ended.out
    assert ended.err.startswith("request ") is (command == "submit")
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("screen",),
        ("screen", "x.csv"),
        ("fly",),
        ("screen", "x.csv", *FOR, "--format", "xml"),
        ("screen", "x.csv", "-p", "nothing", "-r", "partner", "-t", "outbox/"),
        ("screen", "x.csv", "-p", "../test", "-r", "partner", "-t", "outbox/"),
        ("screen", "x.csv", "-p", "test", "-r", "nobody", "-t", "outbox/"),
        ("screen", "x.csv", "-p", "test", "-r", "partner", "-t", "ftp://example.org/"),
        ("screen", "x.csv", "-p", "test", "-r", "partner", "-t", "outbox/../outbox/"),
        ("send", "0" * 32),
        ("review", "show", "nothing"),
        ("review", "approve", "nothing"),
        ("review", "reject", "nothing"),
        ("review", "reject", "nothing", "--comment", " "),
        ("audit", "--hours", "0"),
        ("ledger", "show", "--last", "0"),
        ("zones", "check", "nothing.yaml"),
        ("policy", "check", "nothing.yaml"),
        ("verify", "nothing.json", "x.csv", "--key", "nothing.pem"),
    ],
)
def test_wrong_usage_is_2(geogate: Command, arguments: tuple[str, ...]) -> None:
    ended = geogate(*arguments)
    assert ended.code == 2, ended.err
    assert not ended.out
    assert ended.err


def test_an_unknown_setting_is_2(gate: Gate, geogate: Command) -> None:
    gate.settings["GEOGATE_POLICY"] = "typo"
    for arguments in (("screen", "x.csv", *FOR), ("init",), ("ledger", "verify"), ("review", "list"), ("send", "x")):
        ended = geogate(*arguments)
        assert ended.code == 2
        assert "unknown setting GEOGATE_POLICY" in ended.err


@pytest.mark.parametrize("name", ["nothing.csv", "nothing/", "s3://", "s3://bucket"])
def test_a_dataset_that_cannot_be_found_is_3(geogate: Command, name: str) -> None:
    assert geogate("screen", name, *FOR).code == 3
    assert geogate("submit", name, *FOR).code == 3


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}"])
def test_what_is_no_clearance_is_3_or_11(gate: Gate, geogate: Command, content: bytes) -> None:
    assert geogate("send", "nothing.json").code == 3
    assert geogate("send", gate.root).code == 3
    assert geogate("send", "a\0b").code == 3
    path = gate.root / "clearance.json"
    path.write_bytes(content)
    assert geogate("send", path).code == (3 if content == b"\xff\xfe" else 11)


def test_an_invalid_policy_is_4(gate: Gate, geogate: Command) -> None:
    dataset = stage("CSV", gate.staged)
    gate.policies.replace("test.yaml", "critical", "grave")
    for command in ("screen", "submit"):
        ended = geogate(command, dataset, *FOR)
        assert ended.code == 4
        assert "test.yaml:" in ended.err
        assert not ended.out
    assert geogate("policy", "check").code == 4
    assert not gate.requests()


def test_a_missing_ledger_is_5(gate: Gate, geogate: Command) -> None:
    gate.ledger_file.unlink()
    ended = geogate("submit", stage("CSV", gate.staged), *FOR)
    assert ended.code == 5
    assert "geogate init" in ended.err
    assert not gate.ledger_file.exists()


def test_a_refusal_is_11(gate: Gate, geogate: Command) -> None:
    nonce = cleared(geogate, stage("CSV", gate.staged))
    assert geogate("send", nonce).code == 0
    ended = geogate("send", nonce)
    assert ended.code == 11
    assert "used before" in ended.err
    assert not ended.out


def test_a_release_is_sent_by_its_id_or_its_document(gate: Gate, geogate: Command) -> None:
    ended = geogate("send", cleared(geogate, stage("CSV", gate.staged, stem="a")))
    assert ended.code == 0
    assert ended.out.startswith(f"sent file://{gate.outbox}/a.csv  sha256 {sha256(gate.delivered()['a.csv'])}")
    nonce = cleared(geogate, stage("CSV", gate.staged, stem="b"))
    paper = gate.root / "clearance.json"
    paper.write_text(gate.clearance(nonce)[1] + "\n")  # type: ignore[arg-type]
    ended = geogate("send", paper, "--format", "json")
    assert ended.code == 0
    receipt = from_json(Receipt, ended.out)
    assert [delivery.sha256 for delivery in receipt.deliveries] == [sha256(gate.delivered()["b.csv"])]


def test_a_clearance_is_verified_at_the_command_line(gate: Gate, geogate: Command) -> None:
    nonce = cleared(geogate, stage("CSV", gate.staged))
    geogate("send", nonce)
    clearance, envelope = gate.clearance(nonce)  # type: ignore[arg-type]
    good, bad, key = gate.root / "good.json", gate.root / "bad.json", gate.home / "keys" / "clearance.pub.pem"
    good.write_text(envelope)
    bad.write_text(sign(clearance, SigningKey.generate()))
    file = gate.outbox / "data.csv"
    gate.settings["GEOGATE_HOME"] = str(gate.root / "nowhere")
    ended = geogate("verify", good, file, "--key", key)
    assert (ended.code, ended.err) == (0, "")
    assert "byte for byte" in ended.out
    assert geogate("verify", bad, file, "--key", key).code == 11
    assert geogate("verify", good, gate.staged / "data.csv", "--key", key).code == 11
    assert geogate("verify", good, file, "--key", file).code == 2


def test_the_json_of_a_verdict_is_the_verdict(gate: Gate, geogate: Command) -> None:
    for points in (COARSE, MIDDLE, FINE):
        path = stage("CSV", gate.staged, points)
        said = document(geogate("screen", path, *FOR, "--format", "json"))
        decision = said.pop("decision")
        verdict = from_json(Verdict, canonical_json(said))
        assert verdict.decision == decision
        assert json.loads(canonical_json(verdict)) == said
        submitted = document(geogate("submit", path, *FOR, "--format", "json"))
        assert set(submitted) == {"decision", "request", *said}
        assert set(submitted["request"]) == {"id", "state", "clearance", "repeated"}
        assert submitted["decision"] == decision


def test_sarif_has_the_shape_that_code_scanning_tools_read(gate: Gate, geogate: Command) -> None:
    (gate.staged / "x").write_bytes(b"\0")
    fine, coarse = stage("CSV", gate.staged, FINE, stem="fine"), stage("CSV", gate.staged)
    for path, code in ((fine, 11), (gate.staged / "x", 11), (coarse, 0)):
        ended = geogate("screen", path, *FOR, "--format", "sarif")
        assert ended.code == code
        sarif = document(ended)
        assert sarif["version"] == "2.1.0"
        (run,) = sarif["runs"]
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        assert rules >= {"precision", "review", "zones", "destination"}
        assert run["properties"]["decision"] == ("deny" if code else "clear")
        for result in run["results"]:
            assert result["ruleId"] in rules
            assert result["level"] in {"error", "warning", "note"}
            assert result["message"]["text"]
            assert all(place["fullyQualifiedName"] for at in result["locations"] for place in at["logicalLocations"])
        assert bool(run["results"]) is (code == 11)


def test_a_held_release_goes_its_way_at_the_command_line(gate: Gate, geogate: Command) -> None:
    request = held(geogate, gate)
    listed = document(geogate("review", "list", "--format", "json"))
    assert [(row["request"], row["state"], row["votes"]) for row in listed] == [(request, "held", 0)]
    seen = document(geogate("review", "show", request, "--format", "json"))
    assert (seen["request"]["id"], seen["request"]["state"], seen["votes"]) == (request, "held", [])
    assert seen["request"]["verdict"]["decision"] == "hold"
    first = document(geogate("review", "approve", request, "--as", "anna", "--format", "json"))
    assert (first["state"], first["votes"], first["needed"], first["clearance"]) == ("held", 1, 2, None)
    assert geogate("review", "approve", request, "--as", "anna").code == 11
    assert geogate("review", "approve", request, "--as", "bob", "--comment", "fine \x1b[31m with me").code == 2
    ended = geogate("review", "approve", request, "--as", "bob", "--comment", "fine with me")
    assert ended.code == 0
    nonce = ended.out.split()[-1]
    assert geogate("send", nonce).code == 0
    assert gate.delivered()
    assert geogate("review", "list").out.startswith("nothing waits")
    assert "sent" in geogate("review", "list", "--all").out


def test_a_rejection_at_the_command_line_ends_it(gate: Gate, geogate: Command) -> None:
    request = held(geogate, gate)
    assert geogate("review", "reject", request, "--as", "anna").code == 2
    said = document(geogate("review", "reject", request, "--as", "anna", "--comment", "no", "--format", "json"))
    assert (said["state"], said["votes"]) == ("held", 1)
    ended = geogate("review", "approve", request, "--as", "bob")
    assert "rejected" in ended.out
    assert gate.states() == ["rejected"]
    assert geogate("review", "approve", request, "--as", "carl").code == 11


def test_the_requester_of_the_command_line_cannot_vote(gate: Gate, geogate: Command) -> None:
    path = stage("CSV", gate.staged, MIDDLE)
    request = document(geogate("submit", path, *FOR, "--as", "Rita", "--format", "json"))["request"]["id"]
    ended = geogate("review", "approve", request, "--as", " RITA ")
    assert ended.code == 11
    assert "requester cannot review" in ended.err


def test_a_request_without_a_verdict_is_shown_too(gate: Gate, geogate: Command) -> None:
    gate.policies.write_policy(encoding="verbatim")
    (gate.staged / "data.csv").symlink_to(gate.ledger_file)
    assert geogate("submit", gate.staged / "data.csv", *FOR).code == 3
    (request,) = gate.requests()
    assert "is failed and has no verdict" in geogate("review", "show", request.id).out
    assert document(geogate("review", "show", request.id, "--format", "json"))["request"]["verdict"] is None


def test_the_ledger_is_shown_and_verified(gate: Gate, geogate: Command) -> None:
    nonce = cleared(geogate, stage("CSV", gate.staged))
    geogate("send", nonce)
    entries = document(geogate("ledger", "show", "--format", "json"))
    assert [entry["kind"] for entry in entries] == ["open", "seal", "screen", "clear", "claim", "receive"]
    assert [entry["seq"] for entry in entries] == list(range(1, 7))
    assert len(document(geogate("ledger", "show", "--last", "2", "--format", "json"))) == 2
    assert document(geogate("ledger", "show", "--request", "other", "--format", "json")) == []
    text = geogate("ledger", "show")
    assert text.code == 0
    assert "receive" in text.out
    whole = geogate("ledger", "verify", "--format", "json")
    assert (whole.code, document(whole)["problems"]) == (0, [])
    assert document(whole)["entries"] == 6


def test_the_head_of_the_ledger_is_an_anchor_for_later(gate: Gate, geogate: Command) -> None:
    path = stage("CSV", gate.staged)
    cleared(geogate, path)
    head = geogate("ledger", "verify").out.split()[-1]
    held(geogate, gate)
    assert geogate("ledger", "verify", "--anchor", head).code == 0
    seq, _, digest = head.partition(":")
    assert geogate("ledger", "verify", "--anchor", f"{seq}:{digest[::-1]}").code == 11
    for text in ("1", "x:y", f"-1:{digest}", f"{seq}:{digest[:-1]}"):
        assert geogate("ledger", "verify", "--anchor", text).code == 2


def test_the_signed_clearance_is_printed_and_can_be_sent_by(gate: Gate, geogate: Command) -> None:
    nonce = cleared(geogate, stage("CSV", gate.staged))
    ended = geogate("ledger", "clearance", nonce)
    assert ended.code == 0
    paper = gate.root / "clearance.json"
    paper.write_text(ended.out)
    assert geogate("send", paper).code == 0
    assert (
        geogate("verify", paper, gate.outbox / "data.csv", "--key", gate.home / "keys" / "clearance.pub.pem").code == 0
    )
    assert geogate("ledger", "clearance", "0" * 32).code == 2


def test_a_ledger_that_somebody_edited_is_11_and_still_shown_without_a_crash(gate: Gate, geogate: Command) -> None:
    cleared(geogate, stage("CSV", gate.staged))
    with sqlite3.connect(gate.ledger_file) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE entries SET body = 'not json \x1b[2J' WHERE seq = 2")
    database.close()
    ended = geogate("ledger", "verify")
    assert ended.code == 11
    assert "the chain is broken" in ended.out
    assert document(geogate("ledger", "verify", "--format", "json"))["problems"]
    ended = geogate("ledger", "show")
    assert ended.code == 5
    assert "entry 2 of the ledger cannot be read" in ended.err


def test_an_audit_finds_what_would_not_leave_today(gate: Gate, geogate: Command) -> None:
    geogate("send", cleared(geogate, stage("CSV", gate.staged)))
    ended = geogate("audit")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "nothing needs anybody")
    assert "1 releases judged again" in ended.out
    gate.policies.write_zones([[[8.0, 47.0], [9.0, 47.0], [9.0, 48.0], [8.0, 48.0], [8.0, 47.0]]])
    ended = geogate("audit")
    assert ended.code == 11
    assert "left on clear, would be deny today: zones" in ended.out


def test_an_audit_counts_what_cannot_be_judged_any_more(gate: Gate, geogate: Command) -> None:
    geogate("send", cleared(geogate, stage("CSV", gate.staged)))
    policy = gate.policies.file("test.yaml")
    policy.rename(gate.root / "away.yaml")
    ended = geogate("audit")
    assert ended.code == 11
    assert "cannot be judged again" in ended.out
    (gate.root / "away.yaml").rename(policy)
    shutil.rmtree(gate.home / "staging")
    # What was measured suffices, and what was delivered lies where it was delivered to.
    assert geogate("audit").code == 0
    assert [kind for kind in gate.kinds() if kind == "audited"] == ["audited", "audited"]


def test_data_docs_are_written_on_request_and_a_folder_that_cannot_be_is_5(gate: Gate, geogate: Command) -> None:
    path = stage("CSV", gate.staged, FINE)
    assert geogate("screen", path, *FOR, "--docs", gate.root / "docs").code == 11
    assert (gate.root / "docs" / "index.html").is_file()
    (gate.root / "file").touch()
    ended = geogate("screen", path, *FOR, "--docs", gate.root / "file" / "docs")
    assert ended.code == 5
    assert str(gate.root) not in ended.err
    assert not ended.out


def test_policies_are_checked_where_they_are_and_elsewhere(gate: Gate, geogate: Command) -> None:
    ended = geogate("policy", "check")
    assert ended.code == 0
    assert "test.yaml: 5 rules" in ended.out
    assert "recipients.yaml: 1 recipients" in ended.out
    copy = shutil.copy(gate.policies.file("test.yaml"), gate.root / "test.yaml")
    assert geogate("policy", "check", copy).code == 0
    gate.policies.file("recipients.yaml").unlink()
    assert geogate("policy", "check").code == 4
    shutil.rmtree(gate.policies.root)
    assert geogate("policy", "check").code == 4


def test_zone_lists_are_pinned_and_checked(gate: Gate, geogate: Command) -> None:
    data = Path(shutil.copy(gate.policies.file("zones/keep-out.geojson"), gate.root / "mine.geojson"))
    facts = ["--name", "mine", "--title", "Mine", "--source", "me", "--licence", "none", "--category", "test"]
    days = ["--as-of", "2026-01-01", "--valid-until", "2999-01-01"]
    ended = geogate("zones", "compile", data, *facts, *days)
    assert ended.code == 0, ended.err
    assert "1 zones" in ended.out
    assert "20" not in ended.out.replace("2026", "").split("valid")[0]
    assert geogate("zones", "check", gate.root / "mine.yaml").code == 0
    assert geogate("zones", "compile", data, *facts, "--as-of", "2020-01-01", "--valid-until", "2020-01-02").code == 4
    data.write_text("{}")
    assert geogate("zones", "check", gate.root / "mine.yaml").code == 4
    assert geogate("zones", "compile", data, *facts, *days).code == 4


def test_init_makes_what_is_missing_and_nothing_else(gate: Gate, geogate: Command) -> None:
    keys = gate.home / "keys"
    before = {path: path.read_bytes() for path in keys.iterdir()}
    assert geogate("init").code == 0
    assert {path: path.read_bytes() for path in keys.iterdir()} == before
    (keys / "clearance.pub.pem").unlink()
    assert geogate("init").code == 0
    assert {path: path.read_bytes() for path in keys.iterdir()} == before
    gate.settings["GEOGATE_HOME"] = str(gate.root / "new" / "home")
    assert geogate("init").code == 0
    assert (gate.root / "new" / "home" / "keys" / "clearance.pem").stat().st_mode & 0o777 == 0o600
    (gate.root / "file").touch()
    gate.settings["GEOGATE_HOME"] = str(gate.root / "file" / "home")
    assert geogate("init").code == 5


@pytest.mark.parametrize("name", ["a b", "a?b", "a%20b", "a#b", "Straße", "it's"])
def test_a_home_may_have_any_name(gate: Gate, geogate: Command, name: str) -> None:
    (gate.root / name / "outbox").mkdir(parents=True)
    home = gate.root / name / "home"
    gate.settings["GEOGATE_HOME"] = str(home)
    assert geogate("init").code == 0
    assert (home / "ledger.db").is_file()
    assert geogate("ledger", "verify").code == 0


HOSTILE = ("\x1b[31mred", "a\u202egpj.csv", "a\nDENY", "\x9b2Jx", "bell\x07", "\udcff")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_hostile_names_are_printed_harmless(gate: Gate, geogate: Command, name: str, form: str) -> None:
    gate.staged.joinpath(name).write_text("name,lon,lat\nx,8.30931,47.1\n")
    for command in ("screen", "submit"):
        for dataset in (gate.staged, os.fsencode(gate.staged / name).decode(errors="surrogateescape")):
            ended = geogate(command, dataset, *FOR, "--format", form)
            assert ended.code in {2, 3, 11}
            assert all(c == "\n" or c.isprintable() for c in ended.out + ended.err)
            assert "\nDENY" not in ended.out + ended.err


def test_a_destination_with_escapes_is_printed_harmless(geogate: Command) -> None:
    ended = geogate("screen", "x.csv", "-p", "\x1b[31m", "-r", "\x1b[31m", "-t", "\x1b[31m")
    assert ended.code == 2
    assert "\x1b" not in ended.err


def test_help_imports_nothing_heavy(gate: Gate) -> None:
    code = f"""
import sys
from geogate.cli.main import COMMANDS, main
for arguments in [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]:
    sys.argv = ["geogate", *arguments]
    try:
        main()
    except SystemExit as left:
        assert not left.code
print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=gate.root, text=True, check=True, capture_output=True)
    assert done.stderr == "[]\n"
    for name in COMMANDS:
        assert f"  {name}" in done.stdout


def test_a_crash_is_1_and_shows_neither_a_traceback_nor_a_value() -> None:
    code = """
import sys
from geogate.cli import main
class Broken(main.LazyGroup):
    def get_command(self, ctx, cmd_name):
        raise RuntimeError("8.30931 47.12011")
main.cli.__class__ = Broken
sys.argv = ["geogate", "init"]
main.main()
"""
    done = subprocess.run([sys.executable, "-c", code], text=True, check=False, capture_output=True)
    assert done.returncode == 1
    assert not done.stdout
    assert "crashed (RuntimeError)" in done.stderr
    shown = subprocess.run(
        [sys.executable, "-c", code.replace('"init"', '"--debug", "init"')], text=True, check=False, capture_output=True
    )
    assert "Traceback" in shown.stderr
    assert "Traceback" not in done.stderr
    assert "8.30931" not in done.stderr


def test_an_interrupted_submission_is_130_and_leaves_a_request_that_failed(gate: Gate) -> None:
    stage("CSV", gate.staged)
    fifo = gate.root / "started"
    os.mkfifo(fifo)
    # The driver stops the program where it has opened its request; the product knows nothing of it.
    code = f"""
import signal, sys
from geogate.cli.main import main
from geogate.ledger.transaction import Transaction
# A runner in the background hands down that interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
seal = Transaction.seal
def interrupted(*arguments, **named):
    with open({str(fifo)!r}, "w") as started:
        started.write("!")
    import time
    time.sleep(60)
    return seal(*arguments, **named)
Transaction.seal = interrupted
sys.argv = ["geogate", "submit", "staged/data.csv", *{FOR!r}]
main()
"""
    environment = {**os.environ, **gate.environment()}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=gate.root, env=environment, text=True, stderr=subprocess.PIPE
    )
    fifo.read_text()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert gate.states() == ["failed"]
    gate.require_whole_ledger()


def test_the_finding_on_a_whole_dataset_names_it_so(gate: Gate, geogate: Command) -> None:
    (gate.staged / "x").write_bytes(b"\0")
    assert "gate/unreadable on the whole dataset" in geogate("screen", gate.staged / "x", *FOR).out


def test_a_verdict_in_text_says_what_was_measured_and_what_to_do(gate: Gate, geogate: Command) -> None:
    out = geogate("screen", stage("CSV", gate.staged, FINE), *FOR).out
    assert "wanted >= 100 m" in out
    assert "to fix: round positions to 2 decimals" in out
    assert "basis: a test" in out
    assert "Satisfied" in out
    assert asdict(gate.screen(gate.staged / "data.csv"))["subject"][:12] in out
