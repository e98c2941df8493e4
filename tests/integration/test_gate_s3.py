"""The gate and a real S3 server: the releaser's role, prefixes as datasets, and buckets that fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import FINE, KINDS, stage
from gating.gate import sha256
from gating.killed import Steps, killed_at

from geogate.model.errors import InputError, ServiceError
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision
from infra.keys import Keys

if TYPE_CHECKING:
    from pathlib import Path

    import boto3
    from gating.command import Command
    from gating.gate import Gate
    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter
    from infra.ministack import Ministack

pytestmark = pytest.mark.usefixtures("as_worker")


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix of the test's own."""
    return f"gate-{sha256(request.node.name.encode())[:12]}"


@pytest.fixture
def to(gate: Gate, perimeter: Perimeter, prefix: str) -> str:
    """A destination that is registered for the partner."""
    uri = f"s3://{perimeter.egress}/{prefix}/"
    gate.policies.write_recipients({"uri": uri, "owner": perimeter.account})
    gate.settings["GEOGATE_RELEASER_ROLE"] = perimeter.releaser_role_arn
    return uri


@dataclass(frozen=True, slots=True)
class Place:
    """The prefix of a test in the buckets of the perimeter, as the server's root sees it."""

    root: S3Client
    perimeter: Perimeter
    prefix: str

    def stored(self) -> dict[str, list[bytes]]:
        """Read every version of every object that left."""
        found: dict[str, list[bytes]] = {}
        bucket = self.perimeter.egress
        pages = self.root.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{self.prefix}/")
        for version in (version for page in pages for version in page.get("Versions", [])):
            key = version["Key"]
            body = self.root.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"]
            found.setdefault(key.removeprefix(f"{self.prefix}/"), []).append(body.read())
        return found

    def stage(self, name: str, path: Path) -> None:
        """Put a file into the staging bucket."""
        self.root.put_object(Bucket=self.perimeter.staging, Key=f"{self.prefix}/{name}", Body=path.read_bytes())


@pytest.fixture
def place(root_s3: S3Client, perimeter: Perimeter, prefix: str) -> Place:
    return Place(root_s3, perimeter, prefix)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if not kind.assume_crs])
def test_what_lies_in_the_bucket_is_what_was_cleared(gate: Gate, to: str, kind: str, place: Place) -> None:
    nonce = gate.clear(stage(kind, gate.staged), destination=to)
    receipt = gate.send(nonce)
    clearance, _ = gate.clearance(nonce)
    ((content,),) = place.stored().values()
    assert sha256(content) == clearance.artefact
    (delivery,) = receipt.deliveries
    assert (delivery.sha256, delivery.size) == (clearance.artefact, len(content))
    assert delivery.uri.startswith(to)
    assert delivery.version
    assert clearance.destination_owner == place.perimeter.account


def test_the_region_of_the_bucket_is_part_of_the_judgement(gate: Gate, to: str) -> None:
    verdict = gate.screen(stage("CSV", gate.staged), destination=to)
    assert "region eu-central-1" in next(c.observed for c in verdict.checks if c.rule == "destination")


@pytest.fixture
def staged_objects(gate: Gate, place: Place) -> str:
    """Two files below a prefix of the staging bucket."""
    for name, kind in (("a.csv", "CSV"), ("deeper/b.gpkg", "GeoPackage")):
        path = stage(kind, gate.staged, stem=name.rsplit("/", 1)[-1].split(".")[0])
        place.stage(name, path)
    return f"s3://{place.perimeter.staging}/{place.prefix}/"


def test_a_prefix_is_one_dataset(gate: Gate, to: str, staged_objects: str, place: Place) -> None:
    assert gate.screen(staged_objects, destination=to).decision is Decision.CLEAR
    gate.send(gate.clear(staged_objects, destination=to))
    assert sorted(place.stored()) == ["a.csv", "deeper/b.gpkg"]


def test_one_bad_object_below_a_prefix_keeps_all(gate: Gate, to: str, staged_objects: str, place: Place) -> None:
    bad = stage("CSV", gate.staged, FINE, stem="bad")
    place.stage("c.csv", bad)
    done = gate.submit(staged_objects, destination=to)
    assert done.state is State.DENIED
    assert {finding.layer for finding in done.verdict.findings} == {"c.csv"}
    assert not place.stored()


@pytest.mark.parametrize("key", ["nothing/", "nothing.csv"])
def test_a_prefix_without_objects_is_no_dataset(gate: Gate, to: str, perimeter: Perimeter, key: str) -> None:
    with pytest.raises(InputError, match="no objects"):
        gate.submit(f"s3://{perimeter.staging}/{key}", destination=to)
    assert gate.states() == [State.FAILED]


def register(gate: Gate, uri: str, owner: str = "111122223333") -> None:
    gate.policies.write_recipients({"uri": uri, "owner": owner})


