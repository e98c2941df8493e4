"""Clients for S3: with the ambient credentials, or as the releaser with one clearance and exactly its keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config

from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import boto3
    from types_boto3_s3 import S3Client

    from geogate.model.names import Nonce

CONFIG: Final = Config(
    connect_timeout=3,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 3},
    proxies={},  # cleared bytes do not go through whatever HTTP_PROXY names
    user_agent_extra="geogate",
)
FALLBACK_REGION: Final = "us-east-1"
SESSION_SECONDS: Final = 3600
POLICY_LENGTH: Final = 2048
"""Source: AWS STS API reference, AssumeRole, the plain text limit of Policy."""

OBJECT_ACTIONS: Final = (
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:AbortMultipartUpload",
)
BUCKET_ACTIONS: Final = ("s3:ListBucket", "s3:ListBucketMultipartUploads")


def ambient(session: boto3.Session) -> S3Client:
    """Return a client with the credentials of the surroundings."""
    client: S3Client = session.client("s3", region_name=_region(session), config=CONFIG)
    return client


def releasers(
    session: boto3.Session, *, role: str, nonce: Nonce, bucket: str, keys: Sequence[str]
) -> dict[str, S3Client]:
    """Become the releaser for one clearance and return for each key a client that may write it, and no key besides.

    A session's policy has 2,048 characters, so that many keys need more than one session.

    Raises: UsageError when a single key is too long for a policy; botocore's errors.
    """
    clients: dict[str, S3Client] = {}
    for policy, named in _policies(role.split(":")[1], bucket, keys):
        client = _assumed(session, role, nonce, policy)
        clients |= dict.fromkeys(named, client)
    return clients


def _region(session: boto3.Session) -> str:
    return str(session.region_name or FALLBACK_REGION)


def _assumed(session: boto3.Session, role: str, nonce: Nonce, policy: str) -> S3Client:
    sts = session.client("sts", region_name=_region(session), config=CONFIG)
    answer = sts.assume_role(
        RoleArn=role,
        RoleSessionName=f"geogate-{nonce}",
        DurationSeconds=SESSION_SECONDS,
        Tags=[{"Key": "clearance", "Value": nonce}],
        Policy=policy,
    )
    keys = answer["Credentials"]
    client: S3Client = session.client(
        "s3",
        region_name=_region(session),
        config=CONFIG,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    return client


def _policies(partition: str, bucket: str, keys: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Cut the keys into runs whose policies are short enough."""
    run: list[str] = []
    for key in keys:
        if run and len(_policy(partition, bucket, [*run, key])) > POLICY_LENGTH:
            yield _policy(partition, bucket, run), run
            run = []
        run = [*run, key]
        if len(_policy(partition, bucket, run)) > POLICY_LENGTH:
            raise UsageError("a file name is too long for a session policy")
    yield _policy(partition, bucket, run), run


def _policy(partition: str, bucket: str, keys: list[str]) -> str:
    arn = f"arn:{partition}:s3:::{bucket}"
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": OBJECT_ACTIONS, "Resource": [f"{arn}/{key}" for key in keys]},
        {"Effect": "Allow", "Action": BUCKET_ACTIONS, "Resource": arn},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
