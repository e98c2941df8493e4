"""Reads back what the buckets of the perimeter are really like; never trusts that a stack is complete.

Each server that was tried dropped some property of a bucket without a word. What a bucket does not say counts as
missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from types_boto3_s3 import S3Client

ABSENT: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
EGRESS_STATEMENTS: Final = frozenset(
    {
        "DenyWriteUnlessReleaser",
        "DenyWriteWithoutClearance",
        "DenyOtherWaysIn",
        "DenyWaysOut",
        "DenyReadOfUncleared",
    }
)


class Trait(StrEnum):
    """What a bucket of the perimeter must have."""

    VERSIONING = "versioning"
    OWNERSHIP = "bucket owner enforced"
    NOT_PUBLIC = "public access block"
    ENCRYPTION = "default encryption"
    POLICY = "egress policy"
    PART_EXPIRY = "expiry of abandoned parts"
    OBJECT_LOCK = "object lock"


EVERY: Final = (Trait.VERSIONING, Trait.OWNERSHIP, Trait.NOT_PUBLIC, Trait.ENCRYPTION)
EGRESS: Final = (*EVERY, Trait.POLICY, Trait.PART_EXPIRY)
EVIDENCE: Final = (*EVERY, Trait.OBJECT_LOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A trait that a bucket must have and does not show."""

    bucket: str
    trait: Trait

    def __str__(self) -> str:
        return f"{self.bucket} has no {self.trait}"


def missing_traits(session: boto3.Session, *, bucket: str, account: str, traits: tuple[Trait, ...]) -> list[Missing]:
    """Ask the bucket for each trait and return those that it does not show.

    Raises: ClientError when a question is not answered at all.
    """
    s3: S3Client = session.client("s3")
    return [Missing(bucket=bucket, trait=trait) for trait in traits if not _has(s3, bucket, account, trait)]


def _has(s3: S3Client, bucket: str, account: str, trait: Trait) -> bool:
    try:
        return bool(_CHECKS[trait](s3, {"Bucket": bucket, "ExpectedBucketOwner": account}))
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return False
        raise
    except (KeyError, IndexError):
        return False  # the answer lacks the field: unknown is not good


def _versioning(s3: S3Client, where: Any) -> bool:
    return s3.get_bucket_versioning(**where)["Status"] == "Enabled"


def _ownership(s3: S3Client, where: Any) -> bool:
    rules = s3.get_bucket_ownership_controls(**where)["OwnershipControls"]["Rules"]
    return [rule["ObjectOwnership"] for rule in rules] == ["BucketOwnerEnforced"]


def _not_public(s3: S3Client, where: Any) -> bool:
    block = s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"]
    flags = (
        block["BlockPublicAcls"],
        block["BlockPublicPolicy"],
        block["IgnorePublicAcls"],
        block["RestrictPublicBuckets"],
    )
    return all(flag is True for flag in flags)


def _encryption(s3: S3Client, where: Any) -> bool:
    rules = s3.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"]["Rules"]
    return rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms", "aws:kms:dsse"}


def _policy(s3: S3Client, where: Any) -> bool:
    statements = json.loads(s3.get_bucket_policy(**where)["Policy"])["Statement"]
    denies = {statement["Sid"] for statement in statements if statement["Effect"] == "Deny"}
    return denies >= EGRESS_STATEMENTS and all(statement["Effect"] == "Deny" for statement in statements)


def _part_expiry(s3: S3Client, where: Any) -> bool:
    rules = s3.get_bucket_lifecycle_configuration(**where)["Rules"]
    return any(rule["Status"] == "Enabled" and "AbortIncompleteMultipartUpload" in rule for rule in rules)


def _object_lock(s3: S3Client, where: Any) -> bool:
    lock = s3.get_object_lock_configuration(**where)["ObjectLockConfiguration"]
    return lock["ObjectLockEnabled"] == "Enabled" and lock["Rule"]["DefaultRetention"]["Mode"] == "COMPLIANCE"


_CHECKS: Final[dict[Trait, Callable[[S3Client, Any], bool]]] = {
    Trait.VERSIONING: _versioning,
    Trait.OWNERSHIP: _ownership,
    Trait.NOT_PUBLIC: _not_public,
    Trait.ENCRYPTION: _encryption,
    Trait.POLICY: _policy,
    Trait.PART_EXPIRY: _part_expiry,
    Trait.OBJECT_LOCK: _object_lock,
}