def test_a_bucket_that_is_not_there_is_a_service_that_is_down(gate: Gate, to: str, geogate: Command) -> None:
    del to
    register(gate, "s3://geogate-nothing-here/x/")
    dataset = stage("CSV", gate.staged)
    for command in ("screen", "submit"):
        ended = geogate(command, dataset, "-p", "test", "-r", "partner", "-t", "s3://geogate-nothing-here/x/")
        assert ended.code == 5
        assert "geogate-nothing-here" in ended.err
        assert not ended.out
    assert not gate.requests()


def test_a_store_that_does_not_answer_is_a_service_that_is_down(
    gate: Gate, to: str, geogate: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = stage("CSV", gate.staged)
    nonce = gate.clear(dataset, destination=to)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ended = geogate("submit", dataset, "-p", "test", "-r", "partner", "-t", to)
    assert ended.code == 5
    assert "does not answer" in ended.err
    ended = geogate("send", nonce)
    assert ended.code == 5
    assert "127.0.0.1" not in ended.err


def test_a_sending_that_the_store_did_not_answer_is_taken_up(gate: Gate, to: str, place: Place) -> None:
    nonce = gate.clear(stage("CSV", gate.staged), destination=to)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        with pytest.raises(ServiceError):
            gate.send(nonce)
    assert gate.states() == [State.CLEARED]
    gate.send(nonce)
    assert gate.states() == [State.SENT]
    assert list(place.stored()) == ["data.csv"]


def test_without_the_releasers_role_nothing_is_written(gate: Gate, to: str, place: Place) -> None:
    nonce = gate.clear(stage("CSV", gate.staged), destination=to)
    gate.settings["GEOGATE_RELEASER_ROLE"] = ""
    with pytest.raises(ServiceError, match=r"AccessDenied|403"):
        gate.send(nonce)
    assert gate.states() == [State.SENDING]
    assert not place.stored()
    gate.settings["GEOGATE_RELEASER_ROLE"] = place.perimeter.releaser_role_arn
    gate.send(nonce)
    assert gate.states() == [State.SENT]


def test_nothing_is_written_over_an_object_of_somebody_else(
    gate: Gate, to: str, place: Place, geogate: Command
) -> None:
    place.root.put_object(Bucket=place.perimeter.egress, Key=f"{place.prefix}/data.csv", Body=b"theirs")
    ended = geogate("send", gate.clear(stage("CSV", gate.staged), destination=to))
    assert ended.code == 11
    assert "something else is already there" in ended.err
    assert place.stored() == {"data.csv": [b"theirs"]}
    assert gate.states() == [State.FAILED]


def test_a_kill_between_the_steps_of_the_ledger_is_taken_up(gate: Gate, to: str, place: Place) -> None:
    state, seen = State.SENT, set()
    for step in range(40):
        if state is State.SENT:  # else the clearance of the last step is still good
            path = stage("CSV", gate.staged, [(float(step), 47.1)], stem=f"step{step}")
            nonce = gate.clear(path, destination=to)
        request = gate.clearance(nonce)[0].request
        died = killed_at(step, partial(gate.send, nonce), steps=Steps.COMMITS)
        state = gate.request(request).state
        seen.add((state, path.name in place.stored()))
        if state is State.SENDING:
            gate.send(nonce)
            state = gate.request(request).state
        if state is State.SENT:
            (content,) = place.stored()[path.name]
            assert sha256(content) == gate.clearance(nonce)[0].artefact
        if not died:
            break
    assert not died
    # Before the claim, after it, when the object is there without a receipt, and with one.
    assert seen == {("cleared", False), ("sending", False), ("sending", True), ("sent", True)}
    gate.require_whole_ledger()


def test_what_the_store_holds_names_the_clearance(gate: Gate, to: str, place: Place) -> None:
    nonce = gate.clear(stage("CSV", gate.staged), destination=to)
    gate.send(nonce)
    where: Any = {"Bucket": place.perimeter.egress, "Key": f"{place.prefix}/data.csv"}
    head, tags = place.root.head_object(**where), place.root.get_object_tagging(**where)["TagSet"]
    assert nonce in json.dumps([head["Metadata"], tags])


@pytest.fixture
def auditor(perimeter: Perimeter, s3_server: Ministack, admin_session: boto3.Session) -> dict[str, str]:
    """The environment of somebody in the role of the perimeter's auditor."""
    sts = admin_session.client("sts")
    given = sts.assume_role(RoleArn=perimeter.auditor_role_arn, RoleSessionName="night")["Credentials"]
    keys = Keys(id=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"])
    return s3_server.environment(keys)


def test_the_audit_judges_what_lies_in_a_bucket_again(
    gate: Gate, to: str, geogate: Command, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.send(gate.clear(stage("CSV", gate.staged), destination=to))
    for name, value in auditor.items():
        monkeypatch.setenv(name, value)
    ended = geogate("audit")
    assert ended.code == 0, ended.out
    gate.policies.write_recipients({"uri": to, "owner": "111122223333"}, country="SG")
    ended = geogate("audit")
    assert ended.code == 11
    assert "destination" in ended.out
