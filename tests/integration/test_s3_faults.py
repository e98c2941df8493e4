"""Stores that are not there, do not let us, or do not say where they are."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from integration.fixtures_s3 import clearance_for, releasing, session_of, stage

from geogate.destinations.channel import ChannelSettings, channel_for
from geogate.destinations.errors import ForbiddenError, MisconfiguredError, UnavailableError
from geogate.destinations.s3 import S3Channel
from geogate.model.parties import Place, Posture
from infra.ministack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from geogate.model.errors import ServiceError
    from infra.deploy import Perimeter
    from infra.keys import Keys

OWNER = "111122223333"


def put(channel: S3Channel, destination: str, folder: Path, owner: str = OWNER) -> None:
    staged = stage(folder, {"a.csv": b"1"})
    channel.put(staged, clearance=clearance_for(staged, destination=destination, owner=owner))


def fault_of(channel: S3Channel, destination: str, folder: Path, kind: type[ServiceError]) -> ServiceError:
    with pytest.raises(kind) as caught:
        put(channel, destination, folder)
    return caught.value


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port of this machine on which nobody listens and nobody can."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_store_that_does_not_answer_may_be_tried_again(
    dead_port: int, as_worker: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_worker
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{dead_port}")
    channel = S3Channel("s3://egress/x/", settings=ChannelSettings())
    error = fault_of(channel, "s3://egress/x/", tmp_path, UnavailableError)
    assert error.retryable
    assert str(error) == "bucket egress: the store does not answer"
    with pytest.raises(UnavailableError, match="does not answer"):
        channel.posture()


def test_a_proxy_that_the_environment_names_does_not_get_the_bytes(
    dead_port: int, perimeter: Perimeter, as_worker: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_worker
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{dead_port}")
    registered = Place(uri=f"s3://{perimeter.egress}/x/", owner=OWNER)
    channel = channel_for(registered.uri, settings=ChannelSettings(), registered=registered)
    assert channel.posture().region == "eu-central-1"


def test_a_bucket_that_does_not_exist_is_not_tried_again(
    perimeter: Perimeter, admin_keys: Keys, tmp_path: Path
) -> None:
    assert perimeter
    channel = S3Channel("s3://no-such-bucket/x/", settings=ChannelSettings(), session=session_of(admin_keys))
    error = fault_of(channel, "s3://no-such-bucket/x/", tmp_path, MisconfiguredError)
    assert not error.retryable
    with pytest.raises(MisconfiguredError, match="the bucket does not exist"):
        channel.posture()


def test_a_bucket_that_refuses_writing_is_not_tried_again(
    perimeter: Perimeter, admin_keys: Keys, root_s3: S3Client, tmp_path: Path
) -> None:
    destination = f"s3://{perimeter.egress}/forbidden/"
    channel = S3Channel(destination, settings=ChannelSettings(), session=session_of(admin_keys))
    error = fault_of(channel, destination, tmp_path, ForbiddenError)
    assert not error.retryable
    assert root_s3.list_objects_v2(Bucket=perimeter.egress, Prefix="forbidden/")["KeyCount"] == 0


def test_a_read_only_bucket_is_not_tried_again(
    perimeter: Perimeter, admin_keys: Keys, root_s3: S3Client, tmp_path: Path
) -> None:
    assert perimeter
    root_s3.create_bucket(Bucket="read-only", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject",'
        '"Resource":"arn:aws:s3:::read-only/*"}]}'
    )
    root_s3.put_bucket_policy(Bucket="read-only", Policy=policy)
    channel = S3Channel("s3://read-only/x/", settings=ChannelSettings(), session=session_of(admin_keys))
    error = fault_of(channel, "s3://read-only/x/", tmp_path, ForbiddenError)
    assert str(error).startswith("bucket read-only: the store answers AccessDenied")


@pytest.mark.parametrize(
    ("key", "secret"), [("AKIAUNKNOWNUNKNOWN00", "x"), ("", "x")], ids=["unknown key", "wrong secret"]
)
def test_credentials_that_the_store_does_not_know_are_not_tried_again(
    key: str, secret: str, perimeter: Perimeter, worker_keys: Keys, tmp_path: Path
) -> None:
    destination = f"s3://{perimeter.egress}/unknown/"
    settings = releasing(perimeter, destination)
    channel = S3Channel(destination, settings=settings, session=boto3.Session(key or worker_keys.id, secret))
    error = fault_of(channel, destination, tmp_path, ForbiddenError)
    assert not error.retryable
    assert "arn:" not in str(error)


def test_no_credentials_at_all_are_reported_as_such(perimeter: Perimeter, tmp_path: Path) -> None:
    destination = f"s3://{perimeter.egress}/none/"
    channel = S3Channel(destination, settings=ChannelSettings())
    assert "there are no credentials for it" in str(fault_of(channel, destination, tmp_path, ForbiddenError))


def test_a_role_that_we_may_not_take_is_not_tried_again(perimeter: Perimeter, admin_keys: Keys, tmp_path: Path) -> None:
    destination = f"s3://{perimeter.egress}/role/"
    settings = releasing(perimeter, destination)
    channel = S3Channel(destination, settings=settings, session=session_of(admin_keys))
    fault_of(channel, destination, tmp_path, ForbiddenError)


@pytest.mark.parametrize(
    ("region", "country"),
    [("ap-east-1", "HK"), ("eu-west-3", "FR"), ("us-gov-west-1", "US"), ("mars-north-1", None)],
)
def test_the_country_is_that_of_the_region_that_the_bucket_names(
    region: Any, country: str | None, perimeter: Perimeter, admin_keys: Keys
) -> None:
    assert perimeter
    bucket = f"bucket-in-{region}"
    there = session_of(ROOT).client("s3", region_name=region)
    there.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    channel = S3Channel(f"s3://{bucket}/", settings=ChannelSettings(), owner=OWNER, session=session_of(admin_keys))
    assert channel.posture() == Posture(region=region, country=country)


@pytest.mark.parametrize(("second", "region"), [("us-east-1", "us-east-1"), ("eu-west-1", "eu-west-1"), (None, None)])
def test_silence_about_the_region_is_not_taken_for_an_answer(
    second: str | None, region: str | None, perimeter: Perimeter, worker_keys: Keys
) -> None:
    session = session_of(worker_keys)

    def silence(parsed: dict[str, Any], **_: Any) -> None:
        parsed["LocationConstraint"] = None

    def say(parsed: dict[str, Any], **_: Any) -> None:
        parsed["BucketRegion"] = second

    session.events.register("after-call.s3.GetBucketLocation", silence)
    session.events.register("after-call.s3.HeadBucket", say)
    channel = S3Channel(f"s3://{perimeter.egress}/x/", settings=ChannelSettings(), session=session)
    assert channel.posture().region == region


@pytest.mark.parametrize(
    "answered",
    [
        (503, "SlowDown", UnavailableError),
        (500, "InternalError", UnavailableError),
        (429, "TooManyRequests", UnavailableError),
        (400, "ExpiredToken", UnavailableError),
        (409, "OperationAborted", UnavailableError),
        (403, "SignatureDoesNotMatch", ForbiddenError),
        (404, "NoSuchBucket", MisconfiguredError),
        (301, "PermanentRedirect", MisconfiguredError),
    ],
)
def test_each_answer_of_the_store_says_whether_trying_again_helps(
    answered: tuple[int, str, type[ServiceError]], perimeter: Perimeter, worker_keys: Keys, tmp_path: Path
) -> None:
    http, code, kind = answered
    session = session_of(worker_keys)

    def answer(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        http_response.status_code = http
        parsed["Error"] = {"Code": code, "Message": "arn:aws:iam::111122223333:user/somebody"}
        parsed["ResponseMetadata"] = {"HTTPStatusCode": http}

    session.events.register("after-call.s3.PutObject", answer)
    destination = f"s3://{perimeter.egress}/answers-{code.lower()}/"
    settings = releasing(perimeter, destination)
    error = fault_of(S3Channel(destination, settings=settings, session=session), destination, tmp_path, kind)
    assert code in str(error)
    assert "somebody" not in str(error)
