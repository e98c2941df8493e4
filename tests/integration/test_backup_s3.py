"""A backup in a bucket of the real S3 server."""

from __future__ import annotations

import boto3
import pytest
from gating.files import stage
from gating.gate import Gate  # noqa: TC002 - a fixture's type

from geogate.gate.backup import back_up
from geogate.gate.reopen import reopen
from geogate.gate.restore import restore
from geogate.model.errors import UsageError
from infra.ministack import ROOT, Ministack

PLACE = "s3://backups-of-a-gate/gate/"


@pytest.fixture
def bucket(s3_server: Ministack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket, and the credentials of whoever may write it."""
    for name, value in s3_server.environment(ROOT).items():
        monkeypatch.setenv(name, value)
    boto3.Session().client("s3").create_bucket(
        Bucket="backups-of-a-gate", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )


@pytest.mark.usefixtures("bucket")
def test_a_backup_in_a_bucket_is_restored_from_there(gate: Gate) -> None:
    gate.send(gate.clear(stage("CSV", gate.staged)))
    first = back_up(PLACE, house=gate.house())
    again = back_up(PLACE, house=gate.house())
    gate.ledger_file.rename(gate.root / "lost.db")
    (gate.home / "staging").rename(gate.root / "lost")
    done = restore(PLACE, house=gate.house())

    assert (first.added, again.added) == (first.manifest.objects, 0)
    assert (done.manifest, done.fetched) == (again.manifest, first.manifest.objects)
    assert reopen(comment="no heads were kept", house=gate.house()).opened
    with pytest.raises(UsageError, match="with the slash at its end"):
        back_up("s3://backups-of-a-gate/gate", house=gate.house())
