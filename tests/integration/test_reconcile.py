"""The audit compares every object of every destination with the receipts, and what each place is like with before."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import stage
from gating.gate import sha256
from gating.place import RULES, rule

from geogate.destinations.errors import UnavailableError
from geogate.destinations.place_posture import PlacePosture, drift
from geogate.destinations.s3_posture import posture
from geogate.gate.audit_findings import Kind
from geogate.gate.reconcile import reconcile
from geogate.gate.send import send_by_nonce
from geogate.gate.transfers import Part, permit, settle
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from infra.ministack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate
    from types_boto3_s3 import S3Client

    from geogate.gate.audit_findings import AuditFinding
    from infra.ministack import Ministack

ACCOUNT = "111122223333"


@pytest.fixture
def s3(s3_server: Ministack, monkeypatch: pytest.MonkeyPatch) -> S3Client:
    """A client of the server's root, who owns the buckets of these tests."""
    import boto3

    for name, value in s3_server.environment(ROOT).items():
        monkeypatch.setenv(name, value)
    client: S3Client = boto3.client("s3")
    return client


@pytest.fixture
def bucket(s3: S3Client, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own that keeps versions."""
    name = f"partner-{sha256(request.node.name.encode())[:12]}"
    for each in (name, f"{name}-copy"):
        s3.create_bucket(Bucket=each, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket=each, VersioningConfiguration={"Status": "Enabled"})
    return name


def send(gate: Gate, to: str, *stems: str) -> None:
    for number, stem in enumerate(stems):
        points = [(number + len(to) / 10, 47.1), (8.4, 47.2)]
        gate.send(gate.clear(stage("CSV", gate.staged, points, stem=stem), destination=to))


def found(gate: Gate, **changes: Any) -> list[tuple[Kind, str]]:
    done = reconcile(house=gate.house(), **changes)
    return sorted((each.kind, about(each)) for each in done.findings)


def about(finding: AuditFinding) -> str:
    """Name what a finding is about: the trait, or the last part of the object's name."""
    drifted = finding.summary.partition(" was ")[0]
    return drifted if finding.kind is Kind.DRIFT else finding.about.rstrip("/").rpartition("/")[2]


def replicate(s3: S3Client, bucket: str) -> None:
    rule: Any = {
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{bucket}-copy"},
    }
    role = f"arn:aws:iam::{ACCOUNT}:role/copier"
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": role, "Rules": [rule]})


def test_ten_planted_violations_are_found_and_nothing_else(gate: Gate, s3: S3Client, bucket: str) -> None:
    uri = f"s3://{bucket}/from-us/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT}, {"uri": "file:outbox/"})
    send(gate, uri, "kept", "over", "gone")
    send(gate, "file:outbox/", "kept", "over", "gone")
    assert found(gate) == []
    # In the bucket: an object that nobody sent, other bytes, a deletion, and three openings of the bucket.
    s3.put_object(Bucket=bucket, Key="from-us/stray.csv", Body=b"lon,lat\n1,2\n")
    s3.put_object(Bucket=bucket, Key="from-us/over.csv", Body=b"other")
    s3.delete_object(Bucket=bucket, Key="from-us/gone.csv")
    replicate(s3, bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    # In the directory: the same, and it is opened to everybody on the machine.
    (gate.outbox / "by-hand.csv").write_text("lon,lat\n1,2\n")
    alter(gate.outbox / "over.csv")
    (gate.outbox / "gone.csv").unlink()
    gate.outbox.chmod(0o777)
    assert found(gate) == sorted(
        [
            (Kind.UNCLEARED, "stray.csv"),
            (Kind.ALTERED, "over.csv"),
            (Kind.MISSING, "gone.csv"),
            (Kind.DRIFT, "replication"),
            (Kind.DRIFT, "public access block"),
            (Kind.DRIFT, "website"),
            (Kind.UNCLEARED, "by-hand.csv"),
            (Kind.ALTERED, "over.csv"),
            (Kind.MISSING, "gone.csv"),
            (Kind.DRIFT, "open to others"),
        ]
    )


def alter(path: Path) -> None:
    """Write other bytes of the same size, and give the file its time back."""
    before = path.stat()
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_version_that_was_written_over_and_put_back_is_found(gate: Gate, s3: S3Client, bucket: str) -> None:
    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    send(gate, uri, "a")
    sent = s3.get_object(Bucket=bucket, Key="a.csv")["Body"].read()
    s3.put_object(Bucket=bucket, Key="a.csv", Body=b"other")
    s3.put_object(Bucket=bucket, Key="a.csv", Body=sent)
    assert found(gate) == [(Kind.ALTERED, "a.csv")]


def test_what_another_tool_sent_is_compared_by_its_bytes(gate: Gate, s3: S3Client, bucket: str) -> None:
    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    clearance, _ = gate.clearance(gate.clear(stage("CSV", gate.staged), destination=uri))
    (file,) = clearance.files
    part = Part(uri=uri + file.name, file=gate.house().staging().open(file.sha256))
    permitted = permit((part,), by="airflow:d/r/t/-1", house=gate.house("airflow"))
    s3.put_object(Bucket=bucket, Key=file.name, Body=part.file.read_bytes())
    settle(permitted, (part,), house=gate.house("airflow"))
    assert found(gate) == []
    s3.put_object(Bucket=bucket, Key=file.name, Body=part.file.read_bytes())
    assert found(gate) == [(Kind.ALTERED, file.name)]


def test_what_opens_a_bucket_is_found_however_it_is_opened(gate: Gate, s3: S3Client, bucket: str) -> None:
    import boto3

    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    send(gate, uri, "a")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    control = boto3.client("s3control")
    control.meta.events.register(
        "before-sign.s3-control",
        lambda request, **_: setattr(request, "url", request.url.replace(f"//{ACCOUNT}.", "//", 1)),
    )
    control.create_access_point(AccountId=ACCOUNT, Name=bucket, Bucket=bucket)
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "somebody-elses"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert [name for _, name in found(gate)] == [
        "access list",
        "access points",
        "default encryption",
        "object ownership",
        "public access block",
        "versioning",
    ]


def test_a_bucket_that_was_changed_after_it_was_judged_gets_nothing(gate: Gate, s3: S3Client, bucket: str) -> None:
    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    nonce = gate.clear(stage("CSV", gate.staged), destination=uri)
    replicate(s3, bucket)
    with pytest.raises(RefusedError, match="not as it was judged: replication"):
        gate.send(nonce)
    assert gate.states() == [State.CLEARED]
    assert not s3.list_objects_v2(Bucket=bucket)["KeyCount"]
    s3.delete_bucket_replication(Bucket=bucket)
    gate.send(nonce)
    assert gate.states() == [State.SENT]


def test_a_bucket_without_its_block_or_with_another_policy_gets_nothing(gate: Gate, s3: S3Client, bucket: str) -> None:
    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    nonce = gate.clear(stage("CSV", gate.staged), destination=uri)
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.delete_public_access_block(Bucket=bucket)
    with pytest.raises(RefusedError, match="not as it was judged: public access block"):
        gate.send(nonce)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    somebody = {"AWS": "arn:aws:iam::444455556666:root"}
    reads = {"Effect": "Allow", "Principal": somebody, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [reads]}))
    with pytest.raises(RefusedError, match="not as it was judged: policy"):
        gate.send(nonce)
    s3.delete_bucket_policy(Bucket=bucket)
    gate.send(nonce)
    assert gate.states() == [State.SENT]


