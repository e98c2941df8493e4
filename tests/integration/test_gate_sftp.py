"""The whole way to an SFTP server: registered, judged, sent by the command line, and looked at again by the audit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import COARSE, stage
from gating.place import RULES, rule

from geogate.gate.audit_findings import Kind
from geogate.gate.reconcile import reconcile
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate
    from serving.sshd import Sshd


@pytest.fixture
def sending(gate: Gate, ssh_server: Sshd) -> Gate:
    """A gate whose partner has a folder on a server, which is in Germany as somebody attested."""
    gate.settings["GEOGATE_SFTP_KEYS"] = str(ssh_server.keys)
    register(gate, ssh_server)
    return gate


def register(gate: Gate, server: Sshd, *keys: str, country: str = "DE") -> None:
    place: dict[str, Any] = {"uri": server.uri, "host_keys": list(keys) or [server.host_key]}
    gate.policies.write_recipients(place | ({"country": country} if country else {}))


def judge_places(gate: Gate, *countries: str) -> None:
    gate.policies.write_policy(
        [
            *(each for each in RULES if each["type"] != "expect_destination_to_be_allowed"),
            rule("storage", "expect_storage_in_countries", countries=list(countries)),
            rule(
                "place",
                "expect_destination_to_be_allowed",
                countries=list(countries),
                regions=[],
                owner_limits=[],
                contract_required=True,
                contract_min_days_left=0,
            ),
        ]
    )


def found(gate: Gate) -> list[tuple[Kind, str]]:
    done = reconcile(house=gate.house())
    return sorted((each.kind, each.about.rpartition("/")[2]) for each in done.findings)


def test_the_command_line_submits_and_sends_to_a_server(sending: Gate, ssh_server: Sshd, geogate: Command) -> None:
    judge_places(sending, "DE")
    to = ("--policy", "test", "--recipient", "partner", "--to", ssh_server.uri)
    submitted = geogate("submit", stage("CSV", sending.staged, COARSE), *to, "--format", "json")
    assert submitted.code == 0, submitted.err + submitted.out
    nonce = json.loads(submitted.out)["request"]["clearance"]
    assert ssh_server.stored() == {}
    sent = geogate("send", nonce)
    assert sent.code == 0, sent.err
    assert list(ssh_server.delivered()) == ["data.csv"]
    assert sending.states() == [State.SENT]
    again = geogate("send", nonce)
    assert (again.code, "used before" in again.err) == (11, True)
    sending.require_whole_ledger()


@pytest.mark.parametrize(("country", "clears"), [("DE", True), ("NO", False), ("", False)])
def test_the_country_of_a_server_is_the_attested_one_and_an_unknown_one_denies(
    sending: Gate,
    ssh_server: Sshd,
    country: str,
    clears: bool,  # noqa: FBT001 - a row of the table
) -> None:
    judge_places(sending, "DE")
    register(sending, ssh_server, country=country)
    done = sending.submit(stage("CSV", sending.staged, COARSE), destination=ssh_server.uri)
    problems = {str(each.rule): each.summary for each in done.verdict.findings}
    assert (done.clearance is not None, "storage" in problems, "place" in problems) == (
        clears,
        not clears,
        not clears,
    )
    if country == "NO":
        assert problems["storage"] == "the place is in NO by its registration"
    if not country:
        assert problems["storage"] == "the place does not say in which country it is"


def test_a_place_that_is_not_registered_is_denied_and_nobody_calls_there(sending: Gate, ssh_server: Sshd) -> None:
    judge_places(sending, "DE")
    ssh_server.kill()
    beside = ssh_server.uri.replace("/inbox/", "/other/")
    done = sending.submit(stage("CSV", sending.staged, COARSE), destination=beside)
    assert "gate/unregistered-place" in {each.rule for each in done.verdict.findings}


def test_a_host_key_that_changed_since_it_was_judged_ends_the_sending_and_the_old_one_completes_it(
    sending: Gate, ssh_server: Sshd, geogate: Command
) -> None:
    old, old_file = ssh_server.host_key, ssh_server.host_key_file
    nonce = sending.clear(stage("CSV", sending.staged, COARSE), destination=ssh_server.uri)
    ssh_server.restart(host_key_file="host_ed25519_new")
    ended = geogate("send", nonce)
    assert ended.code == 5
    assert "another host key than those registered" in ended.err
    assert "host_keys in recipients.yaml" in ended.err
    assert (sending.states(), ssh_server.stored()) == ([State.CLEARED], {})
    # The new key is registered beside the old one: the server that was judged had another one.
    register(sending, ssh_server, old, ssh_server.host_key)
    with pytest.raises(RefusedError, match="not as it was judged: host key"):
        sending.send(nonce)
    assert ssh_server.stored() == {}
    ssh_server.restart(host_key_file=old_file)
    sending.send(nonce)
    assert list(ssh_server.delivered()) == ["data.csv"]


def test_a_place_that_is_registered_no_more_gets_nothing(sending: Gate, ssh_server: Sshd) -> None:
    nonce = sending.clear(stage("CSV", sending.staged, COARSE), destination=ssh_server.uri)
    sending.policies.write_recipients()
    with pytest.raises(RefusedError, match="not as it was judged"):
        sending.send(nonce)
    assert ssh_server.stored() == {}


def test_a_sending_that_broke_off_is_completed_by_the_same_command(
    sending: Gate, ssh_server: Sshd, geogate: Command
) -> None:
    nonce = sending.clear(stage("CSV", sending.staged, COARSE), destination=ssh_server.uri)
    ssh_server.root.chmod(0o555)
    ended = geogate("send", nonce)
    assert (ended.code, "let the gate's account write there" in ended.err) == (5, True)
    assert sending.states() == [State.SENDING]
    assert found(sending) == []
    ssh_server.root.chmod(0o755)
    assert geogate("send", nonce).code == 0
    assert list(ssh_server.delivered()) == ["data.csv"]
    assert found(sending) == []


def test_the_audit_finds_what_was_not_sent_changed_or_taken_away(sending: Gate, ssh_server: Sshd) -> None:
    for stem in ("kept", "changed", "gone"):
        (ssh_server.root / stem).mkdir()
        ssh_server.give(ssh_server.root / stem)
        dataset = stage("CSV", sending.staged, COARSE, stem=stem)
        sending.send(sending.clear(dataset, destination=f"{ssh_server.uri}{stem}/"))
    assert found(sending) == []
    assert reconcile(house=sending.house()).objects == 6
    changed = ssh_server.root / "changed" / "changed.csv"
    changed.write_bytes(changed.read_bytes().swapcase()[::-1])
    (ssh_server.root / "gone" / "gone.csv").unlink()
    (ssh_server.root / "by hand.csv").write_bytes(b"x")
    (ssh_server.root / "link.csv").symlink_to("/etc/passwd")
    note = next((ssh_server.root / "kept").glob(".geogate.*.json"))
    note.write_bytes(note.read_bytes() + b"hidden")
    assert found(sending) == [
        (Kind.ALTERED, note.name),
        (Kind.ALTERED, "changed.csv"),
        (Kind.MISSING, "gone.csv"),
        (Kind.UNCLEARED, "by hand.csv"),
        (Kind.UNCLEARED, "link.csv"),
    ]
    for note in ssh_server.root.rglob(".geogate.*.json"):
        note.unlink()
    assert not [name for _, name in found(sending) if ".geogate." in name]


def test_the_audit_says_that_a_server_has_another_key_or_another_folder(sending: Gate, ssh_server: Sshd) -> None:
    sending.send(sending.clear(stage("CSV", sending.staged, COARSE), destination=ssh_server.uri))
    ssh_server.root.chmod(0o777)
    done = reconcile(house=sending.house())
    assert [(each.kind, each.summary) for each in done.findings] == [
        (Kind.DRIFT, "open to others was read, enter and is read, write, enter")
    ]
    ssh_server.root.chmod(0o755)
    registered = ssh_server.host_key
    ssh_server.restart(host_key_file="host_ed25519_new")
    register(sending, ssh_server, registered)
    findings = reconcile(house=sending.house()).findings
    assert {each.kind for each in findings} == {Kind.UNREADABLE}
    assert all("another host key" in each.summary for each in findings)
