"""The perimeter as it is: each question to S3, IAM and KMS by itself, so that one without an answer hides no other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from geogate.destinations.s3_errors import code_of
from geogate.destinations.s3_questions import heeded, lists_objects
from geogate.destinations.s3_session import CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

ABSENT: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchCORSConfiguration",
        "NoSuchEntity",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchWebsiteConfiguration",
        "NotFoundException",
        "ObjectLockConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""The words by which a service says that there is none; any other error is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A question that was not answered, with the service's word for why."""

    why: str


class Found:
    """What the services say of one perimeter; each method gives a value, ``None`` for none, or ``Unanswered``."""

    def __init__(self, session: boto3.Session, *, account: str, loopback: bool) -> None:
        self._s3: Any = heeded(session.client("s3", config=CONFIG))
        self._iam: Any = session.client("iam", config=CONFIG)
        self._kms: Any = session.client("kms", config=CONFIG)
        self._account = account
        self._control: Any = session.client("s3control", config=CONFIG)
        if loopback:
            self._control.meta.events.register("before-sign.s3-control", self._address)

    def bucket(self, name: str) -> dict[str, Any]:
        """Ask everything that the wanted perimeter says of a bucket, or that must not be there."""
        s3, where = self._s3, {"Bucket": name, "ExpectedBucketOwner": self._account}
        asked: dict[str, Callable[[], Any]] = {
            "region": lambda: s3.get_bucket_location(**where)["LocationConstraint"] or "us-east-1",
            "versioning": lambda: s3.get_bucket_versioning(**where)["Status"],
            "ownership": lambda: _each(
                s3.get_bucket_ownership_controls(**where)["OwnershipControls"]["Rules"], "ObjectOwnership"
            ),
            "public access block": lambda: s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"],
            "encryption": lambda: _encryption(s3.get_bucket_encryption(**where)),
            "lifecycle": lambda: _lifecycle(s3.get_bucket_lifecycle_configuration(**where)["Rules"]),
            "object lock": lambda: _lock(s3.get_object_lock_configuration(**where)["ObjectLockConfiguration"]),
            "policy": lambda: json.loads(s3.get_bucket_policy(**where)["Policy"]),
            "public": lambda: s3.get_bucket_policy_status(**where)["PolicyStatus"]["IsPublic"],
            "grants": lambda: _others(s3.get_bucket_acl(**where)),
            "website": lambda: _filled(s3.get_bucket_website(**where)),
            "replication": lambda: _filled(s3.get_bucket_replication(**where)["ReplicationConfiguration"]),
            "cors": lambda: s3.get_bucket_cors(**where)["CORSRules"],
            "logging": lambda: s3.get_bucket_logging(**where).get("LoggingEnabled"),
            "notifications": lambda: _filled(s3.get_bucket_notification_configuration(**where)) or None,
            "inventories": lambda: _listed(
                s3.list_bucket_inventory_configurations(**where), "InventoryConfigurationList"
            ),
            "analytics": lambda: _listed(
                s3.list_bucket_analytics_configurations(**where), "AnalyticsConfigurationList"
            ),
            "acceleration": lambda: _enabled(s3.get_bucket_accelerate_configuration(**where).get("Status")),
            "access points": lambda: self._access_points(name),
        }
        return {trait: _asked(question) for trait, question in asked.items()}

    def role(self, name: str) -> dict[str, Any]:
        """Ask who may become a role, and what it may do then."""
        return {
            "trust": _asked(lambda: self._role(name)["AssumeRolePolicyDocument"]),
            "boundary": _asked(lambda: self._role(name).get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")),
            "longest session": _asked(lambda: self._role(name)["MaxSessionDuration"]),
            "attached policies": _asked(
                lambda: sorted(
                    _each(self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], "PolicyArn")
                )
            ),
            "own policies": _asked(lambda: self._own_policies(name)),
        }

    def policy(self, arn: str) -> dict[str, Any]:
        """Ask for the version of a managed policy that is in force."""

        def document() -> Any:
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            return self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

        return {"policy": _asked(document)}

    def key(self, alias: str) -> dict[str, Any]:
        """Ask for a key by its alias, and what it is used for."""
        arn = _asked(lambda: self.key_arn(alias))
        if not isinstance(arn, str):
            return dict.fromkeys(("state", "rotation", "policy", "grants"), arn)
        kms = self._kms
        return {
            "state": _asked(lambda: kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]),
            "rotation": _asked(lambda: kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]),
            "policy": _asked(lambda: json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])),
            "grants": _asked(lambda: len(kms.list_grants(KeyId=arn)["Grants"])),
        }

    def key_arn(self, alias: str) -> str:
        """Return the ARN of the key that an alias stands for; raises botocore's errors."""
        return str(self._kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])

    def _address(self, request: Any, **_: Any) -> None:
        """Write the address of a server on loopback, which has no host name of its own for each account."""
        request.url = request.url.replace(f"//{self._account}.", "//", 1)

    def _role(self, name: str) -> Any:
        return self._iam.get_role(RoleName=name)["Role"]

    def _own_policies(self, name: str) -> dict[str, Any]:
        names = self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        return {
            each: self._iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in sorted(names)
        }

    def _access_points(self, bucket: str) -> list[str] | None:
        answer = self._control.list_access_points(AccountId=self._account, Bucket=bucket)
        return _each(answer["AccessPointList"], "Name") or None


def _asked(question: Callable[[], Any]) -> Any:
    """Ask; an answer that lacks its field is none, and neither is an error that does not say that there is none."""
    try:
        return question()
    except ClientError as error:
        return None if code_of(error) in ABSENT else Unanswered(why=code_of(error) or "error")
    except (KeyError, IndexError, TypeError, ValueError):
        return Unanswered(why="the answer lacks it")


def _each(rows: Any, key: str) -> list[str]:
    return [row[key] for row in rows]


def _filled(answer: Any) -> Any:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _listed(answer: Any, key: str) -> Any:
    """Give a list that an answer leaves out when it is empty; an answer says in any case whether there is more."""
    if lists_objects(answer):
        return None
    if answer["IsTruncated"] is not False:
        raise ValueError("there is more")
    return answer.get(key) or None


def _enabled(said: str | None) -> str | None:
    return None if said == "Suspended" else said


def _encryption(answer: Any) -> Any:
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return [
        {
            "SSEAlgorithm": rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
            "KMSMasterKeyID": rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", ""),
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in rules
    ]


def _lifecycle(rules: Any) -> Any:
    """Say after how many days abandoned parts go; any other thing that a rule does, or only for some, is named."""
    return sorted(json.dumps(_does(rule), default=str) for rule in rules if rule["Status"] == "Enabled")


def _does(rule: Any) -> Any:
    everything: tuple[Any, ...] = ({}, {"Prefix": ""}, "")
    does = {key: value for key, value in rule.items() if key not in {"ID", "Status"}}
    return {key: value for key, value in does.items() if key not in {"Filter", "Prefix"} or value not in everything}


def _lock(answer: Any) -> Any:
    kept = answer["Rule"]["DefaultRetention"]
    return [answer["ObjectLockEnabled"], kept["Mode"], kept["Days"]]


def _others(answer: Any) -> Any:
    """Count the grants to anybody but the owner."""
    owner = answer["Owner"]["ID"]
    return sum(1 for grant in answer["Grants"] if grant["Grantee"].get("ID") != owner) or None
