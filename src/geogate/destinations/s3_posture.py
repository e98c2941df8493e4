"""The posture of a bucket: each question by itself, so that one without an answer hides no other.

What a bucket does not answer, or answers with nothing where something must stand, is unknown and never harmless: real
servers answer some of these questions with an empty document.
"""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from geogate.destinations.aws_regions import country_of
from geogate.destinations.channel import OWNER
from geogate.destinations.place_posture import PlacePosture
from geogate.destinations.s3_errors import PASSING, code_of, http_of, translated
from geogate.destinations.s3_questions import heeded, lists_objects
from geogate.destinations.s3_session import CONFIG, FALLBACK_REGION
from geogate.model.document import canonical_json
from geogate.model.openings import NONE

if TYPE_CHECKING:
    from collections.abc import Callable

ABSENT: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchCORSConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchWebsiteConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""The words by which S3 says that there is none; any other error is no answer."""

_LATER: Final = frozenset(
    {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
)
EVERYBODY: Final = "http://acs.amazonaws.com/groups/"


def posture(bucket: str, *, owner: str = "", session: boto3.Session | None = None) -> PlacePosture:
    """Ask a bucket what it is like; ``owner`` is the account that must own it.

    Raises: ServiceError when the bucket does not answer at all.
    """
    asking = _Asking(bucket, owner=owner, session=session or boto3.Session())
    with translated(f"bucket {bucket}"):
        region = asking.region()
        traits = {"region": region, "country": None if region is None else country_of(region)}
        traits |= {name: _asked(question) for name, question in asking.questions().items()}
    return PlacePosture(place=f"s3://{bucket}/", traits=tuple(sorted(traits.items())))


class _Asking:
    def __init__(self, bucket: str, *, owner: str, session: boto3.Session) -> None:
        region = str(session.region_name or FALLBACK_REGION)
        self._session = session
        self._region = region
        self._s3: Any = heeded(session.client("s3", region_name=region, config=CONFIG))
        self._owner = owner if OWNER.fullmatch(owner) else ""
        self._bucket = bucket
        self._where: Any = {"Bucket": bucket} | ({"ExpectedBucketOwner": self._owner} if self._owner else {})

    def region(self) -> str | None:
        """Ask for the region, which has to be there."""
        return _region(self._s3, self._where)

    def questions(self) -> dict[str, Callable[[], str | None]]:
        """Everything that is asked, by the name of the trait."""
        s3, where = self._s3, self._where
        return {
            "access list": lambda: _grants(s3.get_bucket_acl(**where)),
            "access points": self._access_points,
            "default encryption": lambda: _encryption(s3.get_bucket_encryption(**where)),
            "inventories": lambda: _inventories(s3.list_bucket_inventory_configurations(**where)),
            "notifications": lambda: _notifications(s3.get_bucket_notification_configuration(**where)),
            "object lock": lambda: _lock(s3.get_object_lock_configuration(**where)["ObjectLockConfiguration"]),
            "object ownership": lambda: _joined(
                rule["ObjectOwnership"]
                for rule in s3.get_bucket_ownership_controls(**where)["OwnershipControls"]["Rules"]
            ),
            "owner": lambda: _digest(s3.get_bucket_acl(**where)["Owner"]["ID"]),
            "policy": lambda: _digest(json.loads(s3.get_bucket_policy(**where)["Policy"])),
            "public access block": lambda: _block(
                s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"]
            ),
            "public by policy": self._public,
            "replication": self._replication,
            "versioning": lambda: str(s3.get_bucket_versioning(**where).get("Status", "never switched on")),
            "website": lambda: "there is one" if _filled(s3.get_bucket_website(**where)) else None,
        }

    def _public(self) -> str | None:
        """Ask whether the policy opens the bucket; where there is no policy, or only names others, it does not."""
        try:
            public = self._s3.get_bucket_policy_status(**self._where)["PolicyStatus"]["IsPublic"]
        except (ClientError, KeyError, TypeError):
            public = None
        if public is None:
            try:
                policy = json.loads(self._s3.get_bucket_policy(**self._where)["Policy"])
            except ClientError as error:
                return NONE if code_of(error) == "NoSuchBucketPolicy" else None
            return NONE if _names_whom_it_allows(policy) else None
        return "public" if public else NONE

    def _replication(self) -> str | None:
        """Name the targets with their regions and countries; a target whose region nobody says has none."""
        rules = self._s3.get_bucket_replication(**self._where)["ReplicationConfiguration"]["Rules"]
        return _joined({self._target(rule["Destination"]["Bucket"]) for rule in rules if rule["Status"] == "Enabled"})

    def _target(self, arn: str) -> str:
        bucket = arn.rpartition(":")[2]
        try:
            region = _region(self._s3, {"Bucket": bucket})
        except (ClientError, BotoCoreError):
            region = None
        country = country_of(region) if region else None
        return f"{bucket} in {region or 'an unknown region'} ({country or 'of an unknown country'})"

    def _access_points(self) -> str | None:
        if not self._owner:
            return None
        control: Any = self._session.client("s3control", region_name=self._region, config=CONFIG)
        host = urlsplit(str(control.meta.endpoint_url)).hostname or ""
        if host.replace(".", "").isdigit() or host == "localhost":
            # A server without host names has none for each account either.
            control.meta.events.register("before-sign.s3-control", self._address)
        names, more = list[str](), dict[str, str]()
        while True:
            page = control.list_access_points(AccountId=self._owner, Bucket=self._bucket, **more)
            names += [point["Name"] for point in page["AccessPointList"]]
            if not page.get("NextToken"):
                break
            more = {"NextToken": page["NextToken"]}
        return _joined(names)

    def _address(self, request: Any, **_: Any) -> None:
        request.url = request.url.replace(f"//{self._owner}.", "//", 1)


def _region(client: Any, where: Any) -> str | None:
    """Ask twice where the first answer is silence, as the channel does."""
    location: str | None = client.get_bucket_location(**where).get("LocationConstraint")
    if location == "EU":
        return "eu-west-1"
    return location or client.head_bucket(**where).get("BucketRegion") or None


def _asked(question: Callable[[], str | None]) -> str | None:
    """Ask; an answer that lacks its field is none, and neither is a refusal to answer.

    Raises: ClientError, BotoCoreError where the store may answer in a while.
    """
    try:
        return question()
    except ClientError as error:
        if code_of(error) in PASSING or http_of(error) in _LATER:
            raise
        return NONE if code_of(error) in ABSENT else None
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _joined(values: Any) -> str:
    return ", ".join(sorted(values)) or NONE


def _digest(document: Any) -> str:
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()[:32]


def _filled(answer: Any) -> bool:
    return any(key != "ResponseMetadata" for key in answer)


def _grants(answer: Any) -> str:
    """Name the rights of anybody but the owner; a person is not named."""
    owner = answer["Owner"]["ID"]
    others = [grant for grant in answer["Grants"] if grant["Grantee"].get("ID") != owner]
    return _joined({f"{grant['Permission']} to {_whom(grant['Grantee'])}" for grant in others})


def _whom(grantee: Any) -> str:
    uri = str(grantee.get("URI", ""))
    return uri.removeprefix(EVERYBODY) if uri else "another account"


def _names_whom_it_allows(policy: Any) -> bool:
    """Say that each permission of a bucket's policy is for somebody with a name; one for all may have conditions."""
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return all(each["Effect"] == "Deny" or _is_named(each.get("Principal")) for each in statements)


