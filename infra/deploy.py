"""Deploys the egress perimeter by CloudFormation and reads back what came of it; ``CREATE_COMPLETE`` is no proof.

Run it as ``python -m infra.deploy --help`` from the root of the repository; boto3's usual variables name the
endpoint, the region and the credentials.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import posture
from infra.users import DemoUsers, create_demo_users

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATE: Final = Path(__file__).with_name("perimeter.yaml")
PREFIX: Final = "geogate"
EVIDENCE_DAYS: Final = 2555
PART_DAYS: Final = 2
WAITER: Final[Any] = {"Delay": 1, "MaxAttempts": 600}


class PerimeterError(RuntimeError):
    """The perimeter is not as it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a deployment chooses.

    ``broker_arn`` is the user or role under which the gate runs. ``tls`` is false for a server on loopback only.
    ``complete`` applies through the S3 interface what the server's CloudFormation dropped, and reports it.
    """

    broker_arn: str
    prefix: str = PREFIX
    tls: bool = True
    evidence_days: int = EVIDENCE_DAYS
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeter:
    """A perimeter that was read back; ``completed`` says what had to be applied besides the stack."""

    account: str
    staging: str
    egress: str
    evidence: str
    releaser_role_arn: str
    gate_policy_arn: str
    worker_boundary_arn: str
    completed: tuple[str, ...] = ()


def deploy(session: boto3.Session, options: Options) -> Perimeter:
    """Create or update the perimeter, wait for it, and read it back.

    Raises: PerimeterError when the stack fails or a bucket does not show what it must have.
    """
    outputs = _stack(session, options)
    account = session.client("sts").get_caller_identity()["Account"]
    completed: tuple[str, ...] = ()
    missing = _missing(session, outputs, account)
    if missing and options.complete:
        completed = tuple(_complete(session, one, account, options) for one in missing)
        missing = _missing(session, outputs, account)
    if missing:
        raise PerimeterError("the perimeter is not whole: " + "; ".join(map(str, missing)))
    return Perimeter(
        account=account,
        staging=outputs["StagingBucket"],
        egress=outputs["EgressBucket"],
        evidence=outputs["EvidenceBucket"],
        releaser_role_arn=outputs["ReleaserRoleArn"],
        gate_policy_arn=outputs["GatePolicyArn"],
        worker_boundary_arn=outputs["WorkerBoundaryArn"],
        completed=completed,
    )


def deploy_demo(
    session: boto3.Session, *, prefix: str = PREFIX, evidence_days: int = EVIDENCE_DAYS
) -> tuple[Perimeter, DemoUsers]:
    """Deploy on a server on loopback, with the users of the demonstration.

    Raises: PerimeterError, ClientError.
    """
    users = create_demo_users(session, prefix=prefix)
    options = Options(broker_arn=users.worker.arn, prefix=prefix, tls=False, evidence_days=evidence_days, complete=True)
    perimeter = deploy(session, options)
    allow_worker(session, perimeter, users)
    return perimeter, users


def allow_worker(session: boto3.Session, perimeter: Perimeter, users: DemoUsers) -> None:
    """Give the worker the gate's permissions, which do not include writing egress."""
    session.client("iam").attach_user_policy(UserName=users.worker.name, PolicyArn=perimeter.gate_policy_arn)


def _stack(session: boto3.Session, options: Options) -> dict[str, str]:
    cloudformation = session.client("cloudformation")
    name = f"{options.prefix}-perimeter"
    call: Any = {
        "StackName": name,
        "TemplateBody": TEMPLATE.read_text(encoding="utf-8"),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in _parameters(options)],
    }
    try:
        cloudformation.create_stack(**call)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=WAITER)
    except cloudformation.exceptions.AlreadyExistsException:
        _update(cloudformation, call)
    except BotoCoreError as error:
        raise PerimeterError(f"the stack {name} was not created: its events say why") from error
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _parameters(options: Options) -> list[tuple[str, str]]:
    return [
        ("Prefix", options.prefix),
        ("BrokerArn", options.broker_arn),
        ("RequireTls", "true" if options.tls else "false"),
        ("EvidenceDays", str(options.evidence_days)),
    ]


def _update(cloudformation: Any, call: Any) -> None:
    try:
        cloudformation.update_stack(**call)
        cloudformation.get_waiter("stack_update_complete").wait(StackName=call["StackName"], WaiterConfig=WAITER)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    except BotoCoreError as error:
        raise PerimeterError(f"the stack {call['StackName']} was not updated: its events say why") from error


def _missing(session: boto3.Session, outputs: dict[str, str], account: str) -> list[posture.Missing]:
    wanted = (
        (outputs["StagingBucket"], posture.EVERY),
        (outputs["EgressBucket"], posture.EGRESS),
        (outputs["EvidenceBucket"], posture.EVIDENCE),
    )
    return [
        missing
        for bucket, traits in wanted
        for missing in posture.missing_traits(session, bucket=bucket, account=account, traits=traits)
    ]


def _complete(session: boto3.Session, missing: posture.Missing, account: str, options: Options) -> str:
    """Apply one trait that CloudFormation dropped: only those that some server is known to drop."""
    s3 = session.client("s3")
    where: Any = {"Bucket": missing.bucket, "ExpectedBucketOwner": account}
    if missing.trait is posture.Trait.PART_EXPIRY:
        expiry: Any = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": PART_DAYS}}
        rule = {"ID": "abandoned-parts", "Status": "Enabled", "Filter": {"Prefix": ""}} | expiry
        s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": [rule]})
    elif missing.trait is posture.Trait.OBJECT_LOCK:
        retention: Any = {"Mode": "COMPLIANCE", "Days": options.evidence_days}
        lock: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
        s3.put_object_lock_configuration(**where, ObjectLockConfiguration=lock)
    else:
        raise PerimeterError(f"the perimeter is not whole: {missing}")
    return f"{missing}: applied, because CloudFormation had dropped it"


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy as the command line says; the perimeter goes to standard output as JSON."""
    chosen = _parse(arguments)
    session = boto3.Session()
    try:
        users = create_demo_users(session, prefix=chosen.prefix) if chosen.demo_users else None
        options = Options(
            broker_arn=users.worker.arn if users else chosen.broker_arn,
            prefix=chosen.prefix,
            tls=not chosen.plain_http,
            evidence_days=chosen.evidence_days,
            complete=chosen.complete,
        )
        perimeter = deploy(session, options)
        if users:
            allow_worker(session, perimeter, users)
            _save(chosen.demo_users, users)
    except (PerimeterError, ClientError, BotoCoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 5
    for line in perimeter.completed:
        print(f"note: {line}", file=sys.stderr)
    print(json.dumps(asdict(perimeter), indent=2))
    return 0


def _save(path: Path, users: DemoUsers) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(users), file, indent=2)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--broker-arn", help="the IAM user or role under which the gate runs")
    who.add_argument(
        "--demo-users", type=Path, metavar="FILE", help="create an administrator and a worker; their keys go to FILE"
    )
    parser.add_argument("--prefix", default=PREFIX, help="first part of all names (%(default)s)")
    parser.add_argument("--evidence-days", type=int, default=EVIDENCE_DAYS, help="retention (%(default)s)")
    parser.add_argument("--plain-http", action="store_true", help="for a server on loopback without TLS")
    parser.add_argument(
        "--complete", action="store_true", help="apply what the server's CloudFormation drops, and say so"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
