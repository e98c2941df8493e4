"""Whether an object of a bucket is the one that was sent, by what the store says of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import boto3
import pytest

from geogate.destinations.s3_store import Found, S3Object, base64_of
from geogate.model.dataset import FileDigest
from geogate.model.names import Nonce, Sha256

OWN, OTHER = (Sha256(hashlib.sha256(content).hexdigest()) for content in (b"1", b"2"))
NONCE = Nonce("1" * 32)
SENT = Found(size=1, checksum=base64_of(OWN), version="", clearance=NONCE)


@pytest.fixture
def target() -> S3Object:
    """An object that nobody asks for: the store has said all that is needed."""
    client = boto3.client("s3", region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
    digest = FileDigest(name="a.csv", size=1, sha256=OWN)
    return S3Object(client_of=lambda: client, bucket="b" * 8, owner="1" * 12, key="a.csv", nonce=NONCE, digest=digest)


def test_our_bytes_under_our_clearance_are_ours(target: S3Object) -> None:
    assert target.holds(SENT)


@pytest.mark.parametrize(
    "found",
    [
        replace(SENT, checksum=base64_of(OTHER)),
        replace(SENT, size=2),
        replace(SENT, clearance="2" * 32),
        replace(SENT, clearance=""),
    ],
)
def test_other_bytes_or_those_of_another_clearance_are_not(target: S3Object, found: Found) -> None:
    assert not target.holds(found)


def test_the_checksum_of_our_own_parts_is_ours(target: S3Object) -> None:
    assert target.holds(replace(SENT, checksum="abc-2"), composite="abc-2")
