"""The two users of the demonstration: an ordinary administrator, and the one under which the gate runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.keys import Keys

if TYPE_CHECKING:
    import boto3

EVERYTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An IAM user with one access key."""

    arn: str
    name: str
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUsers:
    """Who appears in the demonstration."""

    administrator: User
    worker: User


def create_demo_users(session: boto3.Session, *, prefix: str) -> DemoUsers:
    """Create the administrator, who may do everything, and the gate's worker, who may do nothing yet.

    Raises: ClientError when one exists already: its secret key cannot be read again.
    """
    administrator = create_user(session, f"{prefix}-administrator")
    session.client("iam").put_user_policy(
        UserName=administrator.name, PolicyName="everything", PolicyDocument=EVERYTHING
    )
    return DemoUsers(administrator=administrator, worker=create_user(session, f"{prefix}-worker"))


def create_user(session: boto3.Session, name: str) -> User:
    """Create a user with an access key and without any permission."""
    iam = session.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return User(arn=arn, name=name, keys=Keys(id=key["AccessKeyId"], secret=key["SecretAccessKey"]))
