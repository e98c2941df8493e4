"""What the template refuses and this server does not evaluate: no attack is counted for it, and this says so.

For each, the statement of the policy as it was read back from the server, and what AWS is documented to do with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attack.field import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """A protection that could only be read."""

    name: str
    statement: str
    has: str
    """What the statement must have: a condition key or an action that the server does not know."""


UNPROVED = (
    Unproved(name="releaser overwrites an object", statement="DenyOverwrite", has="s3:if-none-match"),
    Unproved(name="releaser hands out a presigned URL", statement="DenyHandedOutWrites", has="s3:authType"),
    Unproved(
        name="releaser writes with a key of its own",
        statement="DenyOtherKey",
        has="s3:x-amz-server-side-encryption-aws-kms-key-id",
    ),
    Unproved(
        name="releaser encrypts for somebody else (SSE-C)",
        statement="DenyCustomerKey",
        has="s3:x-amz-server-side-encryption-customer-algorithm",
    ),
    Unproved(
        name="administrator has tables of metadata written",
        statement="DenyWaysOut",
        has="s3:CreateBucketMetadataTableConfiguration",
    ),
    Unproved(name="other account reads or writes", statement="DenyOtherAccounts", has="aws:PrincipalIsAWSService"),
    Unproved(
        name="administrator has an inventory written", statement="DenyWaysOut", has="s3:PutInventoryConfiguration"
    ),
    Unproved(name="administrator has analytics written", statement="DenyWaysOut", has="s3:PutAnalyticsConfiguration"),
)
ALSO = (
    "a write without the key's leave: this server does not ask a key's policy on S3 writes",
    "a session whose tag goes on to further sessions: this server has no sts:TransitiveTagKeys",
    "plain http and TLS before 1.2: statements that are left out on loopback",
)


def present(field: Field, unproved: Unproved) -> bool:
    """Say whether the policy in force has the statement with its condition."""
    policy = json.loads(field.root_s3.get_bucket_policy(Bucket=field.egress)["Policy"])
    found = [each for each in policy["Statement"] if each.get("Sid") == unproved.statement]
    return len(found) == 1 and found[0]["Effect"] == "Deny" and f'"{unproved.has}"' in json.dumps(found[0])
