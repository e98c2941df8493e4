"""The perimeter as it is beside the perimeter as it must be; what is not answered is a deviation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from geogate.destinations.errors import ForbiddenError
from geogate.destinations.perimeter_documents import differences
from geogate.destinations.perimeter_found import Found, Unanswered
from geogate.destinations.perimeter_template import Place, Wanted, key_names, render
from geogate.destinations.s3_errors import translated
from geogate.destinations.s3_session import CONFIG, FALLBACK_REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCUMENTS: Final = frozenset({"policy", "trust"})
NONE: Final = (
    "grants",
    "website",
    "replication",
    "cors",
    "logging",
    "notifications",
    "inventories",
    "analytics",
    "acceleration",
    "access points",
)
"""What no bucket of a perimeter has."""

LOOPBACK: Final = frozenset({"public"})
"""Not asked of a server on loopback, which answers with nothing; the policy itself is compared in any case."""


class Outcome(StrEnum):
    """How a property of the perimeter compares."""

    AS_WANTED = "as wanted"
    DEVIATES = "deviates"
    UNANSWERED = "unanswered"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One property of one resource; ``said`` is what differs, or why there was no answer."""

    resource: str
    trait: str
    outcome: Outcome
    said: str = ""

    @property
    def bad(self) -> bool:
        """Say whether something has to be done."""
        return self.outcome in {Outcome.DEVIATES, Outcome.UNANSWERED}


def compare(template: str, parameters: Mapping[str, str], *, session: boto3.Session | None = None) -> tuple[Line, ...]:
    """Ask for every property of a perimeter that its template says something of, or that must not be.

    Raises: ServiceError when the services cannot be asked at all; InputError, UsageError for a wrong template.
    """
    session = session or boto3.Session()
    region = str(session.region_name or FALLBACK_REGION)
    loopback = parameters.get("RequireTls") == "false"
    with translated("the account"):
        identity: Any = session.client("sts", config=CONFIG, region_name=region).get_caller_identity()
    account, partition = identity["Account"], identity["Arn"].split(":")[1]
    with translated("the perimeter"):
        found = Found(session, account=account, loopback=loopback)
        keys = _keys(template, parameters.get("Prefix", "geogate"), found)
        place = Place(account=account, region=region, keys=keys, partition=partition)
        wanted = render(template, parameters, place)
        return tuple(line for each in wanted for line in _lines(each, wanted, found, place=place, loopback=loopback))


def _keys(template: str, prefix: str, found: Found) -> dict[str, str]:
    """Find the keys by their aliases; one that is not there has no ARN, and nothing is as wanted without it."""
    keys: dict[str, str] = {}
    for name in key_names(template):
        try:
            keys[name] = found.key_arn(f"alias/{prefix}-{name.removesuffix('Key').lower()}")
        except ClientError:
            continue
    return keys


def _lines(each: Wanted, wanted: tuple[Wanted, ...], found: Found, *, place: Place, loopback: bool) -> Iterator[Line]:
    match each.kind:
        case "AWS::S3::Bucket":
            name = each.properties["BucketName"]
            yield from _compared(name, _bucket(each, wanted, place), found.bucket(name), loopback=loopback)
        case "AWS::IAM::Role":
            name = each.properties["RoleName"]
            yield from _compared(f"role {name}", _role(each), found.role(name), loopback=loopback)
        case "AWS::IAM::ManagedPolicy":
            name = each.properties["ManagedPolicyName"]
            arn = f"arn:{place.partition}:iam::{place.account}:policy/{name}"
            document = {"policy": each.properties["PolicyDocument"]}
            yield from _compared(f"policy {name}", document, found.policy(arn), loopback=loopback)
        case "AWS::KMS::Key":
            alias = next(
                one.properties["AliasName"]
                for one in wanted
                if one.kind == "AWS::KMS::Alias" and one.name == f"{each.name}Alias"
            )
            yield from _compared(f"key {alias}", _key(each), found.key(alias), loopback=loopback)
        case "AWS::S3::BucketPolicy" | "AWS::KMS::Alias":
            pass  # compared with their bucket and their key
        case _:
            raise ForbiddenError(f"nothing compares {each.kind} yet", hint="a perimeter is what this command knows")


def _bucket(each: Wanted, wanted: tuple[Wanted, ...], place: Place) -> dict[str, Any]:
    said = each.properties
    lock = said.get("ObjectLockConfiguration")
    kept = lock["Rule"]["DefaultRetention"] if lock else {}
    policies = [
        one.properties["PolicyDocument"]
        for one in wanted
        if one.kind == "AWS::S3::BucketPolicy" and one.properties["Bucket"] == said["BucketName"]
    ]
    encryption = said["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return {
        "region": place.region,
        "versioning": said["VersioningConfiguration"]["Status"],
        "ownership": [rule["ObjectOwnership"] for rule in said["OwnershipControls"]["Rules"]],
        "public access block": said["PublicAccessBlockConfiguration"],
        "encryption": [
            rule["ServerSideEncryptionByDefault"] | {"BucketKeyEnabled": rule["BucketKeyEnabled"]}
            for rule in encryption
        ],
        "lifecycle": sorted(
            json.dumps({key: value for key, value in rule.items() if key not in {"Id", "Status"}})
            for rule in said["LifecycleConfiguration"]["Rules"]
        ),
        "object lock": [lock["ObjectLockEnabled"], kept["Mode"], int(kept["Days"])] if lock else None,
        "policy": policies[0] if policies else None,
        "public": False,
        **dict.fromkeys(NONE),
    }


def _role(each: Wanted) -> dict[str, Any]:
    said = each.properties
    return {
        "trust": said["AssumeRolePolicyDocument"],
        "boundary": said.get("PermissionsBoundary"),
        "longest session": said["MaxSessionDuration"],
        "attached policies": sorted(said.get("ManagedPolicyArns", [])),
        "own policies": {policy["PolicyName"]: policy["PolicyDocument"] for policy in said.get("Policies", [])},
    }


def _key(each: Wanted) -> dict[str, Any]:
    said = each.properties
    return {"state": "Enabled", "rotation": said["EnableKeyRotation"], "policy": said["KeyPolicy"], "grants": 0}


def _compared(resource: str, wanted: dict[str, Any], found: dict[str, Any], *, loopback: bool) -> Iterator[Line]:
    for trait, value in wanted.items():
        if loopback and trait in LOOPBACK:
            said = "a server on loopback does not say"
            yield Line(resource=resource, trait=trait, outcome=Outcome.NOT_ASKED, said=said)
            continue
        there = found.get(trait, Unanswered(why="nobody asked"))
        if isinstance(there, Unanswered):
            yield Line(resource=resource, trait=trait, outcome=Outcome.UNANSWERED, said=there.why)
            continue
        said = _difference(trait, value, there)
        outcome = Outcome.DEVIATES if said else Outcome.AS_WANTED
        yield Line(resource=resource, trait=trait, outcome=outcome, said=said)


def _difference(trait: str, wanted: Any, found: Any) -> str:
    if found is None or wanted is None:
        if wanted is found:
            return ""
        return "there is none" if found is None else "there is one, and there must be none"
    if trait in DOCUMENTS:
        return differences(wanted, found)
    if trait == "own policies":
        names = sorted(wanted.keys() ^ found.keys())
        said = [f"{name} is {'missing' if name in wanted else 'one too many'}" for name in names]
        both = sorted(wanted.keys() & found.keys())
        said += [f"{name}: {text}" for name in both if (text := differences(wanted[name], found[name]))]
        return "; ".join(said)
    return "" if wanted == found else f"it is {_short(found)}, and must be {_short(wanted)}"


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