def _is_named(principal: Any) -> bool:
    if not isinstance(principal, dict) or not principal:
        return False
    listed = [one for each in principal.values() for one in (each if isinstance(each, list) else [each])]
    return bool(listed) and all(isinstance(one, str) and one and "*" not in one for one in listed)


def _block(answer: Any) -> str:
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return _joined(f"{name} {'on' if answer[name] is True else 'off'}" for name in names)


def _encryption(answer: Any) -> str:
    rules = [
        rule["ApplyServerSideEncryptionByDefault"] for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]
    ]
    keys = [f"{rule['SSEAlgorithm']} {rule.get('KMSMasterKeyID', '').rpartition(':')[2]}".strip() for rule in rules]
    return _joined(keys)


def _lock(answer: Any) -> str:
    kept = answer.get("Rule", {}).get("DefaultRetention", {})
    often = f"{kept.get('Days', 0)} days, {kept.get('Years', 0)} years"
    return f"{answer['ObjectLockEnabled']}, {kept.get('Mode', 'no mode')}, {often}"


def _inventories(answer: Any) -> str | None:
    if lists_objects(answer):
        return NONE
    if answer["IsTruncated"] is not False:
        return None
    found = answer.get("InventoryConfigurationList") or []
    return _joined(each["Destination"]["S3BucketDestination"]["Bucket"].rpartition(":")[2] for each in found)


def _notifications(answer: Any) -> str:
    kinds = {key: value for key, value in answer.items() if key != "ResponseMetadata" and value not in ([], {})}
    return _joined(f"{key} {_digest(value)[:12]}" for key, value in kinds.items())
