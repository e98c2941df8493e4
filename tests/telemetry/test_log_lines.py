"""Log lines say what was done and how long it took, and nothing of the data, whoever writes them."""

from __future__ import annotations

import json
import logging
import re
import stat
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyogrio
import pytest
from gating.files import FINE, stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telemetry.hearing import heard, lines

from geogate.model.errors import RefusedError, UsageError
from geogate.telemetry import logs, work
from geogate.telemetry.fields import FIELDS, WITHHELD, Event, Stage, allowed

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

SECRETS = (
    "47.654321, 8.123457",
    "POINT (8.123457 47.654321)",
    "n47.654321-e8.123457",
    "n47654321e8123457",
    "zones/Secret Base.geojson",
    "/home/rita/patients 2026.gpkg",
    "what Ann said of it",
    "Authorization: Bearer gg_0123_c2VjcmV0",
    "postgresql+psycopg://gate:hunter2@db/geogate",
    "ZoneAt47654321Error",
    'zone\n{"event": "sent"}',
)
hostile: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(SECRETS),
    st.text(min_size=9).map(lambda text: f"{text} 8.123457"),
    st.floats(-180, 180).map(lambda value: f"{value:.7f}"),
    st.binary(min_size=4),
    st.dictionaries(st.sampled_from(SECRETS), st.sampled_from(SECRETS)),
    st.builds(ValueError, st.sampled_from(SECRETS)),
    st.lists(st.sampled_from(SECRETS)),
)


def said_by(text: str) -> list[str]:
    """Find what of the secrets, or of any position with more than two decimals, stands in a text."""
    return [each for each in SECRETS if json.dumps(each)[1:-1] in text] + re.findall(r"\d\.\d{3,}(?!\d*Z)", text)


@settings(deadline=None)
@given(st.dictionaries(st.one_of(st.sampled_from(sorted(FIELDS)), st.sampled_from(SECRETS)), hostile))
def test_no_field_has_room_for_a_position_a_path_a_comment_or_a_secret(fields: dict[str, Any]) -> None:
    said = allowed(fields)

    assert said.keys() <= FIELDS.keys()
    for value in said.values():
        assert value == WITHHELD or (isinstance(value, list) and set(value) <= {WITHHELD}), (fields, said)


@settings(deadline=None)
@given(st.floats(-180, 180, allow_nan=False))
def test_a_number_is_whole_so_that_no_coordinate_is_in_it(value: float) -> None:
    said = allowed({"duration_ms": value, "bytes": value})

    assert all(isinstance(each, int) for each in said.values())


@pytest.mark.parametrize(
    ("name", "kept", "withheld"),
    [
        ("policy", "un-r155.gdpr-2016_6", "un-r155.2016"),
        ("policy", "a1234-5678", "a1234-5678-9"),
        ("policy", "a1234", "a12345"),
        ("request", "20261122-0e19d203d34d", "20261122-0e19d203d34"),
        ("nonce", "0" * 32, "0" * 31),
        ("error", "RefusedError", "Refused Error"),
        ("decision", "deny", "denied"),
        ("line", "geogate.gate.passes:107", "geogate.gate.passes:10712"),
    ],
)
def test_a_value_is_said_when_it_has_just_the_shape_of_its_field(name: str, kept: str, withheld: str) -> None:
    assert allowed({name: kept}) == {name: kept}
    assert allowed({name: withheld}) == {name: WITHHELD}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["geogate.gate.passes", "pyogrio", "rasterio._env", "zone at 8.123457", work.LOGGER]), hostile)
def test_no_text_of_a_library_or_of_the_gate_itself_gets_into_a_line(name: str, value: Any) -> None:
    with TemporaryDirectory() as folder, heard(Path(folder) / "log") as path:
        error = RefusedError(f"refused at {value!r}", hint=str(value))
        logging.getLogger(name).error("failed at %s", value, exc_info=error, extra={"geogate": value, "file": value})
        logging.getLogger(name).error(f"failed at {value}", stack_info=True)  # noqa: G004 - hostile on purpose
        work.event(Event.STAGE, stage=value, comment=value, policy=value)
        text = path.read_text(encoding="utf-8")

    assert said_by(text) == []
    assert [
        set(each) <= {"event", "level", "timestamp", "library", *FIELDS} for each in map(json.loads, text.splitlines())
    ] == [True] * 3


def test_what_gdal_says_of_a_file_with_coordinates_stays_out(gate: Gate, tmp_path: Path) -> None:
    path = tmp_path / "at 8.123457.geojson"
    path.write_text('{"type": "Feature", "geometry": {"type": "Point", "coordinates": [8.123457, 47.654321')
    with heard(tmp_path / "log") as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(pyogrio.errors.DataSourceError, match=r"8\.123457") as caught:
            pyogrio.read_dataframe(path.with_suffix(".gpkg"))  # whose name is in what GDAL says
        logging.getLogger("pyogrio").error("cannot read %s", path, exc_info=caught.value)
        done = gate.submit(path)
    text = log.read_text()

    assert done.decision == "deny"
    assert said_by(text) == []
    assert {"event": "message", "level": "error", "library": "pyogrio"}.items() <= lines(log)[0].items()
    assert "judged" in {each["event"] for each in lines(log)}


