"""Putting cleared files to a real S3 server, through the releaser that the perimeter demands."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import clearance_for, releasing, session_of, stage
from integration.sending import LARGE, SEVERAL, Sending

from geogate.destinations import s3_session
from geogate.destinations.channel import ChannelSettings, channel_for
from geogate.destinations.errors import ChangedError, CorruptedError, ForbiddenError, OccupiedError
from geogate.destinations.s3 import S3Channel
from geogate.destinations.s3_posture import posture
from geogate.model.dataset import FileDigest
from geogate.model.errors import InputError, RefusedError, UsageError
from geogate.model.names import Sha256
from geogate.model.openings import NONE
from infra.ministack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter
    from infra.keys import Keys


@pytest.fixture
def sending(
    perimeter: Perimeter,
    worker_keys: Keys,
    root_s3: S3Client,
    request: pytest.FixtureRequest,
) -> Sending:
    prefix = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    return Sending(f"s3://{perimeter.egress}/{prefix}/", perimeter, session_of(worker_keys), root_s3)


@pytest.mark.parametrize(
    "contents",
    [{"a.gpkg": b"roads"}, {"a.csv": b""}, {"a.parquet": LARGE}, SEVERAL],
    ids=["small", "empty", "large", "several"],
)
def test_what_was_cleared_arrives_once_with_its_bytes(
    contents: dict[str, bytes], tmp_path: Path, sending: Sending
) -> None:
    deliveries = sending.put(stage(tmp_path, contents))
    assert sending.stored() == {name: [content] for name, content in contents.items()}
    assert not sending.uploads()
    described = {(delivery.uri, delivery.size, delivery.sha256) for delivery in deliveries}
    assert described == {
        (sending.destination + name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    }


def test_the_receipt_names_the_version_that_the_store_holds(tmp_path: Path, sending: Sending) -> None:
    (delivery,) = sending.put(stage(tmp_path, {"a.csv": b"1"}))
    found = sending.root.get_object(Bucket=sending.bucket, Key=f"{sending.prefix}a.csv", VersionId=delivery.version)
    assert found["Body"].read() == b"1"


def test_an_object_carries_its_clearance_as_tag_and_metadata(tmp_path: Path, sending: Sending) -> None:
    sending.put(stage(tmp_path, {"a.csv": b"1"}), nonce="0" * 32)
    key = f"{sending.prefix}a.csv"
    tags = sending.root.get_object_tagging(Bucket=sending.bucket, Key=key)["TagSet"]
    assert tags == [{"Key": "clearance", "Value": "0" * 32}]
    head = sending.root.head_object(Bucket=sending.bucket, Key=key, ChecksumMode="ENABLED")
    assert head["Metadata"] == {"geogate-clearance": "0" * 32, "geogate-sha256": hashlib.sha256(b"1").hexdigest()}
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"1").digest()).decode()


@pytest.mark.parametrize("contents", [{"a.csv": b"1"}, {"a.csv": b"1", "b.parquet": LARGE}], ids=["small", "several"])
def test_every_request_to_the_bucket_names_its_owner(
    contents: dict[str, bytes], tmp_path: Path, sending: Sending
) -> None:
    sending.channel.posture()
    sending.put(stage(tmp_path, contents))
    asked = [params for name, params in sending.requests if name != "AssumeRole"]
    assert len(asked) > 3
    assert {params.get("ExpectedBucketOwner") or params.get("AccountId") for params in asked} == {sending.account}


def test_every_request_that_makes_an_object_visible_is_create_only(tmp_path: Path, sending: Sending) -> None:
    sending.put(stage(tmp_path / "1", {"small.csv": b"1"}))
    sending.put(stage(tmp_path / "2", {"a.csv": b"1", "b.parquet": LARGE}), nonce="1" * 32)
    visible = [p for name, p in sending.requests if name in {"PutObject", "CompleteMultipartUpload", "CopyObject"}]
    assert [params["IfNoneMatch"] for params in visible] == ["*"] * 3


def test_all_parts_are_at_the_store_before_the_first_file_becomes_visible(tmp_path: Path, sending: Sending) -> None:
    sending.put(stage(tmp_path, SEVERAL))
    names = [name for name, _ in sending.requests]
    assert "PutObject" not in names
    assert max(i for i, n in enumerate(names) if n == "UploadPart") < names.index("CompleteMultipartUpload")


def test_each_key_is_released_by_a_session_of_its_own_that_ends_with_the_clearance(
    tmp_path: Path, sending: Sending
) -> None:
    contents = {f"{number:02}.csv": b"%d" % number for number in range(3)}
    sending.put(stage(tmp_path, contents))
    sessions = [params for name, params in sending.requests if name == "AssumeRole"]
    assert len(sessions) == len(sending.broker.asked) == len(contents)
    for name, params in zip(contents, sessions, strict=True):
        statements = json.loads(params["Policy"])["Statement"]
        objects = {each["Resource"] for each in statements if "/" in each["Resource"]}
        assert objects == {f"arn:aws:s3:::{sending.bucket}/{sending.prefix}{name}"}
        (writing,) = [each for each in statements if "s3:PutObject" in each["Action"]]
        assert writing["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2030-01-02T00:00:00Z"}}
        assert params["Tags"] == [{"Key": "clearance", "Value": sending.broker.nonce}]
    assert sending.stored() == {name: [content] for name, content in contents.items()}


def test_a_session_that_is_about_to_end_is_made_again(
    tmp_path: Path, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_session, "RENEWED_SECONDS", s3_session.SESSION_SECONDS + 1)
    sending.put(stage(tmp_path, {"a.csv": b"1"}))
    names = [name for name, _ in sending.requests]
    assert names.count("AssumeRole") == len(names) - names.count("AssumeRole") > 1
    assert sending.stored() == {"a.csv": [b"1"]}


def test_a_session_does_not_outlast_its_clearance_by_more_than_the_service_asks_for(
    tmp_path: Path, sending: Sending
) -> None:
    for number, (left, seconds) in enumerate(((7200, 3600), (1200, 1200), (60, 900))):
        sending.requests.clear()
        sending.broker.writes_until = datetime.now(UTC) + timedelta(seconds=left)
        sending.put(stage(tmp_path / str(number), {f"{number}.csv": b"1"}))
        ((_, params),) = [each for each in sending.requests if each[0] == "AssumeRole"]
        assert seconds - 10 < params["DurationSeconds"] <= seconds


@pytest.mark.parametrize("over", [None, datetime(2020, 1, 1, tzinfo=UTC)], ids=["looking", "expired"])
def test_the_store_itself_refuses_what_a_session_writes_after_the_clearance_has_expired(
    over: datetime | None, tmp_path: Path, sending: Sending
) -> None:
    staged = stage(tmp_path, {"a.csv": b"1"})
    sending.broker.writes_until = over
    with pytest.raises(ForbiddenError, match="AccessDenied"):
        sending.put(staged)
    fields = {"destination": sending.destination, "owner": sending.account}
    assert sending.channel.delivered(clearance=clearance_for(staged, **fields)) == (None,)
    assert not sending.stored()


def test_without_a_broker_nobody_becomes_the_releaser(
    tmp_path: Path, sending: Sending, perimeter: Perimeter, worker_keys: Keys
) -> None:
    settings = ChannelSettings(releaser_role=perimeter.releaser_role_arn)
    channel = S3Channel(sending.destination, settings=settings, session=session_of(worker_keys))
    staged = stage(tmp_path, {"a.csv": b"1"})
    with pytest.raises(RefusedError, match="nobody has verified the clearance"):
        channel.put(staged, clearance=clearance_for(staged, destination=sending.destination, owner=perimeter.account))
    assert not sending.stored()


def test_a_key_that_no_policy_can_name_is_refused(tmp_path: Path, sending: Sending) -> None:
    with pytest.raises(UsageError, match="too long for a session policy"):
        sending.put(stage(tmp_path, {"/".join(["\u00e4" * 97] * 4) + ".csv": b"1"}))
    assert not sending.stored()


@pytest.mark.parametrize(
    "contents", [{"a.csv": b"1"}, {"a.parquet": LARGE}, SEVERAL], ids=["small", "large", "several"]
)
def test_sending_again_finds_what_was_delivered_and_sends_nothing(
    contents: dict[str, bytes], tmp_path: Path, sending: Sending
) -> None:
    staged = stage(tmp_path, contents)
    first = sending.put(staged)
    sending.requests.clear()
    assert sending.put(staged) == first
    assert not {"PutObject", "CreateMultipartUpload", "UploadPart"} & {name for name, _ in sending.requests}
    assert sending.stored() == {name: [content] for name, content in contents.items()}


@pytest.mark.parametrize("contents", [{"a.csv": b"1"}, {"a.csv": b"1", "b.csv": b"2"}], ids=["alone", "several"])
def test_something_else_at_the_key_is_never_overwritten(
    contents: dict[str, bytes], tmp_path: Path, sending: Sending
) -> None:
    sending.place("a.csv", b"other")
    with pytest.raises(OccupiedError, match=r"something else is already there: 'a\.csv'"):
        sending.put(stage(tmp_path, contents))
    assert sending.stored() == {"a.csv": [b"other"]}


def test_the_same_bytes_under_another_clearance_are_something_else(tmp_path: Path, sending: Sending) -> None:
    staged = stage(tmp_path, {"a.csv": b"1"})
    sending.put(staged, nonce="1" * 32)
    with pytest.raises(OccupiedError, match="already there"):
        sending.put(staged, nonce="2" * 32)


def test_other_bytes_of_the_same_size_under_our_clearance_are_something_else(tmp_path: Path, sending: Sending) -> None:
    sending.place("a.csv", b"2", Metadata={"geogate-clearance": "1" * 32})
    with pytest.raises(OccupiedError, match="already there"):
        sending.put(stage(tmp_path, {"a.csv": b"1"}), nonce="1" * 32)


def test_an_object_that_appears_while_the_file_is_prepared_is_not_overwritten(tmp_path: Path, sending: Sending) -> None:
    def intrude(**_: Any) -> None:
        if not sending.stored():
            sending.place("a.parquet", b"other")

    sending.events.register("before-call.s3.CompleteMultipartUpload", intrude)
    with pytest.raises(OccupiedError, match="already there"):
        sending.put(stage(tmp_path, {"a.parquet": LARGE}))
    assert sending.stored() == {"a.parquet": [b"other"]}
    assert not sending.uploads()


@pytest.mark.parametrize(
    ("contents", "damage"),
    [
        ({"a.csv": b"12"}, b"13"),
        ({"a.csv": b"12"}, b"123"),
        ({"a.csv": b"12"}, b""),
        ({"a.csv": LARGE}, LARGE[:-1] + b"!"),
        ({"a.csv": LARGE}, LARGE + LARGE),
        ({"a.csv": b"12", "b.csv": b"1", "c.csv": b"1"}, b"13"),
    ],
    ids=["changed", "longer", "shorter", "large", "twice", "several"],
)
def test_a_staged_file_that_changed_is_refused_and_nothing_arrives(
    contents: dict[str, bytes], damage: bytes, tmp_path: Path, sending: Sending
) -> None:
    staged = stage(tmp_path, contents)
    staged[0][1].write_bytes(damage)
    with pytest.raises(ChangedError, match=r"'a\.csv' is not the one that was cleared"):
        sending.put(staged)
    assert not sending.stored()
    assert not sending.uploads()


def test_the_last_of_several_files_that_changed_keeps_all_from_arriving(tmp_path: Path, sending: Sending) -> None:
    staged = stage(tmp_path, {"a.csv": b"1", "b.csv": b"2"})
    staged[1][1].write_bytes(b"3")
    with pytest.raises(ChangedError, match=r"b\.csv"):
        sending.put(staged)
    assert not sending.stored()
    assert not sending.uploads()


def test_a_staged_file_that_is_gone_is_an_input_error(tmp_path: Path, sending: Sending) -> None:
    staged = stage(tmp_path, {"a.csv": b"1"})
    staged[0][1].unlink()
    with pytest.raises(InputError, match=r"the staged file 'a\.csv' cannot be read: No such file"):
        sending.put(staged)


def test_an_upload_that_was_left_behind_is_cleared_away_and_others_stay(tmp_path: Path, sending: Sending) -> None:
    for name in ("a.csv", "a.csv", "a.csv.bak"):
        sending.begin(name)
    sending.put(stage(tmp_path, {"a.csv": b"1"}))
    assert sending.uploads() == ["a.csv.bak"]


def test_a_store_that_gives_no_checksum_is_read_back(tmp_path: Path, sending: Sending) -> None:
    forgetful(sending)
    (delivery,) = sending.put(stage(tmp_path, {"a.csv": b"1"}))
    assert ("GetObject", delivery.version) in [(name, p.get("VersionId")) for name, p in sending.requests]


def test_a_store_that_holds_other_bytes_than_were_sent_is_reported(tmp_path: Path, sending: Sending) -> None:
    forgetful(sending)

    def damage(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("VersionId")
        sending.place("a.csv", b"2", Metadata={"geogate-clearance": "1" * 32})

    sending.events.register("after-call.s3.PutObject", damage)
    with pytest.raises(CorruptedError, match=r"other bytes than those sent as 'a\.csv'") as caught:
        sending.put(stage(tmp_path, {"a.csv": b"1"}), nonce="1" * 32)
    assert not caught.value.retryable


def test_a_lost_answer_to_the_put_is_found_to_be_our_own_delivery(tmp_path: Path, sending: Sending) -> None:
    staged = stage(tmp_path, {"a.csv": b"1"})

    def overtake(**_: Any) -> None:
        sending.events.unregister("before-call.s3.PutObject", overtake)
        sending.put(staged)

    sending.events.register("before-call.s3.PutObject", overtake)
    (delivery,) = sending.put(staged)
    assert delivery.version
    assert sending.stored() == {"a.csv": [b"1"]}


def test_what_was_delivered_under_a_clearance_is_found_and_nothing_is_sent(tmp_path: Path, sending: Sending) -> None:
    staged = stage(tmp_path, {"a.csv": b"1", "b.csv": b"2", "c.csv": b"3"})
    sending.place("a.csv", b"1", Metadata={"geogate-clearance": "1" * 32})
    sending.place("b.csv", b"2", Metadata={"geogate-clearance": "2" * 32})
    sending.begin("c.csv")
    clearance = clearance_for(staged, destination=sending.destination, owner=sending.account, nonce="1" * 32)
    found = sending.channel.delivered(clearance=clearance)
    assert [delivery and delivery.uri for delivery in found] == [f"{sending.destination}a.csv", None, None]
    assert not sending.uploads()
    with pytest.raises(OccupiedError):
        sending.put(staged, nonce="1" * 32)
    assert sending.stored() == {"a.csv": [b"1"], "b.csv": [b"2"]}


def forgetful(sending: Sending) -> None:
    """Make the answers to HEAD lack the checksum, as those of older stores do."""

    def forget(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("ChecksumSHA256", None)

    sending.events.register("after-call.s3.HeadObject", forget)


@pytest.mark.parametrize(
    "changes",
    [
        {"destination": "s3://somewhere-else/x/"},
        {"owner": "999999999999"},
        {"owner": ""},
        {"artefact": "0" * 64},
        {"files": ()},
    ],
    ids=["other destination", "other owner", "no owner", "other artefact", "no files"],
)
def test_a_clearance_for_something_else_is_refused_before_anything_is_asked(
    changes: dict[str, Any], tmp_path: Path, sending: Sending
) -> None:
    with pytest.raises(RefusedError, match="clearance"):
        sending.put(stage(tmp_path, {"a.csv": b"1"}), **changes)
    assert not sending.requests


@pytest.mark.parametrize("name", ["../a.csv", "a//b.csv", "/a.csv", "a*.csv", "${x}.csv", "a\nb.csv", "a/./b", " a"])
def test_a_file_name_that_could_lead_elsewhere_is_refused(name: str, tmp_path: Path, sending: Sending) -> None:
    staged = [(FileDigest(name=name, size=1, sha256=Sha256("0" * 64)), tmp_path)]
    with pytest.raises(RefusedError, match="not safe at a destination"):
        sending.put(staged)
    assert not sending.requests


def test_the_channel_takes_its_credentials_from_the_environment(
    as_worker: dict[str, str], tmp_path: Path, sending: Sending, perimeter: Perimeter
) -> None:
    assert as_worker["AWS_ACCESS_KEY_ID"]
    channel = channel_for(sending.destination, settings=releasing(perimeter, sending.destination))
    staged = stage(tmp_path, {"a.csv": b"1"})
    channel.put(staged, clearance=clearance_for(staged, destination=sending.destination, owner=perimeter.account))
    assert sending.stored() == {"a.csv": [b"1"]}


def test_a_channel_is_for_normal_forms_only() -> None:
    with pytest.raises(UsageError, match="normal form"):
        channel_for("s3://bucket/prefix", settings=ChannelSettings())


@pytest.mark.usefixtures("perimeter")
def test_a_bucket_with_more_objects_than_a_page_has_no_inventories_for_that(root_s3: S3Client) -> None:
    bucket = "geogate-many-objects"
    root_s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    before = posture(bucket, session=session_of(ROOT))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: root_s3.put_object(Bucket=bucket, Key=f"{number}"), range(1001)))

    assert posture(bucket, session=session_of(ROOT)) == before
    assert dict(before.traits)["inventories"] == NONE
