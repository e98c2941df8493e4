"""A feed from one bucket to another, through the perimeter of a real S3 server, and its ledger in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gating.feed import Feeding, csv, points
from gating.gate import sha256

from geogate.gate.feed_ledger import StoppedError
from geogate.gate.feed_waiting import copied, look
from geogate.gate.home import initialise
from geogate.gate.place import place_of
from geogate.model.errors import InputError, ServiceError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate
    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter

pytestmark = pytest.mark.usefixtures("as_worker")


@pytest.fixture
def feeding(gate: Gate, perimeter: Perimeter, root_s3: S3Client, request: pytest.FixtureRequest) -> Feeding:
    del root_s3
    prefix = f"feed-{sha256(request.node.name.encode())[:12]}"
    to = f"s3://{perimeter.egress}/{prefix}/"
    gate.policies.write_recipients({"uri": to, "owner": perimeter.account})
    gate.settings["GEOGATE_RELEASER_ROLE"] = perimeter.releaser_role_arn
    return Feeding(gate, source=f"s3://{perimeter.staging}/{prefix}/", finished="atomic").declare(destination=to)


def put(feeding: Feeding, number: int, text: str, client: S3Client) -> None:
    bucket, _, prefix = feeding.source.removeprefix("s3://").partition("/")
    client.put_object(Bucket=bucket, Key=f"{prefix}fleet-{number}.csv", Body=text.encode())


def arrived(feeding: Feeding, perimeter: Perimeter, client: S3Client) -> list[str]:
    prefix = feeding.source.split("/")[-2]
    found = client.list_objects_v2(Bucket=perimeter.egress, Prefix=prefix).get("Contents", [])
    return sorted(each["Key"].rpartition("/")[2] for each in found)


def test_batches_go_from_bucket_to_bucket_until_one_may_not(
    feeding: Feeding, perimeter: Perimeter, root_s3: S3Client, empty_url: str
) -> None:
    feeding.gate.settings["GEOGATE_LEDGER"] = empty_url
    assert list(initialise(feeding.gate.house().settings))
    for number in (1, 2, 4):
        put(feeding, number, csv(points(4, start=number * 10)), root_s3)
    put(feeding, 3, csv([{"lon": 20.5, "lat": 20.5}]), root_s3)
    ran = feeding.run()
    assert (ran.sent, ran.last.number, ran.decision) == (2, 3, Decision.DENY)
    with pytest.raises(StoppedError):
        feeding.anew("remo")
    feeding.resume(3)
    assert feeding.anew().sent == 1
    assert arrived(feeding, perimeter, root_s3) == ["fleet-1.csv", "fleet-2.csv", "fleet-4.csv"]
    feeding.gate.require_whole_ledger()


def test_an_object_that_was_replaced_after_the_listing_is_not_read(
    feeding: Feeding, root_s3: S3Client, tmp_path: Path
) -> None:
    feed = place_of(feeding.gate.house()).feed("fleet")
    put(feeding, 1, "lon,lat\n8.1,47.1\n", root_s3)
    waiting = look(feed, 1, now=feeding.gate.house().clock()).waiting
    assert waiting is not None
    put(feeding, 1, "lon,lat\n9.1,47.1\n", root_s3)
    with pytest.raises(InputError, match="changed after it was listed"), copied(feed, waiting, scratch=tmp_path):
        pass


def test_a_bucket_that_is_not_there_is_a_service_that_is_down(feeding: Feeding) -> None:
    feeding.source = "s3://there-is-no-such-bucket/feed/"
    feeding.declare()
    with pytest.raises((ServiceError, InputError), match=r".+"):
        feeding.run()
    assert not feeding.gate.requests()