def test_a_bucket_with_another_key_than_when_it_was_judged_gets_nothing(gate: Gate, s3: S3Client, bucket: str) -> None:
    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    nonce = gate.clear(stage("CSV", gate.staged), destination=uri)
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "somebody-elses"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    with pytest.raises(RefusedError, match="not as it was judged: default encryption"):
        gate.send(nonce)
    assert not s3.list_objects_v2(Bucket=bucket)["KeyCount"]


def test_a_bucket_that_others_can_get_at_is_denied_and_one_that_does_not_tell_too(
    gate: Gate, s3: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"s3://{bucket}/"
    gate.policies.write_recipients({"uri": uri, "owner": ACCOUNT})
    closed: dict[str, Any] = {"openings_allowed": [], "copy_countries": ["DE"], "encryption": ["AES256"]}
    switched: dict[str, Any] = dict.fromkeys(
        ("public_access_block_required", "versioning_required", "object_lock_required"), False
    ) | {"versioning_required": True}
    gate.policies.write_policy([*RULES, rule("closed", "expect_place_to_be_closed", **closed, **switched)])
    data = stage("CSV", gate.staged)
    assert gate.screen(data, destination=uri).decision == "clear"

    replicate(s3, bucket)
    assert gate.screen(data, destination=uri).decision == "clear", "the copy lies in the country"
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    verdict = gate.screen(data, destination=uri)
    assert verdict.decision == "deny"
    assert [each.summary for each in verdict.findings if each.rule == "closed"] == [
        "others can get at the place, or what lies there, by: website"
    ]
    s3.delete_bucket_website(Bucket=bucket)
    assert gate.screen(data, destination=uri).decision == "clear"

    monkeypatch.setattr("geogate.destinations.s3_posture._grants", lambda answer: answer["nothing"])
    verdict = gate.screen(data, destination=uri)
    assert verdict.decision == "deny"
    assert [each.summary for each in verdict.findings if each.rule == "closed"] == [
        "the place does not tell of this opening: access list"
    ]


ALLOWS: Any = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


@pytest.mark.parametrize(
    ("principal", "public"),
    [
        ({"AWS": "arn:aws:iam::444455556666:root"}, "none"),
        ({"AWS": ["arn:aws:iam::444455556666:root"], "Service": "logging.s3.amazonaws.com"}, "none"),
        ("*", None),
        ({"AWS": "*"}, None),
        ({"AWS": ["arn:aws:iam::444455556666:root", "*"]}, None),
        ({"AWS": []}, None),
        ({}, None),
        (None, None),
    ],
)
def test_where_a_store_does_not_say_whether_a_policy_opens_it_names_tell(
    s3: S3Client, bucket: str, principal: object, public: str | None
) -> None:
    """The server of the tests is one that does not say."""
    denies = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::b/*"}
    policy = {"Version": "2012-10-17", "Statement": [denies, ALLOWS | ({"Principal": principal} if principal else {})]}
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert dict(posture(bucket, owner=ACCOUNT).traits)["public by policy"] == public


def test_a_directory_that_was_opened_after_it_was_judged_gets_nothing(gate: Gate) -> None:
    nonce = gate.clear(stage("CSV", gate.staged))
    gate.outbox.chmod(0o777)
    with pytest.raises(RefusedError, match="not as it was judged: open to others"):
        gate.send(nonce)
    assert not gate.delivered()


def test_a_place_that_is_gone_is_not_taken_for_one_where_everything_is_missing(gate: Gate) -> None:
    send(gate, "file:outbox/", "a", "b")
    gate.outbox.rename(gate.root / "elsewhere")
    assert Counter(kind for kind, _ in found(gate)) == {Kind.UNREADABLE: 2}


def test_a_registered_place_that_got_nothing_and_is_not_there_needs_nobody(gate: Gate) -> None:
    gate.policies.write_recipients({"uri": "file:outbox/"}, {"uri": "file:not-made-yet/"})
    send(gate, "file:outbox/", "a")
    done = reconcile(house=gate.house())
    assert [(each.kind, each.urgent) for each in done.findings] == [(Kind.UNUSED, False)]
    assert (done.places, done.objects) == (1, 1)


def test_a_link_in_the_place_of_a_file_is_another_thing(gate: Gate) -> None:
    send(gate, "file:outbox/", "a")
    (gate.outbox / "a.csv").rename(gate.root / "a.csv")
    (gate.outbox / "a.csv").symlink_to(gate.root / "a.csv")
    (gate.outbox / "pipe").symlink_to("/dev/null")
    assert found(gate) == [(Kind.ALTERED, "a.csv"), (Kind.UNCLEARED, "pipe")]


def test_what_a_sending_that_died_left_is_neither_missing_nor_uncleared(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonce = gate.clear(stage("CSV", gate.staged))

    def fails(*_: object, **__: object) -> None:
        raise UnavailableError("the disk is away")

    with monkeypatch.context() as patch:
        patch.setattr("geogate.destinations.folder.Folder.name", fails)
        with pytest.raises(UnavailableError):
            gate.send(nonce)
    clearance, _ = gate.clearance(nonce)
    (gate.outbox / f".{clearance.artefact[:16]}.{nonce}.part").write_bytes(b"half")
    (gate.outbox / f".{clearance.artefact[:16]}.{'0' * 32}.part").write_bytes(b"half")
    assert [kind for kind, _ in found(gate)] == [Kind.UNCLEARED]
    send_by_nonce(nonce, house=gate.house())
    assert [kind for kind, _ in found(gate)] == [Kind.UNCLEARED]


def test_a_sending_that_never_ended_hides_nothing_for_ever(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = gate.clear(stage("CSV", gate.staged))

    def fails(*_: object, **__: object) -> None:
        raise UnavailableError("the disk is away")

    with monkeypatch.context() as patch:
        patch.setattr("geogate.destinations.folder.Folder.name", fails)
        with pytest.raises(UnavailableError):
            gate.send(nonce)
    clearance, _ = gate.clearance(nonce)
    (gate.outbox / clearance.files[0].name).write_text("something else")
    (gate.outbox / f".copy.{nonce}.part").write_text("something else")
    gate.now = clearance.expires_at
    assert found(gate) == []
    gate.now = clearance.expires_at + timedelta(hours=1)
    left = [(Kind.LEFT_OVER, clearance.files[0].name), (Kind.UNCLEARED, f".copy.{nonce}.part")]
    assert sorted(row for row in found(gate) if not row[1].startswith(f".{clearance.artefact[:16]}")) == sorted(left)
    # It is looked for also where nobody is registered any more.
    (gate.root / "elsewhere").mkdir()
    gate.policies.write_recipients({"uri": "file:elsewhere/"})
    assert (Kind.LEFT_OVER, clearance.files[0].name) in found(gate)


def test_a_registered_place_that_refuses_to_be_listed_needs_somebody(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr("geogate.destinations.stored_folder.os.scandir", refuses)
    assert [(kind, about) for kind, about in found(gate)] == [(Kind.UNREADABLE, "outbox")]


def test_what_cannot_have_changed_is_not_read_again(gate: Gate) -> None:
    send(gate, "file:outbox/", "a", "b")
    assert [reconcile(house=gate.house()).read for _ in range(2)] == [2, 0]
    alter(gate.outbox / "a.csv")
    assert reconcile(house=gate.house()).read == 1
    assert reconcile(house=gate.house(), everything=True).read == 2
    (gate.home / "audit" / "objects.json").write_text("nonsense")
    assert found(gate) == [(Kind.ALTERED, "a.csv")]


def test_a_trait_that_cannot_be_read_any_more_has_drifted() -> None:
    before = PlacePosture(place="s3://b/", traits=(("policy", "a"), ("website", None), ("acl", None)))
    now = PlacePosture(place="s3://b/", traits=(("policy", None), ("website", "there is one"), ("acl", None)))
    assert [(each.trait, each.now) for each in drift(before, now)] == [("policy", None), ("website", "there is one")]
    assert list(drift(before, before)) == []


def test_what_a_bucket_refuses_to_tell_is_unknown(s3: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer of the server is turned into a refusal, and one into an empty document."""
    from botocore.parsers import RestXMLParser

    parse = RestXMLParser.parse

    def refusing(self: RestXMLParser, response: Any, shape: Any) -> Any:
        name = getattr(shape, "name", "")
        if name == "GetBucketReplicationOutput":
            response = {**response, "status_code": 403, "body": b"<Error><Code>AccessDenied</Code></Error>"}
        if name == "GetPublicAccessBlockOutput":
            response = {**response, "status_code": 200, "body": b""}
        return parse(self, response, shape)

    assert s3.meta.region_name
    known = posture(bucket, owner=ACCOUNT)
    assert known.unknown == ()
    monkeypatch.setattr(RestXMLParser, "parse", refusing)
    assert posture(bucket, owner=ACCOUNT).unknown == ("public access block", "replication")
