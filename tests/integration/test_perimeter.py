"""The perimeter, deployed on a server that evaluates policies: what it refuses to whom, and what it lets through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from integration.fixtures_s3 import session_of

from infra.deploy import Options, PerimeterError, deploy
from infra.ministack import ROOT
from infra.posture import EGRESS, EVERY, EVIDENCE, Missing, Trait, missing_traits

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter
    from infra.ministack import Ministack
    from infra.users import DemoUsers

REPOSITORY = Path(__file__).resolve().parents[2]
NONCE = "0123456789abcdef" * 2


def refused(call: Any, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


@pytest.fixture(scope="module")
def admin_s3(admin_session: boto3.Session) -> S3Client:
    client: S3Client = admin_session.client("s3")
    return client


def releaser(worker: boto3.Session, perimeter: Perimeter, policy: str = "") -> S3Client:
    narrowed: Any = {"Policy": policy} if policy else {}
    keys = worker.client("sts").assume_role(
        RoleArn=perimeter.releaser_role_arn,
        RoleSessionName="test",
        Tags=[{"Key": "clearance", "Value": NONCE}],
        **narrowed,
    )["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    client: S3Client = session.client("s3")
    return client


def test_the_releaser_with_a_clearance_may_write(perimeter: Perimeter, worker_session: boto3.Session) -> None:
    s3 = releaser(worker_session, perimeter)
    s3.put_object(Bucket=perimeter.egress, Key="allowed", Body=b"1", Tagging=f"clearance={NONCE}")
    assert s3.head_object(Bucket=perimeter.egress, Key="allowed")["ContentLength"] == 1


def test_a_copy_by_hand_with_an_administrators_key_is_refused(perimeter: Perimeter, admin_s3: S3Client) -> None:
    admin_s3.put_object(Bucket=perimeter.staging, Key="by-hand", Body=b"1")
    refused(
        admin_s3.copy_object,
        Bucket=perimeter.egress,
        Key="by-hand",
        CopySource={"Bucket": perimeter.staging, "Key": "by-hand"},
    )
    refused(admin_s3.put_object, Bucket=perimeter.egress, Key="by-hand", Body=b"1", Tagging=f"clearance={NONCE}")


def test_an_administrator_cannot_become_the_releaser(perimeter: Perimeter, admin_session: boto3.Session) -> None:
    refused(
        admin_session.client("sts").assume_role,
        RoleArn=perimeter.releaser_role_arn,
        RoleSessionName="test",
        Tags=[{"Key": "clearance", "Value": NONCE}],
    )


def test_an_upload_in_parts_is_refused_to_an_administrator(perimeter: Perimeter, admin_s3: S3Client) -> None:
    refused(admin_s3.create_multipart_upload, Bucket=perimeter.egress, Key="parts")


def test_a_presigned_upload_by_an_administrator_is_refused(perimeter: Perimeter, admin_s3: S3Client) -> None:
    url = admin_s3.generate_presigned_url("put_object", Params={"Bucket": perimeter.egress, "Key": "presigned"})
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(urllib.request.Request(url, data=b"1", method="PUT"))
    caught.value.close()


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_nobody_without_credentials_reads_or_writes(method: str, perimeter: Perimeter, s3_server: Ministack) -> None:
    url = f"{s3_server.endpoint}/{perimeter.egress}/anonymous"
    data = b"1" if method == "PUT" else None
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(urllib.request.Request(url, data=data, method=method))
    caught.value.close()


def test_the_gates_worker_cannot_write_egress_itself(perimeter: Perimeter, worker_session: boto3.Session) -> None:
    refused(worker_session.client("s3").put_object, Bucket=perimeter.egress, Key="worker", Body=b"1")


@pytest.mark.parametrize(
    "tags",
    [
        [],
        [{"Key": "clearance", "Value": "short"}],
        [{"Key": "other", "Value": NONCE}],
        [{"Key": "clearance", "Value": NONCE}, {"Key": "other", "Value": "x"}],
    ],
    ids=["none", "no nonce", "another", "one more"],
)
def test_the_releaser_exists_only_with_a_clearance(
    tags: list[Any], perimeter: Perimeter, worker_session: boto3.Session
) -> None:
    sts = worker_session.client("sts")
    refused(sts.assume_role, RoleArn=perimeter.releaser_role_arn, RoleSessionName="test", Tags=tags)


def test_a_session_for_one_key_cannot_write_a_second(perimeter: Perimeter, worker_session: boto3.Session) -> None:
    allow = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{perimeter.egress}/one"}
    s3 = releaser(worker_session, perimeter, json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    s3.put_object(Bucket=perimeter.egress, Key="one", Body=b"1")
    refused(s3.put_object, Bucket=perimeter.egress, Key="two", Body=b"1")


def test_the_releaser_reads_no_staging_and_deletes_nothing(perimeter: Perimeter, worker_session: boto3.Session) -> None:
    s3 = releaser(worker_session, perimeter)
    s3.put_object(Bucket=perimeter.egress, Key="kept", Body=b"1")
    refused(s3.delete_object, Bucket=perimeter.egress, Key="kept")
    refused(s3.get_object, Bucket=perimeter.staging, Key="anything")


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("put_bucket_website", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}),
        (
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False, "BlockPublicPolicy": False}},
        ),
        ("put_bucket_ownership_controls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        ("put_bucket_acl", {"ACL": "public-read"}),
        (
            "put_bucket_cors",
            {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}},
        ),
        (
            "put_bucket_replication",
            {
                "ReplicationConfiguration": {
                    "Role": "arn:aws:iam::111122223333:role/other",
                    "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}, "Prefix": ""}],
                }
            },
        ),
    ],
)
def test_an_administrator_cannot_open_a_way_out(
    call: str, parameters: dict[str, Any], perimeter: Perimeter, admin_s3: S3Client
) -> None:
    refused(getattr(admin_s3, call), Bucket=perimeter.egress, **parameters)


def test_what_has_no_clearance_tag_is_not_read(
    perimeter: Perimeter, worker_session: boto3.Session, admin_s3: S3Client
) -> None:
    s3 = releaser(worker_session, perimeter)
    s3.put_object(Bucket=perimeter.egress, Key="untagged", Body=b"1")
    refused(admin_s3.get_object, Bucket=perimeter.egress, Key="untagged")
    refused(
        admin_s3.put_object_tagging,
        Bucket=perimeter.egress,
        Key="untagged",
        Tagging={"TagSet": [{"Key": "clearance", "Value": NONCE}]},
    )
    s3.put_object(Bucket=perimeter.egress, Key="tagged", Body=b"1", Tagging=f"clearance={NONCE}")
    assert admin_s3.get_object(Bucket=perimeter.egress, Key="tagged")["Body"].read() == b"1"


def test_a_pipeline_worker_within_its_boundary_writes_staging_only(perimeter: Perimeter, root_s3: S3Client) -> None:
    iam = session_of(ROOT).client("iam")
    iam.create_user(UserName="pipeline", PermissionsBoundary=perimeter.worker_boundary_arn)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="pipeline", PolicyName="everything", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="pipeline")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])
    s3 = session.client("s3")
    s3.put_object(Bucket=perimeter.staging, Key="export.csv", Body=b"1")
    root_s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    refused(s3.put_object, Bucket="elsewhere", Key="export.csv", Body=b"1")
    refused(s3.put_object, Bucket=perimeter.evidence, Key="export.csv", Body=b"1")
    refused(s3.put_bucket_policy, Bucket=perimeter.staging, Policy="{}")
    refused(session.client("iam").create_user, UserName="another")


def test_evidence_cannot_be_deleted_not_even_by_an_administrator(perimeter: Perimeter, admin_s3: S3Client) -> None:
    version = admin_s3.put_object(Bucket=perimeter.evidence, Key="head.json", Body=b"{}")["VersionId"]
    refused(admin_s3.delete_object, Bucket=perimeter.evidence, Key="head.json", VersionId=version)


def test_every_bucket_shows_what_it_must_have(perimeter: Perimeter) -> None:
    session = session_of(ROOT)
    for bucket, traits in (
        (perimeter.staging, EVERY),
        (perimeter.egress, EGRESS),
        (perimeter.evidence, EVIDENCE),
    ):
        assert not missing_traits(session, bucket=bucket, account=perimeter.account, traits=traits)


def test_what_the_server_dropped_from_the_stack_was_applied_and_is_reported(perimeter: Perimeter) -> None:
    assert len(perimeter.completed) == 2
    assert all("applied, because CloudFormation had dropped it" in line for line in perimeter.completed)


def test_a_bucket_that_shows_nothing_has_everything_missing(perimeter: Perimeter, root_s3: S3Client) -> None:
    root_s3.create_bucket(Bucket="bare", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    root_s3.delete_public_access_block(Bucket="bare")
    traits = (Trait.VERSIONING, Trait.NOT_PUBLIC, Trait.POLICY, Trait.PART_EXPIRY, Trait.OBJECT_LOCK)
    missing = missing_traits(session_of(ROOT), bucket="bare", account=perimeter.account, traits=traits)
    assert missing == [Missing(bucket="bare", trait=trait) for trait in traits]


def test_an_egress_policy_that_allows_something_is_not_the_policy(perimeter: Perimeter, root_s3: S3Client) -> None:
    root_s3.create_bucket(Bucket="weakened", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    policy = json.loads(root_s3.get_bucket_policy(Bucket=perimeter.egress)["Policy"])
    arn = "arn:aws:s3:::weakened/*"
    policy["Statement"].append({"Sid": "X", "Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": arn})
    root_s3.delete_public_access_block(Bucket="weakened")
    root_s3.put_bucket_policy(Bucket="weakened", Policy=json.dumps(policy))
    assert missing_traits(session_of(ROOT), bucket="weakened", account=perimeter.account, traits=(Trait.POLICY,))


def test_a_server_that_drops_parts_of_the_stack_is_no_perimeter(perimeter: Perimeter, demo_users: DemoUsers) -> None:
    assert perimeter
    options = Options(broker_arn=demo_users.worker.arn, prefix="second", tls=False)
    with pytest.raises(PerimeterError, match="second-egress-111122223333 has no expiry of abandoned parts"):
        deploy(session_of(ROOT), options)


def test_deploying_again_changes_nothing(perimeter: Perimeter, demo_users: DemoUsers) -> None:
    again = deploy(session_of(ROOT), Options(broker_arn=demo_users.worker.arn, tls=False))
    assert again.egress == perimeter.egress
    assert not again.completed


def test_the_script_deploys_and_keeps_the_keys_to_their_owner(
    perimeter: Perimeter, tmp_path: Path, s3_server: Ministack
) -> None:
    assert perimeter
    keys = tmp_path / "users.json"
    arguments = ["--prefix", "third", "--demo-users", str(keys), "--plain-http", "--complete"]
    done = subprocess.run(
        [sys.executable, "-m", "infra.deploy", *arguments],
        cwd=REPOSITORY,
        env=dict(os.environ) | s3_server.environment(ROOT),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["egress"] == "third-egress-111122223333"
    assert done.stderr.count("CloudFormation had dropped it") == 2
    assert keys.stat().st_mode & 0o777 == 0o600
    assert json.loads(keys.read_text())["worker"]["name"] == "third-worker"


def test_the_template_has_nothing_that_cfn_lint_objects_to() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    template = REPOSITORY / "infra" / "perimeter.yaml"
    done = subprocess.run([program, template], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
