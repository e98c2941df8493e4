"""Clients for S3: with the ambient credentials, or as the releaser with one clearance and exactly one of its keys."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from geogate.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from geogate.destinations.leave import Broker

CONFIG: Final = Config(
    connect_timeout=3,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 3},
    proxies={},  # cleared bytes do not go through whatever HTTP_PROXY names
    user_agent_extra="geogate",
)
FALLBACK_REGION: Final = "us-east-1"
SESSION_SECONDS: Final = 3600
SHORTEST_SECONDS: Final = 900
"""Source: AWS STS API reference, AssumeRole, the least DurationSeconds; the session's policy ends writing before."""

RENEWED_SECONDS: Final = 300
"""A session with less left than this is not used for another request."""

POLICY_LENGTH: Final = 2048
"""Source: AWS STS API reference, AssumeRole, the plain text limit of Policy."""

WRITING: Final = ("s3:PutObject", "s3:PutObjectTagging")
LOOKING: Final = ("s3:GetObject", "s3:GetObjectVersion", "s3:AbortMultipartUpload")
KEY_ACTIONS: Final = ("kms:GenerateDataKey", "kms:Decrypt")
THROUGH_S3: Final = {"StringLike": {"kms:ViaService": "s3.*"}}
BUCKET_ACTIONS: Final = ("s3:ListBucket", "s3:ListBucketMultipartUploads")


def opened() -> boto3.Session:
    """Open a session with the credentials of the surroundings as they are now.

    What boto3 reads of its services from the disk, which takes longer than all that a small sending asks, is shared by
    the sessions of a process.
    """
    core = botocore.session.Session()
    loader = _loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", loader)
    session = boto3.Session(botocore_session=core)
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)  # each session adds the same folder to them
    return session


@cache
def _loader(data_path: str | None) -> Loader:
    return create_loader(data_path)


def ambient(session: boto3.Session) -> S3Client:
    """Return a client with the credentials of the surroundings."""
    client: S3Client = session.client("s3", region_name=_region(session), config=CONFIG)
    return client


@dataclass(slots=True, kw_only=True)
class Releaser:
    """The releaser for one object: a session of its own, which is made when it is needed and again when it ends."""

    session: boto3.Session
    role: str
    broker: Broker | None
    bucket: str
    key: str
    _client: S3Client | None = field(default=None, init=False)
    _ends: float = field(default=0.0, init=False)

    def client(self) -> S3Client:
        """Return a client that may write this object and nothing else.

        Raises: RefusedError when the broker allows none, UsageError when the key is too long; botocore's errors.
        """
        if self._client is None or time.monotonic() > self._ends - RENEWED_SECONDS:
            self._client, seconds = self._assumed()
            self._ends = time.monotonic() + seconds
        return self._client

    def _assumed(self) -> tuple[S3Client, int]:
        if self.broker is None:
            raise RefusedError("nobody has verified the clearance and claimed it", hint="send with geogate send")
        # 1. The broker verifies the clearance and its claim in the ledger; what it refuses has no session.
        leave = self.broker.leave(f"s3://{self.bucket}/{self.key}")
        policy = session_policy(self.role.split(":")[1], self.bucket, self.key, writes_until=leave.writes_until)
        seconds = _seconds(leave.writes_until)
        # 2. The session names the clearance in its tag, and has this one key.
        region = _region(self.session)
        sts = self.session.client("sts", region_name=region, config=CONFIG)
        keys = sts.assume_role(
            RoleArn=self.role,
            RoleSessionName=f"geogate-{leave.nonce}",
            DurationSeconds=seconds,
            Tags=[{"Key": "clearance", "Value": leave.nonce}],
            Policy=policy,
        )["Credentials"]
        client: S3Client = self.session.client(
            "s3",
            region_name=region,
            config=CONFIG,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        return client, seconds


def session_policy(partition: str, bucket: str, key: str, *, writes_until: datetime | None) -> str:
    """Write the policy of a session for one object; without ``writes_until`` it may only look.

    Raises: UsageError when the key is too long for a policy.
    """
    arn = f"arn:{partition}:s3:::{bucket}"
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": LOOKING, "Resource": f"{arn}/{key}"},
        {"Effect": "Allow", "Action": BUCKET_ACTIONS, "Resource": arn},
        # The key of the bucket, which lets in only whom its own policy names.
        {"Effect": "Allow", "Action": KEY_ACTIONS, "Resource": "*", "Condition": THROUGH_S3},
    ]
    if writes_until is not None:
        ends = {"DateLessThan": {"aws:CurrentTime": f"{writes_until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}}
        statements.append({"Effect": "Allow", "Action": WRITING, "Resource": f"{arn}/{key}", "Condition": ends})
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    if len(policy) > POLICY_LENGTH:
        raise UsageError("a file name is too long for a session policy")
    return policy


def _region(session: boto3.Session) -> str:
    return str(session.region_name or FALLBACK_REGION)


def _seconds(until: datetime | None) -> int:
    """Return how long a session lasts: no longer than it may write, as far as the service allows."""
    left = SESSION_SECONDS if until is None else int((until - datetime.now(UTC)).total_seconds())
    return max(SHORTEST_SECONDS, min(SESSION_SECONDS, left))
