"""Policies, recipients and zone lists that are wrong, at the command line: nothing is judged by them or kept."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import stage
from gating.place import SQUARE, precision, zones

from geogate.model.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gating.command import Command
    from gating.gate import Gate

FOR = ("--policy", "test", "--recipient", "partner", "--to", "outbox/")


def require_stopped(gate: Gate, geogate: Command, *, code: int = 4, says: str = "") -> None:
    """Both commands stop with this code; there is no verdict, no request and no traceback."""
    dataset = stage("CSV", gate.staged)
    for command in ("screen", "submit"):
        ended = geogate(command, dataset, *FOR)
        assert ended.code == code, (ended.out, ended.err)
        assert not ended.out
        assert says in ended.err
        assert str(gate.root) not in ended.err
    assert not gate.requests()
    assert not gate.delivered()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("severity: critical", "severity: grave", "severity"),
        ("severity: critical", "severity: Critical", "severity"),
        ("severity: critical", "severity: critical\n  sevirity: info", "sevirity"),
        ("step_m: 100", "step_m: .nan", "step_m"),
        ("step_m: 100", "step_m: .inf", "step_m"),
        ("step_m: 100", "step_m: -100", "step_m"),
        ("step_m: 100", "step_m: 0", "step_m"),
        ("step_m: 100", "step_m: '100'", "step_m"),
        ("step_m: 100", "step_m: 100, mostly: 0.9", "mostly"),
        ("operator: '>='", "operator: '=>'", "operator"),
        ("expect_coordinates_no_finer_than", "expect_column_values_to_be_null", "expect_column_values_to_be_null"),
        ("encoding: canonical", "encoding: fast", "encoding"),
        ("reviewers: 2", "reviewers: 0", "reviewers"),
        ("name: test\n", "name: another\n", "name"),
        ("name: test\n", "name: test\nname: test\n", ""),
        ("name: test\n", "nmae: test\n", "nmae"),
        ("version: '1'", "version: &a '1'", ""),
        ("rule: precision", "rule: gate/precision", "rule"),
        ("rule: review", "rule: precision", "has this id already"),
    ],
)
def test_a_policy_with_anything_that_is_not_understood_stops_the_gate(
    gate: Gate, geogate: Command, old: str, new: str, says: str
) -> None:
    gate.policies.replace("test.yaml", old, new)
    require_stopped(gate, geogate, says=says)
    assert geogate("policy", "check").code == 4
    assert geogate("policy", "check", gate.policies.file("test.yaml")).code == 4


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}", b"[]", b"null", b"\xff", b"\0", b"a: [", b"name: test\n", b"%YAML"]
)
@pytest.mark.parametrize("name", ["test.yaml", "recipients.yaml"])
def test_an_empty_or_broken_file_stops_the_gate(gate: Gate, geogate: Command, name: str, content: bytes) -> None:
    gate.policies.file(name).write_bytes(content)
    require_stopped(gate, geogate, says=name)
    assert geogate("policy", "check").code == 4


def test_a_policy_without_rules_stops_the_gate(gate: Gate, geogate: Command) -> None:
    gate.policies.write_policy([])
    require_stopped(gate, geogate, says="expectations")


def test_missing_recipients_stop_the_gate(gate: Gate, geogate: Command) -> None:
    gate.policies.file("recipients.yaml").unlink()
    require_stopped(gate, geogate, says="recipients.yaml is missing")


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "XX"},
        {"owners": [{"country": "DE", "share": 1.5}]},
        {"owners": [{"country": "DE", "share": float("nan")}]},
        {"contract": {"reference": "C-1"}},
        {"shoe_size": 43},
    ],
)
def test_a_recipient_with_anything_that_is_not_understood_stops_the_gate(
    gate: Gate, geogate: Command, changes: dict[str, Any]
) -> None:
    gate.policies.write_recipients(**changes)
    require_stopped(gate, geogate, says="recipients.yaml:")


def _no_manifest(gate: Gate) -> None:
    gate.policies.file("zones/keep-out.yaml").unlink()


def _no_data(gate: Gate) -> None:
    gate.policies.file("zones/keep-out.geojson").unlink()


def _other_data(gate: Gate) -> None:
    path = gate.policies.file("zones/keep-out.geojson")
    path.write_text(path.read_text() + " ")


def _broken_manifest(gate: Gate) -> None:
    gate.policies.replace("zones/keep-out.yaml", "count: 1", "count: 2")


def _unknown_key(gate: Gate) -> None:
    gate.policies.replace("zones/keep-out.yaml", "count: 1", "count: 1\ncuont: 1")


def _negative_buffer(gate: Gate) -> None:
    gate.policies.replace("zones/keep-out.yaml", "buffer_m: 0.0", "buffer_m: -1.0")


def _pinned(gate: Gate, text: str) -> None:
    """Put other data in place and pin it by its digest, as somebody who does not look would."""
    old = gate.policies.file("zones/keep-out.geojson").read_bytes()
    gate.policies.file("zones/keep-out.geojson").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    gate.policies.replace("zones/keep-out.yaml", hashlib.sha256(old).hexdigest(), digest)


def _collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def _malformed(gate: Gate) -> None:
    _pinned(gate, '{"type": "FeatureCollection", "features": [')


def _empty(gate: Gate) -> None:
    _pinned(gate, _collection())


def _without_shape(gate: Gate) -> None:
    _pinned(gate, _collection({"type": "Feature", "properties": {"id": "z1"}, "geometry": None}))


def _without_id(gate: Gate) -> None:
    shape = {"type": "Polygon", "coordinates": SQUARE}
    _pinned(gate, _collection({"type": "Feature", "properties": {}, "geometry": shape}))


def _off_the_earth(gate: Gate) -> None:
    shape = {"type": "Point", "coordinates": [500.0, 95.0]}
    _pinned(gate, _collection({"type": "Feature", "properties": {"id": "z1"}, "geometry": shape}))


@pytest.mark.parametrize(
    "damage",
    [
        _no_manifest,
        _no_data,
        _other_data,
        _broken_manifest,
        _unknown_key,
        _negative_buffer,
        _malformed,
        _empty,
        _without_shape,
        _without_id,
        _off_the_earth,
    ],
)
def test_a_zone_list_that_is_not_wholly_readable_stops_the_gate(
    gate: Gate, geogate: Command, damage: Callable[[Gate], None]
) -> None:
    damage(gate)
    require_stopped(gate, geogate, says="keep-out")
    assert geogate("policy", "check").code == 4


def test_a_zone_list_is_stale_from_the_day_after_its_last(gate: Gate, geogate: Command) -> None:
    today = datetime.now(UTC).date()
    gate.policies.write_zones(valid_until=today + timedelta(days=1))
    assert geogate("screen", stage("CSV", gate.staged), *FOR).code == 0
    gate.policies.replace("zones/keep-out.yaml", str(today + timedelta(days=1)), str(today - timedelta(days=1)))
    require_stopped(gate, geogate, says="keep-out")


def test_a_list_that_is_not_there_stops_the_gate_for_the_policy_that_names_it(gate: Gate, geogate: Command) -> None:
    gate.policies.write_policy([zones(zone_list="others")])
    require_stopped(gate, geogate, says="'others'")


def test_a_list_that_no_rule_names_does_not_matter(gate: Gate, geogate: Command) -> None:
    gate.policies.write_policy([precision("precision", 100, ">=")])
    _no_data(gate)
    assert geogate("screen", stage("CSV", gate.staged), *FOR).code == 0


def test_the_clock_of_the_gate_decides_whether_a_list_is_stale(gate: Gate) -> None:
    gate.policies.write_zones(valid_until=date(2026, 12, 31))
    dataset = stage("CSV", gate.staged)
    gate.now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    gate.screen(dataset)
    gate.now = datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(PolicyError, match="keep-out"):
        gate.screen(dataset)