def test_a_release_is_told_from_its_request_to_its_delivery_under_one_trace(
    gate: Gate, geogate: Command, tmp_path: Path
) -> None:
    gate.settings["GEOGATE_LOG"] = str(tmp_path / "log")
    try:
        done = geogate(
            "submit", stage("CSV", gate.staged), "-p", "test", "-r", "partner", "-t", "file:outbox/", "--format", "json"
        )
        request = json.loads(done.out)["request"]
        geogate("send", request["clearance"])
    finally:
        logs.end()
    found = lines(tmp_path / "log")
    submitted = [each for each in found if each.get("request") == request["id"]]
    kinds = [each["event"] for each in submitted if each["event"] != "stage"]
    stages = [each["stage"] for each in submitted if each["event"] == "stage"]

    assert kinds == ["judged", "cleared", "sent"]
    assert stages == [
        "intake",
        "sealing",
        "inspection",
        "measuring",
        "judging",
        "clearance",
        "submit",
        "sending",
        "send",
    ]
    assert {each["outcome"] for each in submitted if each["event"] == "stage"} == {"done"}
    assert len({each["trace_id"] for each in submitted}) == 2
    judged, sent = (next(each for each in found if each["event"] == kind) for kind in ("judged", "sent"))
    assert (judged["decision"], judged["policy"], judged["rules"], judged["rows"]) == ("clear", "test", [], 3)
    assert (sent["nonce"], sent["files"]) == (request["clearance"], 1)
    assert sent["bytes"] == sum(map(len, gate.delivered().values()))
    assert [(each["command"], each["exit_code"]) for each in found if each["event"] == "command"] == [
        ("submit", 0),
        ("send", 0),
    ]
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_denial_names_its_rules_and_no_more(gate: Gate, tmp_path: Path) -> None:
    with heard(tmp_path / "log") as log:
        gate.submit(stage("GeoJSON", gate.staged, FINE, stem="fort secret", names=("Ann Smith",)), purpose="for Bob")
    judged = next(each for each in lines(log) if each["event"] == "judged")

    assert judged["decision"] == "deny"
    assert judged["rules"]
    for word in ("fort", "Smith", "Bob", "8.309", "partner", "outbox"):
        assert word not in log.read_text()


def test_a_command_that_is_none_is_not_named(geogate: Command, gate: Gate, tmp_path: Path) -> None:
    gate.settings["GEOGATE_LOG"] = str(tmp_path / "log")
    try:
        assert geogate("47.654321").code == 2
    finally:
        logs.end()

    (line,) = lines(tmp_path / "log")
    assert (line["command"], line["exit_code"]) == ("other", 2)


def test_lines_go_to_standard_error_and_the_verdict_alone_to_standard_output(gate: Gate) -> None:
    arguments = [str(Path(sys.executable).with_name("geogate")), "screen", str(stage("CSV", gate.staged))]
    arguments += ["-p", "test", "-r", "partner", "-t", "file:outbox/", "--format", "json"]
    done = subprocess.run(
        arguments,
        cwd=gate.root,
        env={"PATH": "/usr/bin:/bin", **gate.environment(), "GEOGATE_LOG": "stderr"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["decision"] == "clear"
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert {"stage", "command"} <= {each["event"] for each in said}


def test_a_log_that_cannot_be_written_is_said_at_once_and_nothing_is_judged(gate: Gate, geogate: Command) -> None:
    gate.settings["GEOGATE_LOG"] = str(gate.root / "no such folder" / "log")
    done = geogate("submit", stage("CSV", gate.staged), "-r", "partner", "-t", "file:outbox/")

    assert (done.code, "GEOGATE_LOG cannot be written" in done.err) == (2, True)
    assert gate.requests() == ()


def test_a_full_disk_under_the_log_does_not_end_the_work(gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin({"GEOGATE_LOG": "/dev/full"}, whole=True)
    try:
        nonce = gate.clear(stage("CSV", gate.staged))
        logging.getLogger("rasterio").error("at %s", SECRETS[0])
        gate.send(nonce)
    finally:
        logs.end()

    assert gate.states() == ["sent"]
    assert capsys.readouterr().err == ""


def test_a_log_of_another_process_keeps_its_own_handlers_and_hears_the_gate_too(tmp_path: Path) -> None:
    heard_too: list[str] = []
    other = logging.Handler()
    other.emit = lambda record: heard_too.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    before = list(root.handlers)
    root.addHandler(other)
    try:
        with (
            heard(tmp_path / "log", whole=False) as log,
            work.working(Stage.SUBMIT, request="20261122-0e19d203d34d"),
        ):
            logging.getLogger("airflow.task").warning("their own words")
    finally:
        root.removeHandler(other)

    assert root.handlers == before
    assert [each["event"] for each in lines(log)] == ["stage"]
    assert heard_too[0] == "their own words"
    assert "request=20261122-0e19d203d34d" in heard_too[1]


def test_a_refusal_an_error_and_a_crash_are_told_apart(tmp_path: Path) -> None:
    with heard(tmp_path / "log") as log:
        for error in (RefusedError("no"), UsageError("47.654321"), ZeroDivisionError("8.123457")):
            with pytest.raises(type(error)), work.working(Stage.AUDIT):
                raise error

    assert [(each["outcome"], each["error"]) for each in lines(log)] == [
        ("refused", "RefusedError"),
        ("failed", "UsageError"),
        ("crashed", "ZeroDivisionError"),
    ]
